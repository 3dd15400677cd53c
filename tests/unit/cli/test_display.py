from __future__ import annotations

import io
import sys

import pytest

from forge_lsp.cli.display import count, printable, say_error, show


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b]0;x\x07", "␛]0;x␇"),
        ("é 😀 漢", "é 😀 漢"),
        ("\x7f\x9b", "\ufffd\ufffd"),
        ("\r", "␍"),
        ("a = 1 \u202e# \u2066x\u2069", "a = 1 \ufffd# \ufffdx\ufffd"),
        ("\u200f\u05d0", "\u200f\u05d0"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("terminal", [True, False])
def test_what_others_wrote_does_not_steer_a_terminal(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """A report, what a model would be shown, settings of a workspace; into a pipe they go as they are."""
    out = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    show("a\x1b[2J\nb\u202e\n")
    assert out.getvalue() == ("a␛[2J\nb\ufffd\n" if terminal else "a\x1b[2J\nb\u202e\n")


def test_a_sentence_with_a_workspaces_words_is_tame(capsys: pytest.CaptureFixture[str]) -> None:
    say_error("models.\x1b]52;c;ZXZpbA==\x07 (forge.toml): unknown key\nanother")
    assert capsys.readouterr().err == "forge-lsp: models.␛]52;c;ZXZpbA==␇ (forge.toml): unknown key\nanother\n"


def test_counting() -> None:
    assert [count(number, "attempt") for number in (0, 1, 2)] == ["0 attempts", "1 attempt", "2 attempts"]
