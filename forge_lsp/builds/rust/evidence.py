"""The doctests of the scope and the tests of its package, run in the sandbox, before and after."""

from __future__ import annotations

import re
from dataclasses import replace

from forge_lsp.builds.before_after import Outcome
from forge_lsp.domain.attempt import ExampleKind, ExampleResult, ExampleStatus
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


def outcome_of(result: ProcessResult, *, timeout: float) -> Outcome:
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
    return Outcome(passed, said)


def with_values(result: ExampleResult, before: Outcome, after: Outcome) -> ExampleResult:
    """With both sides of a failed ``assert_eq!``. A doctest is an example like any other, and may be wrong: what it did
    before the candidate does not matter."""
    name = result.id.partition(":")[2]
    sides = _SIDES.search(after.words(name))
    if sides is not None and result.status is not ExampleStatus.PASSED:
        result = replace(result, actual=_value(sides["left"]), expected=_value(sides["right"]))
    if " - " not in name:
        return result
    now = after.passed.get(name, False if name in before.passed else None)
    status = ExampleStatus.PASSED if now else ExampleStatus.FAILED if now is False else ExampleStatus.NOT_RUNNABLE
    detail = "" if now else after.words(name)
    return replace(result, kind=ExampleKind.DOCTEST, status=status, detail=detail, unmet=False)


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
