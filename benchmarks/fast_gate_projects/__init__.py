"""What the benchmark of the fast gate measures: a project of each language, one file a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.languages import Language

__all__ = ["METHODS", "Command", "Subject", "write"]

METHODS = 12
"""Functions a file."""
Command = tuple[tuple[str, ...], ...]
"""Command lines, one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A language: its project, the file that changes, good code and bad, and its command lines."""

    language: Language
    promised: float
    make: Callable[[Path, int], str]
    good: Callable[[int], tuple[str, str]]
    commands: Callable[[Path, str, Mapping[str, str]], Command | None]
    bad: str = "return nobody_knows"
    environment: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda known: known


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
