from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from forge_lsp.cli.diff import styled, unified


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\r\nb\r\n", "a\r\nB\r\n"),
        ("a\nb", "a\nc"),
        ("a\n", "a"),
        ("", "a\n"),
        ("\ufeffa\x0cb\u2028c\n", "\ufeffa\x0cb\u2028d\n"),
        ("é 😀\n", "e\u0301 漢\n"),
    ],
)
def test_the_patch_applies(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(before.encode())
    subprocess.run(["git", "apply", "-"], input=unified(before, after, "a.py").encode(), cwd=tmp_path, check=True)
    assert path.read_bytes().decode() == after


def test_no_change_is_no_patch() -> None:
    assert unified("a\n", "a\n", "a.py") == ""


def test_on_a_terminal_lines_are_coloured_and_tame() -> None:
    lines = list(styled(unified("a\n", "\x1b[31mb\x9b1A\n", "a.py")))
    assert [str(line.style) for line in lines] == ["bold", "bold", "cyan", "red", "green"]
    assert lines[-1].plain == "+␛[31mb\ufffd1A"
