"""Runs the examples of documentation through a language's driver, on the untouched text and on a candidate.

The tested process evaluates calls and hands out plain data; what is expected never enters it, and the comparison is
made here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from forge_lsp.checking.examples.comparing import Opaque, alike
from forge_lsp.checking.examples.types import Signature, Unfit, fitted
from forge_lsp.checking.examples.values import Value, parse, shown
from forge_lsp.checking.examples.variations import variations
from forge_lsp.checking.examples.written import Call, Line, Written, call_in, documentation_of, same_name, written_in
from forge_lsp.checking.gate import fault_of
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place, fingerprint
from forge_lsp.checking.suites import Memory, Suite, SuiteRun, failed, judged, passed, uncollected
from forge_lsp.core.attempt import Candidate, Evidence, Observation
from forge_lsp.core.checks import Cause, CheckKind, CheckResult, CheckStatus, Run
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task

__all__ = ["Answer", "Answers", "Asked", "DocumentedExamples", "Driver"]

_MOST_ROUNDS = 3
_LONGEST = 200


def _believed(task: Task, candidate: Candidate) -> str | None:
    del task, candidate
    return None


def _all(task: Task, lines: Sequence[Line]) -> Sequence[Line]:
    del task
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call to be made. ``steps`` are statements before it and ``call`` an expression, in the language."""

    id: str
    call: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a call: ``done`` with its ``value``; ``raised`` with the ``error``'s type and ``words``; ``broken``:
    the call itself does not compile, ``words`` says why. ``names`` are others by which an example may call the error:
    those of the types that it is of, too; ``*``: any. ``unfinished``: the error says that the code is not written."""

    state: Literal["done", "raised", "broken"]
    value: Value = None
    error: str = ""
    words: str = ""
    names: tuple[str, ...] = ()
    unfinished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What came of some calls, by their ids. ``fault``: the text itself does not compile or load, in the tool's words.
    ``ended``: the driver came to its end. ``late``: its time was over. ``doubt``: why none of them is a proof, as far
    as running the calls showed it."""

    by_id: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    fault: str | None = None
    ended: bool = True
    late: bool = False
    words: str = ""
    doubt: str | None = None


class Driver(Protocol):
    """What one language brings to run calls of a scope."""

    @property
    def matters(self) -> tuple[str, ...]:
        """The suffixes of the files of a project that a run depends on."""
        ...

    def signature(self, task: Task, text: str) -> Signature | None:
        """What the task's scope is in ``text``; None: it is not there, or is nothing that can be called."""
        ...

    def literal(self, value: Value, signature: Signature, place: int) -> str:
        """The argument at ``place`` in the language's notation; the value is fitted to its type already. Raises
        Unfit."""
        ...

    def expression(self, signature: Signature, arguments: Sequence[str], call: Call) -> str:
        """The call of the scope with arguments in the language's notation; ``call`` is as it was written. Raises
        Unfit where it cannot be made: a member without a value of its type."""
        ...

    def step(self, text: str) -> str:
        """A statement before a call in the language's notation. Raises Unfit where it is none."""
        ...

    async def answers(self, place: Place, text: str, signature: Signature, calls: Sequence[Asked]) -> Answers:
        """Compile ``text`` with a driver that makes the calls, each by itself, and run it. Raises EnvironmentFault."""
        ...


