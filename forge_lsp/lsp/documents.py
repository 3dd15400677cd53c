"""The editor's texts, exactly as the editor has them, and where in them things are.

The specification knows three line endings (LF, CRLF, CR). ``str.splitlines``, which pygls uses, also breaks at form
feeds, U+2028 and others, so that its copy of such a text drifts away from the editor's with the first edit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.uris import to_fs_path, uri_scheme
from pygls.workspace import PositionCodec, TextDocument, Workspace

from forge_lsp.domain.errors import BadRequest
from forge_lsp.domain.task import Document, Language, TextRange

__all__ = ["BOM", "LANGUAGE_IDS", "Documents", "ExactDocument", "ExactWorkspace", "LineIndex", "Present", "language_of"]

BOM = "\ufeff"

_ENDING = re.compile(r"\r\n|\n|\r")

LANGUAGE_IDS = {
    "python": Language.PYTHON,
    "csharp": Language.CSHARP,
    "typescript": Language.TYPESCRIPT,
    "typescriptreact": Language.TYPESCRIPT,
    "typescript.tsx": Language.TYPESCRIPT,
    "javascript": Language.JAVASCRIPT,
    "javascriptreact": Language.JAVASCRIPT,
    "javascript.jsx": Language.JAVASCRIPT,
    "go": Language.GO,
    "rust": Language.RUST,
    "java": Language.JAVA,
    "c": Language.C,
    "cpp": Language.CPP,
    # what some editors call them
    "c#": Language.CSHARP,
    "c-sharp": Language.CSHARP,
    "cs": Language.CSHARP,
    "tsx": Language.TYPESCRIPT,
    "jsx": Language.JAVASCRIPT,
    "js": Language.JAVASCRIPT,
    "ts": Language.TYPESCRIPT,
    "py": Language.PYTHON,
    "c++": Language.CPP,
    "python3": Language.PYTHON,
}
"""LSP language identifiers, and other names editors and users have for the same languages."""

_SUFFIXES = {
    ".py": Language.PYTHON,
    ".pyi": Language.PYTHON,
    ".cs": Language.CSHARP,
    ".ts": Language.TYPESCRIPT,
    ".tsx": Language.TYPESCRIPT,
    ".mts": Language.TYPESCRIPT,
    ".cts": Language.TYPESCRIPT,
    ".js": Language.JAVASCRIPT,
    ".jsx": Language.JAVASCRIPT,
    ".mjs": Language.JAVASCRIPT,
    ".cjs": Language.JAVASCRIPT,
    ".go": Language.GO,
    ".rs": Language.RUST,
    ".java": Language.JAVA,
    ".c": Language.C,
    ".h": Language.C,
    ".cc": Language.CPP,
    ".cpp": Language.CPP,
    ".cxx": Language.CPP,
    ".hpp": Language.CPP,
}


def language_of(language_id: str | None, uri: str) -> Language | None:
    """The language of a document by the editor's word for it, else by its file name; None: not one of ours."""
    if language_id and (known := LANGUAGE_IDS.get(language_id.lower())) is not None:
        return known
    return _SUFFIXES.get(Path(unquote(uri)).suffix.lower())


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
        """The number (from 0) of the line that holds ``offset``."""
        return bisect_right(self._starts, offset) - 1

    def start(self, line: int) -> int:
        """The offset at which a line begins."""
        return self._starts[line]

    def offset(self, position: lsp.Position) -> int:
        """The offset of a client's position."""
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
        """The client's position of an offset."""
        number = self.line_at(offset)
        before = self._text[self._starts[number] : offset]
        return lsp.Position(line=number, character=self._codec.client_num_units(before))

    def range(self, span: TextRange) -> lsp.Range:
        """The client's range of a half-open range of offsets."""
        return lsp.Range(start=self.position(span.start), end=self.position(span.end))

    def text_range(self, span: lsp.Range) -> TextRange:
        """The offsets of a client's range; a range that ends before it starts is turned round."""
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
    """pygls' workspace with :class:`ExactDocument`, whose watchers see every state that a text passes through."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._watchers: list[Callable[[str, str], None]] = []
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

    def update_text_document(
        self, text_doc: lsp.VersionedTextDocumentIdentifier, change: lsp.TextDocumentContentChangeEvent
    ) -> None:
        """Apply one change of a ``didChange``; a change of a document that is not open is dropped."""
        document = self.text_documents.get(unquote(text_doc.uri))
        if document is None:
            return
        super().update_text_document(text_doc, change)
        for watcher in tuple(self._watchers):
            watcher(unquote(text_doc.uri), document.source)

    def watch(self, watcher: Callable[[str, str], None]) -> Callable[[], None]:
        """Call ``watcher(unquoted uri, text)`` after every single change; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A document as it is now. ``version`` None: not open, read from disk. ``language_id`` is the editor's."""

    uri: str
    text: str
    version: int | None
    language_id: str | None = None

    @property
    def hidden(self) -> int:
        """How many characters at the start the editor does not show: the BOM of a file it has not opened.

        Editors keep a BOM out of the text they edit. One in an *open* text was sent by the editor, and counts.
        """
        return 1 if self.version is None and self.text.startswith(BOM) else 0


