"""What a compiled Go test program says: which tests ran, how each ended, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from forge_lsp.checking.runs import scanned

__all__ = ["Frame", "TestOutput", "Verdict", "panic_of", "read_output", "values_in"]

_MARK = "\x16"
_RUN = re.compile(r"=== (?P<what>RUN|CONT|NAME|PAUSE|ATTR|ARTIFACTS)\s+(?P<name>\S*)")
_VERDICT = re.compile(r"\s*--- (?P<state>PASS|FAIL|SKIP|BENCH): (?P<name>\S+) \(")
_TIMED_OUT = re.compile(r"panic: test timed out after .*\n(?:\s*running tests:\n(?P<names>(?:\s+\S+ \(.*\)\n)*))?")
_PANIC = re.compile(r"^(?P<kind>panic|fatal error): (?P<message>.*?)(?: \[recovered.*)?$", re.M)
_TRACE = re.compile(r"^goroutine \d+ .*:\n(?P<frames>(?:\S.*\n\t.*\n?)+)", re.M)
_FRAME = re.compile(r"^(?P<function>\S.*)\n\t(?P<file>.+):(?P<line>\d+)", re.M)

_VALUE = r"(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|\[[^\]\n]*\]|\{[^}\n]*\}|map\[[^\n]*?\]|[^\n]+?)"
_WANT = r"(?:want|wanted|expected|exp|expect)"
_END = r"\s*[.;,)]?\s*$"
_FORMS = tuple(
    re.compile(form, re.M | re.I)
    for form in (
        rf"^\s*expected\s*:\s*(?P<want>{_VALUE})\n\s*actual\s*:\s*(?P<got>{_VALUE})\s*$",
        r"^got:\n(?P<got>[\s\S]*?)\nwant(?: \(unordered\))?:\n(?P<want>[\s\S]*?)\s*\Z",
        rf"\bgot\s*[:=]?\s*(?P<got>{_VALUE})\s*[,;:/.(]*\s*\b(?:but )?{_WANT}\s*[:=]?\s*"
        rf"(?P<want>{_VALUE}){_END}",
        rf"\b{_WANT}\s*[:=]?\s*(?P<want>{_VALUE})\s*[,;:/.(]*\s*\b(?:but )?"
        rf"(?:got|was|actual|had|found|received)\s*[:=]?\s*(?P<got>{_VALUE}){_END}",
        rf"\)\s*(?:==?|:|returned|gave|->)\s*(?P<got>{_VALUE})\s*[,;:(]+\s*(?:but )?{_WANT}\s*"
        rf"[:=]?\s*(?P<want>{_VALUE}){_END}",
        rf"\s==?\s*(?P<got>{_VALUE})\s*[,;:(]+\s*(?:but )?{_WANT}\s*[:=]?\s*(?P<want>{_VALUE})"
        rf"{_END}",
    )
)
_DIFF = re.compile(r"\((?P<first>[-+])(?P<what>want|got|expected|actual)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One call on a stack: the function's full name, its file and line."""

    function: str
    file: str
    line: int


@dataclass(slots=True, kw_only=True)
class Verdict:
    """How one test went: the states that were said of it, in order, and what it printed; those of its own parts that
    have none themselves are in ``parts``."""

    states: list[str] = field(default_factory=list[str])
    output: str = ""
    parts: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def skips(self) -> bool:
        """Whether it did nothing but skip: itself, or all of its parts."""
        states = set(self.states)
        inner = {
            state for name, state in self.parts.items() if not any(one.startswith(f"{name}/") for one in self.parts)
        }
        return states == {"SKIP"} or (states == {"PASS"} and inner == {"SKIP"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutput:
    """What one run of a test program said. ``tests`` are those that started, by name in order; ``last`` is the last
    line, ``stray`` what was printed outside all tests, ``timed_out`` the tests that were running when time was over."""

    tests: dict[str, Verdict]
    last: str
    stray: str
    timed_out: tuple[str, ...] = ()


def read_output(text: str, *, marked: bool) -> TestOutput:
    """Return what a program said that was run with ``-test.v``. ``marked``: its own lines begin with a control
    character (``-test.v=test2json``, since Go 1.20), all others are the tests'."""
    tests: dict[str, Verdict] = {}
    stray = Verdict()
    current = ended = stray
    lines = re.split(rf"\n|(?={_MARK})", text)
    for line in lines:
        own = line.startswith(_MARK)
        plain = line.lstrip(_MARK)
        run = _RUN.match(plain) if own or not marked else None
        verdict = _VERDICT.match(plain) if own or not marked or plain.startswith("    ") else None
        if run is not None:
            name = run["name"].partition("/")[0]
            if name and run["what"] == "RUN":
                tests.setdefault(name, Verdict())
            current = tests.get(name, stray)
        elif verdict is not None:
            name = verdict["name"]
            top = name.partition("/")[0]
            if top == name and (own or not marked):
                ended = tests.setdefault(name, Verdict())
                ended.states.append(verdict["state"])
            current = tests.get(top, stray)
            if top != name:
                current.parts[name] = verdict["state"]
        else:
            current.output += f"{plain}\n"
    if ended.states[-1:] == ["FAIL"] and ended is not stray:
        ended.output += stray.output if _PANIC.search(stray.output) else ""  # an example's panic is told after its end
    over = _TIMED_OUT.search(text)
    names = re.findall(r"^\s+([^\s/]+)\S* \(", over["names"] or "", re.M) if over is not None else []
    said = [line.lstrip(_MARK).strip() for line in text.rstrip().split("\n")]
    return TestOutput(tests=tests, last=said[-1], stray=stray.output, timed_out=tuple(dict.fromkeys(names)))


def panic_of(text: str) -> tuple[str, tuple[Frame, ...]] | None:
    """Return the message of the panic or fatal error that ended a program, and the frames from where it came out of,
    innermost first; None where there was none."""
    match = _PANIC.search(text)
    if match is None:
        return None
    message = f"{match['kind']}: {match['message'].strip()}"
    trace = _TRACE.search(text, match.end())
    frames = tuple(_frames(trace["frames"])) if trace is not None else ()
    # Whoever recovers a panic and panics again stands above the place where it began.
    begun = [number for number, frame in enumerate(frames) if frame.function.startswith("panic(")]
    return message, frames[begun[-1] + 1 :] if begun else frames


def _frames(text: str) -> Iterator[Frame]:
    for match in _FRAME.finditer(text):
        if not match["function"].startswith("created by "):
            yield Frame(function=match["function"], file=match["file"], line=int(match["line"]))


def values_in(text: str) -> tuple[str, str]:
    """Return what a failure's words say was expected and came, by the forms that Go's tests use; "" where unknown."""
    diff = _DIFF.search(text)
    if diff is not None:
        signs = {"-": "", "+": ""}
        for line in text[diff.end() :].split("\n")[1:]:
            part = re.match(r"\s*([-+])\s?\s*(.*)$", line.replace("\u00a0", " "))
            if part is not None:
                signs[part[1]] += f"{' ' if signs[part[1]] else ''}{part[2].strip()}"
        first_is_want = diff["what"] in ("want", "expected")
        want = diff["first"] if first_is_want else "+" if diff["first"] == "-" else "-"
        got = "+" if want == "-" else "-"
        return signs[want].rstrip(","), signs[got].rstrip(",")
    words = scanned(text)
    for form in _FORMS:
        match = form.search(words)
        if match is not None:
            want, got = match["want"].strip(), match["got"].strip()
            if want != got:
                return want, got
    return "", ""
