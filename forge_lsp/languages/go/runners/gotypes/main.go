// The Go of a workspace, type-checked in memory: go/parser and go/types of the Go that compiled this program.
//
// Started with the workspace. One JSON document a line:
// {changed: [path...]} -> {}
// {document, text, others: {path: text}, folder, patterns} -> {problems: [{file, line, column, code, message}]}; paths
// relative to the workspace, lines and columns (code points) from 1; `folder` is where the module or the go.work lies,
// `patterns` name its packages (none: the document is a program without a module). No `problems`: no word on that file.
//
// Looked at are the document's package, those of the project that import it, and the tests of both. Nothing is run but
// `go list`, and nothing is written. A package that others import is known by its declarations alone, so a candidate
// that changes bodies has no dependents checked again.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"sort"
)

type question struct {
	Changed  []string          `json:"changed"`
	Document string            `json:"document"`
	Text     string            `json:"text"`
	Others   map[string]string `json:"others"`
	Folder   string            `json:"folder"`
	Patterns []string          `json:"patterns"`
}

type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type answer struct {
	Problems *[]problem `json:"problems,omitempty"`
}

func main() {
	debug.SetGCPercent(50) // it idles for most of its life
	work := newWorkspace(os.Args[1])
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		if json.Unmarshal(line, &asked) != nil {
			return
		}
		if err := out.Encode(work.answer(&asked)); err != nil {
			return
		}
	}
}

func (w *workspace) answer(asked *question) answer {
	if asked.Changed != nil {
		for _, name := range asked.Changed {
			w.forget(filepath.Join(w.root, name))
		}
		return answer{}
	}
	w.show(asked)
	problems := w.look(filepath.Join(w.root, asked.Document), filepath.Join(w.root, asked.Folder), asked.Patterns)
	w.sweep()
	if problems == nil {
		return answer{}
	}
	told := []problem{}
	seen := map[problem]bool{}
	for _, one := range problems {
		if !seen[one] {
			seen[one] = true
			told = append(told, one)
		}
	}
	return answer{Problems: &told}
}

// look is what a build and the tests' compilation would say; nil: no word.
func (w *workspace) look(document, folder string, patterns []string) []problem {
	if len(patterns) == 0 || ignored(w.text(document)) {
		return w.alone(document, folder)
	}
	if !w.list(folder, patterns) {
		return nil
	}
	own := w.at[filepath.Dir(document)]
	if own == nil || w.dir(own.dir).file(document) == nil {
		return nil
	}
	closure, tested := w.dependents(own)
	for _, one := range append(closure[:len(closure):len(closure)], tested...) {
		if w.dir(one.dir).cgo {
			return nil
		}
	}
	found := []problem{}
	failed := map[string]bool{}
	for _, one := range closure {
		if blocked(w.imports(one), failed) {
			failed[one.path] = true
			continue
		}
		if wrong := w.checked(one, plain); len(wrong) > 0 {
			failed[one.path] = true
			found = append(found, wrong...)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, one := range append(closure, tested...) {
		found = append(found, w.checked(one, inside)...)
		found = append(found, w.checked(one, outside)...)
	}
	if len(found) == 0 {
		found = append(found, w.vetted(own, document)...)
	}
	return found
}

func blocked(imports []string, failed map[string]bool) bool {
	for _, path := range imports {
		if failed[path] {
			return true
		}
	}
	return false
}

// dependents are the package with those of the project that import it, in the order of a build, and those whose tests do.
func (w *workspace) dependents(own *listed) (closure, tested []*listed) {
	within := map[string]bool{own.path: true}
	for grown := true; grown; {
		grown = false
		for _, one := range w.project {
			if !within[one.path] && blocked(w.imports(one), within) {
				within[one.path] = true
				grown = true
			}
		}
	}
	placed := map[string]bool{}
	var place func(one *listed)
	place = func(one *listed) {
		if placed[one.path] {
			return
		}
		placed[one.path] = true
		for _, path := range w.imports(one) {
			if within[path] {
				place(w.known[path])
			}
		}
		closure = append(closure, one)
	}
	place(own)
	for _, one := range w.project {
		if within[one.path] {
			place(one)
		} else if blocked(w.dir(one.dir).testImports, within) {
			tested = append(tested, one)
		}
	}
	return closure, tested
}

// imports are the project's packages that a package's files import, tests aside.
func (w *workspace) imports(one *listed) []string {
	var found []string
	for _, path := range w.dir(one.dir).imports {
		if known := w.known[path]; known != nil && known.own {
			found = append(found, path)
		}
	}
	sort.Strings(found)
	return found
}
