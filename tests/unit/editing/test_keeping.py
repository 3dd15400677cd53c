"""An example that the user keeps: where it goes in the documentation of each language, and that doctest runs it."""

from __future__ import annotations

import doctest
import types
from collections.abc import Sequence

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.support import lang


def kept(text: str, language: Language, names: Sequence[str], call: str, value: str) -> str | None:
    return Edits(TreeSitterSyntax()).example(text, language, names, call, value)


def python(text: str, call: str = "f(1)", value: str = "1", names: Sequence[str] = ("f",)) -> str | None:
    return kept(text, lang.PYTHON, names, call, value)


BODY = '''def f(x):
    """One."""
    return x
'''


def test_a_docstring_of_one_line_is_opened() -> None:
    assert python(BODY) == 'def f(x):\n    """One.\n\n    >>> f(1)\n    1\n    """\n    return x\n'


def test_an_example_follows_the_last_one() -> None:
    text = python(BODY)
    assert text is not None
    both = python(text, "f(2)", "2")
    assert both == 'def f(x):\n    """One.\n\n    >>> f(1)\n    1\n    >>> f(2)\n    2\n    """\n    return x\n'
    assert python(both, "f(2)", "2") is None, "it is there already"


def test_a_definition_without_a_docstring_gets_one() -> None:
    assert python("def f(x):\n    # as it is\n    return x\n") == (
        'def f(x):\n    """\n    >>> f(1)\n    1\n    """\n    # as it is\n    return x\n'
    )
    assert python("def f(x): return x\n") == "# f(1) == 1\ndef f(x): return x\n"


def test_what_cannot_stand_there_is_left() -> None:
    assert python(BODY, names=("g",)) is None
    assert python(BODY + BODY) is None, "two definitions have that name"
    assert python(BODY, value="1\n2") is None
    assert python("def f(x:\n") is None


@pytest.mark.parametrize("head", ['"""One."""', "'One'", 'r"""One."""', '"""One.\n\n    More.\n    """', "'''One.'''"])
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("1", "1"),
        ("'a\\n\\t\"'", "'a\\n\\t\"'"),
        ("None", "None"),
        ("{'b': 1, 'a': {2, 1}}", "{'a': {1, 2}, 'b': 1}"),
        ("0.1 + 0.2", "0.3"),
        ("2.5", "2.5"),
        ("[1, 'x']", "[1, 'x']"),
        ("int('x')", "raises ValueError"),
        ("range(2)", "range(0, 2)"),
        ("'é'", "'é'"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_doctest_runs_what_was_kept(head: str, argument: str, value: str, ending: str) -> None:
    source = f"class A:\n    def f(self, x):\n        {head.replace(chr(10), chr(10) + '    ')}\n        return x\n"
    text = python(source.replace("\n", ending), f"a = A()\na.f({argument})", value, ("A", "f"))
    assert text is not None, "where no docstring can hold it, the comment above takes it"
    assert (ending == "\r\n") == ("\r\n" in text)
    module = types.ModuleType("kept")
    exec(compile(text, "kept.py", "exec"), module.__dict__)
    done = doctest.testmod(module)
    assert done.failed == 0
    assert done.attempted == (2 if ">>>" in text else 0)
    assert "One" in (module.A.f.__doc__ or "")


@pytest.mark.parametrize(
    ("language", "names", "text", "wanted"),
    [
        (
            lang.JAVASCRIPT,
            ["f"],
            "/** Adds. */\nfunction f(a) {\n  return a;\n}\n",
            "/**\n * Adds.\n * f(1) == 1\n */\n",
        ),
        (lang.TYPESCRIPT, ["f"], "function f(a: number) {\n  return a;\n}\n", "// f(1) == 1\n"),
        (
            lang.JAVA,
            ["A", "f"],
            "class A {\n    /**\n     * Adds.\n     */\n    int f(int a) {\n        return a;\n    }\n}\n",
            "     * Adds.\n     * f(1) == 1\n     */\n    int f",
        ),
        (
            lang.CSHARP,
            ["A", "F"],
            "class A {\n    /// <summary>Adds.</summary>\n    int F(int a) { return a; }\n}\n",
            "    /// <summary>Adds.</summary>\n    /// f(1) == 1\n    int F",
        ),
        (lang.GO, ["F"], "package a\n\n// F is.\nfunc F(a int) int {\n\treturn a\n}\n", "// F is.\n// f(1) == 1\nfunc"),
        (
            lang.RUST,
            ["f"],
            "/// F is.\n#[inline]\nfn f(a: i32) -> i32 {\n    a\n}\n",
            "/// F is.\n/// f(1) == 1\n#[inline]\n",
        ),
        (lang.CPP, ["f"], "int f(int a) {\n    return a;\n}\n", "// f(1) == 1\nint f"),
        (lang.C, ["f"], "/* Adds.\n * Well. */\nint f(int a) {\n    return a;\n}\n", " * Well.\n * f(1) == 1\n */\n"),
        (lang.RUBY, ["f"], "# F\ndef f(a)\n  a\nend\n", "# F\n# f(1) == 1\ndef f"),
        (lang.KOTLIN, ["f"], "fun f(a: Int): Int {\n    return a\n}\n", "// f(1) == 1\nfun f"),
        (lang.PHP, ["f"], "<?php\n\nfunction f($a) {\n    return $a;\n}\n", "// f(1) == 1\nfunction f"),
    ],
    ids=lambda value: value.id if isinstance(value, Language) else "",
)
def test_elsewhere_a_line_of_the_comment_above_says_it(
    language: Language, names: Sequence[str], text: str, wanted: str
) -> None:
    found = kept(text, language, names, "f(1)", "1")
    assert found is not None
    assert wanted in found
    assert kept(found, language, names, "f(1)", "1") is None, "it is there already"
    left = [
        line
        for line in found.split("\n")
        if "f(1)" not in line and line.strip() not in ("/**", "*/", "* Adds.", "* Well.")
    ]
    assert set(left) <= set(text.split("\n"))


def test_errors_and_statements_are_told_in_comments_too() -> None:
    found = kept("func F(a int) int {\n\treturn a\n}\n", lang.GO, ["F"], "x := 1\nF(x)", "raises panic")
    assert found == "// x := 1\n// F(x) raises panic\nfunc F(a int) int {\n\treturn a\n}\n"
