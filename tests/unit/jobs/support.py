"""What the tests of jobs are made of: a clock that is held, a task, and runs that do as they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from forge_lsp.core.attempt import Attempt, Candidate, Outcome
from forge_lsp.core.events import Emit
from forge_lsp.core.ports import ConsentQuestion, ModelInfo, Usage
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.jobs.asking import PendingQuestions
from forge_lsp.jobs.contract import ApplyMode, JobRequest, PreparedJob, Recheck
from forge_lsp.jobs.record import JobRecord, JobState
from tests.support import lang

BASE = "def add(a, b):\n    ...\n"
AFTER = "def add(a, b):\n    return a + b\n"
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@dataclass
class HeldClock:
    """A clock that moves when it is told to."""

    at: datetime = START
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True)
class Concluded:
    """The shape of the ensemble's Conclusion."""

    outcome: Outcome = Outcome.ACCEPTED
    attempts: tuple[Attempt, ...] = ()
    best: Candidate | None = None
    score: float | None = None
    reason: str = ""
    sent: tuple[Any, ...] = ()
    evidence: Any = None
    questions: tuple[Any, ...] = ()
    remedy: str | None = None
    cause: Any = None


@dataclass
class NoSpending:
    """A purse for models that cost nothing."""

    admitted: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    spent: float = 0.0

    async def admit(
        self, model: ModelInfo, *, input_tokens: int, output_tokens: int, files: tuple[str, ...] = ()
    ) -> float:
        self.admitted.append(model.key)
        return 0.0

    def settle(self, model: ModelInfo, reserved: float, usage: Usage | None) -> float:
        return 0.0

    def close(self) -> float:
        return self.spent


async def never_ask(question: ConsentQuestion) -> bool:
    raise AssertionError(f"asked: {question}")


def task(words: str = "add two numbers") -> Task:
    return Task(
        document=Document(uri="file:///w/a.py", language=lang.PYTHON, text=BASE, path=Path("/w/a.py"), version=7),
        scope=Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=0, end=len(BASE) - 1), name="add"),
        instruction=words,
        workspace=Path("/w"),
    )


def request() -> JobRequest:
    return JobRequest(document=task().document, selection=None, ask=never_ask)


def candidate(model: str = "qwen", attempt: int = 1) -> Candidate:
    return Candidate(code="def add(a, b):\n    return a + b", text=AFTER, model=model, attempt=attempt)


def accepted() -> Concluded:
    return Concluded(best=candidate(), score=8.2)


def prepared(
    run: Callable[[Emit], Awaitable[Any]],
    *,
    spending: Any = None,
    aclose: Callable[[], Awaitable[None]] | None = None,
    deadline: float | None = None,
    pending: PendingQuestions | None = None,
) -> PreparedJob:
    async def recheck(text: str) -> Recheck:
        raise AssertionError("not rechecked here")

    return PreparedJob(
        task=task(),
        attempts=3,
        apply=ApplyMode.EDIT,
        profile="test",
        run=run,
        recheck=recheck,
        spending=spending or NoSpending(),
        aclose=aclose,
        deadline=deadline,
        questions=pending,
    )


def record(job_id: str = "job1", **changes: Any) -> JobRecord:
    values: dict[str, Any] = {
        "job_id": job_id,
        "state": JobState.RUNNING,
        "created": START,
        "task": "add two numbers",
        "language": "python",
        "uri": "file:///w/a.py",
        "base_text": BASE,
        "scope": task().scope,
        "allowed_attempts": 3,
        "apply": "edit",
        "workspace": "/w",
        "profile": "test",
        "version": 7,
    }
    return JobRecord(**(values | changes))


def paid(key: str = "sonnet", server: str = "claude", name: str = "claude-sonnet-4-5") -> ModelInfo:
    return ModelInfo(
        key=key, name=name, server=server, provider="anthropic", context=200_000, paid=True, off_machine=True
    )
