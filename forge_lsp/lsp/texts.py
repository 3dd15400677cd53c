"""The editor's texts, exactly as the editor has them, and where in them things are.

The specification knows three line endings (LF, CRLF, CR). ``str.splitlines``, which pygls uses, also breaks at form
feeds, U+2028 and others, so that its copy of such a text drifts away from the editor's with the first edit.

Loaded before ``initialize`` is answered, and so free of the domain's many dataclasses.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.workspace import PositionCodec, TextDocument, Workspace

if TYPE_CHECKING:
    from forge_lsp.core.task import TextRange

__all__ = ["ExactDocument", "ExactWorkspace", "LineIndex"]

_ENDING = re.compile(r"\r\n|\n|\r")


class LineIndex:
    """Positions of one text: between code-point offsets and the client's lines and units.

    Positions outside the text are pulled in, as the specification wants it. A position inside a character (half a
    surrogate pair) means the character's end.
    """

    def __init__(self, text: str, codec: PositionCodec) -> None:
        self._text = text
        self._codec = codec
        self._starts = [0, *(match.end() for match in _ENDING.finditer(text))]

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines with their endings. There is always a last one, be it empty."""
        ends = [*self._starts[1:], len(self._text)]
        return tuple(self._text[start:end] for start, end in zip(self._starts, ends, strict=True))

    def line(self, number: int) -> str:
        """Line ``number`` (from 0) without its ending."""
        start = self._starts[number]
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._text)
        return self._text[start:end].rstrip("\r\n")

    def line_at(self, offset: int) -> int:
        """Return the number (from 0) of the line that holds ``offset``."""
        return bisect_right(self._starts, offset) - 1

    def start(self, line: int) -> int:
        """Return the offset at which a line begins."""
        return self._starts[line]

    def offset(self, position: lsp.Position) -> int:
        """Return the offset of a client's position."""
        if position.line >= len(self._starts):
            return len(self._text)
        line = self.line(position.line)
        start = self._starts[position.line]
        if line.isascii():  # every encoding counts these one by one
            return start + min(position.character, len(line))
        units = 0
        for column, character in enumerate(line):
            if units >= position.character:
                return start + column
            units += self._codec.client_num_units(character)
        return start + len(line)

    def position(self, offset: int) -> lsp.Position:
        """Return the client's position of an offset."""
        number = self.line_at(offset)
        before = self._text[self._starts[number] : offset]
        return lsp.Position(line=number, character=self._codec.client_num_units(before))

    def range(self, span: TextRange) -> lsp.Range:
        """Return the client's range of a half-open range of offsets."""
        return lsp.Range(start=self.position(span.start), end=self.position(span.end))

    def text_range(self, span: lsp.Range) -> TextRange:
        """Return the offsets of a client's range; a range that ends before it starts is turned round."""
        from forge_lsp.core.task import TextRange

        start, end = self.offset(span.start), self.offset(span.end)
        return TextRange(start=min(start, end), end=max(start, end))


class ExactDocument(TextDocument):
    """pygls' document with the lines of the specification."""

    @property
    def lines(self) -> Sequence[str]:
        return self.index.lines

    @property
    def index(self) -> LineIndex:
        """Positions of the text as it is now."""
        return LineIndex(self.source, self.position_codec)

    def offset_at_position(self, client_position: lsp.Position) -> int:
        return self.index.offset(client_position)

    def _apply_incremental_change(self, change: lsp.TextDocumentContentChangePartial) -> None:
        text = self.source
        span = self.index.text_range(change.range)
        self._source = text[: span.start] + change.text + text[span.end :]


class ExactWorkspace(Workspace):
    """pygls' workspace with :class:`ExactDocument`, whose watchers see every state that a text passes through.

    ``touched`` holds the unquoted URIs of what was opened, changed or closed since its one reader emptied it.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._watchers: list[Callable[[str, str], None]] = []
        self.touched: dict[str, None] = {}
        super().__init__(*args, **kwargs)  # pyright: ignore[reportArgumentType] - handed through as they came

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> TextDocument:
        return ExactDocument(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=lsp.TextDocumentSyncKind.Incremental,
            position_codec=self.position_codec,
        )

    def put_text_document(self, text_document: lsp.TextDocumentItem, *args: Any, **kwargs: Any) -> None:
        """Open a document."""
        super().put_text_document(text_document, *args, **kwargs)
        self.touched[unquote(text_document.uri)] = None

    def remove_text_document(self, doc_uri: str) -> None:
        """Close a document."""
        super().remove_text_document(doc_uri)
        self.touched[unquote(doc_uri)] = None

    def update_text_document(
        self, text_doc: lsp.VersionedTextDocumentIdentifier, change: lsp.TextDocumentContentChangeEvent
    ) -> None:
        """Apply one change of a ``didChange``; a change of a document that is not open is dropped."""
        document = self.text_documents.get(unquote(text_doc.uri))
        if document is None:
            return
        super().update_text_document(text_doc, change)
        self.touched[unquote(text_doc.uri)] = None
        for watcher in tuple(self._watchers):
            watcher(unquote(text_doc.uri), document.source)

    def watch(self, watcher: Callable[[str, str], None]) -> Callable[[], None]:
        """Call ``watcher(unquoted uri, text)`` after every single change; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)
