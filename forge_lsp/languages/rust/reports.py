"""What the runner of a test program and rustdoc print, read as runs of tests. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from forge_lsp.core.ports import ProcessResult
from forge_lsp.languages.rust.source import tokens_of

__all__ = ["Doctest", "Failure", "Panic", "Summary", "doctests_in", "failure_of", "sides_of", "summary_of"]

_SUMMARY = re.compile(
    r"^test result: (?P<word>ok|FAILED)\. (?P<passed>\d+) passed; (?P<failed>\d+) failed; (?P<ignored>\d+) ignored; "
    r"\d+ measured; \d+ filtered out.*$",
    re.M,
)
_FAILURES = re.compile(r"^failures:\n((?:    .+\n)+)\s*\Z", re.M)
_BLOCK = re.compile(r"^---- (?P<name>.+?) stdout ----\n(?P<text>.*?)(?=^---- |^failures:$|\Z)", re.M | re.S)
_PANIC = re.compile(
    r"panicked at (?P<file>[^\n':]+):(?P<line>\d+):(?P<column>\d+):\n"
    r"(?P<words>.*?)(?=\nnote: |\nstack backtrace|\n\n|\Z)",
    re.S,
)
_OLD_PANIC = re.compile(r"panicked at '(?P<words>.*?)', (?P<file>[^\n':]+):(?P<line>\d+):(?P<column>\d+)", re.S)
_SIDES = re.compile(r"^[ \t]*left: (?P<left>.*?),?\n[ \t]*right: (?P<right>.*)$", re.M)
_DOCTEST = re.compile(
    r"^test (?P<file>\S+) - (?P<path>.*?)\s*\(line (?P<line>\d+)\)(?P<kind> - compile(?: fail)?)?(?: - should panic)? "
    r"\.\.\. (?P<state>ok|FAILED|ignored)\b",
    re.M,
)
_NOTED = re.compile(
    r"^note: (?:test did not panic as expected.*|panic did not contain expected string)$|^Error: .*$", re.M
)
RUNNER_FAILED = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The runner's own end: the tests that failed, with what was said of each."""

    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """Where a panic came from, as the compiler names the file, and its message."""

    file: str
    line: int
    column: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a test failed: its panics, in order; the sides of a comparison; the words."""

    panics: tuple[Panic, ...]
    left: str = ""
    right: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctest:
    """One example that rustdoc took. ``compiled`` says that it is not run; ``words`` what was said where it failed."""

    path: str
    line: int
    state: str
    compiled: bool
    words: str


def summary_of(
    result: ProcessResult, *, names: Collection[str], ignored: Collection[str], must_fail: str, words: str
) -> Summary | None:
    """Return the end of a test program that was given the tests ``names``, those ``ignored`` and one that must fail
    with ``words``; None where its exit code, its summary, its count and its lists do not agree."""
    text = result.stdout.decode("utf-8", "replace")
    found = list(_SUMMARY.finditer(text))
    if result.timed_out or result.truncated or result.code != RUNNER_FAILED or len(found) != 1:
        return None
    end = found[0]
    if text[end.end() :].strip() or end["word"] != "FAILED":
        return None
    listed = _FAILURES.search(text[: end.start()])
    failing = [line[4:] for line in listed[1].splitlines()] if listed is not None else []
    given = {*names, must_fail}
    counts = tuple(int(end[name]) for name in ("passed", "failed", "ignored"))
    expected = (len(given) - len(failing), len(failing), len(ignored))
    if (
        counts != expected
        or must_fail not in failing
        or len(set(failing)) != len(failing)
        or not given.issuperset(failing)
    ):
        return None
    said = {match["name"]: match["text"] for match in _BLOCK.finditer(text)}
    if words not in said.get(must_fail, ""):
        return None
    return Summary(failed={name: said.get(name, "") for name in failing if name != must_fail})


def failure_of(text: str) -> Failure:
    """Return what the part of the output that belongs to a failed test says."""
    panics = tuple(
        Panic(
            file=match["file"].strip(),
            line=int(match["line"]),
            column=int(match["column"]),
            words=match["words"].strip(),
        )
        for pattern in (_PANIC, _OLD_PANIC)
        for match in pattern.finditer(text)
    )
    last = panics[-1].words if panics else ""
    sides = _SIDES.search(last) or (None if panics else _SIDES.search(text))
    noted = _NOTED.search(text)
    said = noted[0].removeprefix("note: ") if noted is not None and (not panics or "note" in noted[0]) else last
    if noted is not None and panics and said != last:
        said = f"{said}: {last}"
    head = said.partition("\n  left: ")[0]
    return Failure(
        panics=panics,
        left=_plain(sides["left"]) if sides is not None else "",
        right=_plain(sides["right"]) if sides is not None else "",
        words=" ".join(head.split()) or " ".join(text.split())[:300],
    )


def sides_of(failure: Failure, source: str, speaks: Callable[[str], bool]) -> tuple[str, str]:
    """Return what was expected and what came, by the arguments of the comparison at the start of ``source``: what
    calls the scope is what came. Where that says nothing, the left came."""
    expected, actual = failure.right, failure.left
    left, right = [*_arguments(source), "", ""][:2]
    if right and ((speaks(right) and not speaks(left)) or (_constant(left) and not _constant(right))):
        expected, actual = actual, expected
    return expected, actual


def doctests_in(result: ProcessResult, file: str) -> tuple[Doctest, ...]:
    """Return the examples of one file in rustdoc's output, in the order of their lines."""
    text = result.stdout.decode("utf-8", "replace")
    said: dict[int, str] = {}
    for match in _BLOCK.finditer(text):
        place = re.fullmatch(r"(?P<file>\S+) - .*?\(line (?P<line>\d+)\).*", match["name"])
        if place is not None and place["file"] == file:
            said[int(place["line"])] = match["text"]
    tests = {
        int(match["line"]): Doctest(
            path=match["path"].strip(),
            line=int(match["line"]),
            state=match["state"],
            compiled=match["kind"] is not None,
            words=said.get(int(match["line"]), ""),
        )
        for match in _DOCTEST.finditer(text)
        if match["file"] == file
    }
    return tuple(tests[line] for line in sorted(tests))


def _plain(text: str) -> str:
    """Before Rust 1.73 values stood in backticks: `5`, and the last before the message's own quote."""
    match = re.fullmatch(r"`(.*)`(?:[,'].*)?", text.strip())
    return match[1] if match is not None else text.strip()


def _arguments(source: str) -> list[str]:
    """The arguments of the macro call that a text begins with."""
    found: list[str] = []
    depth, start = 0, 0
    for token in tokens_of(source[:4000]):
        if token.kind != "sign":
            continue
        if token.text in ("(", "[", "{"):
            depth += 1
            start = token.end if depth == 1 else start
        elif token.text in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                found.append(source[start : token.start])
                break
        elif token.text == "," and depth == 1:
            found.append(source[start : token.start])
            start = token.end
    return [argument.strip() for argument in found if argument.strip()]


def _constant(argument: str) -> bool:
    words = [token.text for token in tokens_of(argument) if token.kind == "word"]
    return all(
        word in ("vec", "Some", "None", "Ok", "Err", "true", "false", "to_string", "String", "from") for word in words
    )
