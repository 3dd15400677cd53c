"""Parsing, scoping, what to show the models, and edits of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.became import EditFate
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Scope, Task, TextEdit, TextRange

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = [
    "ContextGatherer",
    "Editing",
    "FollowedCode",
    "GatheredContext",
    "Item",
    "ItemKind",
    "Outline",
    "Parser",
    "ProjectFiles",
    "Scoping",
    "ShownPart",
    "Syntax",
    "SyntaxTree",
]


class ItemKind(StrEnum):
    """What stands at the top level of a piece of code, or directly in a class."""

    IMPORT = "import"
    FUNCTION = "function"
    CLASS = "class"
    ASSIGNMENT = "assignment"
    COMMENT = "comment"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One statement or declaration. ``range`` includes its decorators, attributes and doc comment.

    ``name`` is what it defines; ``parameters`` a callable's parameter names, receiver included; ``body`` the
    range of its body where it has one; ``stub`` says that the body does nothing yet (``pass``, ``...``, a
    docstring alone, ``throw new NotImplementedException()``, a TODO). ``children`` are a class's own items.
    """

    kind: ItemKind
    range: TextRange
    name: str | None = None
    parameters: tuple[str, ...] | None = None
    signature: str | None = None
    body: TextRange | None = None
    stub: bool = False
    children: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The top-level items of a text, in order. ``errors`` are ranges that do not parse; () means clean syntax."""

    items: tuple[Item, ...]
    errors: tuple[TextRange, ...] = ()


class Syntax(Protocol):
    """Parsing without running (tree-sitter)."""

    def outline(self, text: str, language: Language) -> Outline:
        """The structure of ``text``. A fragment (a method without its class) is parsed as well as can be.

        Python methods may come indented: callers dedent first.
        """
        ...

    def multiline_strings(self, text: str, language: Language) -> tuple[TextRange, ...]:
        """String literals that span lines, in order: white space and comment marks in them are data."""
        ...


class SyntaxTree(Protocol):
    """A parsed text: tree-sitter's nodes, their places in code points, and what does not parse.

    An ``end`` leaves out white space. ``slice`` takes offsets as ``start`` and ``end`` give them. ``errors`` are the
    outermost ranges, in order, empty where something is missing; ``find`` gives the outermost nodes of some types.
    """

    text: str
    root: Node

    def start(self, node: Node) -> int: ...
    def end(self, node: Node) -> int: ...
    def range(self, node: Node) -> TextRange: ...
    def of(self, node: Node) -> str: ...
    def slice(self, start: int, end: int) -> str: ...
    def before_on_line(self, offset: int) -> str: ...
    def errors(self) -> Iterator[TextRange]: ...
    def find(self, *types: str) -> Iterator[Node]: ...


class Parser(Protocol):
    """Parses with the grammars of a language."""

    def parse(self, text: str, language: Language, *, base: int = 0) -> SyntaxTree:
        """Parse ``text``; ``base`` is added to every offset. Raises KeyError for a language without a grammar."""
        ...


class ProjectFiles(Protocol):
    """The files of a workspace that may be shown, open buffers over the disk; ``text`` is None for all others."""

    @property
    def workspace(self) -> Path: ...
    def text(self, path: Path) -> str | None: ...


class Scoping(Protocol):
    """From where the cursor is to what is to be replaced."""

    def scope(self, document: Document, selection: TextRange | None) -> Scope:
        """``selection`` None: the whole file. Empty, or within one line: a cursor. More: whole lines."""
        ...

    def instruction(
        self, document: Document, scope: Scope, words: str | None, diagnostics: tuple[Diagnostic, ...]
    ) -> str:
        """The user's words, or a sentence made from the scope and the diagnostics."""
        ...

    def unfinished(self, document: Document) -> tuple[TextRange, ...]:
        """Where the document itself asks for code, in order: empty bodies and ``TODO(forge)`` comments, each as the
        range within the line that a cursor is put on to get it. May take 100 ms for a long file."""
        ...

    def follow(self, language: Language, scope: Scope, *, base: str, before: str, after: str) -> FollowedCode | None:
        """What tells later what became of code that was applied; None where nothing can.

        ``scope`` is a place in ``base``, the text that the job saw; ``before`` and ``after`` are the document's texts
        around the edit. May take a second for a long file: it is meant for a thread.
        """
        ...


class FollowedCode(Protocol):
    """Code that was applied, remembered without its text."""

    def became(self, text: str) -> EditFate | None:
        """What became of it in ``text``, its document now; None: that cannot be told. Takes as long as
        :meth:`Scoping.follow`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    """What is shown of one file: how many tokens it takes (estimated), the lines (first and last, from 1), and why, in
    plain words, each reason with how many pieces it stands for."""

    file: str
    tokens: int
    lines: tuple[tuple[int, int], ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredContext:
    """What models are shown around a task, as Markdown.

    ``text``: the document with the scope marked, imports, neighbours, diagnostics; every model sees it. ``rules``: the
    project's rules ("": it has none), for those alone who plan and write. ``files`` and ``rules_files`` are the
    workspace-relative names of the files whose text is in either; ``parts`` says what is shown of each file, and why.
    """

    text: str
    rules: str = ""
    files: tuple[str, ...] = ()
    rules_files: tuple[str, ...] = ()
    parts: tuple[ShownPart, ...] = ()


class ContextGatherer(Protocol):
    """What to show the models of the code around the task."""

    async def gather(self, task: Task, *, tokens: int) -> GatheredContext:
        """At most about ``tokens`` tokens, text and rules together. The same task and budget give the same bytes.
        Ignored files, ``.env*``, keys and files outside the workspace never occur in it."""
        ...

    def changed(self, paths: Sequence[Path]) -> None:
        """Files were written, created or deleted, says an editor: what is remembered of them counts no longer. Returns
        at once."""
        ...


class Editing(Protocol):
    """Pure work on texts."""

    def finish(self, task: Task, code: str) -> str:
        """``code`` with what models leave out and users want kept: a definition's comments, decorators, docstrings,
        and secrets that were hidden from the models. It is what replaces the scope, but for its indentation."""
        ...

    def splice(self, task: Task, code: str, imports: Sequence[str]) -> str:
        """The document's text with ``code`` in the scope's place and ``imports`` merged into the file's imports.

        ``code`` comes with any indentation and line ending; the result has the document's own.
        """
        ...

    def placed(self, task: Task, code: str, text: str) -> TextRange | None:
        """Where ``code`` stands in ``text``, which :meth:`splice` made of it; None where that cannot be told."""
        ...

    def minimal(self, before: str, after: str) -> tuple[TextEdit, ...]:
        """Small, ordered, non-overlapping edits that turn ``before`` into ``after``."""
        ...

    def merge(self, base: str, ours: str, theirs: str) -> str:
        """3-way merge by lines. Raises EditConflict."""
        ...

    def example(self, text: str, language: Language, names: Sequence[str], call: str, value: str) -> str | None:
        """``text`` with an example in the documentation of the definition ``names``, what encloses it first.

        ``call`` may have statements that it needs before it, one a line; ``value`` is what it gives, or ``raises X``.
        None: there is no such definition, the example is there already, or the documentation cannot hold it.
        """
        ...
