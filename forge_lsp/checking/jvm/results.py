"""What the runner in the sandbox reported of each test, and why one failed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from forge_lsp.checking.runs import failed, passed, scanned, skipped
from forge_lsp.core.attempt import Candidate
from forge_lsp.core.checks import Cause, Run
from forge_lsp.core.task import Task
from forge_lsp.reading import parsed_json

__all__ = ["ALL_RUN", "Frame", "ScopePlace", "TestReports", "in_scope", "lines_of", "reported", "run_of", "signed"]

Frame = tuple[str, str, int]
"""A frame of a stack: class, file and line."""
ALL_RUN = 42
"""The exit code of a runner that came to its end."""
_LINE = re.compile(r"^forge ([0-9a-f]{64}) ((\d+) (\{.*\}))$", re.M)
_VALUES = re.compile(r"expected:? ?<(?P<expected>.*?)>,? but was:? ?<(?P<actual>.*)>", re.S)
_SAME = re.compile(r"expected:? ?(?P<expected>(?!<)\S.*?),? but was:? ?(?P<actual>(?!<)\S.*)", re.S)
_HAMCREST = re.compile(r"Expected: (?P<expected>.*?)\n\s++but: (?:was )?(?P<actual>.*)", re.S)
_KOTLIN = re.compile(r"[Ee]xpected <(?P<expected>.*?)>, actual <(?P<actual>.*)>", re.S)
_ASSERTJ = re.compile(r"(?i)expected:\s++(?P<expected>.*?)\n\s*+but was:\s++(?P<actual>.*)", re.S)
_NOT_WRITTEN = re.compile(r"(?i)not (?:yet )?(?:implemented|written)|unimplemented|\btodo\b")
_NOT_HERE = ("java.lang.NoClassDefFoundError", "java.lang.ClassNotFoundException")
_REFUSALS = ("UnsupportedOperationException", "NotImplementedException", "NotImplementedError")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReports:
    """``ended`` are the reports of tests by name in their order, ``collected`` the tests that were to be run,
    ``running`` the one that had begun and did not end, ``late`` the one that took too long, ``frames`` where the code
    was then or when it ended the process (None: not known). ``whole``: the runner came to its end."""

    ended: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict[str, Sequence[Mapping[str, Any]]])
    collected: tuple[str, ...] = ()
    running: str | None = None
    late: str | None = None
    frames: tuple[Frame, ...] | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopePlace:
    """Where the scope is in the text that was run: the document's name, its package, and the scope's lines."""

    file: str
    package: str
    lines: range
    tests: frozenset[str]
    """The classes of tests, by full name."""
    untouched: bool = True
    """Whether it was the text without a candidate."""


def reported(output: str, key: bytes, code: int) -> TestReports:
    """Read what the runner wrote: only lines with its signature, in their order, none of them twice."""
    ended: dict[str, list[Mapping[str, Any]]] = {}
    collected: dict[str, None] = {}
    running: str | None = None
    late: str | None = None
    frames: tuple[Frame, ...] | None = None
    whole = False
    tests = failures = 0
    for entry in signed(output, key):
        name = str(entry.get("name", ""))
        match entry["kind"]:
            case "collected":
                collected[name] = None
            case "started":
                running = name
            case "late":
                late, frames = name, _frames(entry)
            case "exiting":
                frames = _frames(entry)
            case "done":
                whole = entry["tests"] == tests and entry["failures"] == failures and code == ALL_RUN
            case kind:
                running = None if name == running else running
                tests += 1
                failures += kind == "failed"
                ended.setdefault(name, []).append(entry)
    return TestReports(ended=ended, collected=tuple(collected), running=running, late=late, frames=frames, whole=whole)


def signed(output: str, key: bytes) -> Iterator[dict[str, Any]]:
    """Yield the objects in what a runner of ours wrote: of lines with its signature, in their order, none twice."""
    following = 0
    for match in _LINE.finditer(output):
        sum_, line, number, text = match.groups()
        if not hmac.compare_digest(hmac.new(key, line.encode(), hashlib.sha256).hexdigest(), sum_):
            continue
        if int(number) == following:
            following += 1
            yield cast("dict[str, Any]", parsed_json(text))


def run_of(entries: Sequence[Mapping[str, Any]], where: ScopePlace, *, speaks: bool) -> Run:
    """Return what became of one test: of one that was run several times, its first failure."""
    bad = next((entry for entry in entries if entry["kind"] == "failed"), None)
    if bad is not None:
        return _failed(bad, where, speaks=speaks)
    if any(entry["kind"] == "passed" for entry in entries):
        return passed()
    return skipped(str(entries[0].get("message", "")), marked=all(entry.get("marked") is True for entry in entries))


def _failed(entry: Mapping[str, Any], where: ScopePlace, *, speaks: bool) -> Run:
    message = str(entry.get("message", ""))
    kind = str(entry.get("type", "")).rpartition(".")[2]
    frames = _frames(entry)
    own = [line for name, file, line in frames if _in_scope(name, file, line, where)]
    at = f" (at {where.file}:{own[0]})" if own else ""
    expected, actual = _values(entry, message)
    words = message if entry.get("assertion") and message else f"{kind}: {message}" if message else kind
    cause = _cause(entry, frames, where, speaks=speaks)
    return failed(f"{words}{at}", cause=cause, expected=expected, actual=actual)


def _cause(entry: Mapping[str, Any], frames: Sequence[Frame], where: ScopePlace, *, speaks: bool) -> Cause:
    """By the innermost frame that is the project's own."""
    # What a test does not say by its words, its failure before may have said: then a candidate owes it.
    aside = Cause.ELSEWHERE if where.untouched else Cause.UNKNOWN
    spoken = Cause.SCOPE if speaks else aside
    if str(entry.get("deepest", "")) in _NOT_HERE and "Could not initialize" not in str(entry.get("message", "")):
        return Cause.SCOPE if in_scope(frames, where) else Cause.ENVIRONMENT
    if not frames:
        return spoken
    name, file, line = frames[0]
    if _in_scope(name, file, line, where):
        return Cause.SCOPE
    if name.split("$")[0] in where.tests:
        return spoken
    deepest = str(entry.get("deepest", "")).rpartition(".")[2]
    refused = deepest in _REFUSALS or _NOT_WRITTEN.search(str(entry.get("message", ""))) is not None
    if refused and entry.get("direct"):
        return Cause.ELSEWHERE  # another stub
    if in_scope(frames, where):
        return Cause.SCOPE  # what it was called with comes from the scope
    return Cause.UNKNOWN if speaks else aside


