"""What the fast gate asks of every language's checker, and the one that most are: a language server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, cast

from forge_lsp.checking.fast.peers import LspPeer
from forge_lsp.checking.problems import problem_at
from forge_lsp.core.attempt import Diagnostic

__all__ = ["CheckRequest", "Checker", "LanguageServer", "Told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """A text in the place of ``document``. ``others`` are texts that lie over the disk; ``dependents`` files, with
    their texts, that the document may break. ``untouched`` is the document's own text, where it is known. Paths are
    relative to the workspace."""

    document: PurePosixPath
    text: str
    untouched: str | None = None
    others: Mapping[PurePosixPath, str] = field(default_factory=dict[PurePosixPath, str])
    dependents: Mapping[PurePosixPath, str] = field(default_factory=dict[PurePosixPath, str])


class Checker(Protocol):
    """A running checker of one workspace; a :class:`~forge_lsp.checking.daemons.Daemon`."""

    @property
    def alive(self) -> bool: ...

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        """Take in which files of the workspace have changed; False: gone."""
        ...

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...] | None:
        """Return the errors in the document and in what depends on it; None where this checker does not know that file.

        Raises EnvironmentFault when it is gone.
        """
        ...

    async def aclose(self) -> None: ...


Told = Callable[[Mapping[str, Any]], bool]
"""Whether a diagnostic of a language server counts."""


class LanguageServer:
    """A :class:`Checker` by pull diagnostics. ``root`` is where the server sees the workspace."""

    def __init__(
        self,
        peer: LspPeer,
        root: Path,
        *,
        language: Callable[[PurePosixPath], str],
        source: str,
        told: Told = lambda _: True,
        code: Callable[[str], str] = str,
    ) -> None:
        self._peer = peer
        self._root = root
        self._language = language
        self._source = source
        self._told = told
        self._code = code
        self._open: dict[PurePosixPath, str] = {}
        self._version = 0

    @property
    def alive(self) -> bool:
        return self._peer.alive

    async def initialize(self, options: object = None) -> None:
        """Initialize the server."""
        folder = {"uri": self._root.as_uri(), "name": self._root.name or "workspace"}
        await self._peer.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder["uri"],
                "workspaceFolders": [folder],
                "initializationOptions": options,
                "capabilities": {
                    "general": {"positionEncodings": ["utf-16"]},
                    "textDocument": {"diagnostic": {"dynamicRegistration": False, "relatedDocumentSupport": False}},
                    "workspace": {"configuration": True, "didChangeWatchedFiles": {"dynamicRegistration": True}},
                },
            },
        )
        self._peer.notify("initialized", {})

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        """See :class:`Checker`."""
        # 1 created, 2 changed, 3 deleted; a created file that was there before does no harm.
        changes: list[dict[str, object]] = [
            {"uri": self._uri(path), "type": kind}
            for path, there in files.items()
            for kind in ((1, 2) if there else (3,))
        ]
        if changes:
            self._peer.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...]:
        """See :class:`Checker`."""
        wanted = {**question.dependents, **question.others, question.document: question.text}
        self._show(wanted)
        asked = [question.document, *(path for path in question.dependents if path != question.document)]
        answers = await asyncio.gather(*(self._pull(path) for path in asked))
        found: list[Diagnostic] = []
        for path, items in zip(asked, answers, strict=True):
            lines = wanted[path].split("\n")
            found += [_diagnostic(item, path, lines, self._source, self._code) for item in items if self._told(item)]
        return tuple(dict.fromkeys(found))

    async def aclose(self) -> None:
        """See :class:`Checker`."""
        await self._peer.aclose()

    async def _pull(self, path: PurePosixPath) -> Sequence[dict[str, Any]]:
        answer = await self._peer.request("textDocument/diagnostic", {"textDocument": {"uri": self._uri(path)}})
        items = cast("list[dict[str, Any]]", cast("dict[str, Any]", answer or {}).get("items") or [])
        return [item for item in items if item.get("severity", 1) == 1]

    def _show(self, wanted: Mapping[PurePosixPath, str]) -> None:
        """Open, change and close until the server sees these texts over the disk's."""
        for path in [path for path in self._open if path not in wanted]:
            del self._open[path]
            self._peer.notify("textDocument/didClose", {"textDocument": {"uri": self._uri(path)}})
        for path, text in wanted.items():
            if self._open.get(path) == text:
                continue
            self._version += 1
            document: dict[str, object] = {"uri": self._uri(path), "version": self._version}
            if path in self._open:
                params: dict[str, object] = {"textDocument": document, "contentChanges": [{"text": text}]}
                self._peer.notify("textDocument/didChange", params)
            else:
                document |= {"languageId": self._language(path), "text": text}
                self._peer.notify("textDocument/didOpen", {"textDocument": document})
            self._open[path] = text

    def _uri(self, path: PurePosixPath) -> str:
        return (self._root / path).as_uri()


def _diagnostic(
    item: Mapping[str, Any], path: PurePosixPath, lines: Sequence[str], source: str, code: Callable[[str], str]
) -> Diagnostic:
    place = cast("dict[str, Any]", item.get("range") or {})
    start, end = (cast("dict[str, int]", place.get(key) or {}) for key in ("start", "end"))
    message = cast("object", item.get("message", ""))
    return problem_at(
        str(path),
        start.get("line", 0) + 1,
        _column(lines, start),
        code=code(str(item.get("code") or "")),
        message=str(message),
        source=source,
        end=(end.get("line", 0) + 1, _column(lines, end)),
    )


def _column(lines: Sequence[str], position: Mapping[str, int]) -> int:
    """UTF-16 code units from 0 to code points from 1."""
    line, units = position.get("line", 0), position.get("character", 0)
    if line >= len(lines):
        return units + 1
    return len(lines[line].encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore")) + 1
