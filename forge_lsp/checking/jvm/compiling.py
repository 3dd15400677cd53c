"""What compiling a document for the JVM is about: the subject, and what the compiler says of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.core.attempt import Diagnostic

__all__ = ["Compilation", "Compiler", "JvmDocument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What the compiler says. ``archive`` are the classes, where all compiled."""

    problems: tuple[Diagnostic, ...] = ()
    archive: bytes | None = None
    words: str = ""


Compiler = Callable[[Sequence[PurePosixPath], Mapping[PurePosixPath, str]], Awaitable[Compilation]]
"""Compiles the document with the files named, some of them with another text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JvmDocument:
    """The document under work: its file, the text that is compiled, the user's own text and the name of the scope."""

    file: PurePosixPath
    text: str
    untouched: str
    scope: str | None = None
