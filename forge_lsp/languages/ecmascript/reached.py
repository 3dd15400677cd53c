"""Which tests depend on what the scope gives, where none of them names it: those that fail as soon as it gives nothing.

Pure: it makes the text for that run, and reads the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from forge_lsp.checking.runs import SuiteRun
from forge_lsp.checking.suites import FICKLE
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus, Run, RunState, status_of
from forge_lsp.core.ports import ItemKind
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import scoped
from forge_lsp.languages.ecmascript import TYPESCRIPT

__all__ = ["emptied", "with_reached", "without_proof"]


def emptied(task: Task, text: str) -> str | None:
    """Return ``text`` with the function that is the task's scope giving undefined, its lines where they are; None where
    it has no body in braces."""
    found = scoped(task, text)
    if found is None or found.item.kind is not ItemKind.FUNCTION or found.item.body is None:
        return None
    span = found.item.body
    body = span.of(text)
    if not (body.startswith("{") and body.endswith("}")):
        return None
    gives = "undefined as never" if task.document.language is TYPESCRIPT else "undefined"
    lines = "\n" * body.count("\n")
    return f"{text[: span.start]}{{ return {gives};{lines}}}{text[span.end :]}"


def with_reached(
    results: Sequence[CheckResult], suite: str, before: SuiteRun, after: Mapping[str, Run], empty: SuiteRun
) -> tuple[CheckResult, ...]:
    """Return the results with those of the tests that pass on the candidate (``after``), and fail where its scope gives
    nothing (``empty``): they speak of it."""
    told = {result.id: result for result in results}
    for name, run in after.items():
        nothing = empty.runs.get(name)
        if run.state is not RunState.PASSED or nothing is None or nothing.state is not RunState.FAILED:
            continue
        status = status_of(before.of(name), run)
        if status is None:
            continue
        key = f"{suite}:{name}"
        new = CheckResult(id=key, kind=CheckKind.TEST, status=status, source=f"{suite}: {name}")
        told[key] = replace(told[key], status=status) if key in told else new
    return tuple(told.values())


def without_proof(results: Sequence[CheckResult], suite: str, fickle: Set[str]) -> tuple[CheckResult, ...]:
    """Return the results with those of the ``fickle`` tests as flaky: they pass on the untouched text too."""
    return tuple(
        replace(result, status=CheckStatus.FLAKY, detail=FICKLE)
        if result.id.removeprefix(f"{suite}:") in fickle
        else result
        for result in results
    )
