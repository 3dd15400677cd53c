"""Services with scripted jobs: the real job manager, scopes and edits around a run that does what its task says.

The task's words may be a JSON object:
``code`` (the candidate; default: an ``add`` that adds), ``outcome``, ``reason``, ``attempts``, ``pause`` (seconds a
stage takes), ``ask`` (put a consent question first), ``recheck`` (``clean``, ``broken`` or seconds to take),
``fail`` (raise a ForgeError with these words), ``crash`` (raise something unforeseen), ``question`` (a call, with the
code for each answer under ``answers`` and seconds that the job goes on under ``wait``).
``FORGE_FAKE_TRACE`` names a file that gets a line for each thing the run did, with the time. With ``FORGE_FAKE_LEDGER``
the ledger is a file in the state folder, else it is in memory.

``python -m tests.support.fake_services [--tcp HOST:PORT]`` is a server with these services.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.lsp.server import create_server, run_stdio, run_tcp

DEFAULT_CODE = "def add(a: int, b: int) -> int:\n    return a + b\n"
_UNUSED = ("context", "rates", "plan", "roles", "suggest", "probes", "unrecorded", "setup", "toolchains")
"""What no editor asks for."""


@dataclass(frozen=True)
class FakeConclusion:
    """What the job manager reads of the loop's conclusion."""

    outcome: Any
    reason: str | None
    score: float | None
    attempts: tuple[Any, ...]
    best: Any
    sent: tuple[Any, ...] = ()
    evidence: Any = None
    questions: tuple[Any, ...] = ()
    remedy: str | None = None
    cause: Any = None


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def trace(what: str) -> None:
    if path := os.environ.get("FORGE_FAKE_TRACE"):
        with Path(path).open("a") as file:
            file.write(f"{time.time():.4f} {what}\n")


