from __future__ import annotations

import pytest

from forge_lsp.core.attempt import Diagnostic, Severity
from forge_lsp.languages.python.documented import without_documented_none, without_unproven_ends

ORIGINAL = '''class Form:
    def name(self, text: str) -> str:
        """Return the name, or None if it is empty."""

    def age(self, text: str) -> int:
        """Return the age."""
'''
NONE = "Return type does not match returned value: expected `str`, found `None`"


def candidate(first: str = "-> str", doc: str = "Mine.") -> str:
    return (
        f'class Form:\n    def name(self, text: str) {first}:\n        """Return the name."""\n        return None\n\n'
        f'    def age(self, text: str) -> int:\n        """{doc}"""\n        return None\n'
    )


def problem(line: int, message: str = NONE, code: str = "invalid-explicit-return", file: str = "form.py") -> Diagnostic:
    return Diagnostic(file=file, line=line, severity=Severity.ERROR, code=code, message=message, source="ty")


@pytest.mark.parametrize(
    "message",
    [
        NONE,
        "Return type does not match returned value: expected `str`, found `str | None`",
        "Function can implicitly return `None`, which is not assignable to return type `str`",
    ],
)
def test_none_that_the_users_words_promise_is_no_problem(message: str) -> None:
    assert without_documented_none((problem(4, message),), "form.py", candidate(), ORIGINAL) == ()


@pytest.mark.parametrize(
    "kept",
    [
        problem(8),  # of the age nothing of the kind is said
        problem(4, "Return type does not match returned value: expected `str`, found `int`"),
        problem(4, "Name `nobody` used when not defined", "unresolved-reference"),
        problem(4, file="other.py"),
    ],
)
def test_all_else_stays(kept: Diagnostic) -> None:
    assert without_documented_none((kept, problem(4)), "form.py", candidate(), ORIGINAL) == (kept,)


def test_a_candidate_cannot_excuse_itself() -> None:
    text = candidate(doc="Return the age, or None.")
    assert without_documented_none((problem(8),), "form.py", text, ORIGINAL) == (problem(8),)
    changed = candidate(first="-> bytes")
    assert without_documented_none((problem(4),), "form.py", changed, ORIGINAL) == (problem(4),)


def test_a_document_that_does_not_parse_excuses_nothing() -> None:
    assert without_documented_none((problem(4),), "form.py", candidate(), "def name(") == (problem(4),)


ENDS = "Function can implicitly return `None`, which is not assignable to return type `int`"


@pytest.mark.parametrize(
    ("body", "excused"),
    [
        pytest.param("    for i in range(n, 0, -1):\n        if n % i == 0:\n            return i\n", True, id="for"),
        pytest.param("    while True and n:\n        n -= 1\n        return n\n", True, id="while"),
        pytest.param("    with open(n):\n        for i in n:\n            return i\n", True, id="for-in-with"),
        pytest.param("    if n > 0:\n        return 1\n", False, id="if"),
        pytest.param("    for i in n:\n        print(i)\n", False, id="a-loop-that-returns-nothing"),
        pytest.param("    for i in n:\n        return i\n    print(n)\n", False, id="a-loop-and-more"),
    ],
)
def test_that_a_loop_is_left_by_its_end_is_a_guess(body: str, excused: bool) -> None:
    said = problem(1, ENDS, "invalid-return-type", "divisor.py")
    left = without_unproven_ends((said,), "divisor.py", f"def largest(n: int) -> int:\n{body}")
    assert (left == ()) is excused


@pytest.mark.parametrize(
    ("below", "excused"),
    [
        ("\n\ndef half(n: float) -> float:\n    return n / 2\n", True),
        ("\n\ndef other() -> int:\n    return 1\n", False),
    ],
)
def test_a_header_above_the_function_itself_never_runs(below: str, excused: bool) -> None:
    said = problem(1, ENDS.replace("can implicitly", "always implicitly"), "invalid-return-type", "a.py")
    text = f'def half(n: float) -> float:\n    """Half."""\n{below}'
    assert (without_unproven_ends((said,), "a.py", text) == ()) is excused


def test_none_that_is_always_returned_is_no_guess() -> None:
    said = problem(1, ENDS.replace("can implicitly", "always implicitly"), "invalid-return-type", "a.py")
    text = "def f(n: int) -> int:\n    for i in range(n):\n        return i\n"
    assert without_unproven_ends((said,), "a.py", text) == (said,)
