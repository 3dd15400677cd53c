"""What the runs of JavaScript test files mean: how each test ended and why.

Pure: it reads what files.mjs and reporting.mjs say.
"""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, cast

from forge_lsp.checking.planned import Frame, PlannedRun, values_in
from forge_lsp.checking.runs import SuiteRun, failed, passed, skipped, spoken_cause, tail, uncollected
from forge_lsp.core.checks import Cause, Run, RunState
from forge_lsp.languages.ecmascript.mustfail import NOTED, verdict_of
from forge_lsp.languages.ecmascript.reading import TestFile
from forge_lsp.reading import parsed_json

__all__ = ["RunPlan", "SeenRun", "answered", "leads_to", "outcome", "remedy_for", "telling", "unexported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan(PlannedRun):
    """What is known of a run before it.

    ``reach`` are the names by which tests come to the scope, ``tests`` the test files as the project has them.
    ``timeout`` in seconds. ``folder`` is what the runner's names of files are relative to.
    """

    reach: frozenset[str]
    tests: Mapping[str, TestFile]
    timeout: float
    folder: PurePosixPath = field(default_factory=PurePosixPath)


@dataclass(slots=True)
class SeenRun:
    """A run, and what the tested code did that takes its proof away."""

    run: SuiteRun = field(default_factory=SuiteRun)
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """What was said of files that did not come to their tests."""


_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_FRAME = re.compile(r"^\s+at .*?\(?(?P<file>(?:file://)?/[^():]*?(?:\([^()]*\)[^():]*?)*):(?P<line>\d+):\d+\)?$", re.M)
_ERROR = re.compile(
    r"^(?:\[?Uncaught \]?)?(?P<type>[A-Z]\w*(?:Error|Exception)|Error)(?: \[\w+\])?: (?P<message>.*)$", re.M
)
_STUB = re.compile(
    r"\bnot (?:yet )?(?:been )?(?:implemented|written|done)|unimplemented|\btodo\b|\bstub\b|implement", re.I
)
_CALLED = re.compile(r"^(?P<path>[\w$.]+) is not a (?:function|constructor)")
_WRAPPED = re.compile(r"\(0 ?, (?:[\w$]+\.)?(?P<name>[\w$]+)\)")
_UNDEFINED = re.compile(r"^(?P<name>[\w$]+) is not defined")
_UNEXPORTED = (
    re.compile(r"module '(?P<source>[^']+)' does not provide an export named '(?P<name>[\w$]+)'"),
    re.compile(r"Named export '(?P<name>[\w$]+)' not found\. The requested module '(?P<source>[^']+)'"),
)
_NO_EXPORT = re.compile(r"Export '(?P<name>[\w$]+)' is not defined in module")
_ABSENT = re.compile(
    r"Cannot find (?:package|module) '(?P<a>[^']+)'|Failed to resolve import \"(?P<b>[^\"]+)\""
    r"|Failed to load url (?P<c>\S+)|Cannot find dependency '(?P<d>[^']+)'"
)
_SYNTAX = re.compile(r"^SyntaxError\b|Transform failed|Unexpected token|Parse failure", re.M)
_UNREADABLE = re.compile(
    r"Unknown file extension|ERR_UNKNOWN_FILE_EXTENSION|bad option:|ERR_UNSUPPORTED|Cannot use import"
)
# jest; vitest (by chai); node's own assert, in either of them
_VALUES = (
    re.compile(r"^Expected[^:\n]*: (?P<expected>.+)\n+Received[^:\n]*: +(?P<actual>.+)$", re.M),
    re.compile(
        r"expected (?P<actual>.+?) to (?:be|(?:(?:deeply|strictly|loosely deeply|loosely) )*equal) "
        r"(?P<expected>.+?)(?: // .*)?$",
        re.M,
    ),
    re.compile(r"^(?P<actual>.+) !==? (?P<expected>.+)$", re.M),
)
_SAYS = {
    "asserts": "the code replaces an assertion",
    "builtins": "the code changes what belongs to JavaScript or node itself",
    "reads": "the code reads the tests",
    "reporter": "the code calls the test reporter",
    "channel": "the code writes to the channel of the test results",
}


def answered(stdout: bytes, nonce: str) -> list[dict[str, Any]] | None:
    """Return what the runner said of each file; None where it did not come to its end, or did so twice."""
    lines = [line for line in stdout.decode("utf-8", "replace").split("\n") if line.startswith(f"{nonce} ")]
    if len(lines) != 1:
        return None
    try:
        return cast("list[dict[str, Any]]", parsed_json(lines[0][len(nonce) + 1 :])["files"])
    except (ValueError, KeyError, TypeError):
        return None


def unexported(words: str) -> tuple[str, str] | None:
    """Return the module and the name that it lacks, where that is why a file could not be loaded."""
    found = next((match for match in (pattern.search(words) for pattern in _UNEXPORTED) if match), None)
    return (found["source"], found["name"]) if found else None


def outcome(course: RunPlan, files: Sequence[Mapping[str, Any]]) -> SeenRun:
    """Return how each test ended."""
    runs: dict[str, Run] = {}
    parts: dict[str, Run] = {}
    notes: list[str] = []
    said: dict[str, str] = {}
    for answer in files:
        name = _relative(str(answer["file"]), course)
        if name is None or name not in course.tests:
            continue
        notes += [_SAYS[note] for note in answer.get("notes", ()) if note in _SAYS]
        words = _COLOUR.sub("", str(answer.get("words") or ""))
        tests = cast("list[dict[str, Any]] | None", answer.get("tests"))
        verdicts = [
            verdict_of(course.secret, str(cast("dict[str, Any]", test.get("error") or {}).get("message")))
            for test in tests or ()
            if test["name"][-1:] == [course.secret] and test["state"] == "failed"
        ]
        for verdict in filter(None, verdicts):
            notes += [_SAYS[word] for part in verdict.split(", ") if (word := part.removeprefix(NOTED)) in _SAYS]
        verdicts = [
            verdict and ", ".join(one for one in verdict.split(", ") if NOTED not in one) for verdict in verdicts
        ]
        if answer.get("timeout"):
            parts[name] = uncollected(f"the tests did not finish in {course.timeout:g} s")
        elif tests is None or (len(verdicts) != 1 and words):
            parts[name] = _unloaded(course, name, words, answer.get("code"))
            said[name] = words
        elif len(verdicts) != 1 or verdicts[0] is None:
            parts[name] = uncollected("the tests did not come to their end", cause=Cause.UNKNOWN)
        elif verdicts[0]:
            notes.append("assertions that must fail do not")
            parts[name] = uncollected(f"assertions that must fail do not: {verdicts[0]}")
        else:
            for test in tests:
                if test["name"][-1:] != [course.secret]:
                    runs[" > ".join((name, *map(str, test["name"])))] = _run(course, name, test)
    for name in course.tests:
        if name not in parts and not any(run.startswith(f"{name} > ") for run in runs):
            parts[name] = uncollected("it found no test in the file", cause=Cause.ELSEWHERE)
    return SeenRun(run=SuiteRun(runs=_idle(runs), uncollected=parts), notes=tuple(dict.fromkeys(notes)), files=said)


def _idle(runs: Mapping[str, Run]) -> dict[str, Run]:
    """The runs, with a test as skipped all of whose parts are."""
    parts: defaultdict[str, list[Run]] = defaultdict(list)
    for name, run in runs.items():
        titles = name.split(" > ")
        for end in range(1, len(titles)):
            parts[" > ".join(titles[:end])].append(run)
    found = dict(runs)
    for name, run in runs.items():
        own = parts.get(name, [])
        if run.state is RunState.PASSED and own and all(one.state is RunState.SKIPPED for one in own):
            found[name] = skipped("all of its parts are skipped", marked=all(one.marked for one in own))
    return found


def _relative(file: str, course: RunPlan) -> str | None:
    path = urllib.parse.unquote(file.removeprefix("file://"))
    if not path.startswith("/"):
        return posixpath.normpath(str(course.folder / path))
    return course.below(path)


def _frames(stack: str, course: RunPlan) -> tuple[Frame, ...]:
    """The frames of the project's own files, the innermost first."""
    found = ((_relative(match["file"], course), int(match["line"])) for match in _FRAME.finditer(stack))
    return tuple(Frame(file, line) for file, line in found if file is not None and "node_modules/" not in file)


def _run(course: RunPlan, file: str, test: Mapping[str, Any]) -> Run:
    error = cast("dict[str, Any]", test.get("error") or {})
    if test["state"] == "skipped":
        return skipped(marked=course.tests[file].skips([str(part) for part in test["name"]]))
    if test["state"] == "passed":
        return passed()
    message = _COLOUR.sub("", str(error.get("message") or "")).strip()
    stack = _COLOUR.sub("", str(error.get("stack") or ""))
    kind = str(error.get("type") or "")
    stated = _ERROR.match(message)
    if not kind and stated is not None:  # jest gives a text
        kind, message = stated["type"], message[stated.start("message") :]
    frames = _frames(stack, course)
    asserted = (
        error.get("code") == "ERR_ASSERTION"
        or kind == "AssertionError"
        or kind == "JestAssertionError"
        or re.match(r"expect\(|expect\.|thrown: ", message) is not None
    )
    expected, actual = _values(error, message)
    speaks = course.tests[file].speaks([str(part) for part in test["name"]], course.reach)
    cause, missing = _cause(course, file, message, frames, asserted=asserted, speaks=speaks)
    inside = next((frame for frame in frames if course.in_scope(frame)), None)
    where = f" ({inside.file}:{inside.line})" if inside is not None else ""
    said = message.split("\n    at ")[0]
    detail = said if asserted and kind in ("AssertionError", "Error", "JestAssertionError") else f"{kind}: {said}"
    return failed(
        f"{detail[:360].removeprefix(': ')}{where}", cause=cause, missing=missing, expected=expected, actual=actual
    )


def _values(error: Mapping[str, Any], message: str) -> tuple[str, str]:
    if error.get("expected") is not None and error.get("actual") is not None:
        expected, actual = str(error["expected"]), str(error["actual"])
        if expected != actual:
            return expected, actual
    return values_in(message, _VALUES)


def _cause(
    course: RunPlan,
    file: str,
    message: str,
    frames: Sequence[Frame],
    *,
    asserted: bool,
    speaks: bool,
) -> tuple[Cause, tuple[str, ...]]:
    mine = spoken_cause(speaks=speaks)
    if not frames:
        return Cause.UNKNOWN, ()
    top = frames[0]
    if course.in_scope(top):
        return Cause.SCOPE, ()
    if asserted:
        return mine, ()
    if not any(course.in_scope(frame) for frame in frames):
        lacking = _missing(course, file, message, top)
        if lacking is not None:
            return _lacking(course, file, *lacking)
    if top.file not in course.tests and (_STUB.search(message) or not any(course.in_scope(one) for one in frames)):
        # Another piece of the project threw; where it is no stub, what the scope gave it may have made it.
        return (Cause.ELSEWHERE if _STUB.search(message) else mine), ()
    if any(course.in_scope(frame) for frame in frames):
        return Cause.SCOPE, ()
    return mine, ()


def _missing(course: RunPlan, file: str, message: str, top: Frame) -> tuple[str, str] | None:
    """The name that nobody defines and for want of which a test ended, and the module it is wanted of ("": none)."""
    undefined = _UNDEFINED.match(message)
    if undefined is not None:
        return undefined["name"], "." if top.file == str(course.document) else ""
    plain = _WRAPPED.sub(lambda found: found["name"], message)
    called = _CALLED.match(plain)
    if called is None or top.file not in course.tests:
        return None
    base, _, name = called["path"].rpartition(".")
    imports = course.tests[file].imports
    if not base:
        return (name, imports[name]) if name in imports else None
    first = base.split(".")[0]
    # Only of what was imported: a value that the scope gave may lack a method since it is a wrong one.
    holder = first if first in imports else course.tests[file].made.get(first, "")
    return (name, imports[holder]) if holder in imports else None


def _lacking(course: RunPlan, file: str, name: str, source: str) -> tuple[Cause, tuple[str, ...]]:
    """Why a test ended for want of a name."""
    if course.own and _has(course.before, name):
        return Cause.SCOPE, ()  # it was there before the candidate
    wanted = source == "." or leads_to(course.document, file, source)
    # What another module of the project exports may come from the document.
    passed_on = source.startswith(".") and not _has(course.text, name)
    return (Cause.SCOPE if wanted or passed_on else Cause.ELSEWHERE), (name,)


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None


def leads_to(document: PurePosixPath, file: str, source: str) -> bool:
    """Return whether what a file imports from ``source`` is the document, by its path."""
    if not source.startswith("."):
        return False
    target = PurePosixPath(posixpath.normpath(posixpath.join(posixpath.dirname(file), source)))
    plain = re.sub(r"\.[cm]?[jt]sx?$", "", str(document))
    return re.sub(r"\.[cm]?[jt]sx?$", "", str(target)) in (plain, str(PurePosixPath(plain).parent))


def _unloaded(course: RunPlan, file: str, words: str, code: object) -> Run:
    """Why a file did not come to its tests."""
    frames = _frames(words, course)
    errors = list(_ERROR.finditer(words))
    first = errors[0] if errors else None
    message = first["message"] if first else words.split("\n")[0]
    detail = f"{first['type']}: {message}" if first else message
    lacks = unexported(words)
    name = lacks[1] if lacks else None
    nowhere = _NO_EXPORT.search(words) or (_UNDEFINED.match(message) if first else None)
    if name is None and nowhere is not None:
        name = nowhere["name"]
    if name is not None:
        cause, missing = _lacking(course, file, name, lacks[0] if lacks else ".")
        return uncollected(detail, cause=cause, missing=missing)
    absent = _ABSENT.search(words)
    document = str(course.document)
    blames = re.search(rf"(?:imported from|from|in|File:) ['\"]?\S*{re.escape(PurePosixPath(document).name)}", words)
    if absent is not None and not (course.own and blames):
        module = next(found for found in absent.groups() if found)
        outside = not module.startswith((".", "/")) or "node_modules/" in module
        if leads_to(course.document, file, module) or module.endswith(document):
            return uncollected(detail, cause=Cause.SCOPE)
        return uncollected(detail, cause=Cause.ENVIRONMENT if outside else Cause.ELSEWHERE)
    if _UNREADABLE.search(words):
        return uncollected(detail, cause=Cause.ENVIRONMENT)
    if frames and any(course.in_scope(frame) for frame in frames):
        return uncollected(f"{detail} ({document})", cause=Cause.SCOPE)
    if not words and code is not None:
        return uncollected(f"the process ended before its tests did (exit code {code})")
    if not errors and code == 0:
        return uncollected(f"the process ended before its tests did: {tail(words)}")
    if _SYNTAX.search(words) and not course.own:
        return uncollected(detail, cause=Cause.ELSEWHERE)
    return uncollected(detail or tail(words))


_TELLS = re.compile(r"^\W*(?:\w*Error\b|error\b|fatal\b|npm ERR)(?!.{0,3}[\u2500-\u257f\u23af])", re.I)
_OLD_NODE = re.compile(
    r"No such built-in module|ERR_UNKNOWN_BUILTIN_MODULE|module 'node:[\w/]+' does not provide an export|"
    r"requires? (?:at least )?node(?:\.?js)?\b|unsupported engine|"
    r"node(?:\.?js)? version .{0,40}(?:not supported|too old)",
    re.I,
)
_ABSENT_PACKAGE = re.compile(
    r"Cannot find (?:package|module) '[^'./][^']*'|Failed to resolve import \"[^\"./][^\"]*\""
    r"|Preset \S+ not found|Test environment \S+ cannot be found|Module \S+ in the \S+ option was not found"
    r"|Cannot find dependency '[^']+'"
)


def telling(output: str) -> str:
    """Return what a runner that did not come to its end said was wrong: its error, without the lines before it and the
    frames of its own, and at most 400 characters."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output).split("\n")
    lines = [line.rstrip() for line in plain if line.strip() and not re.match(r"\s+at ", line)]
    first = next((at for at, line in enumerate(lines) if _TELLS.search(line)), 0)
    return "\n".join(lines[first:])[:400]


def remedy_for(detail: str) -> str | None:
    """Return the command that gets what a run lacked, where one is known."""
    if _ABSENT_PACKAGE.search(detail):
        return "npm install"
    if "Unknown file extension" in detail:
        return "npm install --save-dev tsx"
    if _OLD_NODE.search(detail):
        return "install a newer node"
    return None
