"""What the tests of C and C++ print: assertions, TAP, GoogleTest, cmocka, Unity, and compilers' errors. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forge_lsp.checking.rules import patterns_beside
from forge_lsp.checking.runs import scanned
from forge_lsp.core.checks import Cause
from forge_lsp.languages.c_family.instrumenting import MARK

__all__ = [
    "ENDED",
    "TestReport",
    "Values",
    "broken",
    "ended_abruptly",
    "errors_in",
    "missing_names",
    "tests_in",
    "unlinked",
    "values_in",
    "warnings_in",
    "why_not_built",
]

ENDED = "the program ended in "
"""What is said of a test in which its program ended."""

_RECORD = re.compile(rf"^{re.escape(MARK)} (?P<how>begin|pass|fail) (?P<place>.+?:\d+) (?P<text>.*)$", re.M)
_TAP = re.compile(
    r"^[ \t]*(?P<how>not ok|ok)\b(?:[ \t]+(?P<number>\d+))?(?:[ \t]*-)?[ \t]*(?P<name>[^#\n]*?)[ \t]*"
    r"(?:#[ \t]*(?P<directive>skip|todo)\w*(?P<why>[^\n]*))?$",
    re.I,
)
_PLAN = re.compile(r"^\s*1\.\.(?P<count>\d+)")
_GTEST = re.compile(r"^\[\s*(?P<how>RUN|OK|FAILED|PASSED|SKIPPED)\s*\] (?P<name>[\w./]+)(?: \(.*\))?\s*$")
_UNITY = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):(?P<name>\w+):(?P<how>PASS|FAIL|IGNORE)(?::\s*(?P<words>.*))?$")
_PATTERNS = patterns_beside(__file__)
_VALUES = _PATTERNS["values"]
_LITERAL = r"-?(?:0[xX][0-9a-fA-F]+|\d[\d.eE+-]*)[uUlLfF]*|'(?:\\.|[^'])'|\"[^\"]*\"|true|false|NULL|nullptr"
_EQUAL = re.compile(
    rf"(?:==\s*(?P<right>{_LITERAL})\s*\)?['`]?\s*(?:failed|$))|(?:^|[`(\s])(?P<left>{_LITERAL})\s*==[^=]"
)
_MISSING = _PATTERNS["missing"]
_OF = re.compile(r"^(?:vtable|VTT|typeinfo(?: name)?|guard variable|(?:non-)?virtual thunk) (?:for|to) ")
_UNLINKED = _PATTERNS["unlinked"]
_ERROR = re.compile(
    r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):(?P<column>\d+): (?:fatal )?error: (?P<words>[^\n]*)", re.M
)
_WARNING = re.compile(
    r"^(?P<file>[^\s:][^:\n]*):\d+:\d+: error: [^\n]*\[-Werror(?:=|,-W)(?P<name>[\w+-]+)(?:=\d+)?[^\]\n]*\]$", re.M
)
_ABRUPT = re.compile(
    r"\b(?:Aborted|SIGABRT|Segmentation fault|SEGFAULT|Illegal instruction|ILLEGAL|Trace/breakpoint|Bus error|"
    r"Floating point exception|core dumped|terminate called|Abort trap|Subprocess aborted)\b|"
    r"libc\+\+abi: terminating|Error 13[0-9]\b|\*\*\*Exception"
)
_BUILD = re.compile(
    r"^.*(?::\d+:\d+: (?:fatal )?error: |undefined reference to|undefined symbol|ld returned \d|ld: |"
    r"cannot find -l).*$",
    re.M,
)
_MACHINE = re.compile(
    r"^(?:(?:make|gmake|ninja)(?:\[\d+\])?: (?:\*\*\* )?(?!.*\bError \d)|(?:/bin/)?sh: |CMake Error|"
    r".*\b(?:ld|collect2): |.*fatal error: )"
    r".*(?:No such file or directory|file not found|cannot find -l|command not found|: not found|"
    r"No rule to make target|Permission denied|Read-only file system|No space left|cannot execute|"
    r"does not match the source|CMake Error).*$|^CMake Error[^\n]*(?:\n*[ \t]+[^\n]+)?",
    re.M,
)


@dataclass(frozen=True, slots=True)
class Values:
    """What was expected and what came, as text ("": not said)."""

    expected: str = ""
    actual: str = ""


@dataclass(slots=True)
class TestReport:
    """One test as its output tells: ``passed`` (None: skipped), the ``words`` that belong to it, and its ``place``."""

    passed: bool | None
    words: str = ""
    place: str = ""
    text: str = ""


def tests_in(output: str, root: str) -> dict[str, TestReport]:
    """Return the tests of which ``output`` tells one by one, by name; empty where it does not."""
    found = _assertions(output, root)
    for name, told in (*_tap(output), *_gtest(output), *_unity(output)):
        found[name] = told
    return found


def _assertions(output: str, root: str) -> dict[str, TestReport]:
    found: dict[str, TestReport] = {}
    begun: dict[str, str] = {}
    for match in _RECORD.finditer(output):
        place = match["place"].removeprefix(f"{root}/")
        while place.startswith(("../", "./")):
            place = place.partition("/")[2]
        if match["how"] == "begin":
            begun[place] = match["text"]
            continue
        begun.pop(place, None)
        passed = match["how"] == "pass" and (place not in found or found[place].passed is True)
        words = "" if passed else f"{place}: Assertion `{match['text']}' failed."
        found[place] = TestReport(passed, words, place, match["text"])
    for place, text in begun.items():
        words = f"{place}: {ENDED}`{text}'"
        found[place] = TestReport(False, words, place, text)
    return found


def _tap(output: str) -> Iterator[tuple[str, TestReport]]:
    found: dict[str, TestReport] = {}
    last: TestReport | None = None
    planned, seen = 0, 0
    numbers: set[tuple[str, str]] = set()
    for line in output.split("\n"):
        plan, match = _PLAN.match(line), _TAP.match(line)
        if plan is not None:
            planned += int(plan["count"])
        if match is None or not (match["number"] or match["name"]):
            if last is not None and line.lstrip().startswith(
                ("#", "---", "...", "got", "expected", "at", "message", "actual")
            ):
                last.words = f"{last.words}\n{line.strip().lstrip('# ')}".strip()
            continue
        seen += 1
        name = match["name"] or match["number"] or ""
        passed = match["how"].lower() == "ok"
        skipping = match["directive"] is not None
        last = (
            TestReport(None, match["why"].strip()) if skipping else TestReport(passed, "" if passed else line.strip())
        )
        key = (name, match["number"] or "")
        if key in numbers and name in found and found[name].passed is False:
            last.passed = False  # told twice: what it says against itself counts
        while name in found and key not in numbers:
            name = f"{name} again"
        numbers.add(key)
        found[name] = last
    if planned and seen > planned:
        for told in found.values():
            told.passed, told.words = False, f"the output has {seen} results, and its plan says {planned}"
    if planned or all(number for _, number in numbers):
        yield from found.items()


def _gtest(output: str) -> Iterator[tuple[str, TestReport]]:
    running: str | None = None
    words: list[str] = []
    done: set[str] = set()
    for line in output.split("\n"):
        match = _GTEST.match(line)
        if match is None:
            words.append(line)
            continue
        name, how = match["name"], match["how"]
        if how == "RUN":
            if running is not None:
                yield running, TestReport(False, "\n".join((*_lines(words), f"{ENDED}it")))
            running, words = name, []
        elif name == running:
            yield name, TestReport({"OK": True, "FAILED": False, "SKIPPED": None}.get(how, False), _plain(words))
            done.add(name)
            running = None
    if running is not None:
        yield running, TestReport(False, "\n".join((*_lines(words), f"{ENDED}it")))


def _plain(words: list[str]) -> str:
    return "\n".join(_lines(words))


def _lines(words: list[str]) -> list[str]:
    return [word for word in words if word.strip() and not word.startswith(MARK)]


def _unity(output: str) -> Iterator[tuple[str, TestReport]]:
    for line in output.split("\n"):
        match = _UNITY.match(line.strip())
        if match is not None:
            passed = {"PASS": True, "FAIL": False}.get(match["how"])
            words = f"{match['file']}:{match['line']}: {match['words']}" if match["words"] else ""
            yield match["name"], TestReport(passed, words)


def values_in(words: str) -> Values:
    """Return what was expected and what came, where ``words`` say so in a plain form."""
    words = scanned(words)
    for pattern in _VALUES:
        match = pattern.search(words)
        if match is not None:
            return Values(match["expected"].rstrip("."), match["actual"].rstrip("."))
    match = next((match for line in words.split("\n") if (match := _EQUAL.search(line)) is not None), None)
    return Values(match["right"] or match["left"]) if match is not None else Values()


def missing_names(output: str) -> tuple[str, ...]:
    """Return the names of functions and types that a compiler or linker says nobody defines."""
    found: dict[str, None] = {}
    for pattern in _MISSING:
        for match in pattern.finditer(output):
            name = _OF.sub("", match["name"])
            name = re.sub(r"(?<!operator)[(<\[].*$", "", name, flags=re.S).strip()
            found[name.rpartition("::")[2]] = None
    return tuple(name for name in found if name)


def unlinked(output: str) -> tuple[str, ...]:
    """Return what only the linker misses, as it writes it (``side``, ``shapes::side(int)``, ``_ZN6shapes4sideEi``): the
    rest compiles."""
    if errors_in(output):
        return ()
    return tuple(dict.fromkeys(match["name"] for pattern in _UNLINKED for match in pattern.finditer(output)))


def errors_in(output: str) -> tuple[tuple[str, int, int, str], ...]:
    """Return the compiler's errors: file, line, column, words."""
    return tuple(
        (match["file"], int(match["line"]), int(match["column"]), match["words"]) for match in _ERROR.finditer(output)
    )


