"""Runs the user's examples on a candidate in the sandbox, and judges what came of them."""

from __future__ import annotations

import doctest
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import cast

from forge_lsp.checking.gate import measured
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import messages
from forge_lsp.checking.suites import Memory, Suite, judged
from forge_lsp.core.attempt import Candidate, Evidence, Observation
from forge_lsp.core.checks import CheckResult
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.python.examples import Example, Group, examples_of
from forge_lsp.languages.python.forging import believed, may_forge_equality
from forge_lsp.languages.python.judging import Answer, ExampleRun, Judge, defined_in, failure_of_import
from forge_lsp.languages.python.outcomes import PythonRun
from forge_lsp.languages.python.probes import PROBES, Probe, asked_for, observed, probes_of
from forge_lsp.languages.python.scopes import scope_lines_of
from forge_lsp.sandbox.interpreters import Interpreter

__all__ = ["PythonEvidence"]

_OBSERVING = 10.0
"""Seconds for all calls of :meth:`PythonEvidence.observe` together."""
_FLAGS = re.compile(r"^[ \t]*doctest_optionflags\s*=\s*(?P<flags>\[[^\]]*\]|[^\n]*(?:\n[ \t]+[^\n]+)*)", re.M)
_RUNNER = Path(__file__).with_name("runners") / "python_examples.py"


class PythonEvidence:
    """Runs examples. ``timeout`` bounds all of them together, ``example`` one of them, both in seconds."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, example: float = 5.0, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._example = min(example, timeout / 2)
        self._memory = Memory(PythonRun, runs)

    @measured
    async def run(self, task: Task, candidate: Candidate, place: Place, interpreter: Interpreter) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`."""
        groups = _flagged(examples_of(task), place)
        if not groups:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("generated code is not run", self._sandbox).blocked()
        examples = {example.id: example for group in groups for example in group.examples}
        probes = probes_of(groups, task.document.text)
        seen: tuple[Observation, ...] = ()

        doubts: list[str] = []

        async def run(text: str, only: Sequence[str] | None) -> PythonRun:
            nonlocal seen
            del only  # examples of a group share a state
            wanted = probes if text == candidate.text else ()
            probe = text == candidate.text != task.document.text and may_forge_equality(task, candidate)
            ran = await self._run(groups, text, place, interpreter, wanted, probe=probe)
            excuse = None
            if ran.imports:
                excuse = await self._excuse(groups, task, place, interpreter, next(iter(ran.imports.values())))
            seen = observed(probes, ran.answers) or seen
            lines = scope_lines_of(task, text, candidate.code).lines
            judge = Judge(task=task, module=_module(place)[0], excuse=excuse, file=place.document.name, lines=lines)
            runs = {example.id: run for example, run in judge.runs(groups, ran)}
            found = PythonRun(runs=runs, doubts=ran.doubts)
            if text != task.document.text:
                doubts.extend(ran.doubts)
            return found

        key = await tree_key(place, (".py",), (interpreter.path, interpreter.packages), task.document.text, groups)

        def valued(name: str) -> bool:
            return not examples[name].silent

        # A word of the candidate's documentation is no name that it defines.
        suite = Suite(
            name="examples",
            key=key,
            run=run,
            speaks=valued,
            proves=valued,
            brings=lambda candidate: defined_in(candidate.text),
        )
        results = await judged(suite, task, candidate, self._memory)
        before = await self._memory.get(key, lambda: run(task.document.text, None))
        return Evidence(
            results=tuple(_named(result, examples[result.id.rpartition(":")[2]]) for result in results),
            observed=seen,
            doubt=believed(task, candidate, results, (doubt for doubt in doubts if doubt not in before.doubts)),
        )

    async def observe(
        self, task: Task, candidate: Candidate, calls: Sequence[str], place: Place, interpreter: Interpreter
    ) -> tuple[Observation, ...]:
        """See :meth:`forge_lsp.core.ports.Toolchain.observe`."""
        probes = asked_for(calls)
        if not probes or not self._sandbox.runs_project_code:
            return ()
        shown = _shown(_flagged(examples_of(task), place))
        total = min(_OBSERVING, self._timeout / 2)
        try:
            ran = await self._ask(candidate.text, place, interpreter, self._probing(probes, total), shown)
        except (EnvironmentFault, OSError):
            return ()
        return observed(probes, ran.answers)

    async def _excuse(
        self, groups: tuple[Group, ...], task: Task, place: Place, interpreter: Interpreter, answer: Answer
    ) -> str | None:
        """Why the module cannot be imported here, if the user's own text cannot either; None: the candidate's fault."""
        untouched = await self._run(groups[:1], task.document.text, place, interpreter)
        for other in untouched.imports.values():
            if failure_of_import(other) == failure_of_import(answer):
                return f"the module cannot be imported here, with or without the candidate: {failure_of_import(answer)}"
        return None

    async def _run(
        self,
        groups: tuple[Group, ...],
        text: str,
        place: Place,
        interpreter: Interpreter,
        probes: tuple[Probe, ...] = (),
        *,
        probe: bool = False,
    ) -> ExampleRun:
        asked = [
            {"id": str(number), "examples": [_question(e) for e in group.examples if e.broken is None]}
            for number, group in enumerate(groups)
        ]
        little = self._probing(probes, min(5.0, self._timeout / 4))
        return await self._ask(text, place, interpreter, [*asked, *little], _shown(groups), probe=probe)

    async def _ask(
        self,
        text: str,
        place: Place,
        interpreter: Interpreter,
        asked: Sequence[Answer],
        shown: Sequence[str],
        *,
        probe: bool = False,
    ) -> ExampleRun:
        """What the runner says of groups of examples."""
        nonce = secrets.token_hex(16)
        async with self._sandbox.open(place.tree(text)) as box:
            request = {
                "nonce": nonce,
                "module": {**_request(place, box), "shown": list(shown), "probe": probe},
                "seconds": {
                    "import": max(self._example, self._timeout / 2),
                    "example": self._example,
                    "total": max(self._example, self._timeout - 1.0),
                },
                "groups": list(asked),
            }
            result = await box.run(
                (str(interpreter.path), "-I", "-B", "-X", "utf8", str(_RUNNER)),
                timeout=self._timeout + 5.0,
                readable=(*interpreter.readable, _RUNNER.parent),
                stdin=json.dumps(request).encode(),
            )
        answers: dict[str, Answer] = {}
        imports: dict[str, Answer] = {}
        doubts: list[str] = []
        ended = False
        for answer in cast("Iterator[Answer]", messages(result.stdout, nonce)):
            if answer.get("state") == "end":
                ended = True
            elif answer.get("state") == "doubt":
                doubts.append(str(answer.get("words")))
            elif answer.get("state") == "import" and answer.get("group") != PROBES:
                imports[str(answer.get("group"))] = answer
            else:
                answers[str(answer.get("example"))] = answer
        if not ended and not answers and not imports and not result.timed_out and result.code > 0:
            tail = result.stderr.decode("utf-8", "replace").strip()[-300:]
            raise EnvironmentFault(
                f"the project's interpreter could not run the examples: {tail or f'exit code {result.code}'}",
                remedy=f"{interpreter.path} -V",
            )
        return ExampleRun(answers=answers, imports=imports, ended=ended, doubts=tuple(dict.fromkeys(doubts)))

    def _probing(self, probes: tuple[Probe, ...], total: float) -> list[Answer]:
        """Probes come last and get little time, ``total`` seconds: what they show only ranks."""
        if not probes:
            return []
        questions = [{"id": probe.id, "steps": list(probe.steps), "mode": "value"} for probe in probes]
        seconds = {"example": min(1.0, self._example), "total": total}
        return [{"id": PROBES, "examples": questions, "seconds": seconds}]


