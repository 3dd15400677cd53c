"""A checker of our own: a worker that is asked one JSON document a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.fast.checker import CheckRequest
from forge_lsp.checking.fast.peers import LinePeer
from forge_lsp.checking.problems import problem_in
from forge_lsp.core.attempt import Diagnostic

__all__ = ["Worker", "diagnostics_of"]


class Worker:
    """A :class:`~forge_lsp.checking.fast.checker.Checker`. ``more`` goes along with every question; ``laid`` are
    texts of ours that always lie over the disk."""

    def __init__(
        self,
        peer: LinePeer,
        *,
        source: str,
        more: Mapping[str, object] | None = None,
        laid: Mapping[str, str] | None = None,
    ) -> None:
        self._peer = peer
        self._source = source
        self._more = dict(more or {})
        self._laid = dict(laid or {})

    @property
    def alive(self) -> bool:
        return self._peer.alive

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        """See :class:`~forge_lsp.checking.fast.checker.Checker`."""
        await self._peer.ask({"changed": [str(path) for path in files]})

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...] | None:
        """See :class:`~forge_lsp.checking.fast.checker.Checker`."""
        answer = await self._peer.ask(
            {
                "document": str(question.document),
                "text": question.text,
                "others": {**self._laid, **{str(path): text for path, text in question.others.items()}},
                "dependents": [str(path) for path in question.dependents],
                **self._more,
            }
        )
        return diagnostics_of(answer, self._source)

    async def aclose(self) -> None:
        """See :class:`~forge_lsp.checking.fast.checker.Checker`."""
        await self._peer.aclose()


def diagnostics_of(answer: Mapping[str, Any], source: str) -> tuple[Diagnostic, ...] | None:
    """Return the problems of a worker's answer; None where it has none to tell of that file."""
    problems = cast("list[dict[str, Any]] | None", answer.get("problems"))
    if problems is None:
        return None
    return tuple(problem_in(problem, source) for problem in problems)
