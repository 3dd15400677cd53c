"""The text of Go test files: what they declare, what leads where, and copies with parts left out."""

from __future__ import annotations

from forge_lsp.languages.go import sources
from forge_lsp.languages.go.sources import (
    blank_import,
    declarations,
    imports_of,
    reaching,
    with_panic,
    without,
)

TEXT = """package shapes

import (
	"fmt"
	str "strings"
	. "math"
	yaml "gopkg.in/yaml.v3"
)

// func TestNot(t *testing.T) {}
var text = `
func TestRaw(t *testing.T) {}
`

var (
	cases = []int{
		Area(1, 2),
	}
	other, more = 1, 2
)

type suite struct{ field int }

func (s *suite) TestMethod() { Area(2, 3) }

func TestSuite(t *testing.T) { run(t, new(suite)) }

func TestMain(m *testing.M) {}

func TestCases(t *testing.T) {
	for range cases {
	}
}

func Testify(t *testing.T) {}

func ExampleShown() {
	fmt.Println("}")
	// Output: }
}

func ExampleSilent() { fmt.Println(1) }

func FuzzArea(f *testing.F) {}
"""


def test_declarations_and_tests() -> None:
    names = [one.names for one in declarations(TEXT)]
    assert names == [
        ("text",),
        ("cases", "other", "more"),
        ("suite",),
        ("TestMethod", "suite"),
        ("TestSuite",),
        ("TestMain",),
        ("TestCases",),
        ("Testify",),
        ("ExampleShown",),
        ("ExampleSilent",),
        ("FuzzArea",),
    ]
    assert list(sources.tests_in({"a_test.go": TEXT})) == ["TestSuite", "TestCases", "ExampleShown", "FuzzArea"]


def test_what_leads_to_a_name() -> None:
    reached = reaching(("Area",), [TEXT])
    assert {"cases", "TestCases", "suite", "TestSuite"} <= reached
    assert "ExampleShown" not in reached
    assert "TestCases" not in reaching(("Area",), [TEXT], steps=0)


def test_who_uses_a_variable_uses_what_it_holds() -> None:
    text = """package a

var table map[string]func() int

func init() {
	table = map[string]func() int{"one": one}
	other["two"] = two
}

var other = map[string]func() int{}

func look(name string) int { return table[name]() }

func Look(name string) int { return look(name) }

func two() int { return other["two"]() }
"""
    assert reaching(("one",), [text], steps=0) == {"one", "table", "other"}
    assert {"look", "two"} <= reaching(("one",), [text], steps=1)
    assert "Look" not in reaching(("one",), [text], steps=1)
    assert "Look" in reaching(("one",), [text], steps=2)


def test_what_is_left_out_keeps_the_lines_of_the_rest() -> None:
    gone = [one for one in declarations(TEXT) if "cases" in one.names or "TestCases" in one.names]
    left = without(TEXT, gone)
    assert left.count("\n") == TEXT.count("\n")
    assert "Area(1, 2)" not in left
    assert left.split("\n").index("func TestMain(m *testing.M) {}") == TEXT.split("\n").index(
        "func TestMain(m *testing.M) {}"
    )


def test_imports() -> None:
    assert imports_of(TEXT) == {"fmt": "fmt", "str": "strings", ". math": "math", "yaml": "gopkg.in/yaml.v3"}
    assert imports_of('package a\n\nimport "os"\nimport x "syscall"\n') == {"os": "os", "x": "syscall"}
    assert '\n\t_ "fmt"\n' in blank_import(TEXT, 4)
    assert '\n\t_ "strings"\n' in blank_import(TEXT, 5)
    assert blank_import('import "os"', 1) == 'import _ "os"'


def test_an_empty_body_ends_in_a_panic() -> None:
    assert with_panic("func a() int {\n}\n", 2, 1) == 'func a() int {\npanic("not implemented") }\n'
    assert with_panic("func a() int { }", 1, 16) == 'func a() int { ; panic("not implemented") }'
    assert with_panic("func a() int {\n}\n", 1, 1) == "func a() int {\n}\n"