def _flagged(groups: tuple[Group, ...], place: Place) -> tuple[Group, ...]:
    """The examples with the options that the project's settings of pytest give all doctests, below their own."""
    found: dict[int, bool] = {}
    for name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        path = place.nearest(name)
        said = _FLAGS.search(place.text(path) or "") if path is not None else None
        if said is not None:
            words = re.findall(r"[A-Z_]{3,}", said["flags"])
            known = doctest.OPTIONFLAGS_BY_NAME
            found = {known[word]: True for word in words if word in known and known[word] != doctest.SKIP}
            break
    if not found:
        return groups

    def flagged(example: Example) -> Example:
        return replace(example, options=tuple({**found, **dict(example.options)}.items()))

    return tuple(replace(group, examples=tuple(map(flagged, group.examples))) for group in groups)


def _shown(groups: tuple[Group, ...]) -> list[str]:
    """The steps of all examples, as they stand in the documentation."""
    steps = (step.strip().split("\n")[0] for group in groups for example in group.examples for step in example.steps)
    return [step for step in dict.fromkeys(steps) if len(step) > 2]


def _named(result: CheckResult, example: Example) -> CheckResult:
    """Return an example's result with what people know it by."""
    return replace(
        result,
        id=example.id,
        kind=example.kind,
        source=example.source,
        expected=example.expected,
        line=example.line,
    )


def _question(example: Example) -> Answer:
    by_value = example.literal is not None or example.raises is not None
    steps = list(example.steps)
    if doctest.SKIP in dict(example.options) and dict(example.options)[doctest.SKIP]:
        steps = ["None"]
    return {"id": example.id, "steps": steps, "mode": "value" if by_value else "print"}


def _module(place: Place) -> tuple[str, PurePosixPath]:
    """The document's dotted module name, and the folder (relative) that its top-level package lies in."""
    folder, parts = place.document.parent, [place.document.stem]
    if place.document.stem == "__init__" and folder.name:
        folder, parts = folder.parent, [folder.name]
    # In a package without __init__.py, imports that begin with dots say how deep it is.
    dots = re.findall(r"^\s*from\s+(\.+)", place.untouched or place.text(place.document) or "", re.M)
    deep = max(map(len, dots), default=0)
    while folder.name and (place.is_file(folder / "__init__.py") or len(parts) <= deep):
        folder, parts = folder.parent, [folder.name, *parts]
    name = ".".join(parts)
    return (name if all(part.isidentifier() for part in parts) else re.sub(r"\W", "_", f"_{name}")), folder


def _request(place: Place, box: Box) -> Answer:
    name, folder = _module(place)
    inside = place.document.stem == "__init__"
    search = [box.root / folder, box.root, box.root / "src"]
    return {
        "path": str(box.root / place.document),
        "name": name,
        "package": name.rpartition(".")[0],
        "inside": [str(box.root / place.document.parent)] if inside else None,
        "search": list(dict.fromkeys(str(path) for path in search)),
        "cwd": str(box.root),
        "guarded": [str(box.root / place.document)],
    }
