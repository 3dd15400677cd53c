// Makes the calls of documentation's examples, each a test of its own, and tells what came of them: a line of JSON for
// each behind a word, which it reads from the standard input. A call that does not end ends the program.

package PACKAGE

import (
	forgejson "encoding/json"
	forgefmt "fmt"
	forgemath "math"
	forgeos "os"
	forgereflect "reflect"
	forgedebug "runtime/debug"
	forgestrconv "strconv"
	forgesync "sync"
	forgetesting "testing"
	forgetime "time"
)

const (
	forgeSeconds = 5
	forgeMost    = 65536
	forgeDeepest = 40
)

var (
	forgeOnce forgesync.Once
	forgeWord string
	forgeOut  = forgeos.NewFile(1, "")
)

func forgeNaN() float64         { return forgemath.NaN() }
func forgeInf(sign int) float64 { return forgemath.Inf(sign) }

func forgeList(values ...interface{}) []interface{} { return values }

func forgeTell(what map[string]interface{}) {
	line, err := forgejson.Marshal(what)
	if err == nil {
		forgeOut.WriteString("\n" + forgeWord + " " + string(line) + "\n")
	}
}

func forgeBegin() {
	forgedebug.SetMaxStack(64 << 20)
	var one [1]byte
	in := forgeos.NewFile(0, "")
	for {
		count, err := in.Read(one[:])
		if count == 0 || err != nil || one[0] == '\n' {
			forgeTell(map[string]interface{}{"state": "loaded"})
			return
		}
		forgeWord += string(one[:])
	}
}

// fails: the last of what the call gives is an error. The call has a goroutine of its own, which it may end.
func forgeDo(id string, fails bool, call func() []interface{}) {
	forgeOnce.Do(forgeBegin)
	over := make(chan struct{})
	go func() {
		defer close(over)
		forgeOne(id, fails, call)
	}()
	<-over
}

func forgeOne(id string, fails bool, call func() []interface{}) {
	watch := forgetime.AfterFunc(forgeSeconds*forgetime.Second, func() {
		forgeos.Stderr.WriteString(forgefmt.Sprintf("\nit did not end within %d s\n", forgeSeconds))
		forgeos.Exit(3)
	})
	said := map[string]interface{}{"id": id, "state": "raised", "error": "", "words": "it ended its goroutine"}
	done := false
	defer func() {
		if panicked := recover(); panicked != nil && !done {
			said["error"], said["words"] = "panic", forgeWords(panicked)
		}
		watch.Stop()
		forgeTell(said)
	}()
	given := call()
	if last := len(given) - 1; fails && last >= 0 {
		if given[last] != nil {
			said["error"], said["words"] = "error", forgeWords(given[last])
			done = true
			return
		}
		given = given[:last]
	}
	left := forgeMost
	var tree interface{} = map[string]interface{}{"n": 0}
	if len(given) == 1 {
		tree = forgeTree(forgereflect.ValueOf(given[0]), 0, &left)
	} else if len(given) > 1 {
		parts := []interface{}{}
		for _, one := range given {
			parts = append(parts, forgeTree(forgereflect.ValueOf(one), 0, &left))
		}
		tree = map[string]interface{}{"t": parts}
	}
	if left < 0 {
		tree = map[string]interface{}{"o": "a value that is too large"}
	}
	said["state"], said["value"] = "done", tree
	done = true
}

func forgeWords(what interface{}) (words string) {
	defer func() { _ = recover() }()
	words = forgefmt.Sprint(what)
	if len(words) > 600 {
		words = words[:600]
	}
	return words
}

func forgeTree(value forgereflect.Value, depth int, left *int) interface{} {
	made := func(kind string, content interface{}) interface{} { return map[string]interface{}{kind: content} }
	*left -= 8
	if *left < 0 || depth > forgeDeepest {
		*left = -1
		return made("o", "a value that is too large")
	}
	switch value.Kind() {
	case forgereflect.Invalid:
		return made("n", 0)
	case forgereflect.Bool:
		return made("b", value.Bool())
	case forgereflect.Int, forgereflect.Int8, forgereflect.Int16, forgereflect.Int32, forgereflect.Int64:
		return made("i", forgestrconv.FormatInt(value.Int(), 10))
	case forgereflect.Uint, forgereflect.Uint8, forgereflect.Uint16, forgereflect.Uint32, forgereflect.Uint64,
		forgereflect.Uintptr:
		return made("i", forgestrconv.FormatUint(value.Uint(), 10))
	case forgereflect.Float32, forgereflect.Float64:
		return made("f", forgestrconv.FormatFloat(value.Float(), 'g', -1, value.Type().Bits()))
	case forgereflect.String:
		*left -= value.Len()
		return made("s", value.String())
	case forgereflect.Slice, forgereflect.Array:
		parts := []interface{}{}
		for at := 0; at < value.Len() && *left >= 0; at++ {
			parts = append(parts, forgeTree(value.Index(at), depth+1, left))
		}
		return made("l", parts)
	case forgereflect.Map:
		parts := []interface{}{}
		set := value.Type().Elem().Kind() == forgereflect.Struct && value.Type().Elem().NumField() == 0
		for _, key := range value.MapKeys() {
			if *left < 0 {
				break
			}
			one := forgeTree(key, depth+1, left)
			if set {
				parts = append(parts, one)
			} else {
				parts = append(parts, []interface{}{one, forgeTree(value.MapIndex(key), depth+1, left)})
			}
		}
		if set {
			return made("z", parts)
		}
		return made("m", parts)
	case forgereflect.Ptr, forgereflect.Interface:
		if value.IsNil() {
			return made("n", 0)
		}
		return forgeTree(value.Elem(), depth+1, left)
	case forgereflect.Struct:
		parts := []interface{}{}
		for at := 0; at < value.NumField() && *left >= 0; at++ {
			name := made("s", value.Type().Field(at).Name)
			parts = append(parts, []interface{}{name, forgeTree(value.Field(at), depth+1, left)})
		}
		return made("m", parts)
	default:
		return made("o", value.Type().String())
	}
}
