"""Scripted stand-ins for the ports that the ensemble uses: models that answer from a queue, a toolchain that says what
it is told, a clock that is turned by hand. Nothing here touches a network, a disk or the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence, Observation
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.core.errors import ForgeError, ModelFault
from forge_lsp.core.events import EventBody
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import (
    ChatReply,
    ChatRequest,
    Completion,
    FinishReason,
    GatheredContext,
    ModelInfo,
    ModelStatus,
    PullProgress,
    StandIns,
    Timing,
    Toolchain,
    Usage,
)
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextEdit, TextRange
from tests.support import lang

SOURCE = 'def add(a, b):\n    """Add.\n\n    >>> add(2, 3)\n    5\n    """\n'
GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
BAD = "```python\ndef add(a, b):\n    return a - b\n```"


class ManualClock:
    """Time that moves only by :meth:`turn`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def turn(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Cut:
    """An answer that the length limit ended."""

    text: str


class Hang:
    """An answer that never comes; ``started`` is set when it is awaited, ``closed`` when it was cancelled."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.closed = False

    async def wait(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.closed = True


Answer = str | Cut | Hang | ForgeError | tuple[str, ...]


class ScriptedModel:
    """Answers from ``answers`` in order (the last one again and again if ``repeat``); keeps every request."""

    def __init__(
        self,
        key: str,
        *answers: Answer,
        server: str = "local",
        context: int = 8192,
        paid: bool = False,
        off_machine: bool = False,
        toy: bool = False,
        repeat: bool = False,
        gate: Callable[[ScriptedModel], object] | None = None,
    ) -> None:
        self.info = ModelInfo(
            key=key,
            name=f"{key}:tag",
            server=server,
            provider="test",
            context=context,
            paid=paid,
            off_machine=off_machine,
            toy=toy,
        )
        self.answers = list(answers)
        self.repeat = repeat
        self.requests: list[ChatRequest] = []
        self.gate = gate

    async def complete(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        if self.gate is not None:
            waiting = self.gate(self)
            if asyncio.iscoroutine(waiting):
                await waiting
        await asyncio.sleep(0)
        if not self.answers:
            raise ModelFault(f"{self.info.key} has no more answers in its script")
        answer = self.answers[0] if self.repeat and len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, ForgeError):
            raise answer
        if isinstance(answer, Hang):
            await answer.wait()
            raise AssertionError("a hanging answer came back")
        finish = FinishReason.LENGTH if isinstance(answer, Cut) else FinishReason.STOP
        texts = (answer.text,) if isinstance(answer, Cut) else (answer,) if isinstance(answer, str) else answer
        return ChatReply(
            completions=tuple(Completion(text=text, finish=finish) for text in texts),
            usage=Usage(input_tokens=100, output_tokens=10),
            timing=Timing(total=0.1),
        )

    @property
    def prompts(self) -> list[str]:
        """All text of each request, in order."""
        return ["\n".join([one.system, *(message.text for message in one.messages)]) for one in self.requests]


class ScriptedDirectory:
    """The models by key. ``reasons`` make one unavailable; an error among them is raised."""

    def __init__(self, *models: ScriptedModel, reasons: Mapping[str, str | ForgeError] | None = None) -> None:
        self.models = {model.info.key: model for model in models}
        self.reasons = dict(reasons or {})

    def get(self, key: str) -> ScriptedModel:
        return self.models[key]

    async def unavailable(self, key: str) -> ForgeError | None:
        await asyncio.sleep(0)
        reason = self.reasons.get(key)
        if isinstance(reason, ForgeError):
            raise reason
        return None if reason is None else ForgeError(reason)

    async def stand_ins(self) -> StandIns:
        return StandIns(models=tuple(model.info for model in self.models.values()), remedy="fetch another one")

    async def statuses(self) -> tuple[ModelStatus, ...]:
        return tuple(ModelStatus(info=model.info, installed=True) for model in self.models.values())

    async def pull(self, key: str) -> AsyncIterator[PullProgress]:
        yield PullProgress(status=f"{key} is here")

    async def aclose(self) -> None:
        return None


@dataclass
class Purse:
    """A Spending that counts. Paid calls cost ``price``; ``refusal`` is raised for them where it is set."""

    price: float = 0.5
    refusal: ForgeError | None = None
    admitted: list[tuple[str, int, int]] = field(default_factory=list)
    settled: list[tuple[str, float, Usage | None]] = field(default_factory=list)
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def admit(
        self, model: ModelInfo, *, input_tokens: int, output_tokens: int, files: tuple[str, ...] = ()
    ) -> float:
        await asyncio.sleep(0)
        if model.paid and self.refusal is not None:
            raise self.refusal
        self.admitted.append((model.key, input_tokens, output_tokens))
        self.files[model.key] = files
        return self.price if model.paid else 0.0

    def settle(self, model: ModelInfo, reserved: float, usage: Usage | None) -> float:
        self.settled.append((model.key, reserved, usage))
        if not model.paid:
            return 0.0
        return reserved if usage is None or usage.output_tokens else 0.0


class PlainContext:
    """Shows the document, cut to the budget."""

    def __init__(self) -> None:
        self.gathered: list[int] = []
        self.told: list[Path] = []

    async def gather(self, task: Task, *, tokens: int) -> GatheredContext:
        self.gathered.append(tokens)
        await asyncio.sleep(0)
        shown = f"# The file\n\n{task.document.text}"[: tokens * 3]
        if tokens <= 1000:
            return GatheredContext(text=shown, files=("calc.py",))
        rules = "# Rules of this project\n\nUse tabs."
        return GatheredContext(text=shown, rules=rules, files=("calc.py",), rules_files=("AGENTS.md",))

    def changed(self, paths: Sequence[Path]) -> None:
        self.told += paths


class PlainEditing:
    """Splices with the scope's indentation; imports go to the top."""

    def finish(self, task: Task, code: str) -> str:
        return code

    def splice(self, task: Task, code: str, imports: Sequence[str]) -> str:
        scope, text = task.scope, task.document.text
        body = "\n".join(scope.indent + line if line else line for line in code.split("\n"))
        spliced = text[: scope.range.start] + body + text[scope.range.end :]
        return "".join(f"{line}\n" for line in imports) + spliced

    def minimal(self, before: str, after: str) -> tuple[TextEdit, ...]:
        return (TextEdit(range=TextRange(start=0, end=len(before)), text=after),)

    def merge(self, base: str, ours: str, theirs: str) -> str:
        return ours if theirs == base else theirs


def example(
    status: CheckStatus | str,
    *,
    name: str = "add:1",
    expected: str = "5",
    actual: str = "",
    kind: CheckKind = CheckKind.DOCTEST,
) -> CheckResult:
    """One result of the example ``add(2, 3)``."""
    return CheckResult(
        id=name, kind=kind, status=CheckStatus(status), source="add(2, 3)", expected=expected, actual=actual
    )


def report(status: BuildStatus | str = BuildStatus.PASSED, **values: object) -> BuildReport:
    """A build report."""
    return BuildReport(status=BuildStatus(status), tool="test", **values)  # type: ignore[arg-type]


class FakeToolchain(Toolchain):
    """Says what ``builds`` and ``proofs`` say of a text: the first key that it contains decides, else it passes.

    ``answers`` are those to calls, by the same keys; a call that is not in them gives nothing."""

    def __init__(
        self,
        builds: Mapping[str, BuildReport] | None = None,
        proofs: Mapping[str, Evidence] | None = None,
        *,
        hang: Hang | None = None,
        answers: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.observed: list[tuple[Candidate, tuple[str, ...]]] = []
        self.builds = dict(builds or {})
        self.proofs = dict(proofs or {})
        self.built: list[str] = []
        self.proved: list[Candidate] = []
        self.hang = hang
        self.at_once = self.most_at_once = 0

    async def build(self, task: Task, text: str) -> BuildReport:
        self.built.append(text)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.hang is not None:
                await self.hang.wait()
            await asyncio.sleep(0)
        finally:
            self.at_once -= 1
        return next((found for key, found in self.builds.items() if key in text), report())

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        self.proved.append(candidate)
        await asyncio.sleep(0)
        return next((found for key, found in self.proofs.items() if key in candidate.text), Evidence())

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        self.observed.append((candidate, tuple(calls)))
        await asyncio.sleep(0)
        known = next((found for key, found in self.answers.items() if key in candidate.text), dict[str, str]())
        return tuple(Observation(call=call, answer=known[call]) for call in calls if call in known)


def task(
    source: str = SOURCE,
    *,
    name: str | None = "add",
    kind: ScopeKind = ScopeKind.DEFINITION,
    start: int = 0,
    end: int | None = None,
    indent: str = "",
    container: str | None = None,
    parameters: tuple[str, ...] | None = ("a", "b"),
    language: Language = lang.PYTHON,
    **values: object,
) -> Task:
    """A task whose scope is the whole of ``source`` unless said."""
    end = len(source.rstrip("\n")) if end is None else end
    return Task(
        document=Document(uri="file:///w/calc.py", language=language, text=source),
        scope=Scope(
            kind=kind,
            range=TextRange(start=start, end=end),
            indent=indent,
            name=name,
            container=container,
            parameters=parameters,
        ),
        instruction="Complete it.",
        **values,  # type: ignore[arg-type]
    )


def verdict_text(score: object, *issues: tuple[str, str], reasoning: str = "It is so.") -> str:
    """A reviewer's answer."""
    import json

    found = [{"severity": severity, "line": 1, "message": message} for severity, message in issues]
    return json.dumps({"reasoning": reasoning, "score": score, "issues": found})


class Events:
    """An Emit that keeps what it hears."""

    def __init__(self) -> None:
        self.bodies: list[EventBody] = []

    def __call__(self, body: EventBody) -> None:
        self.bodies.append(body)

    def of(self, *types: type) -> list[EventBody]:
        return [body for body in self.bodies if isinstance(body, types)]

    @property
    def types(self) -> list[str]:
        return [body.type for body in self.bodies]