def warnings_in(output: str, document: str) -> frozenset[str]:
    """Return the warnings about the file ``document`` that are errors by ``-Werror``: ``-Wunused-parameter``."""
    return frozenset(
        f"-W{match['name']}"
        for match in _WARNING.finditer(output)
        if document and match["file"].rpartition("/")[2] == document
    )


def ended_abruptly(output: str) -> bool:
    """Return whether a program of the tests was ended by a signal, or by an exception that nobody caught."""
    return _ABRUPT.search(output) is not None


def broken(output: str, name: str | None) -> tuple[str, ...]:
    """Return ``name`` where an error of the compiler is about the use that the tests make of it."""
    quoted = re.compile(rf"error: [^\n]*[`'][^'\n]*(?<!\w){re.escape(name or '.')}(?!\w)") if name else None
    return (name,) if name and quoted is not None and quoted.search(output) else ()


def why_not_built(output: str) -> tuple[Cause, str] | None:
    """Return the cause and the first error in words, where the tests were not built; None where there is none."""
    errors = _BUILD.findall(output)
    machine = _MACHINE.search(output)
    if not errors:
        return (Cause.ENVIRONMENT, machine[0].strip()) if machine is not None else None
    telling = [line for line in errors if not re.search(r"ld returned|linker command", line)] or errors
    header = machine is not None and machine[0] in errors
    cause = Cause.SCOPE if missing_names(output) else Cause.ENVIRONMENT if header else Cause.ELSEWHERE
    return cause, "\n".join(line.strip() for line in telling[:4])
