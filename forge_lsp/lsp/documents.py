"""The documents of a workspace as the user sees them: open buffers over the disk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from pygls.uris import to_fs_path, uri_scheme
from pygls.workspace import PositionCodec

from forge_lsp.core.errors import BadRequest
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.task import Document
from forge_lsp.lsp.texts import ExactWorkspace, LineIndex
from forge_lsp.reading import SOURCE, NotReadable, read_plain

__all__ = ["BOM", "CurrentDocument", "Documents", "path_of"]

BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentDocument:
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

    def __init__(self, workspace: ExactWorkspace, languages: Languages | None = None) -> None:
        self._workspace = workspace
        self.languages = languages or Languages(())
        """Those that are known; none until the services are built."""
        self._open: dict[str, tuple[Document, Path | None]] = {}
        self._placed_in: tuple[Path, ...] = ()

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

    def present(self, uri: str) -> CurrentDocument | None:
        """Return the open text, else the file's, else None. Files are UTF-8; their line endings and BOM are kept.

        Raises BadRequest for a file that is not UTF-8, or no plain file of a size that can be one.
        """
        document = self._workspace.text_documents.get(unquote(uri))
        if document is not None:
            return CurrentDocument(
                uri=document.uri, text=document.source, version=document.version, language_id=document.language_id
            )
        path = path_of(uri)
        if path is None or not path.is_file():
            return None
        try:
            return CurrentDocument(uri=uri, text=read_plain(path, most=SOURCE).decode("utf-8"), version=None)
        except NotReadable as error:
            raise BadRequest(f"{path.name} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BadRequest(f"{path.name} is not UTF-8 text.", remedy="save it as UTF-8") from error

    def language_of(self, language_id: str | None, uri: str) -> Language | None:
        """Return the language by the editor's word for it, else by the file name; None: it is not known."""
        known = self.languages.named(language_id) if language_id else None
        return known or self.languages.of_file(unquote(uri))

    def why_not_written(self, uri: str) -> str | None:
        """Return why nothing is written in a document that holds code beside something else; None: it is none."""
        return self.languages.why_not_written(unquote(uri).partition("#")[0])

    def open_text(self, uri: str) -> str | None:
        """The text of a document that is open in the editor, else None. Reads no file."""
        document = self._workspace.text_documents.get(unquote(uri))
        return None if document is None else document.source

    def index(self, present: CurrentDocument) -> LineIndex:
        """Return positions of the text as the editor counts them; offsets are less ``present.hidden``."""
        return LineIndex(present.text[present.hidden :], self.codec)

    def document(self, uri: str, language: Language | None = None) -> tuple[Document, CurrentDocument]:
        """Return the document of a request. Raises BadRequest where there is none, or its language is unknown or mixed
        with others (a component, a cell of a notebook)."""
        present = self.present(uri)
        if present is None:
            raise BadRequest(f"uri: there is no open document or file {uri}.")
        if language is None and (reason := self.why_not_written(uri)) is not None:
            raise BadRequest(reason)
        language = language or self.language_of(present.language_id, uri)
        if language is None:
            known = ", ".join(self.languages.ids)
            raise BadRequest(f"language: unknown for {uri}; write one of {known}.")
        document = Document(
            uri=present.uri, language=language, text=present.text, path=path_of(uri), version=present.version
        )
        return document, present

    def folder_of(self, uri: str) -> Path | None:
        """Return the longest folder that contains the document. One without a file belongs to the only folder."""
        path = path_of(uri)
        if path is None:
            return self.folders[0] if len(self.folders) == 1 else None
        return _holding(path, self.folders)

    def buffers(self, uri: str, folder: Path | None) -> tuple[Document, ...]:
        """Return the other open files of that folder, in languages we know.

        Each of many jobs asks for all of them, and holds them: they are the same objects as long as they stay the same,
        and only what was touched is looked at.
        """
        if folder is None:
            return ()
        folders = self.folders
        if folders != self._placed_in:  # also at first
            self._open, self._placed_in = {}, folders
            self._workspace.touched.update(dict.fromkeys(self._workspace.text_documents))
        touched = list(self._workspace.touched)
        self._workspace.touched.clear()
        for key in touched:
            known = self._as_open(key)
            if known is None:
                self._open.pop(key, None)
            else:
                self._open[key] = known, None if known.path is None else _holding(known.path, folders)
        own = unquote(uri)
        return tuple([one for key, (one, at) in self._open.items() if (at is folder or at == folder) and key != own])

    def _as_open(self, key: str) -> Document | None:
        document = self._workspace.text_documents.get(key)
        if document is None:
            return None
        path, language = path_of(document.uri), self.language_of(document.language_id, document.uri)
        if path is None or language is None:
            return None
        return Document(uri=document.uri, language=language, text=document.source, path=path, version=document.version)


# Many jobs that begin at once each ask for the place of every open document.


@lru_cache(maxsize=8192)
def _holding(path: Path, folders: tuple[Path, ...]) -> Path | None:
    holding = [folder for folder in folders if path.is_relative_to(folder)]
    return max(holding, key=lambda folder: len(folder.parts), default=None)


@lru_cache(maxsize=4096)
def path_of(uri: str) -> Path | None:
    """Return the path of a ``file:`` URI, None for any other."""
    if uri_scheme(uri) != "file":
        return None
    path = to_fs_path(uri)
    return None if path is None else Path(path)