class DocumentedExamples:
    """Runs examples by a driver; what they give on an untouched text is kept. ``doubt`` says in words why no proof of a
    candidate is believed, None where it is; ``read`` which lines of documentation are read, in which form."""

    def __init__(
        self,
        sandbox: Sandbox,
        driver: Driver,
        *,
        doubt: Callable[[Task, Candidate], str | None] = _believed,
        read: Callable[[Task, Sequence[Line]], Sequence[Line]] = _all,
    ) -> None:
        self._sandbox = sandbox
        self._driver = driver
        self._doubt = doubt
        self._read = read
        self._memory = Memory()

    async def run(self, task: Task, candidate: Candidate, place: Place, extra: Sequence[Path] = ()) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`. ``extra``: paths of the host that a run depends on."""
        started = time.perf_counter()
        written = written_in(self._read(task, documentation_of(task)), lambda call: self._speaks(task, candidate, call))
        if all(example.silent for example in written):
            return Evidence()
        if not self._sandbox.runs_project_code:
            fault = no_code_here("generated code is not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        examples = {example.id: example for example in written if not example.silent}
        seen: tuple[Observation, ...] = ()
        doubts: list[str] = []

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            nonlocal seen
            wanted = [example for example in examples.values() if only is None or example.id in only]
            own = text == candidate.text != task.document.text
            varied = own and only is None
            runs, observed, doubt = await self._run(task, place, text, wanted, varied=varied, candidate=own)
            seen = observed or seen
            doubts.extend([doubt] if own and doubt is not None else [])
            return SuiteRun(runs=runs)

        try:
            key = await asyncio.to_thread(
                fingerprint, place, f"{task.document.text}\0{written}", self._driver.matters, extra
            )
            results = await judged(Suite(name="examples", key=key, run=run), task, candidate, self._memory)
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        except OSError as error:
            return Evidence(blocked=fault_of(error).reason, seconds=time.perf_counter() - started)
        proves = any(result.status in (CheckStatus.PROOF, CheckStatus.KEPT) for result in results)
        return Evidence(
            results=tuple(_named(result, examples[result.id.rpartition(":")[2]]) for result in results),
            observed=seen,
            doubt=(self._doubt(task, candidate) or next(iter(doubts), None)) if proves else None,
            seconds=time.perf_counter() - started,
        )

    async def observe(
        self, task: Task, candidate: Candidate, place: Place, calls: Sequence[str]
    ) -> tuple[Observation, ...]:
        """See :meth:`forge_lsp.core.ports.Toolchain.observe`."""
        signature = self._driver.signature(task, candidate.text) if self._sandbox.runs_project_code else None
        if signature is None:
            return ()
        asked: dict[str, Asked] = {}
        for number, text in enumerate(calls):
            *steps, call = text.strip().split("\n")
            try:
                asked[text] = self._asked(f"o{number}", call, tuple(steps), signature)
            except Unfit:
                continue
        try:
            answers = await self._answered(place, candidate.text, signature, tuple(asked.values()))
        except (EnvironmentFault, OSError):
            return ()
        return _observed({text: answers.by_id.get(one.id) for text, one in asked.items()})

    def _speaks(self, task: Task, candidate: Candidate, call: Call) -> bool:
        """Whether a call is one of the scope: by its name, or, where the scope has none yet, by what the candidate
        brings."""
        if task.scope.name is not None:
            return same_name(call.name, task.scope.name)
        signature = self._driver.signature(task, candidate.text)
        return signature is not None and same_name(call.name, signature.name)

    async def _run(
        self,
        task: Task,
        place: Place,
        text: str,
        examples: Sequence[Written],
        *,
        varied: bool,
        candidate: bool,
    ) -> tuple[dict[str, Run], tuple[Observation, ...], str | None]:
        """How each example went on a text, what variations of them gave (where ``varied``), and why no proof of it is
        believed."""
        signature = self._driver.signature(task, text)
        if signature is None:
            name = task.scope.name or ""
            missing = (name,) if name else ()
            absent = uncollected(f"there is no {name or 'such definition'}", cause=Cause.SCOPE, missing=missing)
            return {example.id: absent for example in examples}, (), None
        runs: dict[str, Run] = {}
        asked: list[Asked] = []
        for example in examples:
            try:
                asked.append(self._asked(example.id, example.call, example.steps, signature))
            except Unfit as why:
                runs[example.id] = uncollected(str(why), cause=Cause.ELSEWHERE)
        probes = self._probes(examples, signature) if varied else {}
        answers = await self._answered(place, text, signature, (*asked, *probes.values()))
        if answers.fault is not None:
            broken = (
                failed(answers.fault, cause=Cause.SCOPE)
                if task.scope.unfinished and not candidate
                else uncollected(answers.fault, cause=Cause.ENVIRONMENT)
            )
            return runs | {one.id: broken for one in asked}, (), None
        by_id = {example.id: example for example in examples}
        for one in asked:
            runs[one.id] = _run_of(by_id[one.id], answers.by_id.get(one.id), signature, answers)
        return runs, _observed({call: answers.by_id.get(one.id) for call, one in probes.items()}), answers.doubt

    def _asked(self, id_: str, text: str, steps: Sequence[str], signature: Signature) -> Asked:
        call = call_in(text)
        if call is None:
            raise Unfit(f"this is no call: {text}")
        arguments = self._arguments(call, signature)
        said = [self._argument(argument, signature, place) for place, argument in enumerate(arguments)]
        own = tuple(self._driver.step(step) for step in steps) if signature.bound else ()
        return Asked(id=id_, call=self._driver.expression(signature, said, call) + call.after, steps=own)

    def _argument(self, text: str, signature: Signature, place: int) -> str:
        try:
            value = parse(text)
        except (ValueError, RecursionError):
            at = min(place, len(signature.parameters) - 1)
            if at >= 0 and signature.parameters[at].type.kind == "other" and "\n" not in text:
                return text  # a value of the project's own, in the language's notation
            raise Unfit(f"this argument cannot be read: {text}") from None
        return self._literal(value, signature, place)

    def _literal(self, value: Value, signature: Signature, place: int) -> str:
        parameters = signature.parameters
        if place >= len(parameters) and not (parameters and parameters[-1].rest):
            raise Unfit(f"{signature.name} takes {len(parameters)} arguments")
        at = min(place, len(parameters) - 1)
        return self._driver.literal(fitted(value, parameters[at].type), signature, at)

    def _arguments(self, call: Call, signature: Signature) -> Sequence[str]:
        """The texts of a call's arguments in the order of the parameters: some notations name them."""
        named: dict[str, str] = {}
        plain: list[str] = []
        for argument in call.arguments:
            name, equals, value = argument.partition("=")
            if equals and not value.startswith("=") and name.strip().isidentifier():
                named[name.strip()] = value.strip()
            else:
                plain.append(argument)
        for parameter in signature.parameters[len(plain) :]:
            value = next((text for name, text in named.items() if same_name(name, parameter.name)), None)
            if value is None:
                break
            plain.append(value)
        required = sum(not (parameter.optional or parameter.rest) for parameter in signature.parameters)
        if len(plain) < max(required, len(call.arguments)):
            raise Unfit(f"{signature.name} takes {required} arguments, {len(call.arguments)} are given")
        return plain

    def _probes(self, examples: Sequence[Written], signature: Signature) -> dict[str, Asked]:
        """Variations of the examples by what people are shown of them. Members need steps of their own: none there."""
        if signature.bound:
            return {}
        calls: list[tuple[Value, ...]] = []
        for example in examples:
            call = call_in(example.call)
            if call is None or call.after:
                continue
            try:
                calls.append(tuple(map(parse, self._arguments(call, signature))))
            except (ValueError, Unfit, RecursionError):
                continue
        found: dict[str, Asked] = {}
        for number, arguments in enumerate(variations(calls)):
            text = f"{signature.name}({', '.join(map(shown, arguments))})"
            plain = Call(head="", name=signature.name, arguments=())
            try:
                said = [self._literal(value, signature, place) for place, value in enumerate(arguments)]
                found[text] = Asked(id=f"p{number}", call=self._driver.expression(signature, said, plain))
            except Unfit:
                continue
        return found

    async def _answered(self, place: Place, text: str, signature: Signature, calls: Sequence[Asked]) -> Answers:
        """All answers: where the process ended in the middle, the calls after the one that ended it are made again."""
        known: dict[str, Answer] = {}
        left = list(calls)
        answers, doubt = Answers(), None
        for _ in range(_MOST_ROUNDS):
            if not left:
                break
            answers = await self._driver.answers(place, text, signature, left)
            known |= answers.by_id
            doubt = doubt or answers.doubt
            if answers.fault is not None or answers.ended:
                break
            pending = [one for one in left if one.id not in answers.by_id]
            if not pending or answers.late:
                break
            known[pending[0].id] = Answer(state="raised", error="", words=answers.words or "the process ended in it")
            left = pending[1:]
        return replace(answers, by_id=known, doubt=doubt)


def _run_of(example: Written, answer: Answer | None, signature: Signature, answers: Answers) -> Run:
    expected = example.expected
    if answer is None:
        words = "it did not end in time" if answers.late else answers.words or "the process ended before"
        return failed(words, cause=Cause.SCOPE, expected=expected)
    match answer.state:
        case "broken":
            return uncollected(answer.words, cause=Cause.ELSEWHERE)
        case "raised":
            known = (answer.error,) if answer.unfinished else ("", answer.error, *answer.names)
            if example.raises is not None and (example.raises in known or "*" in known):
                return passed()
            words = ": ".join(part for part in (answer.error, answer.words) if part)
            return failed(words, cause=Cause.SCOPE, expected=expected)
        case "done":
            actual = shown(answer.value)[:_LONGEST]
            if example.value is None:
                return failed("it raises nothing", cause=Cause.SCOPE, expected=expected, actual=actual)
            try:
                wanted = parse(example.value)
            except (ValueError, RecursionError):
                return uncollected(f"this value cannot be read: {example.value}", cause=Cause.ELSEWHERE)
            call = call_in(example.call)
            plain = call is None or not call.after
            if alike(wanted, answer.value, signature.result) if plain else alike(wanted, answer.value):
                return passed()
            return failed(f"gives {actual}", cause=Cause.SCOPE, expected=expected, actual=actual)


def _observed(answers: Mapping[str, Answer | None]) -> tuple[Observation, ...]:
    """What calls gave, as far as answers can be compared."""
    found: list[Observation] = []
    for call, answer in answers.items():
        if answer is None or answer.state == "broken" or (answer.state == "raised" and not answer.error):
            continue
        if isinstance(answer.value, Opaque):
            continue
        text = f"raises {answer.error}" if answer.state == "raised" else shown(answer.value)
        found.append(Observation(call=call, answer=text[:_LONGEST]))
    return tuple(found)


def _named(result: CheckResult, example: Written) -> CheckResult:
    """Return an example's result with what people know it by."""
    return replace(
        result,
        id=example.id,
        kind=CheckKind.EXAMPLE,
        source="\n".join((*example.steps, example.call)),
        expected=example.expected,
        line=example.line,
    )
