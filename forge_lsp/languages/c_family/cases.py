"""What Catch2 and doctest print: the test cases that fail, and a count of all. Pure.

They do not name what passes: a case that is in the source of the tests, that nothing is said of, has passed where their
own count of cases agrees.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from forge_lsp.languages.c_family.outputs import ENDED, TestReport

__all__ = ["cases_in", "names_of"]

_CASE = re.compile(
    r"^[ \t]*(?P<macro>(?:CATCH_)?(?:TEST_CASE|SCENARIO)\w*)\s*\((?:\s*\w+\s*,)?\s*\"(?P<name>(?:\\.|[^\"\\])+)\"", re.M
)
_CATCH = re.compile(
    r"^-{70,}\n(?P<name>\S[^\n]*)\n(?:[ \t][^\n]*\n)*-{70,}\n[^\n]+:\d+\n\.{70,}\n(?P<words>.*?)(?=^[-=]{70,}$|\Z)",
    re.M | re.S,
)
_DOCTEST = re.compile(
    r"^={70,}\n[^\n]+:\d+:\n(?:TEST SUITE: [^\n]*\n)?(?:TEST CASE:)?[ \t]+(?P<name>\S[^\n]*)\n"
    r"(?P<words>.*?)(?=^={70,}$|\Z)",
    re.M | re.S,
)
_AGAINST = re.compile(r"\b(?:FAILED:|ERROR:)")
_CRASHED = re.compile(r"fatal error condition|test case CRASHED")
_COUNT = re.compile(
    r"^(?:\[doctest\] )?test cases: +(?P<all>\d+)(?: \| +\d+ passed)?(?: \| +(?P<failed>\d+) failed)?[^\n]*$"
    r"|^All tests passed \([^\n]*? in (?P<green>\d+) test cases?\)",
    re.M,
)


def names_of(text: str) -> tuple[str, ...]:
    """Return the test cases that the text of a test file has, as they are reported."""
    return tuple(
        f"{'Scenario: ' if 'SCENARIO' in match['macro'] else ''}{match['name']}" for match in _CASE.finditer(text)
    )


def cases_in(output: str, known: Mapping[str, Collection[str]]) -> dict[str, TestReport]:
    """Return the test cases of which ``output`` tells; ``known`` are those of each test file."""
    found: dict[str, TestReport] = {}
    begin = 0
    every = {name for names in known.values() for name in names}
    for count in _COUNT.finditer(output):
        part, begin = output[begin : count.start()], count.end()
        red = _red(part, every)
        for name, words in red.items():
            found[name] = TestReport(False, words)
        number, failed = int(count["all"] or count["green"]), int(count["failed"] or 0)
        ran = next(
            (
                set(names)
                for names in (every, *known.values())
                if len(set(names)) == number and red.keys() <= set(names)
            ),
            set[str](),
        )
        if failed == len(red):
            for name in ran - red.keys():
                found.setdefault(name, TestReport(True))
    return found


def _red(output: str, known: Collection[str]) -> dict[str, str]:
    """The failing test cases of one program's output, with what is said of each."""
    found: dict[str, str] = {}
    for match in (*_CATCH.finditer(output), *_DOCTEST.finditer(output)):
        if not _AGAINST.search(match["words"]):
            continue
        # A long name is broken into lines.
        name = next((one for one in sorted(known) if one == match["name"]), None)
        name = name or next((one for one in sorted(known) if one.startswith(match["name"])), match["name"])
        words = "\n".join(line for line in match["words"].split("\n") if line.strip())
        if _CRASHED.search(words):
            words += f"\n{ENDED}it"
        found[name] = f"{found[name]}\n{words}" if name in found else words
    return found
