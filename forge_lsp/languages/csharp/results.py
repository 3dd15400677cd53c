"""What vstest logged and what the compiler said of the tests, as runs with their causes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.checking.rules import patterns_beside
from forge_lsp.checking.runs import failed, passed, scanned, skipped, spoken_cause
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.checks import Cause, Run, RunState
from forge_lsp.languages.csharp.scanning import Method, blanked, methods_in
from forge_lsp.reading import parsed_xml

__all__ = ["Reading", "Trx", "missing_in", "trx_of", "values_in"]

_MOST_LOG = 8 * 1024 * 1024
# xunit, NUnit and MSTest
_VALUES = re.compile(
    r"^[ \t]*Expected(?: string length \d+ but was \d+\. Strings differ.*?)?: +(?P<expected>.+)\n(?:.*\n)*?"
    r"[ \t]*(?:Actual|But was): +(?P<actual>.+)$",
    re.M,
)
_MSTEST = re.compile(r"Expected(?: any value except)?:<(?P<expected>.*?)>\. Actual:<(?P<actual>.*?)>", re.S)
_FRAME = re.compile(r"^[ \t]*at (?P<what>.+?) in (?P<file>.+?):line (?P<line>\d+)\s*$", re.M)
_STATES = {"Passed": True, "Failed": False, "Timeout": False, "Aborted": False, "Error": False}
_COUNTED = re.compile(r"Failed:\s*(?P<failed>\d+), Passed:\s*(?P<passed>\d+), Skipped:\s*(?P<skipped>\d+)")
_UNFINISHED = re.compile(r"NotImplementedException|NotSupportedException")
_SKIPS = re.compile(r"\b(?:\w*Skip|Ignore|Explicit|Inconclusive)")
_MISSING = patterns_beside(__file__)["missing"]


@dataclass(frozen=True, slots=True)
class Trx:
    """A log of vstest: the ``runs`` by the tests' names, and whether it is ``whole``."""

    runs: Mapping[str, Run]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``names`` are those of the scope and of what calls it, ``others`` the document's other methods, ``document`` its
    place in the tree, ``lines`` where the scope stands in it; ``tests`` are the texts of the test files by their
    places."""

    names: tuple[str, ...]
    others: frozenset[str]
    document: str
    lines: range
    tests: Mapping[str, str]

    def speaks(self, test: str) -> bool:
        """Return whether a test calls the scope: its method names it, or what its method calls in its file does."""
        found = self._method(test)
        if found is None:
            return True
        text, method = found
        methods = methods_in(text)
        pending, seen = [method], {method.begin}
        for one in pending:  # grows while it is walked
            body = blanked(text)[one.body : one.end]
            if self._names(body):
                return True
            called = set(re.findall(r"[A-Za-z_]\w*", body))
            for other in methods:
                if other.name in called and other.begin not in seen:
                    pending.append(other)
                    seen.add(other.begin)
        owner = method.owner.rpartition(".")[2]
        makers = [one for one in methods if one.owner == method.owner and one.name in (owner, "SetUp", "Initialize")]
        return any(self._names(blanked(text)[one.body : one.end]) for one in makers)

    def cause(self, test: str, message: str, stack: str) -> Cause:
        """Return why a test failed: whose frames its exception passed, or of what its assertion speaks."""
        frames = [(match["file"].replace("\\", "/"), int(match["line"])) for match in _FRAME.finditer(stack)]
        if any(self._is(file, self.document) and line in self.lines for file, line in frames):
            return Cause.SCOPE
        if frames and not self._of_tests(frames[0][0]):
            return Cause.ELSEWHERE if _UNFINISHED.search(message) else Cause.UNKNOWN
        own = [(text, line) for file, line in frames if (text := self._text(file)) is not None]
        for text, line in own:
            lines = blanked(text).split("\n")
            spoken = lines[line - 1] if 0 < line <= len(lines) else ""
            if self._names(spoken):
                return Cause.SCOPE
            if self._speaks_of_others(spoken):
                return Cause.ELSEWHERE
        found = self._method(test)
        if found is not None and self._speaks_of_others(blanked(found[0])[found[1].body : found[1].end]):
            return Cause.SCOPE if self.speaks(test) else Cause.ELSEWHERE
        return spoken_cause(speaks=found is not None and self.speaks(test))

    def skips(self, test: str) -> bool:
        """Return whether the file of a test skips some: else the code that it calls has thrown what skips it."""
        found = self._method(test)
        return found is not None and _SKIPS.search(blanked(found[0])) is not None

    def _names(self, text: str) -> bool:
        return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in self.names)

    def _speaks_of_others(self, text: str) -> bool:
        return not self.others.isdisjoint(re.findall(r"[A-Za-z_]\w*(?=\s*(?:<[\w\s,]*>\s*)?\()", text))

    def _of_tests(self, file: str) -> bool:
        return self._text(file) is not None

    def _text(self, file: str) -> str | None:
        return next((text for known, text in self.tests.items() if self._is(file, known)), None)

    def _is(self, file: str, known: str) -> bool:
        return f"/{file}".endswith(f"/{known}")

    def _method(self, test: str) -> tuple[str, Method] | None:
        bare = re.sub(r"\(.*$", "", test, flags=re.S)
        for text in self.tests.values():
            for one in methods_in(text):
                if one.full_name == bare or (one.name == bare and one.owner):
                    return text, one
        return None


def trx_of(log: bytes | None, said: str, reading: Reading | None) -> Trx:
    """Return what vstest logged (``UnitTestResult`` elements). ``said`` is what it printed: where its counts differ, or
    the run was broken off, the log is not whole."""
    try:
        root = parsed_xml(log.decode("utf-8-sig", "replace"), most=_MOST_LOG) if log is not None else None
    except ValueError:
        root = None  # cut off with its process
    runs: dict[str, Run] = {}
    counted = {RunState.PASSED: 0, RunState.FAILED: 0, RunState.SKIPPED: 0}
    for result in root.iterfind(".//{*}UnitTestResult") if root is not None else ():
        name = result.get("testName", "")
        message = result.findtext("{*}Output/{*}ErrorInfo/{*}Message", "").replace("\r", "").strip()
        stack = result.findtext("{*}Output/{*}ErrorInfo/{*}StackTrace", "").replace("\r", "")
        run = _run(name, _STATES.get(result.get("outcome", "")), message, stack, reading)
        counted[run.state] += 1
        if name not in runs or runs[name].state is not RunState.FAILED:
            runs[name] = run
    summary = root.find("{*}ResultSummary") if root is not None else None
    words = " ".join(element.text or "" for element in summary.iter() if element.text) if summary is not None else ""
    totals = list(_COUNTED.finditer(said))
    agreed = not totals or [int(totals[-1][key]) for key in ("passed", "failed", "skipped")] == list(counted.values())
    broken = re.search(r"crash|abort|host process|Stack overflow", f"{words}\n{said}", re.I) is not None
    whole = root is not None and agreed and not (broken and not totals) and "aborted" not in words.lower()
    return Trx(runs, whole)


def values_in(message: str) -> tuple[str, str]:
    """Return what was expected and what came, as text, where the assertion's ``message`` says so; else "" and ""."""
    message = scanned(message)
    match = _VALUES.search(message) or _MSTEST.search(message)
    return (match["expected"].strip(), match["actual"].strip()) if match is not None else ("", "")


def missing_in(problem: Diagnostic) -> str | None:
    """Return the name that a compiler's error says nobody defines, or that it uses otherwise than it is defined."""
    said = f"{problem.code}: {problem.message}"
    match = next((match for pattern in _MISSING if (match := pattern.search(said)) is not None), None)
    return re.sub(r"<.*$", "", match["name"]) if match is not None else None


def _run(name: str, state: bool | None, message: str, stack: str, reading: Reading | None) -> Run:
    if state is None:
        return skipped(message, marked=reading is not None and reading.skips(name))
    if state:
        return passed()
    expected, actual = values_in(message)
    cause = reading.cause(name, message, stack) if reading is not None else Cause.UNKNOWN
    frame = next(_FRAME.finditer(stack), None)
    where = f" ({PurePosixPath(frame['file']).name}:{frame['line']})" if frame is not None else ""
    first, _, rest = message.partition("\n")
    return failed(
        f"{first}{where}\n{rest}" if rest else f"{first}{where}", cause=cause, expected=expected, actual=actual
    )
