"""What is asked for: a place in a document, and the user's words about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from forge_lsp.core.attempt import Diagnostic, Insight
from forge_lsp.core.languages import Language

__all__ = ["Document", "FileChange", "Scope", "ScopeKind", "Task", "TextEdit", "TextRange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRange:
    """Half-open range of offsets, in code points of a document's text. Encodings of editors stop at ``lsp``."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a range: {self.start}..{self.end}")

    def of(self, text: str) -> str:
        """The part of ``text`` in this range."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """Replace ``range`` of a text by ``text``."""

    range: TextRange
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file as the user sees it: the open buffer where there is one, else the file on disk.

    ``version`` is the editor's (None: not open). ``path`` is None for ``untitled:`` documents.
    Line endings are the file's own; a byte order mark, where there is one, is the first character.
    """

    uri: str
    language: Language
    text: str
    path: Path | None = None
    version: int | None = None


class ScopeKind(StrEnum):
    """What the candidate replaces."""

    SELECTION = "selection"
    DEFINITION = "definition"
    INSERTION = "insertion"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The part of a document that the candidate replaces.

    ``range`` covers whole lines, without the last line's ending (empty for an insertion). ``indent`` is the leading
    white space of its first line. ``name`` is the definition wanted there (None: no single one), ``container``
    the dotted name of what encloses it (``Stack``), ``signature`` its header as written, ``parameters`` their
    names, receiver (``self``) included; None where the language or the place has none. ``unfinished``: there is no
    working code to keep, an empty body or nothing at all. ``half_written``: because of what stands there the document
    does not parse; ``errors_beside``: what stands beside it seems not to parse (grammars do not know all that compilers
    do).
    """

    kind: ScopeKind
    range: TextRange
    indent: str = ""
    name: str | None = None
    container: str | None = None
    signature: str | None = None
    parameters: tuple[str, ...] | None = None
    unfinished: bool = False
    half_written: bool = False
    errors_beside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file of a change: its text before and after; None: it is not there. ``path`` is absolute."""

    path: Path
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One job's input, complete: nothing later reads the editor or the disk to learn what was meant.

    ``instruction`` is the user's words, or a sentence made from the scope; never empty. ``workspace`` is the
    folder the document belongs to (None: a lone file). ``buffers`` are the other open documents that belong to
    the workspace, laid over the disk. ``diagnostics`` are the editor's, for a quick fix. ``insights`` is what
    is known before the first attempt: the user's words on an earlier result. ``secrets`` are (placeholder, secret)
    pairs of the document and of the user's words, which have the placeholders already; never kept, never told.
    ``others`` are the files that every candidate changes with the document, where a change of several files is checked.
    """

    document: Document
    scope: Scope
    instruction: str
    workspace: Path | None = None
    buffers: tuple[Document, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    insights: tuple[Insight, ...] = ()
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    others: tuple[FileChange, ...] = ()

    @property
    def original(self) -> str:
        """The text that the candidate replaces."""
        return self.scope.range.of(self.document.text)
