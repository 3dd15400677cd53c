"""What each language brings to the fast gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from forge_lsp.checking.fast.checker import Checker
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.sandbox.kept import Kept

__all__ = ["AsItIs", "Keep", "Opener", "Prepared"]


class Keep(Protocol):
    """Starts a command that stays; see :meth:`forge_lsp.sandbox.bubblewrap.Bubblewrap.keep`."""

    async def __call__(
        self,
        command: Sequence[str],
        *,
        source: Path,
        env: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
    ) -> Kept: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A checker that could be started. Equal ``key``, same checker. ``start`` raises ForgeError."""

    key: Hashable
    start: Callable[[Keep], Awaitable[Checker]]


class Opener(Protocol):
    """One language. ``suffixes`` are those of the files that its checker reads."""

    @property
    def suffixes(self) -> tuple[str, ...]: ...

    def prepare(self, place: Place) -> Prepared | None:
        """The checker for a document (its place has a source); None where there is none. May read the disk."""
        ...

    def word(self, document: PurePosixPath) -> str | None:
        """The word by which other files speak of a document; None: the checker knows by itself what depends on it."""
        ...

    def shown(self, original: str, text: str) -> str:
        """What the checker is to see of a candidate."""
        ...

    def blank(self, indent: str) -> str:
        """What stands in for a scope."""
        ...

    def syntax(self, problem: Diagnostic) -> bool:
        """Whether a problem is that the text does not parse."""
        ...


class AsItIs:
    """The part of an :class:`Opener` of a language that has no words to silence its checker, and may lack a scope."""

    def shown(self, original: str, text: str) -> str:
        del original
        return text

    def blank(self, indent: str) -> str:
        del indent
        return ""
