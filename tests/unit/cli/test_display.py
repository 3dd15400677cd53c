from __future__ import annotations

import pytest

from forge_lsp.cli.display import count, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b]0;x\x07", "␛]0;x␇"),
        ("é 😀 漢", "é 😀 漢"),
        ("\x7f\x9b", "\ufffd\ufffd"),
        ("\r", "␍"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_counting() -> None:
    assert [count(number, "attempt") for number in (0, 1, 2)] == ["0 attempts", "1 attempt", "2 attempts"]
