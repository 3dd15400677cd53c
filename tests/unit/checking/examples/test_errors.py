"""Which exceptions are those that examples name."""

from __future__ import annotations

import pytest

from forge_lsp.checking.examples.errors import same_error


@pytest.mark.parametrize(
    ("expected", "given", "same"),
    [
        ("", "panic", True),
        ("", "", False),
        ("ValueError", "ValueError", True),
        ("std::invalid_argument", "invalid_argument", True),
        ("java.lang.IllegalStateException", "IllegalStateException", True),
        ("ValueError", "invalid_argument", True),
        ("ValueError", "TypeError", False),
        ("IllegalStateException", "IllegalArgumentException", False),
        ("ValueError", "", False),
    ],
)
def test_exceptions_are_known_by_their_last_names(expected: str, given: str, same: bool) -> None:
    assert same_error(expected, given) is same


def test_an_exception_is_of_other_types_too() -> None:
    assert same_error("IOException", "FileNotFoundException", names=("IOException", "Exception"))
    assert same_error("IOException", "panic", names=("*",))
    assert not same_error("OtherException", "FileNotFoundException", names=("IOException",))
    assert same_error("Throwable", "AnyError")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotImplementedException", ""),
        ("kotlin.NotImplementedError", "An operation is not implemented."),
        ("UnsupportedOperationException", "not written yet"),
        ("logic_error", "not implemented"),
        ("panic", "not yet implemented: later"),
        ("Error", "TODO"),
        ("Error", "f is not implemented!"),
    ],
)
def test_what_is_not_written_yet_is_not_any_exception(error: str, words: str) -> None:
    for expected in ("", "Error", "Exception", "ValueError"):
        assert not same_error(expected, error, names=("Error", "*"), words=words)
    if error != "Error":
        assert same_error(error, error, words=words), "an example may mean just that"
    assert same_error("", error.replace("NotImplemented", "Other"), words="not a number")
