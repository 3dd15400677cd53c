"""Markdown that stays what it is, whatever text goes into it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["fence", "inline", "table"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def inline(text: str, limit: int = 300) -> str:
    """Return one line of text with nothing in it that Markdown or HTML would read; cut to ``limit`` characters."""
    flat = " ".join(text.split())
    if len(flat) > limit:
        flat = flat[: limit - 1].rstrip() + "…"
    return _SPECIAL.sub(r"\\\1", flat)


def fence(text: str, language: str = "") -> str:
    """Return a fenced block, its fence longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Cells come already escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