async def build(settings: Mapping[str, object] | None, folders: tuple[Path, ...], trusted: bool) -> Any:
    """What :mod:`forge_lsp.app` does, with a scripted ensemble. Settings it knows: ``apply``, ``lens``, ``wrong``,
    ``slow``."""
    from forge_lsp.core.attempt import (
        Attempt,
        BuildReport,
        BuildStatus,
        Candidate,
        Decision,
        DecisionKind,
        Evidence,
        Observation,
        Outcome,
        RunnerUp,
    )
    from forge_lsp.core.errors import ConsentRefused, ForgeError, SettingsError
    from forge_lsp.core.events import (
        AttemptFinished,
        AttemptStarted,
        QuestionAsked,
        Stage,
        StageFinished,
        StageStarted,
    )
    from forge_lsp.core.ports import ConsentQuestion, ModelInfo, ModelStatus
    from forge_lsp.core.questions import AskedQuestion, Choice, Effect, Question
    from forge_lsp.core.task import Task
    from forge_lsp.editing.edits import Edits
    from forge_lsp.editing.scope import Scopes
    from forge_lsp.editing.syntax import TreeSitterSyntax
    from forge_lsp.jobs.asking import PendingQuestions
    from forge_lsp.jobs.contract import ApplyMode, JobRequest, PreparedJob, Recheck
    from forge_lsp.jobs.ledger import Ledger
    from forge_lsp.jobs.manager import JobManager
    from forge_lsp.jobs.services import Services

    trace(f"build {json.dumps(settings)} {[str(folder) for folder in folders]}")
    state: dict[str, Any] = {"settings": dict(settings or {}), "problem": None}

    def look() -> None:
        wrong = state["settings"].get("wrong")
        state["problem"] = SettingsError((f"wrong (editor): {wrong}",)) if wrong else None

    look()
    await asyncio.sleep(float(state["settings"].get("slow", 0)))
    syntax = TreeSitterSyntax()
    editing, scoping = Edits(syntax), Scopes(syntax)
    clock = SystemClock()
    state_dir = Path(os.environ["FORGE_FAKE_STATE"])
    ledger = Ledger(state_dir if os.environ.get("FORGE_FAKE_LEDGER") else None, clock=clock)

    async def prepare(request: JobRequest, job_id: str, earlier: Any) -> PreparedJob:
        if (problem := state["problem"]) is not None:
            raise problem
        script: dict[str, Any] = {}
        if request.words and request.words.startswith("{"):
            script = json.loads(request.words)
        scope = scoping.scope(request.document, request.selection)
        words = scoping.instruction(request.document, scope, None, request.diagnostics)
        task = Task(
            document=request.document,
            scope=scope,
            instruction=words,
            workspace=request.workspace,
            buffers=request.buffers,
            diagnostics=request.diagnostics,
        )
        trace(
            "prepare "
            + json.dumps(
                {
                    "original": task.original,
                    "workspace": str(request.workspace),
                    "buffers": [buffer.uri for buffer in request.buffers],
                    "diagnostics": [str(item) for item in request.diagnostics],
                    "language": str(request.document.language),
                    "followUp": request.follow_up.feedback if request.follow_up else None,
                }
            )
        )
        attempts = int(script.get("attempts", 1))
        pause = float(script.get("pause", 0.02))

        async def run(emit: Any) -> Any:
            try:
                return await scripted(emit)
            except asyncio.CancelledError:
                trace(f"cancelled {job_id}")
                raise

        async def scripted(emit: Any) -> Any:
            if script.get("ask"):
                asked = ConsentQuestion(
                    server="claude", provider="anthropic", address="api.example.com", paid=True, estimate_usd=0.03
                )
                if not await request.ask(asked):
                    raise ConsentRefused("No consent to send code to anthropic.", remedy="answer Allow")
            if script.get("fail"):
                raise ForgeError(script["fail"], remedy="fix it")
            if script.get("crash"):
                raise RuntimeError("sk-ant-secret0123456789")
            for number in range(1, attempts + 1):
                emit(
                    AttemptStarted(
                        number=number,
                        attempts=10,
                        strategy="duo",
                        thinkers=("phi4", "gemma3"),
                        generator="qwen",
                        samples=1,
                        panel="simple",
                    )
                )
                for stage, detail in (
                    (Stage.THINK, "duo: phi4, gemma3"),
                    (Stage.GENERATE, "qwen"),
                    (Stage.CHECK, "ruff, ty"),
                    (Stage.REVIEW, "simple: qwen"),
                ):
                    emit(StageStarted(number=number, stage=stage, detail=detail))
                    trace(f"stage {stage} {job_id}")
                    await asyncio.sleep(pause)
                    emit(StageFinished(number=number, stage=stage, detail="", seconds=pause))
                last = number == attempts
                emit(
                    AttemptFinished(
                        number=number,
                        decision="accept" if last else "retry",
                        reason="",
                        compiled=True,
                        score=8.5 if last else 6.0,
                        seconds=pause * 4,
                        cost_usd=0.0,
                    )
                )
            if script.get("question"):
                return await questioned(emit, script["question"])
            code = script.get("code", DEFAULT_CODE)
            outcome = Outcome(script.get("outcome", "accepted"))
            best = None
            if code is not None:
                best = Candidate(code=code, text=editing.splice(task, code, ()), model="qwen", attempt=attempts)
            return FakeConclusion(outcome, script.get("reason"), 8.5, (), best)

        async def questioned(emit: Any, wanted: dict[str, Any]) -> Any:
            """Two candidates that differ: the first lands, unless the answer is the second's."""
            call, answers = wanted["call"], list(wanted["answers"])
            choices = tuple(Choice(value=value, models=(f"m{n}",)) for n, value in enumerate(answers, 1))
            question = Question(id="q1", call=call, choices=choices, source="mutation", attempt=1)
            if request.questions:
                emit(QuestionAsked(number=1, question=question))
                pending.offer(question)
            given: tuple[Any, ...] = ()
            for _ in range(int(float(wanted.get("wait", 0.2)) / 0.01)):
                await asyncio.sleep(0.01)
                if given := pending.taken():
                    break
            code = [
                Candidate(code=one, text=editing.splice(task, one, ()), model=f"m{n}", attempt=1)
                for n, one in enumerate(wanted["answers"].values(), 1)
            ]
            seen = [(Observation(call=call, answer=value),) for value in answers]
            best = answers.index(given[0].value) if given and given[0].value in answers else 0
            other = 1 - best
            built = BuildReport(status=BuildStatus.PASSED, tool="test")
            attempt = Attempt(
                number=1,
                strategy="none",
                thinkers=(),
                generator="m1",
                samples=1,
                panel="none",
                decision=Decision(kind=DecisionKind.ACCEPT, reason="it is good"),
                seconds=0.1,
                cost_usd=0.0,
                candidate=code[best],
                build=built,
                answers=seen[best],
                others=(RunnerUp(candidate=code[other], build=built, answers=seen[other]),),
            )
            asked = AskedQuestion(
                question=question,
                answer=given[0] if given else None,
                effect=(Effect.CHANGED if best else Effect.CONFIRMED) if given else None,
            )
            outcome = Outcome(script.get("outcome", "accepted"))
            questions = (asked,) if request.questions else ()
            return FakeConclusion(outcome, script.get("reason"), 8.5, (attempt,), code[best], questions=questions)

        async def recheck(text: str) -> Recheck:
            trace("recheck " + json.dumps(text))
            wanted = script.get("recheck", "clean")
            if isinstance(wanted, (int, float)):
                await asyncio.sleep(wanted)
            clean = wanted != "broken"
            status = BuildStatus.PASSED if clean else BuildStatus.FAILED
            report = BuildReport(status=status, tool="ruff", reason=None if clean else "it does not compile")
            return Recheck(build=report, evidence=Evidence(), clean=clean)

        pending = PendingQuestions(1)
        mode = request.apply or ApplyMode(state["settings"].get("apply", "edit"))
        return PreparedJob(
            task=task,
            attempts=10,
            apply=mode,
            profile="fake",
            run=run,
            recheck=recheck,
            spending=cast("Any", FakeSpending()),
            questions=pending if request.questions else None,
        )

    class FakeSpending:
        async def admit(
            self, model: ModelInfo, *, input_tokens: int, output_tokens: int, files: tuple[str, ...] = ()
        ) -> float:
            return 0.0

        def settle(self, model: ModelInfo, reserved: float, usage: Any) -> float:
            return 0.0

        addresses: Mapping[str, str] = {}
        spent = 0.0

        def close(self) -> float:
            return 0.0

    class FakeDirectory:
        async def statuses(self) -> tuple[ModelStatus, ...]:
            info = ModelInfo(key="phi4", name="phi4:14b", server="gpu0", provider="ollama", context=8192)
            return (ModelStatus(info=info, installed=True, resident=True, size=9_000_000_000, size_vram=1),)

    async def models() -> Any:
        return FakeDirectory()

    async def gpus() -> list[dict[str, Any]]:
        return [{"name": "test", "free": 1, "total": 2}]

    async def findings() -> tuple[Any, ...]:
        return ()

    async def reconfigure(changed: Mapping[str, object]) -> None:
        trace(f"reconfigure {json.dumps(changed)}")
        state["settings"] = dict(changed)
        look()
        if state["problem"] is not None:
            raise state["problem"]

    async def aclose() -> None:
        trace("aclose")

    return Services(
        languages=BUILT_IN,
        jobs=JobManager(prepare=prepare, languages=BUILT_IN, ledger=ledger, clock=clock),
        editing=editing,
        scoping=scoping,
        models=models,
        findings=findings,
        problem=lambda: state["problem"],
        reconfigure=reconfigure,
        aclose=aclose,
        state_dir=state_dir,
        lens=lambda: state["settings"].get("lens", {}).get("enabled", True),
        gpus=gpus,
        syntax=syntax,
        **dict.fromkeys(_UNUSED, cast("Any", None)),
    )


def main() -> int:
    server = create_server(build=build, version="0.0-test", languages=lambda: BUILT_IN)
    if "--modules" in sys.argv:  # say what is loaded when initialize is answered
        execute = server.protocol.execute

        async def spy(params: Any) -> object:
            assert execute is not None
            return await execute(params)

        server.protocol.execute = spy
    if "--tcp" in sys.argv:
        host, _, port = sys.argv[sys.argv.index("--tcp") + 1].rpartition(":")
        return run_tcp(server, host, int(port))
    return run_stdio(server)


if __name__ == "__main__":
    sys.exit(main())
