"""Temp copies, sandboxes and toolchains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol

from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence, Observation
from forge_lsp.core.task import Task, TextRange

__all__ = [
    "Box",
    "Cache",
    "CacheUse",
    "FastGate",
    "FastReport",
    "Formatter",
    "Opener",
    "ProcessResult",
    "Sandbox",
    "Toolchain",
    "Tree",
]


class CacheUse(StrEnum):
    """What becomes of what a box writes into a cache.

    ``keep``: it stays, and other boxes see it at once; for tools that run no code of a candidate and share it well.
    ``once``: the first box that comes to a good end leaves its own, which never changes after; others lose theirs.
    ``drop``: it is lost with the box.
    """

    KEEP = "keep"
    ONCE = "once"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """A folder of ours that outlives a box, for what a tool makes of things that do not change (a standard library,
    dependencies). ``name``: letters, digits and ``-``; it must tell all that the content depends on apart."""

    name: str
    use: CacheUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What one check sees: the folder ``source`` (None: an empty one), with ``files`` laid over it.

    ``name`` is the folder's name where there is no source. Keys of ``files`` are relative; values whole contents
    (None: the file is absent). The user's own folder is never written to. ``cache`` is seen at :attr:`Box.cache`.
    ``buffers`` are those of ``files`` that were only opened, perhaps: where ``source`` holds the same, it may show it.
    """

    source: Path | None
    files: Mapping[PurePosixPath, bytes | None]
    name: str = "project"
    cache: Cache | None = None
    buffers: Set[PurePosixPath] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessResult:
    """How a command ended. ``code`` is negative for a signal; outputs are bounded, ``truncated`` says if cut."""

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool = False
    truncated: bool = False


class Box(Protocol):
    """A temp copy of a project inside a sandbox; what commands write in it stays until it is closed."""

    @property
    def root(self) -> Path:
        """Where the commands see the tree."""
        ...

    @property
    def cache(self) -> Path:
        """Where the commands see the tree's cache, if it has one."""
        ...

    async def run(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        loopback: bool = False,
        stdin: bytes = b"",
    ) -> ProcessResult:
        """Run a command in the tree with a clean environment plus ``env``, no network (``loopback``: the box's own
        ``lo`` only), and the named host folders readable. ``timeout`` in seconds; nothing outlives it.

        Raises SandboxUnavailable when the sandbox itself fails, ToolMissing when the program is not there.
        """
        ...

    def read(self, path: PurePosixPath) -> bytes | None:
        """A file that a command wrote, or None."""
        ...


class Sandbox(Protocol):
    """A way to run commands on a temp copy of a project."""

    @property
    def kind(self) -> str:
        """``bubblewrap``, ``landlock``, ``seatbelt``, ``off`` (the user's consent) or ``none``."""
        ...

    @property
    def runs_project_code(self) -> bool:
        """False for ``none``: then only parsers and type checkers may run."""
        ...

    @property
    def remedy(self) -> str | None:
        """For ``none``: the command that makes a sandbox work on this machine."""
        ...

    def open(self, tree: Tree) -> AbstractAsyncContextManager[Box]:
        """A fresh temp copy. Removed on exit, also after a cancel."""
        ...


class Toolchain(Protocol):
    """Compiling, type-checking and running one language."""

    async def build(self, task: Task, text: str) -> BuildReport:
        """Check ``text`` in the place of the task's document, open buffers laid over the disk.

        Problems that the untouched tree has too are not reported. Never raises for a fault of the environment:
        that is ``unverified``.
        """
        ...

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """Run what the *user's* text (the document before the candidate, the instruction) offers as proof.

        Ids are stable across the candidates of one task. ``blocked`` where no code may be run here.
        """
        ...

    @property
    def observes(self) -> bool:
        """Whether :meth:`observe` can run anything in this language."""
        return type(self).observe is not Toolchain.observe

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        """Run more calls on a candidate in the sandbox and return what each gave, under its text as given.

        A call is text in the language of the document or in Python's notation; statements that it needs stand before
        it, one a line, and the last line is the call. They are run in order, in one process where the
        language allows. What gives no answer that can be compared (it does not parse, does not end in time, gives an
        object) is left out, and where no code may be run here everything is. Nothing of it is proof. Raises nothing
        but a cancel.
        """
        del task, candidate, calls
        return ()  # a toolchain that inherits this cannot run single calls


@dataclass(frozen=True, slots=True, kw_only=True)
class FastReport:
    """What a checker that is kept running says of one candidate: the problems it brought in, by its own lights."""

    problems: tuple[Diagnostic, ...] = ()


class Opener(Protocol):
    """What one language brings to the fast gate, as far as no file is opened for it. ``suffixes`` are those of the
    files that its checker reads."""

    @property
    def suffixes(self) -> tuple[str, ...]: ...

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


class FastGate(Protocol):
    """Checkers that are kept running and see candidates in memory. They rank; the build gate decides."""

    def prepare(self, task: Task) -> None:
        """Start in the background what a look at this task will need."""
        ...

    async def look(self, task: Task, texts: Sequence[str]) -> Sequence[FastReport | None]:
        """A report for each text in the place of the task's document, in order; None: no word (no such checker here,
        it is still starting, it failed or took too long). Milliseconds where the checker is warm, never more than some
        seconds. Problems that the untouched text has too are not reported. Raises nothing but a cancel."""
        ...


class Formatter(Protocol):
    """The formatter that a project uses, for new code."""

    async def format(self, task: Task, text: str, scope: TextRange) -> str:
        """``text``, the document with new code at ``scope``, with that code as the project's formatter writes it.

        No other line changes. Where the project uses no formatter, or it fails, takes too long or would change other
        lines, it is ``text`` as it is, and the log says why. Seconds at most. Raises nothing but a cancel.
        """
        ...