class Documents:
    """The documents of a workspace as the user sees them: open buffers over the disk."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def codec(self) -> PositionCodec:
        """How the client counts."""
        return self._workspace.position_codec

    @property
    def folders(self) -> tuple[Path, ...]:
        """The workspace's folders, or its root where the client knows none."""
        uris = [folder.uri for folder in self._workspace.folders.values()]
        if not uris and self._workspace.root_uri:
            uris = [self._workspace.root_uri]
        return tuple(path for uri in uris if (path := path_of(uri)) is not None)

    def present(self, uri: str) -> Present | None:
        """The open text, else the file's, else None. Files are UTF-8; their line endings and BOM are kept.

        Raises BadRequest for a file that is not UTF-8.
        """
        document = self._workspace.text_documents.get(unquote(uri))
        if document is not None:
            return Present(
                uri=document.uri, text=document.source, version=document.version, language_id=document.language_id
            )
        path = path_of(uri)
        if path is None or not path.is_file():
            return None
        try:
            return Present(uri=uri, text=path.read_bytes().decode("utf-8"), version=None)
        except UnicodeDecodeError as error:
            raise BadRequest(f"{path.name} is not UTF-8 text.", remedy="save it as UTF-8") from error

    def index(self, present: Present) -> LineIndex:
        """Positions of the text as the editor counts them; offsets are less ``present.hidden``."""
        return LineIndex(present.text[present.hidden :], self.codec)

    def document(self, uri: str, language: Language | None = None) -> tuple[Document, Present]:
        """The document of a request. Raises BadRequest where there is none, or its language is unknown."""
        present = self.present(uri)
        if present is None:
            raise BadRequest(f"uri: there is no open document or file {uri}.")
        language = language or language_of(present.language_id, uri)
        if language is None:
            known = ", ".join(Language)
            raise BadRequest(f"language: unknown for {uri}; write one of {known}.")
        document = Document(
            uri=present.uri, language=language, text=present.text, path=path_of(uri), version=present.version
        )
        return document, present

    def folder_of(self, uri: str) -> Path | None:
        """The longest folder that contains the document. A document without a file belongs to the only folder."""
        path = path_of(uri)
        if path is None:
            return self.folders[0] if len(self.folders) == 1 else None
        holding = [folder for folder in self.folders if path.is_relative_to(folder)]
        return max(holding, key=lambda folder: len(folder.parts), default=None)

    def buffers(self, uri: str, folder: Path | None) -> tuple[Document, ...]:
        """The other open files of that folder, in languages we know."""
        found: list[Document] = []
        for key, document in sorted(self._workspace.text_documents.items()):
            path = path_of(document.uri)
            language = language_of(document.language_id, document.uri)
            if key == unquote(uri) or path is None or language is None or folder is None:
                continue
            if self.folder_of(document.uri) == folder:
                found.append(
                    Document(
                        uri=document.uri, language=language, text=document.source, path=path, version=document.version
                    )
                )
        return tuple(found)


def path_of(uri: str) -> Path | None:
    """The path of a ``file:`` URI, None for any other."""
    if uri_scheme(uri) != "file":
        return None
    path = to_fs_path(uri)
    return None if path is None else Path(path)
