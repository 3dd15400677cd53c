"""What a change touches, in several languages."""

from __future__ import annotations

import pytest

from forge_lsp.changes.judging import is_test
from forge_lsp.changes.places import places_of
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, ScopeKind
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.support import lang

SYNTAX = TreeSitterSyntax()
PYTHON = '''import math

LIMIT = 10


def area(r):
    """The area."""
    return math.pi * r * r


class Stack:
    size = 0

    def push(self, x):
        self.size += 1

    def pop(self):
        ...
'''
GO = """package shapes

// Area of a square.
func Area(a int) int {
	return a * a
}

type Box struct{ Side int }

func (b Box) Volume() int { return b.Side * b.Side * b.Side }
"""


def found(before: str, after: str, language: Language = lang.PYTHON, lines: tuple[int, int] | None = None):
    document = Document(uri="untitled:a", language=language, text=before)
    return places_of(document, after, syntax=SYNTAX, scoping=Scopes(SYNTAX), lines=lines)


def names(*args: object, **more: object) -> list[str]:
    return [place.name for place in found(*args, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("r * r", "r ** 2", ["area"], id="a-body"),
        pytest.param('"""The area."""', '"""Its area."""', ["area"], id="documentation"),
        pytest.param("        ...\n", "        self.size -= 1\n", ["Stack.pop"], id="a-method"),
        pytest.param("class Stack:", "class Stack(dict):", ["Stack"], id="a-class-itself"),
        pytest.param("    size = 0", "    size = 1", ["Stack.size"], id="a-value-of-a-class"),
        pytest.param("LIMIT = 10", "LIMIT = 12", ["LIMIT"], id="a-value"),
        pytest.param("import math", "import cmath as math", [""], id="imports-alone"),
        pytest.param("LIMIT = 10\n", "LIMIT = 10\nprint(LIMIT)\n", [""], id="a-statement"),
        pytest.param("def area(r)", "def surface(r)", ["surface", "area"], id="a-new-name"),
        pytest.param("    def pop(self):\n        ...\n", "", ["Stack.pop"], id="a-method-gone"),
        pytest.param("\n\n\nclass", "\n\nclass", [""], id="blank-lines"),
    ],
)
def test_places_are_the_definitions_that_differ(old: str, new: str, expected: list[str]) -> None:
    assert old in PYTHON
    assert names(PYTHON, PYTHON.replace(old, new)) == expected


def test_several_functions_of_a_file_are_places_of_their_own() -> None:
    after = PYTHON.replace("r * r", "r ** 2").replace("        ...\n", "        return 1\n")
    area, pop = found(PYTHON, after)
    assert (area.name, pop.name) == ("area", "Stack.pop")
    assert area.scope.range.of(PYTHON).startswith("def area") and area.code.endswith("r ** 2")
    assert pop.scope.unfinished and not area.scope.unfinished
    assert pop.scope.container == "Stack"
    assert area.lines == (6, 8)
    assert names(PYTHON, after, lines=(1, 8)) == ["area"]
    assert names(PYTHON, after, lines=(17, 17)) == ["Stack.pop"]


def test_what_is_new_is_an_insertion_and_what_is_gone_has_no_code() -> None:
    new = PYTHON + "\n\ndef more():\n    return 2\n"
    (more,) = found(PYTHON, new)
    assert more.scope.kind is ScopeKind.INSERTION and more.scope.unfinished and more.scope.name == "more"
    (gone,) = found(new, PYTHON)
    assert gone.scope.kind is ScopeKind.DEFINITION and gone.code == "" and gone.scope.name == "more"
    (method,) = found(PYTHON, PYTHON + "\n    def peek(self):\n        return self.size\n")
    assert (method.name, method.scope.container) == ("Stack.peek", "Stack")
    (whole,) = found("", "class New:\n    def one(self):\n        return 1\n")
    assert whole.name == "New"


def test_other_languages() -> None:
    assert names(GO, GO.replace("a * a", "a + a"), lang.GO) == ["Area"]
    assert names(GO, GO.replace("return b.Side * b.Side", "return b.Side + b.Side"), lang.GO) == ["Volume"]
    rust = "pub fn one() -> i32 {\n    1\n}\n\npub fn two() -> i32 {\n    2\n}\n"
    assert names(rust, rust.replace("    1", "    0 + 1"), lang.RUST) == ["one"]
    java = "class A {\n  int one() { return 1; }\n  int two() { return 2; }\n}\n"
    assert names(java, java.replace("return 2", "return 1 + 1"), lang.JAVA) == ["A.two"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tests/test_a.py", True),
        ("conftest.py", True),
        ("src/test/java/ATest.java", True),
        ("pkg/a_test.go", True),
        ("src/a.spec.ts", True),
        ("Tests/ShapeTests.cs", True),
        ("pytest.ini", True),
        ("web/package.json", True),
        ("vitest.config.ts", True),
        ("src/config.ts", False),
        ("src/latest.py", False),
        ("contest.py", False),
        ("src/testing_tools.py", False),
    ],
)
def test_which_files_are_tests(name: str, expected: bool) -> None:
    assert is_test(name) is expected
