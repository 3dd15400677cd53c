"""From job events to the two things an editor shows: a message and a percentage that never falls.

Both go with every report: VS Code drops reports without a percentage after a begin that had one, and percentages
without a message.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lsprotocol import types as lsp

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    Degraded,
    EventBody,
    JobStarted,
    RungSkipped,
    Stage,
    StageFinished,
    StageStarted,
)
from forge_lsp.jobs.record import JobRecord

__all__ = ["Progress", "ProgressState", "ProgressStep", "WorkDone", "end_message"]

_WORDS = {Stage.THINK: "thinking", Stage.GENERATE: "generating", Stage.CHECK: "checking", Stage.REVIEW: "reviewing"}
_SHARES = {  # the part of an attempt at which a stage begins and ends
    Stage.THINK: (0.0, 0.25),
    Stage.GENERATE: (0.25, 0.6),
    Stage.CHECK: (0.6, 0.75),
    Stage.REVIEW: (0.75, 1.0),
}
_SHRINK = 0.65
_NOTE_LENGTH = 120  # characters of a reason in a status line


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressStep:
    """What to show: ``percentage`` is 0-99; 100 is only reached by ending."""

    message: str
    percentage: int


class ProgressState:
    """Folds events into steps. Most jobs end early, so an attempt's share of the bar is 0.65 of the one before."""

    def __init__(self) -> None:
        self._attempts = 1
        self._number = 0
        self._stage: Stage | None = None
        self._detail = ""
        self._calls = 0
        self._percentage = 0

    def fold(self, event: EventBody) -> ProgressStep | None:
        """Return the step that follows from an event, or None where it shows nothing new."""
        match event:
            case JobStarted():
                self._attempts = max(1, event.attempts)
                return self._step("starting", 0.0)
            case AttemptStarted():
                self._attempts = max(1, event.attempts, event.number)
                self._number = event.number
                self._stage = None
                return self._step(self._place("starting"), 0.0)
            case StageStarted():
                self._number, self._stage, self._calls = event.number, event.stage, 0
                word = _WORDS[event.stage]
                self._detail = f"{word} ({event.detail})" if event.detail else word
                return self._step(self._place(self._detail), _SHARES[event.stage][0])
            case CallFinished() if event.stage is self._stage and event.number == self._number:
                self._calls += 1
                start, end = _SHARES[event.stage]
                return self._step(self._place(self._detail), start + (end - start) * (1 - 0.5**self._calls))
            case Degraded():
                self._number = event.number
                note = f"{_WORDS[event.stage]}: {_line(event.reason)}"
                return self._step(self._place(note), _SHARES[event.stage][0])
            case StageFinished() if event.detail:
                note = f"{_WORDS[event.stage]}: {_line(event.detail)}"
                return self._step(self._place(note), _SHARES[event.stage][1])
            case RungSkipped():
                self._number = event.number
                return self._step(self._place(f"skipped: {_line(event.reason)}"), 1.0)
            case AttemptFinished():
                score = "no score" if event.score is None else f"score {event.score:.1f}"
                return self._step(self._place(f"{score}, {event.decided}"), 1.0)
            case _:
                return None

    def show(self, message: str) -> ProgressStep:
        """Return a step with words of the front end's own, e.g. while the edit is applied."""
        return ProgressStep(message=message, percentage=self._percentage)

    def _place(self, what: str) -> str:
        return f"attempt {self._number}/{self._attempts} · {what}"

    def _step(self, message: str, part: float) -> ProgressStep:
        number = max(1, self._number)
        before, after = 1 - _SHRINK ** (number - 1), 1 - _SHRINK**number
        whole = 1 - _SHRINK**self._attempts
        percentage = int(100 * (before + (after - before) * part) / whole)
        self._percentage = min(99, max(self._percentage, percentage))
        return ProgressStep(message=message, percentage=self._percentage)


def end_message(result: JobRecord) -> str:
    """Return the last line: the outcome, and what became of it."""
    score = "" if result.score is None else f" · score {result.score:.1f}"
    cost = f" · ${result.cost_usd:.2f}" if result.cost_usd else ""
    count = result.attempt_count
    attempts = "" if result.outcome is Outcome.EXHAUSTED else f" · {count} attempt{'' if count == 1 else 's'}"
    grade = "" if result.grade is None else f" · {result.grade.words}"
    head = f"{result.outcome_words}{grade}{score}{attempts} · {result.seconds:.0f} s{cost}"
    if result.applied:  # why it was accepted says less than that it is there
        return f"{head} · applied"
    return f"{head} · {_line(result.reason)}" if result.reason else head


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _NOTE_LENGTH else line[: _NOTE_LENGTH - 1].rstrip() + "…"


class ProgressClient(Protocol):
    """What progress needs of the connection."""

    def notify(self, method: str, params: object) -> None: ...

    async def request(self, method: str, params: object, *, timeout: float) -> object: ...


class WorkDone:
    """The progress tokens in use, and what a cancel of each does. A token is forgotten when its progress ends."""

    def __init__(self, client: ProgressClient, *, creatable: bool) -> None:
        self._client = client
        self._creatable = creatable
        self._cancels: dict[lsp.ProgressToken, Callable[[], None]] = {}

    async def open(
        self, token: lsp.ProgressToken | None, title: str, cancel: Callable[[], None], *, timeout: float = 5.0
    ) -> Progress:
        """Begin with the client's token, else with a fresh one that the client agrees to, else show nothing."""
        if token is None and self._creatable:
            from pygls.exceptions import JsonRpcException

            token = str(uuid.uuid4())  # a token is never used twice
            # from here on: a user may cancel before the reply to the create request has been handled
            self._cancels[token] = cancel
            try:
                await self._client.request(
                    lsp.WINDOW_WORK_DONE_PROGRESS_CREATE,
                    lsp.WorkDoneProgressCreateParams(token=token),
                    timeout=timeout,
                )
            except (JsonRpcException, TimeoutError):
                del self._cancels[token]
                token = None
            except BaseException:
                del self._cancels[token]
                raise
        if token is not None:
            self._cancels[token] = cancel
        return Progress(self._client, self, token, title)

    def cancel(self, token: lsp.ProgressToken) -> None:
        """Cancel what the user cancelled. Unknown tokens have ended already."""
        if (cancel := self._cancels.get(token)) is not None:
            cancel()

    def forget(self, token: lsp.ProgressToken) -> None:
        """Forget a progress that ended."""
        self._cancels.pop(token, None)

    def __len__(self) -> int:
        return len(self._cancels)


class Progress:
    """One progress in the editor: begun on construction, then reports, then one end."""

    def __init__(self, client: ProgressClient, tokens: WorkDone, token: lsp.ProgressToken | None, title: str) -> None:
        self._client = client
        self._tokens = tokens
        self._token = token
        self._last: ProgressStep | None = None
        self._send(lsp.WorkDoneProgressBegin(title=title, message="starting", percentage=0, cancellable=True))

    def report(self, step: ProgressStep | None) -> None:
        """Show a step; the same twice is shown once."""
        if step is None or step == self._last:
            return
        self._last = step
        self._send(lsp.WorkDoneProgressReport(message=step.message, percentage=step.percentage, cancellable=True))

    def end(self, message: str) -> None:
        """Show the outcome and let the token go. Later calls do nothing."""
        self._send(lsp.WorkDoneProgressEnd(message=message))
        if self._token is not None:
            self._tokens.forget(self._token)
        self._token = None

    def _send(self, value: object) -> None:
        if self._token is not None:
            self._client.notify(lsp.PROGRESS, lsp.ProgressParams(token=self._token, value=value))
