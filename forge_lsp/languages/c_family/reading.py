"""Which tests speak of the code under work, and why one failed: by the words of the project's texts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from forge_lsp.checking.runs import failed, passed, skipped, uncollected
from forge_lsp.core.checks import Cause, Run
from forge_lsp.languages.c_family.cases import cases_in, names_of
from forge_lsp.languages.c_family.outputs import TestReport, broken, missing_names, tests_in, values_in, why_not_built
from forge_lsp.languages.c_family.scanning import blanked, calls_in, functions_in

__all__ = ["Reading", "callers_of"]

_MOST_LINES = 6
_SKIPS = re.compile(r"skip|ignore|disable|pending", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``names`` are those of the scope and of what calls it, ``others`` the project's other functions, ``defined``
    those of the document before, ``unfinished`` those of ``others`` that only end the program; ``tests`` are the texts
    of the test files."""

    names: tuple[str, ...]
    others: frozenset[str]
    tests: Mapping[str, str]
    silent: frozenset[str] = frozenset()
    document: str = ""
    defined: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()

    def of(self, text: str) -> Reading:
        """Return the reading for ``text`` in the document's place: where the scope has no name yet, it is what the text
        defines beyond the document."""
        if self.names:
            return self
        brought = {one.name for one in functions_in(text)} - self.defined
        return replace(
            self, names=tuple(sorted(brought)), others=self.others - brought, unfinished=self.unfinished - brought
        )

    def cause(self, *texts: str) -> Cause:
        """Return whose failure ``texts`` tell of, the most telling first."""
        for text in texts:
            if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in self.names):
                return Cause.SCOPE
            if calls_in(text) & self.others or (self.others and _words(self.others).search(text)):
                return Cause.ELSEWHERE
        return Cause.UNKNOWN

    def speaks(self, name: str) -> bool:
        """Return whether the test ``name`` speaks of the scope; one of which nothing is known may."""
        if any(name == one or name.startswith(f"{one} ") for one in self.silent):
            return False
        inner = name.partition(" ")[2]  # without the program's name
        source = (self.source(inner, inner) if inner else "") or self.source(name.rpartition(" ")[2], name)
        return not source or self.cause(source) is not Cause.ELSEWHERE

    def source(self, place: str, name: str) -> str:
        """Return the statements of a test: those before the assertion at ``place`` (``tests/test.c:8``), the function
        that is called as the test is, or the line that holds its name."""
        file, _, line = place.rpartition(":")
        if line.isdigit():
            text = next((text for known, text in self.tests.items() if f"/{known}".endswith(f"/{file}")), None)
            return _statements(text, int(line), r"\bassert\s*\(") if text is not None else ""
        for text in self.tests.values():
            bare = name.rpartition(".")[2]
            for one in functions_in(text):
                own = one.name == name or f'"{name.removeprefix("Scenario: ")}"' in text[one.begin : one.body]
                if own or (bare != name and re.search(rf"(?<!\w){re.escape(bare)}\s*$", one.parameters)):
                    return text[one.body : one.end]
            lines = text.split("\n")
            for number, content in enumerate(lines, 1):
                if len(name) > 2 and name in content:
                    return _statements(text, number, r'"')
        return ""

    def told(self, output: str, root: str) -> dict[str, TestReport]:
        """Return the tests of which ``output`` tells one by one; ``root`` is the tree's folder."""
        return tests_in(output, root) | cases_in(output, {file: names_of(text) for file, text in self.tests.items()})

    def runs(self, told: Mapping[str, TestReport]) -> dict[str, Run]:
        """Return the runs of tests that an output told of one by one. An assertion of the document itself that holds is
        no test."""
        own = re.compile(rf"(?:.*/)?{re.escape(self.document)}:\d+") if self.document else None
        return {
            name: self._run(name, one)
            for name, one in told.items()
            if not (one.passed and own is not None and own.fullmatch(one.place))
        }

    def whole(self, runs: Mapping[str, Run], words: str, *, ok: bool, stopped: str = "") -> Run:
        """Return the run of a program with all its tests: ``ok`` is its own end's word. Where tests of it fail for the
        scope, so does it; where all that fail do for something else, so does it."""
        red = [run for run in runs.values() if not _good(run)]
        if ok and not red:
            return passed()
        first = next((run for run in red if run.cause is Cause.SCOPE), red[0] if red else None)
        if first is not None:
            cause = Cause.SCOPE if first.cause is Cause.SCOPE else Cause.ELSEWHERE
            return failed(first.detail, cause=cause, expected=first.expected, actual=first.actual)
        detail = stopped or _telling(words)
        values = values_in(words)
        return failed(detail, cause=self.cause(_telling(words)), expected=values.expected, actual=values.actual)

    def unbuilt(self, output: str) -> Run | None:
        """Return why tests were not built, where ``output`` says so."""
        why = why_not_built(output)
        if why is None:
            return None
        if self.document and re.search(rf"(?:^|/){re.escape(self.document)}:\d+:\d+: (?:fatal )?error:", output, re.M):
            return uncollected(why[1], cause=Cause.SCOPE)
        missing = (*missing_names(output), *(broken(output, self.names[0]) if self.names else ()))
        return uncollected(why[1], cause=Cause.SCOPE if missing else why[0], missing=missing)

    def _run(self, name: str, told: TestReport) -> Run:
        if told.passed is None:
            return skipped(told.words, marked=_SKIPS.search(self.source(told.place or name, name)) is not None)
        if told.passed:
            return passed()
        values = values_in(told.words)
        cause = self.cause(told.text, self.source(told.place or name, name), f"{name}\n{told.words}")
        return failed(told.words, cause=cause, expected=values.expected, actual=values.actual)


@lru_cache(maxsize=16)
def _words(names: frozenset[str]) -> re.Pattern[str]:
    """What finds one of ``names`` as a word; operators have signs in theirs."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")


def callers_of(text: str, name: str | None) -> tuple[str, ...]:
    """Return the functions of ``text`` that call ``name``, and those that call these."""
    if not name:
        return ()
    found = [name]
    every = functions_in(text)
    for _ in range(2):
        found += [
            one.name
            for one in every
            if one.name not in found and not calls_in(text[one.body : one.end]).isdisjoint(found)
        ]
    return tuple(one for one in found[1:] if one != "main")


def _good(run: Run) -> bool:
    return run.state in (passed().state, skipped().state)


def _statements(text: str, line: int, end: str) -> str:
    """The line with a few before it, back to the one before that matches ``end``, or a brace."""
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return ""
    chosen = [lines[line - 1]]
    for before in reversed(lines[max(line - 1 - _MOST_LINES, 0) : line - 1]):
        if re.search(end, before) or re.search(r"[{}]\s*$", blanked(before)) or not before.strip():
            break
        chosen.insert(0, before)
    return "\n".join(chosen)


_NOISE = re.compile(
    r"^(?:g?make(?:\[\d+\])?: (?:Entering|Leaving)|(?:cc|gcc|g\+\+|c\+\+|clang\S*|\./\S+|ninja|"
    r"\[\s*\d+(?:%|/))\b|forge-check:)"
)
_TELLING = re.compile(r"assert|expected|fail|wrong|error|got|abort|fault|illegal|signal|terminate|what\(\)", re.I)


def _telling(words: str) -> str:
    """The lines of an output that say what went wrong, the most telling first."""
    lines = [line for line in words.split("\n") if line.strip() and not _NOISE.match(line.strip())]
    telling = [line for line in lines if _TELLING.search(line) and not re.search(r"\*\*\*.*Error \d", line)]
    return "\n".join((telling or lines)[:6])
