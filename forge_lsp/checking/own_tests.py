"""A test command of the user's own, for any language."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from forge_lsp.checking.command import filled_in, resolve_program
from forge_lsp.checking.programs import no_code_here, readable_for
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.runs import SuiteRun, failed, passed, skipped, uncollected
from forge_lsp.checking.suites import Memory, Suite, judged, not_run
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import Cause, Run
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import ScopeKind, Task

__all__ = ["OwnTests", "runs_of"]

_TAP = re.compile(
    r"^[ \t]*(?P<no>not )?ok\b[ \t]*(?P<number>\d+)?[ \t]*(?:-[ \t]*)?(?P<name>[^#\n]*)(?P<rest>#.*)?$", re.M
)
_ENDS = re.compile(r"\b(?:_?exit!?|quit|abort|halt|at_exit|trap|kill|exec[lv]?p?e?)\b")
"""Ways to end a program or to take its place, in most languages."""


class OwnTests:
    """Runs the user's own test command in the temp copy, on the untouched text and on candidates.

    ``{file}`` in an argument stands for the document, relative to the tree's root, where the command runs. Where it
    prints the Test Anything Protocol each test counts, else all of it is one test, which passes with exit code 0.
    ``timeout`` in seconds, for one run.
    """

    def __init__(self, sandbox: Sandbox, *, timeout: float, command: tuple[str, ...], runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._command = command
        self._timeout = timeout
        self._memory = Memory(SuiteRun, runs)

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        started = time.monotonic()
        place = place_of(task)
        name = " ".join(self._command)
        if not self._sandbox.runs_project_code:
            fault = no_code_here(f"{name} was not run", self._sandbox)
            return Evidence(results=(not_run(name, fault.reason, fault.remedy),))
        key = await tree_key(place, ("",), (), task.document.text, self._command)

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            del only  # the command is the user's: it runs what it runs
            return await self._run(task, place, text)

        try:
            results = await judged(Suite(name=name, key=key, run=run), task, candidate, self._memory)
        except EnvironmentFault as fault:
            results = (not_run(name, str(fault), fault.remedy),)
        brought = set(_ENDS.findall(candidate.text)) - set(_ENDS.findall(task.document.text))
        ends = f"it brings {', '.join(sorted(brought))}, which can end the tests" if brought else None
        return Evidence(results=results, doubt=ends, seconds=time.monotonic() - started)

    async def _run(self, task: Task, place: Place, text: str) -> SuiteRun:
        program = resolve_program(self._command[0], place)
        arguments = [filled_in(argument, str(place.document)) for argument in self._command[1:]]
        async with self._sandbox.open(place.tree(text)) as box:
            result = await box.run((program, *arguments), timeout=self._timeout, readable=readable_for(Path(program)))
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        if result.timed_out:
            late = failed(f"the tests did not finish in {self._timeout:g} s", cause=Cause.SCOPE)
            return SuiteRun(runs={"": late}, words=late.detail)
        return SuiteRun(runs=runs_of(output, result.code, task), words=output.strip())


def runs_of(output: str, code: int, task: Task) -> Mapping[str, Run]:
    """Return how the tests went by what their command printed and its exit code: by name where it is TAP, else all of
    them under ""."""
    found: dict[str, Run] = {}
    lines = list(_TAP.finditer(output))
    for line, end in zip(lines, [*(line.start() for line in lines[1:]), len(output)], strict=bool(lines)):
        name = line["name"].strip() or f"test {line['number'] or len(found) + 1}"
        words = output[line.end() : end]
        if re.match(r"#\s*(?:skip|todo)", line["rest"] or "", re.I):
            found[name] = skipped((line["rest"] or "").lstrip("# "))
        elif line["no"]:
            found[name] = failed(words, cause=_cause(f"{name}\n{words}", task))
        else:
            found[name] = passed()
    if found and (code == 0 or any(line["no"] for line in lines)):
        return found
    if code == 0:
        return {"": passed()}
    if found:  # each test that ended passed, and the run did not
        return {**found, "": failed(output, cause=_cause(output, task))}
    if code in (126, 127):
        return {"": uncollected(output, cause=Cause.ENVIRONMENT)}
    return {"": failed(output, cause=_cause(output, task))}


def _cause(words: str, task: Task) -> Cause:
    """The scope, where its name is said or a line of it; else it is not known."""
    scope, document = task.scope, task.document
    if scope.name and re.search(rf"(?<!\w){re.escape(scope.name)}(?!\w)", words):
        return Cause.SCOPE
    name = document.path.name if document.path is not None else ""
    first = document.text.count("\n", 0, scope.range.start) + 1
    last = document.text.count("\n", 0, scope.range.end) + 1
    if name and scope.kind is ScopeKind.FILE and name in words:
        return Cause.SCOPE
    lines = re.findall(rf"{re.escape(name)}\D{{1,10}}(\d+)", words) if name else []
    return Cause.SCOPE if any(first <= int(line) <= last for line in lines) else Cause.UNKNOWN
