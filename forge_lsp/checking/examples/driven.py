"""Runs the examples of documentation through a language's driver, on the untouched text and on a candidate.

The tested process evaluates calls and hands out plain data; what is expected never enters it, and the comparison is
made here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forge_lsp.checking.examples.answers import Answer, Answers, AskedCall
from forge_lsp.checking.examples.arguments import call_of
from forge_lsp.checking.examples.asking import Driver, asked_of, probes_of
from forge_lsp.checking.examples.comparing import Opaque, alike, unclear
from forge_lsp.checking.examples.errors import same_error
from forge_lsp.checking.examples.expecting import expectable
from forge_lsp.checking.examples.types import Signature, TypeMismatch
from forge_lsp.checking.examples.values import parse, shown
from forge_lsp.checking.examples.written import (
    Call,
    DocumentationLine,
    WrittenExample,
    call_in,
    documentation_of,
    same_name,
    written_in,
)
from forge_lsp.checking.gate import measured
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import SuiteRun, failed, passed, uncollected
from forge_lsp.checking.suites import Memory, Suite, judged
from forge_lsp.core.attempt import Candidate, Evidence, Observation
from forge_lsp.core.checks import Cause, CheckKind, CheckResult, CheckStatus, Run
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task

__all__ = ["DocumentedExamples"]

_MOST_ROUNDS = 3
_LONGEST = 200


def _believed(task: Task, candidate: Candidate) -> str | None:
    del task, candidate
    return None


def _all(task: Task, lines: Sequence[DocumentationLine]) -> Sequence[DocumentationLine]:
    del task
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """How each example went, what variations of them gave, and why no proof of it is believed."""

    runs: Mapping[str, Run]
    observed: tuple[Observation, ...] = ()
    doubt: str | None = None


class DocumentedExamples:
    """Runs examples by a driver; what they give on an untouched text is kept. ``doubt`` says in words why no proof of a
    candidate is believed, None where it is; ``read`` which lines of documentation are read, in which form;
    ``runs`` the folder that keeps runs of untouched texts for the next process."""

    def __init__(
        self,
        sandbox: Sandbox,
        driver: Driver,
        *,
        doubt: Callable[[Task, Candidate], str | None] = _believed,
        read: Callable[[Task, Sequence[DocumentationLine]], Sequence[DocumentationLine]] = _all,
        runs: Path | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._driver = driver
        self._doubt = doubt
        self._read = read
        self._memory = Memory(SuiteRun, runs)

    @measured
    async def run(self, task: Task, candidate: Candidate, place: Place, extra: Sequence[Path] = ()) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`. ``extra``: paths of the host that a run depends on."""
        name = self._named(task, candidate)
        written = written_in(self._read(task, documentation_of(task)), _speaking(name))
        if all(example.silent for example in written):
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("generated code is not run", self._sandbox).blocked()
        examples = {example.id: example for example in written if not example.silent}
        seen: tuple[Observation, ...] = ()
        doubts: list[str] = []

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            nonlocal seen
            wanted = [example for example in examples.values() if only is None or example.id in only]
            own = text == candidate.text != task.document.text
            signature = self._driver.signature(task, text)
            if signature is None:
                absent = uncollected(f"there is no {name}", cause=Cause.SCOPE, missing=(name or "",))
                return SuiteRun(runs={example.id: absent for example in wanted})
            theirs = self._driver.signature(task, task.document.text) if own else None
            meant = signature if theirs is None or theirs.refused else theirs
            varied = own and only is None
            ran = await self._run(task, place, text, (signature, meant), wanted, varied=varied, candidate=own)
            seen = ran.observed or seen
            doubts.extend([ran.doubt] if own and ran.doubt is not None else [])
            return SuiteRun(runs={example.id: ran.runs[example.id] for example in wanted})

        key = await tree_key(place, self._driver.matters, extra, task.document.text, written)
        results = await judged(Suite(name="examples", key=key, run=run), task, candidate, self._memory)
        proves = any(result.status in (CheckStatus.PROOF, CheckStatus.KEPT) for result in results)
        return Evidence(
            results=tuple(_told(result, examples[result.id.rpartition(":")[2]]) for result in results),
            observed=seen,
            doubt=(self._doubt(task, candidate) or next(iter(doubts), None)) if proves else None,
        )

    async def observe(
        self, task: Task, candidate: Candidate, place: Place, calls: Sequence[str]
    ) -> tuple[Observation, ...]:
        """See :meth:`forge_lsp.core.ports.Toolchain.observe`."""
        signature = self._driver.signature(task, candidate.text) if self._sandbox.runs_project_code else None
        if signature is None:
            return ()
        asked: dict[str, AskedCall] = {}
        speaks = _speaking(self._named(task, candidate))
        for number, text in enumerate(calls):
            *steps, call = text.strip().split("\n")
            made = call_in(call, speaks)
            if made is None or not speaks(made):
                continue
            try:
                asked[text] = asked_of(self._driver, f"o{number}", call, steps, signature)
            except TypeMismatch:
                continue
        try:
            answers = await self._answered(place, candidate.text, signature, tuple(asked.values()))
        except (EnvironmentFault, OSError):
            return ()
        return _observed({text: answers.by_id.get(one.id) for text, one in asked.items()})

    def _named(self, task: Task, candidate: Candidate) -> str | None:
        """The name that calls of the scope have: its own, or, where it has none yet, that of what the candidate brings;
        None: it brings nothing."""
        if task.scope.name is not None:
            return task.scope.name
        signature = self._driver.signature(task, candidate.text)
        return signature.name if signature is not None else None

    async def _run(
        self,
        task: Task,
        place: Place,
        text: str,
        signatures: tuple[Signature, Signature],
        examples: Sequence[WrittenExample],
        *,
        varied: bool,
        candidate: bool,
    ) -> _Ran:
        """Run examples, and variations of them where ``varied``, on a text; ``candidate``: it is one's. ``signatures``:
        what can be called in the text, and what the user's own text says that it is."""
        signature, meant = signatures
        runs: dict[str, Run] = {}
        asked: list[AskedCall] = []
        for example in examples:
            try:
                expectable(example, signature)
                asked.append(asked_of(self._driver, example.id, example.call, example.steps, signature))
            except TypeMismatch as why:
                broken = meant is not signature and self._fits(example, meant)
                runs[example.id] = (
                    failed(str(why), cause=Cause.SCOPE, expected=example.expected)
                    if broken
                    else uncollected(str(why), cause=Cause.ELSEWHERE)
                )
        probes = probes_of(self._driver, examples, signature) if varied else {}
        answers = await self._answered(place, text, signature, (*asked, *probes.values()))
        if answers.fault is not None:
            broken = (
                failed(answers.fault, cause=Cause.SCOPE)
                if task.scope.unfinished and not candidate
                else uncollected(answers.fault, cause=Cause.ENVIRONMENT)
            )
            return _Ran(runs=runs | {one.id: broken for one in asked})
        by_id = {example.id: example for example in examples}
        for one in asked:
            runs[one.id] = _run_of(by_id[one.id], answers.by_id.get(one.id), meant, answers)
        observed = _observed({call: answers.by_id.get(one.id) for call, one in probes.items()})
        return _Ran(runs=runs, observed=observed, doubt=answers.doubt)

    def _fits(self, example: WrittenExample, signature: Signature) -> bool:
        """Whether an example is one of a signature: a candidate that writes another one has broken it."""
        try:
            expectable(example, signature)
            asked_of(self._driver, example.id, example.call, example.steps, signature)
        except TypeMismatch:
            return False
        return True

    async def _answered(self, place: Place, text: str, signature: Signature, calls: Sequence[AskedCall]) -> Answers:
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


