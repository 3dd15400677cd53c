"""Tests of a test file that are hidden from a job, and functions without their bodies, language by language."""

from __future__ import annotations

import pytest

from forge_lsp.bench.splitting import hidden_of, is_of, units_in, without
from forge_lsp.bench.stubs import stubbed
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.support import lang

SYNTAX = TreeSitterSyntax()

FILES = {
    lang.PYTHON: (
        "import unittest\n\nclass T(unittest.TestCase):\n    @mark\n    def test_a(self):\n        f(1)\n\n"
        "    def test_b(self):\n        f(2)\n\n    def helper(self):\n        f(3)\n\ndef test_c():\n    f(4)\n",
        ["test_a", "test_b", "test_c"],
    ),
    lang.JAVASCRIPT: (
        'import test from "node:test";\n\ndescribe("d", () => {\n  it("a (b", () => {\n    f("})");\n  });\n'
        '  test("c", () => f(2));\n});\ntest.skip("e", () => f(`x${1}`))\n',
        ["a (b", "c", "e"],
    ),
    lang.GO: (
        "package x\n\nfunc TestA(t *testing.T) {\n\tf(1)\n}\n\nfunc helper() {\n\tf(2)\n}\n\n"
        "func ExampleB() {\n\tf(3)\n}\n",
        ["TestA", "ExampleB"],
    ),
    lang.RUST: (
        "use x::f;\n\n#[test]\nfn a() {\n    f(1);\n}\n\nfn helper() {\n    f(2);\n}\n\n"
        "#[tokio::test]\nasync fn b() {\n    f(3);\n}\n",
        ["a", "b"],
    ),
    lang.JAVA: (
        "class ATest {\n    @Test\n    void a() {\n        f(1);\n    }\n\n"
        "    void helper() {\n        f(2);\n    }\n}\n",
        ["a"],
    ),
    lang.CSHARP: (
        "public class ATests\n{\n    [Fact]\n    public void A() => F(1);\n\n    [Theory]\n    [InlineData(2)]\n"
        "    public void B(int x)\n    {\n        F(x);\n    }\n}\n",
        ["A", "B"],
    ),
    lang.C: ("int main(void) {\n    assert(f(1) == 2);\n    assert(f(2) == 3);\n    return 0;\n}\n", ["2", "3"]),
    lang.CPP: (
        "TEST(Sums, adds) {\n    EXPECT_EQ(f(1), 2);\n}\n\nTEST(Sums, more) {\n    f(2);\n}\n",
        ["adds", "more"],
    ),
}


@pytest.mark.parametrize("language", FILES)
def test_tests_are_found_and_taken_out(language: Language) -> None:
    text, names = FILES[language]
    units = units_in(text, language, SYNTAX)
    assert [unit.name for unit in units] == names
    assert without(text, language, []) == text
    for index, unit in enumerate(units):
        rest = without(text, language, [unit])
        assert SYNTAX.outline(rest, language).errors == ()
        left = [one.name for one in units_in(rest, language, SYNTAX)]
        assert left == names[:index] + names[index + 1 :]
        own = unit.range.of(text)
        assert own not in rest
    nothing = without(text, language, units)
    assert units_in(nothing, language, SYNTAX) == ()
    assert SYNTAX.outline(nothing, language).errors == ()


@pytest.mark.parametrize(
    ("language", "file", "name", "called"),
    [
        (lang.PYTHON, "tests/test_a.py", "test_b", "tests/test_a.py::T::test_b[1-2]"),
        (lang.JAVASCRIPT, "test/a.test.js", "c", "test/a.test.js > d > c"),
        (lang.GO, "a_test.go", "TestA", "TestA/sub"),
        (lang.RUST, "tests/a.rs", "b", "tests/a.rs: b"),
        (lang.JAVA, "src/ATest.java", "a", "shop.ATest.a"),
        (lang.C, "tests/test_a.c", "2", "tests/test_a.c:2"),
    ],
)
def test_results_are_matched_with_tests(language: Language, file: str, name: str, called: str) -> None:
    (unit,) = [unit for unit in units_in(FILES[language][0], language, SYNTAX) if unit.name == name]
    assert is_of(unit, file, called)
    assert not is_of(unit, file, called.replace(name, f"{name}9"))


def test_half_is_hidden_and_the_seed_decides() -> None:
    names = [f"t{number}" for number in range(5)]
    assert len(hidden_of(names, "1", all_but=1)) == 3
    assert hidden_of(names, "1", all_but=1) == hidden_of(reversed(names), "1", all_but=1)
    assert len({hidden_of(names, str(seed), all_but=1) for seed in range(20)}) > 1
    assert len(hidden_of(["a", "b"], "1", all_but=1)) == 1
    assert hidden_of(["a"], "1", all_but=0) == {"a"}
    assert hidden_of(["a"], "1", all_but=1) == frozenset()


def test_a_function_without_a_value_returns_none() -> None:
    text = "void reset(int *value) {\n    *value = 1;\n}\n"
    made = stubbed(text, function_of(text, lang.C), lang.C)
    assert made == "void reset(int *value) {\n    return; /* TODO: implement */\n}"


SOURCES = {
    lang.PYTHON: 'class A:\n    def f(self, x: int) -> int:\n        """Doc: it\'s.\n\n'
    '        >>> 1\n        """\n        return x\n',
    lang.TYPESCRIPT: "/** Doc. */\nexport function f(x: number): number {\n  return x;\n}\n",
    lang.JAVASCRIPT: "export class A {\n  f(x) {\n    return x;\n  }\n}\n",
    lang.GO: "package x\n\n// F does.\nfunc F(x int) int {\n\treturn x\n}\n",
    lang.RUST: "/// Doc.\npub fn f(x: i64) -> i64 {\n    x\n}\n",
    lang.JAVA: "class A {\n    /** Doc. */\n    int f(int x) {\n        return x;\n    }\n}\n",
    lang.CSHARP: "class A\n{\n    public int F(int x)\n    {\n        return x;\n    }\n}\n",
    lang.C: "int f(int x) {\n    return x;\n}\n",
    lang.CPP: "int f(int x) {\n    return x + 1;\n}\n",
}


def function_of(text: str, language: Language) -> Item:
    items = list(SYNTAX.outline(text, language).items)
    while items:
        item = items.pop()
        if item.kind is ItemKind.FUNCTION:
            return item
        items += item.children
    raise AssertionError("no function")


@pytest.mark.parametrize("language", SOURCES)
def test_a_function_without_its_body_is_a_stub(language: Language) -> None:
    text = SOURCES[language]
    item = function_of(text, language)
    assert not item.stub
    made = stubbed(text, item, language)
    assert made is not None
    stub = text[: item.range.start] + made + text[item.range.end :]
    assert SYNTAX.outline(stub, language).errors == ()
    assert function_of(stub, language).stub
    assert "return x" not in stub
    assert ("Doc" in text) == ("Doc" in stub)
