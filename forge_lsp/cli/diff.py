"""The change that a result makes, as a patch that `git apply` and `patch` take."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.cli.display import printable, say

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["print_diff", "styled", "unified"]

_STYLES = {"+++": "bold", "---": "bold", "@@ ": "cyan", "+": "green", "-": "red", "\\": "dim"}


def unified(before: str, after: str, name: str) -> str:
    """A unified diff from one text to the other; empty where they are the same. ``name`` is the file's, with ``/``."""
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """By ``\\n`` alone, as patches count: str.splitlines knows more ends of lines."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def print_diff(before: str, after: str, path: Path) -> None:
    """On standard output: as it is into a pipe or a file, coloured (and tame) on a terminal."""
    text = unified(before, after, _name(path))
    if not text or not _is_terminal():
        say(text)
        return
    from forge_lsp.cli.display import stdout_console

    console = stdout_console()
    for line in styled(text):
        console.print(line, soft_wrap=True)


def styled(diff: str) -> Iterator[Text]:
    """The lines of a diff in colours, fit for a terminal."""
    from rich.text import Text

    for line in diff.removesuffix("\n").split("\n"):
        style = next((style for start, style in _STYLES.items() if line.startswith(start)), "")
        yield Text(printable(line.removesuffix("\r")), style=style)


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # pyright: ignore[reportUnnecessaryComparison] - None if closed


def _name(path: Path) -> str:
    """Relative to the current folder where the file is in it, so that a patch applies from here."""
    resolved = path.resolve()
    here = Path.cwd().resolve()
    return (resolved.relative_to(here) if resolved.is_relative_to(here) else Path(resolved.name)).as_posix()
