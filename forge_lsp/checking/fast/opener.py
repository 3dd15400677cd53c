"""What each language brings to the fast gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from forge_lsp.checking.fast.checker import Checker
from forge_lsp.checking.project import Place
from forge_lsp.core import ports as core
from forge_lsp.core.ports import Sandbox
from forge_lsp.sandbox.kept import RunningCommand

__all__ = ["CompiledOpener", "NoSuppression", "Opener", "PreparedChecker", "StartDaemon"]


class StartDaemon(Protocol):
    """Starts a command that stays; see :meth:`forge_lsp.sandbox.bubblewrap.Bubblewrap.keep`."""

    async def __call__(
        self,
        command: Sequence[str],
        *,
        source: Path,
        env: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
    ) -> RunningCommand: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedChecker:
    """A checker that could be started. Equal ``key``, same checker. ``start`` raises ForgeError."""

    key: Hashable
    start: Callable[[StartDaemon], Awaitable[Checker]]


@runtime_checkable
class Opener(core.Opener, Protocol):
    """One language; see :class:`forge_lsp.core.ports.Opener`."""

    def prepare(self, place: Place) -> PreparedChecker | None:
        """Return the checker for a document (its place has a source); None where there is none. May read the disk."""
        ...


class NoSuppression:
    """The part of an :class:`Opener` of a language that has no words to silence its checker, and may lack a scope."""

    def word(self, document: PurePosixPath) -> str | None:
        """None: the checker knows by itself what depends on what."""
        del document
        return None

    def shown(self, original: str, text: str) -> str:
        del original
        return text

    def blank(self, indent: str) -> str:
        del indent
        return ""


class CompiledOpener(NoSuppression):
    """One whose checker is a program of ours that is compiled here. ``state`` is a folder of ours for that program;
    ``environment`` the server's own."""

    def __init__(self, sandbox: Sandbox, environment: Mapping[str, str], state: Path) -> None:
        self._sandbox = sandbox
        self._environment = environment
        self._state = state / "fast"
