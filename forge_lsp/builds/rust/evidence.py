"""The doctests of the scope and the tests of its package, run in the sandbox, before and after."""

from __future__ import annotations

import re
from dataclasses import replace

from forge_lsp.builds.suites import SuiteRun, suite_run
from forge_lsp.domain.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.domain.ports import ProcessResult
from forge_lsp.domain.task import ScopeKind, Task

__all__ = ["doctests_of", "has_tests", "outcome_of", "with_values"]

_LINE = re.compile(r"^test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<state>ok|FAILED|ignored)\b", re.M)
_BLOCK = re.compile(r"^---- (?P<name>.+?) stdout ----\n(?P<text>.*?)(?=^---- |^failures:$|\Z)", re.M | re.S)
_PLACE = re.compile(r"^(?P<file>\S+) - (?P<path>.*?)\s*\(line (?P<line>\d+)\)(?P<rest>.*)$")
_SIDES = re.compile(r"^\s*left: (?P<left>.*)\n\s*right: (?P<right>.*)$", re.M)
_TAIL = 400
_FENCE = re.compile(r"^\s*//[/!].*```", re.M)


def doctests_of(task: Task) -> str | None:
    """The filter for the doctests of the scope: its name. None where what it replaces has none."""
    if not _FENCE.search(task.original):
        return None
    return task.scope.name if task.scope.kind is not ScopeKind.FILE else ""


def has_tests(text: str) -> bool:
    """Whether a file holds tests."""
    return re.search(r"#\[(?:\w+::)*test\b", text) is not None


def outcome_of(result: ProcessResult, *, timeout: float) -> SuiteRun:
    """What ``cargo test`` printed. Doctests are named without their lines, which move with the text above them."""
    text = result.stdout.decode("utf-8", "replace")
    names: dict[str, str] = {}
    passed: dict[str, bool | None] = {}
    count: dict[str, int] = {}
    for match in _LINE.finditer(text):
        name = _steady(match["name"], count)
        names[match["name"]] = name
        now = {"ok": True, "FAILED": False, "ignored": None}[match["state"]]
        # Two targets of a package may have tests of one name: both must pass.
        passed[name] = now if passed.get(name, True) is not False else False
    said: dict[str, str] = {}
    for match in _BLOCK.finditer(text):
        words = match["text"].partition("stack backtrace:")[0].partition("note: run with `RUST_BACKTRACE")[0]
        said[names.get(match["name"], match["name"])] = words.strip()[-_TAIL:]
    words = result.stderr.decode("utf-8", "replace").strip()[-_TAIL:]
    said[""] = f"the tests did not finish in {timeout:g} s" if result.timed_out else words
    return suite_run(passed, said)


def with_values(result: CheckResult) -> CheckResult:
    """Return a result with both sides of a failed ``assert_eq!``; a doctest is told as such."""
    sides = _SIDES.search(result.detail)
    if sides is not None and result.status not in (CheckStatus.PROOF, CheckStatus.KEPT):
        result = replace(result, actual=_value(sides["left"]), expected=_value(sides["right"]))
    return replace(result, kind=CheckKind.DOCTEST) if " - " in result.id.partition(":")[2] else result


def _value(text: str) -> str:
    """Before Rust 1.73 values stood in backticks: `5`, and the last before the message's own quote."""
    match = re.fullmatch(r"`(.*)`(?:[,'].*)?", text.strip())
    return match[1] if match is not None else text.strip()


def _steady(name: str, count: dict[str, int]) -> str:
    match = _PLACE.match(name)
    if match is None:
        return name
    steady = f"{match['file']} - {match['path']}"
    count[steady] = count.get(steady, 0) + 1
    return f"{steady} ({count[steady]})"
