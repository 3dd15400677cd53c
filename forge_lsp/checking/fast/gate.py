"""The fast gate: candidates are shown to a checker that is kept running, in memory, and ranked by what it says.

Its word costs order and never an answer, so it may be a little less strict than the build gate, or more, and may say
nothing at all: where no sandbox can keep a process, where the checker still starts, fails or takes too long.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.daemons import DaemonLimits, Daemons
from forge_lsp.checking.fast.checker import Checker, CheckRequest
from forge_lsp.checking.fast.files import WatchedFiles
from forge_lsp.checking.fast.opener import Opener, PreparedChecker
from forge_lsp.checking.gate import new_problems, without_asked
from forge_lsp.checking.project import Place, place_of
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import ForgeError
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.recent import Recent
from forge_lsp.sandbox.bubblewrap import Bubblewrap

__all__ = ["DaemonGate"]

logger = logging.getLogger(__name__)

_START = 120.0
"""Seconds for a start with the first question, which has the checker read the project; nobody waits that long."""
_MOST_BASELINES = 16
_MOST_LONE = 4


@dataclass(slots=True)
class _CheckerState:
    """What is remembered of one workspace and language. ``untold``: changed files that its checker was not told of."""

    files: WatchedFiles
    untold: dict[PurePosixPath, bool] = field(default_factory=dict[PurePosixPath, bool])
    turn: threading.Lock = field(default_factory=threading.Lock)
    baselines: Recent[str, tuple[Diagnostic, ...] | None] = field(default_factory=lambda: Recent(_MOST_BASELINES))


class DaemonGate:
    """A :class:`~forge_lsp.core.ports.FastGate`. Lives in one event loop; ends with :meth:`aclose`."""

    def __init__(
        self,
        sandbox: Sandbox,
        openers: Mapping[Language, Opener],
        *,
        keeping: DaemonLimits | None = None,
    ) -> None:
        # Only bubblewrap can show a process the folder itself rather than a copy, which would soon be out of date.
        self._sandbox = sandbox if isinstance(sandbox, Bubblewrap) else None
        self._openers = openers
        self._keeping = keeping or DaemonLimits()
        self._daemons: Daemons[Checker] = Daemons(self._keeping)
        self._memories = Recent[tuple[Path, Language], _CheckerState](2 * _MOST_BASELINES)
        self._lone: OrderedDict[str, Path] = OrderedDict()
        self._preparing: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """How many checkers there are, starting ones included."""
        return self._daemons.running

    def prepare(self, task: Task) -> None:
        """See :class:`~forge_lsp.core.ports.FastGate`: a look at nothing starts the checker and learns what is wrong
        before."""
        looking = asyncio.get_running_loop().create_task(self._patiently(task))
        self._preparing.add(looking)
        looking.add_done_callback(self._preparing.discard)

    async def _patiently(self, task: Task) -> None:
        await self.look(task, ())

    async def look(self, task: Task, texts: Sequence[str]) -> Sequence[FastReport | None]:
        """See :class:`~forge_lsp.core.ports.FastGate`."""
        silence: list[FastReport | None] = [None] * len(texts)
        opener = self._openers.get(task.document.language)
        if opener is None or self._sandbox is None:
            return silence
        try:
            async with asyncio.timeout(self._keeping.patience + self._keeping.look):
                return await self._look(opener, self._sandbox, task, texts)
        except (ForgeError, OSError) as error:  # a TimeoutError is an OSError
            logger.info("The fast checker of %s said nothing: %s", task.document.language, _named(error))
            return silence
        except (ValueError, KeyError, TypeError):
            # A checker of another version may answer in another shape: that too is no word.
            logger.warning("The fast checker of %s is not understood", task.document.language, exc_info=True)
            return silence

    async def aclose(self) -> None:
        """Kill all checkers."""
        for looking in self._preparing:
            looking.cancel()
        if self._preparing:
            await asyncio.wait(self._preparing)
        await self._daemons.aclose()
        if self._sandbox is not None:
            for folder in self._lone.values():
                await self._sandbox.folders.discard(folder)
        self._lone.clear()

    async def _look(
        self, opener: Opener, sandbox: Bubblewrap, task: Task, texts: Sequence[str]
    ) -> Sequence[FastReport | None]:
        place = await self._placed(place_of(task), task, sandbox)
        source = place.source
        assert source is not None  # _placed gives it one
        made = await asyncio.to_thread(opener.prepare, place)
        if made is None:
            return [None] * len(texts)
        memory = await self._memory(source, task.document.language, opener)
        async with self._daemons.use(made.key, lambda: _warmed(made, sandbox, place, task)) as checker:
            if checker is None:
                return [None] * len(texts)
            question = await asyncio.to_thread(_question, opener, place, memory)
            question = replace(question, untouched=task.document.text)
            if memory.untold:
                async with asyncio.timeout(self._keeping.answer):
                    await checker.changed(dict(memory.untold))
                memory.untold.clear()
            before = await self._before(opener, checker, memory, question, task)
            return [await self._report(opener, checker, question, task, text, before) for text in texts]

    async def _report(
        self,
        opener: Opener,
        checker: Checker,
        question: CheckRequest,
        task: Task,
        text: str,
        before: tuple[Diagnostic, ...] | None,
    ) -> FastReport | None:
        shown = opener.shown(task.document.text, text)
        async with asyncio.timeout(self._keeping.answer):
            after = await checker.problems(replace(question, text=shown))
        if before is None or after is None:
            return None
        document = str(question.document)
        known = without_asked(before, task, document) if task.diagnostics else before
        fresh = new_problems(known, after, document=document, before=task.document.text, after=text)
        return FastReport(problems=fresh)

    async def _before(
        self, opener: Opener, checker: Checker, memory: _CheckerState, question: CheckRequest, task: Task
    ) -> tuple[Diagnostic, ...] | None:
        """The problems of the untouched tree; where its document does not parse, of the one without the scope."""
        key = _key(question, task, memory.files.generation)
        if key in memory.baselines:
            memory.baselines.move_to_end(key)
            return memory.baselines[key]
        text, scope = task.document.text, task.scope
        async with asyncio.timeout(self._keeping.answer):
            found = await checker.problems(replace(question, text=text))
            if found is not None and any(opener.syntax(p) and p.file == str(question.document) for p in found):
                blanked = text[: scope.range.start] + opener.blank(scope.indent) + text[scope.range.end :]
                found = await checker.problems(replace(question, text=blanked))
        memory.baselines[key] = found
        return found

    async def _memory(self, source: Path, language: Language, opener: Opener) -> _CheckerState:
        key = (source, language)
        if key not in self._memories:
            memory = _CheckerState(files=WatchedFiles(source, opener.suffixes, language))
            await asyncio.to_thread(memory.files.update)  # before the checker reads them: what changes later is told
            self._memories.setdefault(key, memory)
        self._memories.move_to_end(key)
        return self._memories[key]

    async def _placed(self, place: Place, task: Task, sandbox: Bubblewrap) -> Place:
        """A lone file gets a folder, with its neighbours in it: a checker looks for them on the disk."""
        if place.source is not None:
            return place
        folder = self._lone.get(task.document.uri)
        if folder is None:
            folder = self._lone[task.document.uri] = sandbox.folders.create()
        self._lone.move_to_end(task.document.uri)
        while len(self._lone) > _MOST_LONE:
            _, old = self._lone.popitem(last=False)
            await sandbox.folders.discard(old)
        files = {**place.overlay, place.document: task.document.text.encode("utf-8", "surrogatepass")}
        await asyncio.to_thread(_write, folder, files)
        return replace(place, source=folder, overlay={})


async def _warmed(made: PreparedChecker, sandbox: Bubblewrap, place: Place, task: Task) -> Checker:
    """Return a checker that has answered once. Raises ForgeError, TimeoutError."""
    try:
        async with asyncio.timeout(_START):
            checker = await made.start(sandbox.keep)
            try:
                await checker.problems(CheckRequest(document=place.document, text=task.document.text))
            except BaseException:
                await checker.aclose()
                raise
            return checker
    except Exception as error:  # nobody else looks at what kept it from starting
        logger.info("The fast checker of %s did not start: %s", task.document.language, _named(error))
        raise


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _write(folder: Path, files: Mapping[PurePosixPath, bytes]) -> None:
    for path, content in files.items():
        target = folder / path
        known = None
        with contextlib.suppress(OSError):
            known = target.read_bytes()
        if known != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _question(opener: Opener, place: Place, memory: _CheckerState) -> CheckRequest:
    """What the disk says now. A cancelled look leaves its thread running, hence the lock."""
    with memory.turn:
        memory.untold.update(memory.files.update())
        return _asked(opener, place, memory.files)


def _asked(opener: Opener, place: Place, files: WatchedFiles) -> CheckRequest:
    others = {
        path: content.decode("utf-8", "replace")
        for path, content in place.overlay.items()
        if path.name.endswith(opener.suffixes)
    }
    dependents: dict[PurePosixPath, str] = {}
    word = opener.word(place.document)
    for path in files.mentioning(word, but=place.document) if word is not None else ():
        text = others.get(path) or files.text(path)
        if text is not None:
            dependents[path] = text
    return CheckRequest(document=place.document, text="", others=others, dependents=dependents)


def _key(question: CheckRequest, task: Task, generation: int) -> str:
    digest = hashlib.sha256(f"{generation}\0{question.document}\0{task.scope.range}\0".encode())
    digest.update(task.document.text.encode("utf-8", "surrogatepass"))
    for path, text in sorted(question.others.items()):
        digest.update(f"\0{path}\0{text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
