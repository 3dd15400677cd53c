"""Work that outlives the call that began it: a client may give up, and ask for the result later."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass

from forge_lsp.core.errors import JobUnknown
from forge_lsp.core.ports import ConsentQuestion
from forge_lsp.core.questions import Question
from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.jobs.consent import refusal_words

__all__ = ["OpenQuestion", "PendingQuestion", "ToolAnswer", "Work", "WorkRegistry"]

_KEPT = 64
"""Pieces of work that ended and are remembered here; jobs are in the ledger for longer."""
_ANSWER_SECONDS = 300.0
"""How long a question of consent waits for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What a tool answers: one JSON object, and words for whoever reads them."""

    document: Mapping[str, object]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingQuestion:
    """A question that the work waits for. ``number`` tells it from others of the same work."""

    question: ConsentQuestion
    number: int
    answer: asyncio.Future[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A question about what a call should give, which the work does not wait for. ``answer`` None: nobody gave one."""

    question: Question
    answer: asyncio.Future[GivenAnswer | None]


class Work:
    """One check or job. ``changed`` is set whenever there is something new: words, a question, the end."""

    def __init__(self, id_: str, on_cancel: Callable[[], object] | None = None) -> None:
        self.id = id_
        self.words: list[str] = []
        self.notes: list[str] = []
        self._asked: PendingQuestion | None = None
        self._wondered: OpenQuestion | None = None
        self._changed: set[asyncio.Event] = set()
        self._task: asyncio.Task[ToolAnswer] | None = None
        self._on_cancel = on_cancel
        self._questions = 0
        self._mute = False

    def start(self, doing: Coroutine[object, object, ToolAnswer]) -> None:
        """Begin. Once a piece of work."""
        self._task = asyncio.create_task(doing)
        self._task.add_done_callback(lambda _: self._tell())

    @property
    def asked(self) -> PendingQuestion | None:
        """The question that waits for its answer; None: there is none."""
        return self._asked if self._asked is not None and not self._asked.answer.done() else None

    @property
    def wondered(self) -> OpenQuestion | None:
        """The question of which an answer would help; None: there is none."""
        return self._wondered if self._wondered is not None and not self._wondered.answer.done() else None

    @property
    def ended(self) -> bool:
        """Whether there is a result, or an error in its place."""
        return self._task is not None and self._task.done()

    def result(self) -> ToolAnswer:
        """The answer of work that ended. Raises what the work raised, JobUnknown where it was cancelled."""
        assert self._task is not None
        if self._task.cancelled():
            raise JobUnknown(f"{self.id} was cancelled")
        return self._task.result()

    def cancel(self) -> bool:
        """Stop it; False where it had ended."""
        if self.ended or self._task is None:
            return False
        if self._on_cancel is not None:
            self._on_cancel()
        else:
            self._task.cancel()
        return True

    def report(self, words: str) -> None:
        """Say how it goes."""
        self.words.append(words)
        self._tell()

    async def ask(self, question: ConsentQuestion) -> bool:
        """Put a question to whichever call waits for the work, now or soon. No answer in time is a no."""
        if self._mute:
            return False
        self._questions += 1
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked = PendingQuestion(question=question, number=self._questions, answer=future)
        self._tell()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await future
        except TimeoutError:
            answer = False
        finally:
            self._asked = None
        if not answer:
            self.notes.append(refusal_words(question))
        return answer

    async def wonder(self, question: Question) -> GivenAnswer | None:
        """Put a question to whichever call waits for the work, now or later, and return the answer, None where nobody
        gives one. The work itself goes on."""
        if self._mute:
            return None
        future: asyncio.Future[GivenAnswer | None] = asyncio.get_running_loop().create_future()
        self._wondered = OpenQuestion(question=question, answer=future)
        self._tell()
        return await future

    def refuse(self) -> None:
        """Nobody is there to ask from now on: every question is answered with no."""
        self._mute = True
        if (wondered := self.wondered) is not None:
            wondered.answer.set_result(None)
        if (asked := self.asked) is not None:
            asked.answer.set_result(False)

    async def over(self) -> None:
        """Return once it has ended, however."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def wait(self, seconds: float, heard: Callable[[str], Awaitable[None]]) -> None:
        """Return when the work has ended, asks or wonders something, or after so many seconds. ``heard`` gets what it
        says from now on, and the last words before."""
        deadline = asyncio.get_running_loop().time() + seconds
        changed = asyncio.Event()
        self._changed.add(changed)
        told = max(0, len(self.words) - 1)
        try:
            while True:
                while told < len(self.words):
                    told += 1
                    await heard(self.words[told - 1])
                if self.ended or self.asked is not None or self.wondered is not None:
                    return
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    return
                changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), left)
        finally:
            self._changed.discard(changed)

    async def needed(self) -> None:
        """Return when the work has ended, or waits for the answer to a question of consent."""
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            while not self.ended and self.asked is None:
                await changed.wait()
                changed.clear()
        finally:
            self._changed.discard(changed)

    async def aclose(self) -> None:
        """Stop it, and wait for its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _tell(self) -> None:
        for event in tuple(self._changed):
            event.set()


class WorkRegistry:
    """All work of one server, by id; the oldest that ended is forgotten first."""

    def __init__(self) -> None:
        self._known: dict[str, Work] = {}

    def add(self, work: Work) -> None:
        """Remember it."""
        self._known[work.id] = work
        ended = [one.id for one in self._known.values() if one.ended]
        for id_ in ended[: max(0, len(ended) - _KEPT)]:
            del self._known[id_]

    @property
    def running(self) -> tuple[Work, ...]:
        """The work that has not ended."""
        return tuple(work for work in self._known.values() if not work.ended)

    def get(self, id_: str) -> Work | None:
        """The work of that id, None where it is unknown here."""
        return self._known.get(id_)

    async def aclose(self) -> None:
        """Stop all of it."""
        await asyncio.gather(*(work.aclose() for work in self._known.values()))

    @staticmethod
    def new_id() -> str:
        """An id for a check; jobs have ids of their own."""
        return f"check-{secrets.token_hex(6)}"