def in_scope(frames: Iterable[Frame], where: ScopePlace) -> bool:
    """Whether one of the frames is the scope's."""
    return any(_in_scope(*frame, where) for frame in frames)


def _frames(entry: Mapping[str, Any]) -> tuple[Frame, ...]:
    return tuple((str(name), str(file), int(line)) for name, file, line in entry.get("frames", ()))


def _in_scope(name: str, file: str, line: int, where: ScopePlace) -> bool:
    return file == where.file and name.rpartition(".")[0] == where.package and line in where.lines


def _values(entry: Mapping[str, Any], message: str) -> tuple[str, str]:
    if "expected" in entry and "actual" in entry:
        return str(entry["expected"]), str(entry["actual"])
    if entry.get("assertion"):
        words = scanned(message)
        for pattern in (_VALUES, _SAME, _KOTLIN, _HAMCREST, _ASSERTJ):
            found = pattern.search(words)
            if found is not None:
                return found["expected"].strip(), found["actual"].strip()
    return "", ""


def lines_of(task: Task, candidate: Candidate, text: str) -> range:
    """Return the lines of the scope in the text that is run: the user's own, or the candidate's."""
    if text == task.document.text:
        start, end = task.scope.range.start, task.scope.range.end
    else:
        code = candidate.code.strip("\n")
        start = text.find(code, max(min(task.scope.range.start - 1, len(text)), 0)) if code else -1
        start = text.find(code) if start < 0 and code else start
        if start < 0:  # it was changed as it was put in: then what is not as it was
            same = 0
            while same < min(len(text), len(task.document.text)) and text[same] == task.document.text[same]:
                same += 1
            rest = len(task.document.text) - task.scope.range.end
            start, end = min(same, task.scope.range.start), max(len(text) - rest, same)
        else:
            end = start + len(code)
    return range(text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 2)
