"""Candidates and outputs that are made to be searched for ever: what reads them comes to an end.

Where a pattern takes the square, the cube or more of a text's length, some kilobytes stop the whole server.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from forge_lsp.checking.runs import scanned
from forge_lsp.languages.c_family.forging import doubt_of as c_doubt
from forge_lsp.languages.c_family.outputs import values_in as c_values
from forge_lsp.languages.csharp.forging import doubt_of as csharp_doubt
from forge_lsp.languages.csharp.results import values_in as csharp_values
from forge_lsp.languages.csharp.scanning import methods_in
from forge_lsp.languages.ecmascript.forging import doubt_of as javascript_doubt
from forge_lsp.languages.go.forging import doubt_of as go_doubt
from forge_lsp.languages.go.output import values_in as go_values
from forge_lsp.languages.java.forging import doubt_of as java_doubt
from forge_lsp.languages.kotlin.forging import doubt_of as kotlin_doubt
from forge_lsp.languages.php.forging import doubt_of as php_doubt
from forge_lsp.languages.python.forging import doubt_of as python_doubt
from forge_lsp.languages.ruby.forging import doubt_of as ruby_doubt
from forge_lsp.languages.rust.forging import doubt_of as rust_doubt
from tests.support import lang
from tests.support.builds import candidate_of, task_of

LENGTH = 4_000
"""Characters. What takes the square of it is done in a moment, what takes its cube is not."""
MOST = 250
"""How many times as long as one pattern that takes the square a reader may take: it tries some dozens. What takes the
cube takes some thousand times as long."""
_WORDS = (
    *("a", "(", "{", "[", "<", '"', "'", "`", "$", "\\", "\\a", "=", "==", "=>", "->", "|", "&", "*", "/*", "//"),
    *("#", "#[", "a.", "a::", "a,", "a(", "a<", "a:", "a=(", "a&=&", "where&", "return&", "return", "import&"),
    *("import&{", "function&", "function", "func&", "func&(", "fun&", "fun&<", "fun&equals("),
    *("boolean&equals(a&", "def&", "class&", "class&A&{", "public&", "static&", "const&{", "const{}:"),
    *("let&_&=&", "for&", "for&(a&in&", "if&(a)&", "raise&", "panic(", "throw&", "operator==", "#define&A&"),
    *("struct&", "a&is&{", "is&", "instanceof&", "TypeOf(", "==*", "(*", "&*", "assertA(", "expect(", "new&"),
    *("case&", "macro_rules&!&", "impl&", "async&", "=func(", "|a,&b|&", "(a,&b)&->&", "A<"),
)  # fmt: skip
WORDS = [word.replace("&", " ") for word in _WORDS] + [" ", "\n", "\t"]
"""What patterns begin with, or repeat; ``&`` stands for a blank."""


def texts() -> list[str]:
    found = [word * (LENGTH // len(word)) for word in WORDS]
    found += [word + gap * (LENGTH // len(gap)) for word in WORDS for gap in (" ", "a", "\n")]
    return found + [(word + " " * 40) * (LENGTH // (len(word) + 40)) for word in WORDS]


def of_task(doubt: Callable[..., str | None], language: str) -> Callable[[str], object]:
    found = lang.BUILT_IN.get(language)
    assert found is not None
    task = task_of("«x»", language=found, path=Path("/w/a"), workspace=Path("/w"), name="a")
    return lambda text: doubt(task, candidate_of(task, text))


READERS: Mapping[str, Callable[[str], object]] = {
    "C": lambda text: c_doubt(text, text, "", {}),
    "C#": lambda text: csharp_doubt(text, "", {}),
    "Go": lambda text: go_doubt("", text),
    "Java": lambda text: java_doubt("", text),
    "JavaScript": lambda text: javascript_doubt("", text),
    "Kotlin": lambda text: kotlin_doubt("", text),
    "PHP": lambda text: php_doubt("", text),
    "Python": of_task(python_doubt, "python"),
    "Ruby": of_task(ruby_doubt, "ruby"),
    "Rust": lambda text: rust_doubt("", text),
}


@cache
def square() -> float:
    """Seconds that a pattern takes which takes the square of the length: the unit that the others are measured in."""
    began = time.process_time()
    assert re.search(r"(?:a|b)*c", "ab" * (LENGTH // 2)) is None
    return time.process_time() - began


def read(reader: Callable[[str], object], text: str) -> None:
    began = time.process_time()
    reader(text)
    assert time.process_time() - began < MOST * square(), repr(text[:60])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", READERS)
def test_a_candidate_is_read_to_its_end(name: str) -> None:
    for text in texts():
        read(READERS[name], text)


@pytest.mark.parametrize("values", [go_values, c_values, csharp_values], ids=["Go", "C", "C#"])
def test_what_a_test_prints_is_read_to_its_end(values: Callable[[str], object]) -> None:
    words = (
        "got",
        "want",
        "expected",
        "Expected:",
        "Expected: a\n",
        "values:a(a == ",
        "with expansion:\n",
        ") =",
        " = ",
        '"',
    )
    for word in words:
        for text in (
            word * 2_000,
            (word + " ") * 2_000,
            word + " " * LENGTH,
            word + "\n" * LENGTH,
            word + "a" * LENGTH,
        ):
            read(values, text)


def test_values_are_found_in_the_first_lines() -> None:
    assert scanned("a\n" * 3_000).count("\n") < 1_001
    assert scanned("x" * 5_000) == ""
    assert scanned("got" + " " * 500 + "4") == "got" + " " * 16 + "4"
    assert go_values("area(2) = 3, want 4\n" + "more\n" * 5_000) == ("4", "3")
    assert csharp_values("Expected: 4\n\n\nBut was:  3") == ("4", "3")


def test_headers_of_cs_methods_are_read() -> None:
    text = (
        "class A<T> : B where T : class, new() {\n"
        "  A(int a) : base(a) { x = 1; }\n  int F<U>(U u) where U : IComparable<U> => G(u);\n"
        "  int G(int a) { return 1; }\n}\n"
    )
    assert [method.name for method in methods_in(text)] == ["A", "F", "G"]
