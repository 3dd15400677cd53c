"""From PHPUnit's JUnit log to how each test ended, and why it failed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from forge_lsp.checking.planned import Frame, PlannedRun, values_in
from forge_lsp.checking.runs import SuiteRun, failed, passed, skipped, spoken_cause, tail, uncollected
from forge_lsp.core.checks import Cause, Run
from forge_lsp.languages.php.imports import namespace_of
from forge_lsp.languages.php.suites import Suite
from forge_lsp.reading import parsed_json, parsed_xml

__all__ = ["RunPlan", "SeenRun", "ended", "outcome"]

_MOST_XML = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan(PlannedRun):
    """What is run; the test that must fail is of the class ``control``."""

    suite: Suite
    control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRun:
    """A run; what the tested code did that takes its proof away; the tests that passed without an assertion."""

    run: SuiteRun
    notes: tuple[str, ...] = ()
    idle: frozenset[str] = field(default_factory=frozenset[str])


_FRAME = re.compile(r"^(?P<file>/[^\n:]+):(?P<line>\d+)$", re.M)
_STUB = re.compile(r"\bnot[\s_-]*(?:yet[\s_-]*)?implemented|unimplemented|implement\s+me|\btodo\b|\bstub\b", re.I)
_MISSING = re.compile(
    r"Call to undefined (?P<kind>function|method) (?:(?P<type>[\w\\]+)::)?(?P<name>[\w\\]+)\(\)|"
    r"(?:Class|Interface|Trait|Enum) [\"'](?P<class>[\w\\]+)[\"'] not found|"
    r"Undefined constant [\"']?(?:[\w\\]+::)?(?P<constant>[\w\\]+)"
)
_FATAL = re.compile(r"(?:Fatal|Parse) error:\s+(?P<message>.*?) in (?P<file>/\S+?)(?: on line |:)(?P<line>\d+)", re.S)
_DIFFERENCE = re.compile(r"^--- Expected\n\+\+\+ Actual\n@@ @@\n(?P<lines>(?:[-+ ].*\n?)+)", re.M)
_VALUES = (
    re.compile(r"asserting that actual size (?P<actual>\d+) matches expected size (?P<expected>\d+)"),
    re.compile(
        r"asserting that (?P<actual>.+?) (?:matches expected|is identical to) (?P<expected>.+?)\.$", re.M | re.S
    ),
    re.compile(r"asserting that (?P<actual>.+?) is (?P<expected>true|false|null|empty)\.$", re.M),
)
_ASSERTS = re.compile(r"PHPUnit\\Framework\\(?:ExpectationFailed|AssertionFailed)\w*")
_ABSENT = re.compile(r"vendor/autoload\.php|Cannot open (?:bootstrap )?file|requires the \"?\w+\"? extension")


def outcome(course: RunPlan, report: bytes, code: int, words: str) -> SeenRun | None:
    """Return how each test ended; None where the run did not come to a good end: there is no whole report, the test
    that must fail is not in it, or the exit code says another thing."""
    try:
        tree = parsed_xml(report.decode("utf-8", "replace"), most=_MOST_XML)
    except (ValueError, ElementTree.ParseError):
        return None
    runs: dict[str, Run] = {}
    idle: set[str] = set()
    verdict: str | None = None
    for case in tree.iter("testcase"):
        type_ = (case.get("class") or case.get("classname", "").replace(".", "\\")).strip("\\")
        if type_ == course.control:
            found = re.search(rf"{course.secret}(\[.*?\])", "".join(case.itertext()))
            verdict = found[1] if found is not None else verdict
            continue
        file = course.below(case.get("file") or "")
        if file not in course.suite.files:
            file = next((one for one, text in course.suite.files.items() if _has_type(text, type_)), None)
        if file is None:
            continue
        name = f"{file}::{type_.rpartition(chr(92))[2]}::{case.get('name', '')}"
        runs[name] = _run(course, name, case)
        if case.get("assertions") == "0":
            idle.add(name)
    if verdict is None or code not in (1, 2):
        return None
    try:
        notes = tuple(map(str, parsed_json(verdict)))
    except ValueError:
        return None
    parts = {
        f"{file}::": uncollected(f"no test of {file} was run: {tail(words)}", cause=Cause.ELSEWHERE)
        for file in course.suite.files
        if not any(name.startswith(f"{file}::") for name in runs)
    }
    blamed = [note for note in notes if "lets all pass" in note]
    if blamed:
        parts = {"": uncollected(f"assertions that must fail do not: {', '.join(blamed)}")}
        runs = {}
    return SeenRun(run=SuiteRun(runs=runs, uncollected=parts, words=tail(words)), notes=notes, idle=frozenset(idle))


def ended(course: RunPlan, code: int | None, words: str, seconds: float) -> SeenRun:
    """What a run means that did not come to a good end."""
    if code is None:
        run = uncollected(f"the tests did not finish in {seconds:g} s")
        return SeenRun(run=SuiteRun(uncollected={"": run}, words=run.detail))
    plain = re.sub(r"\x1b\[[\d;]*m", "", words).strip()
    fatal = _FATAL.search(plain)
    if fatal is not None:
        message = " ".join(fatal["message"].split("\n")[0].removeprefix("Uncaught ").split())
        frames = (Frame(course.below(fatal["file"]) or "", int(fatal["line"])), *_frames(plain, course))
        cause, missing = _cause(course, message, [one for one in frames if one.file], asserted=False, speaks=True)
        if not any(one.file for one in frames):
            cause = Cause.ENVIRONMENT
        return SeenRun(
            run=SuiteRun(uncollected={"": uncollected(message, cause=cause, missing=missing)}, words=message)
        )
    said = "\n".join(line for line in plain.split("\n") if line.strip() and not line.startswith("PHPUnit "))
    environment = _ABSENT.search(said) is not None or not course.own
    detail = said[:400] if environment else f"the process ended before its tests did (exit code {code}): {tail(said)}"
    cause = Cause.ENVIRONMENT if environment else Cause.UNKNOWN
    return SeenRun(run=SuiteRun(uncollected={"": uncollected(detail, cause=cause)}, words=tail(detail)))


def _run(course: RunPlan, name: str, case: ElementTree.Element) -> Run:
    if case.find("skipped") is not None:
        return skipped("".join(case.itertext()).strip(), marked=course.suite.skips(name))
    problem = next((one for one in case if one.tag in ("failure", "error", "warning")), None)
    if problem is None:
        return passed()
    kind = problem.get("type") or ""
    if "Risky" in kind:  # it asserts nothing, or prints: newer versions let it pass
        return passed()
    if problem.tag == "warning" or "Incomplete" in kind:
        return skipped((problem.text or "").strip(), marked=course.suite.skips(name))
    text = (problem.text or "").strip()
    test, _, rest = text.partition("\n")
    text = rest if "::" in test and test.partition("::")[2].startswith(str(case.get("name"))[:20]) else text
    frames = list(_frames(text, course))
    message = _FRAME.sub("", text).strip()
    asserted = _ASSERTS.fullmatch(kind) is not None
    cause, missing = _cause(course, message, frames, asserted=asserted, speaks=course.suite.speaks(name))
    expected, actual = _values(message)
    inside = next((frame for frame in frames if course.in_scope(frame)), None)
    where = f" ({inside.file}:{inside.line})" if inside is not None else ""
    return failed(f"{message[:360]}{where}", cause=cause, missing=missing, expected=expected, actual=actual)


def _frames(text: str, course: RunPlan) -> Iterator[Frame]:
    """The frames of the project's own files, the innermost first."""
    for match in _FRAME.finditer(text):
        file = course.below(match["file"])
        if file is not None and "vendor/" not in file:
            yield Frame(file, int(match["line"]))