def _speaking(name: str | None) -> Callable[[Call], bool]:
    """Whether a call is one of a name."""
    last = re.split(r"::|\.", name or "")[-1]
    return lambda call: bool(last) and same_name(call.name, last)


def _run_of(example: WrittenExample, answer: Answer | None, signature: Signature, answers: Answers) -> Run:
    expected = example.expected
    if answer is None:
        words = "it did not end in time" if answers.late else answers.words or "the process ended before"
        return failed(words, cause=Cause.SCOPE, expected=expected)
    match answer.state:
        case "broken":
            return uncollected(answer.words, cause=Cause.ELSEWHERE)
        case "raised":
            if example.raises is not None and same_error(
                example.raises, answer.error, names=answer.names, words=answer.words
            ):
                return passed()
            words = ": ".join(part for part in (answer.error, answer.words) if part)
            cause = Cause.ENVIRONMENT if answer.environment else Cause.SCOPE
            return failed(words, cause=cause, expected=expected)
        case "done":
            actual = shown(answer.value)[:_LONGEST]
            if example.value is None:
                return failed("it raises nothing", cause=Cause.SCOPE, expected=expected, actual=actual)
            try:
                wanted = parse(example.value)
            except (ValueError, RecursionError):
                return uncollected(f"this value cannot be read: {example.value}", cause=Cause.ELSEWHERE)
            call = call_of(example.call, signature)
            plain = call is None or not call.after
            if alike(wanted, answer.value, signature.result) if plain else alike(wanted, answer.value):
                return passed()
            if unclear(wanted, answer.value, signature.result):
                return uncollected(f"what it gives cannot be compared: {actual}", cause=Cause.ELSEWHERE)
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


def _told(result: CheckResult, example: WrittenExample) -> CheckResult:
    """Return an example's result with what people know it by."""
    return replace(
        result,
        id=example.id,
        kind=CheckKind.EXAMPLE,
        source=example.call,
        expected=example.expected,
        line=example.line,
    )
