"""A job that went through everything a report can tell of."""

from __future__ import annotations

from datetime import timedelta

from forge_lsp.core.attempt import (
    Attempt,
    BuildReport,
    BuildStatus,
    Candidate,
    Decision,
    DecisionKind,
    Diagnostic,
    Evidence,
    Insight,
    InsightKind,
    Issue,
    Outcome,
    Review,
    Severity,
    ThinkingResult,
    Verdict,
)
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Grade
from forge_lsp.core.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    Degraded,
    EventBody,
    JobEvent,
    JobFinished,
    JobStarted,
    RungSkipped,
    Stage,
    StageFinished,
    StageStarted,
)
from forge_lsp.core.task import Scope, ScopeKind, TextRange
from forge_lsp.jobs.record import JobRecord, JobState, SentFile
from tests.unit.jobs.support import START

TASK = "Add two numbers | carefully\n```python\nadd(1, 2) == 3\n```\n<script>alert('x')</script> # not a heading"
BASE = '"""Sums."""\n\n\ndef add(a, b):\n    """>>> add(1, 2)\n    4\n    """\n'
CODE = "def add(a, b):\n    return a + b"
AFTER = f'"""Sums."""\n\n\n{CODE}\n'


def example(status: CheckStatus, actual: str, id_: str = "e1") -> CheckResult:
    return CheckResult(
        id=id_,
        kind=CheckKind.DOCTEST,
        status=status,
        source="add(1, 2)",
        expected="4",
        actual=actual,
        line=5,
    )


def attempts() -> tuple[Attempt, ...]:
    first = Attempt(
        number=1,
        strategy="solo",
        thinkers=("phi4",),
        generator="deepseek-coder",
        samples=4,
        panel="simple",
        decision=Decision(
            kind=DecisionKind.RETRY,
            reason="it does not compile",
            insights=(Insight(kind=InsightKind.DIAGNOSTIC, text="a.py:4: error: '(' was never closed", attempt=1),),
        ),
        seconds=8.25,
        cost_usd=0.0,
        candidate=Candidate(code="def add(a, b:", text="def add(a, b:", model="deepseek-coder", attempt=1),
        build=BuildReport(
            status=BuildStatus.FAILED,
            tool="ruff, ty",
            seconds=0.4,
            diagnostics=(
                Diagnostic(
                    file="a.py",
                    line=4,
                    column=8,
                    severity=Severity.ERROR,
                    code="invalid-syntax",
                    message="'(' was never closed",
                ),
            ),
        ),
        thought=ThinkingResult(
            text="Approach: use +.\n\nRisks: `None` inputs | none.\nKeep: add(a, b)", strategy="solo", models=("phi4",)
        ),
    )
    second = Attempt(
        number=2,
        strategy="duo",
        thinkers=("phi4", "gemma3"),
        generator="qwen",
        samples=1,
        panel="moderate",
        decision=Decision(kind=DecisionKind.ACCEPT, reason="score 8.2, 1 of 1 examples pass"),
        seconds=20.5,
        cost_usd=0.0123,
        candidate=Candidate(code=CODE, text=AFTER, model="qwen", attempt=2),
        build=BuildReport(status=BuildStatus.PASSED, tool="ruff, ty", seconds=0.5),
        evidence=Evidence(
            results=(
                example(CheckStatus.DISPUTED, "3"),
                example(CheckStatus.PROOF, "4", "e2"),
                CheckResult(
                    id="e3",
                    kind=CheckKind.EXAMPLE,
                    status=CheckStatus.NOT_RUNNABLE,
                    source="add(1, x)",
                    detail="the name x is not defined",
                ),
            ),
            seconds=0.2,
        ),
        verdict=Verdict(
            panel="moderate",
            score=8.2,
            reviews=(
                Review(
                    model="granite",
                    aspect="patterns",
                    weight=0.2,
                    score=8.0,
                    reasoning="Fine | short.",
                    issues=(Issue(severity=Severity.WARNING, message="no type hints", line=1),),
                    seconds=1.5,
                ),
                Review(model="llama", aspect="logic", weight=0.1, score=8.6, reasoning="Right.", seconds=2.0),
                Review(
                    model="phi4",
                    aspect="quality",
                    weight=0.2,
                    abstained="its answer was not JSON, twice",
                    seconds=3.0,
                ),
            ),
            note="stopped early: the votes still out could not change the decision",
        ),
    )
    third = Attempt(
        number=3,
        strategy="none",
        thinkers=(),
        generator="sonnet",
        samples=1,
        panel="none",
        decision=Decision(kind=DecisionKind.SKIP, reason="no consent"),
        seconds=0.0,
        cost_usd=0.0,
        skipped="claude costs money, and its use was not allowed",
    )
    return first, second, third