def _has_type(text: str, type_: str) -> bool:
    home, _, name = type_.rpartition("\\")
    return namespace_of(text) == home and re.search(rf"\bclass\s+{re.escape(name)}\b", text) is not None


def _cause(
    course: RunPlan, message: str, frames: Sequence[Frame], *, asserted: bool, speaks: bool
) -> tuple[Cause, tuple[str, ...]]:
    mine = spoken_cause(speaks=speaks)
    if not frames:
        return Cause.UNKNOWN, ()
    top = frames[0]
    if course.in_scope(top):
        return Cause.SCOPE, ()
    if asserted:
        return mine, ()
    inside = any(course.in_scope(frame) for frame in frames)
    lacking = None if inside else _MISSING.search(message)
    if lacking is not None:
        return _lacking(course, lacking)
    if _STUB.search(message) and top.file not in course.suite.files:
        return Cause.ELSEWHERE, ()
    return (Cause.SCOPE if inside else mine), ()


def _lacking(course: RunPlan, match: re.Match[str]) -> tuple[Cause, tuple[str, ...]]:
    """Why a test ended for want of a name."""
    full = match["name"] or match["class"] or match["constant"]
    home, _, name = full.rpartition("\\")
    if course.own and re.search(rf"\b{re.escape(name)}\b", course.before) and match["class"] is None:
        return Cause.SCOPE, ()  # it was there before the candidate
    if match["type"]:
        wanted = re.search(rf"\b{re.escape(match['type'].rpartition(chr(92))[2])}\b", course.text) is not None
    elif match["class"]:
        own = namespace_of(course.text)
        if home.partition("\\")[0] != own.partition("\\")[0] or (not home and name != course.document.stem):
            return Cause.ENVIRONMENT, ()
        wanted = home == own
    else:
        wanted = True
    return (Cause.SCOPE if wanted else Cause.ELSEWHERE), (name,)


def _values(message: str) -> tuple[str, str]:
    difference = _DIFFERENCE.search(message)
    if difference is not None:
        lines = difference["lines"].split("\n")
        sides = ["\n".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+"]
        if all(sides):
            return sides[0], sides[1]
    return values_in(message, _VALUES)