def call(number: int, call_: int, stage: Stage, model: str, server: str, *, error: str | None = None) -> CallFinished:
    return CallFinished(
        number=number,
        call=call_,
        stage=stage,
        role="solo" if stage is Stage.THINK else "write",
        model=model,
        server=server,
        input_tokens=1200,
        output_tokens=80,
        cached_tokens=1000,
        queue_seconds=0.5,
        load_seconds=0.0,
        first_token_seconds=0.75,
        seconds=4.0,
        cost_usd=0.0123 if server == "claude" else 0.0,
        error=error,
    )


def bodies() -> list[tuple[float, EventBody]]:
    def started(number: int, call_: int, stage: Stage, model: str, server: str) -> CallStarted:
        role = "solo" if stage is Stage.THINK else "write"
        return CallStarted(
            number=number, call=call_, stage=stage, role=role, model=model, server=server, estimate_usd=0.0
        )

    return [
        (0.0, JobStarted(task=TASK, uri="file:///w/a.py", language="python", attempts=3)),
        (
            0.0,
            AttemptStarted(
                number=1,
                attempts=3,
                strategy="solo",
                thinkers=("phi4",),
                generator="deepseek-coder",
                samples=4,
                panel="simple",
            ),
        ),
        (0.0, StageStarted(number=1, stage=Stage.THINK, detail="solo: phi4")),
        (0.0, started(1, 1, Stage.THINK, "phi4", "gpu0")),
        (4.0, call(1, 1, Stage.THINK, "phi4", "gpu0")),
        (4.0, StageFinished(number=1, stage=Stage.THINK, detail="solo: phi4", seconds=4.0)),
        (4.0, started(1, 2, Stage.GENERATE, "deepseek-coder", "gpu1")),
        (8.0, call(1, 2, Stage.GENERATE, "deepseek-coder", "gpu1")),
        (
            8.25,
            AttemptFinished(
                number=1,
                decision="retry",
                reason="it does not compile",
                compiled=False,
                score=None,
                seconds=8.25,
                cost_usd=0.0,
            ),
        ),
        (9.0, Degraded(number=2, stage=Stage.THINK, reason="gemma3 did not answer: duo became solo")),
        (10.0, started(2, 3, Stage.GENERATE, "qwen", "gpu1")),
        (14.0, call(2, 3, Stage.GENERATE, "qwen", "gpu1", error="first_token deadline")),
        (15.0, started(2, 4, Stage.GENERATE, "qwen", "claude")),
        (19.0, call(2, 4, Stage.GENERATE, "qwen", "claude")),
        (
            28.75,
            RungSkipped(number=3, generator="sonnet", reason="claude costs money, and its use was not allowed"),
        ),
        (
            28.75,
            JobFinished(
                outcome=Outcome.ACCEPTED,
                score=8.2,
                attempt_count=2,
                seconds=28.75,
                cost_usd=0.0123,
                reason=None,
                grade=Grade.PROVEN,
            ),
        ),
    ]


def events(job_id: str) -> tuple[JobEvent, ...]:
    return tuple(
        JobEvent(job_id=job_id, sequence=sequence, at=START + timedelta(seconds=at), body=body)
        for sequence, (at, body) in enumerate(bodies(), 1)
    )


def full_record(job_id: str = "01kg9ys7g0jn516mgv4r") -> JobRecord:
    done = attempts()
    return JobRecord(
        job_id=job_id,
        state=JobState.ENDED,
        created=START,
        task=TASK,
        language="python",
        uri="file:///w/a.py",
        base_text=BASE,
        scope=Scope(
            kind=ScopeKind.DEFINITION,
            range=TextRange(start=BASE.index("def"), end=len(BASE) - 1),
            name="add",
            signature="def add(a, b):",
            parameters=("a", "b"),
        ),
        allowed_attempts=3,
        apply="edit",
        workspace="/w",
        profile="three-gpu: all its models answer",
        version=7,
        outcome=Outcome.ACCEPTED,
        score=8.2,
        grade=Grade.PROVEN,
        seconds=28.75,
        cost_usd=0.0123,
        candidate=done[1].candidate,
        attempts=done,
        sent=(
            SentFile(file="a.py", server="gpu1", address="http://127.0.0.1:11434"),
            SentFile(file="b|c.py", server="claude", address="https://api.anthropic.com"),
        ),
        events=events(job_id),
    )
