"""The tests of a project, on its untouched tree and on a candidate's: what the difference says of the candidate."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from forge_lsp.builds.project import Place
from forge_lsp.domain.attempt import Evidence, ExampleKind, ExampleResult, ExampleStatus

__all__ = ["Memory", "Outcome", "compared", "joined", "not_run", "speaking_of", "tail"]

_TAIL = 400
_MOST_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: whether each test ``passed`` (None: it was skipped), and the end of what was ``said``, by test or, under
    the empty name, in all. ``values``: what a test expected, and what it got, where its runner tells."""

    passed: Mapping[str, bool | None]
    said: Mapping[str, str]
    values: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def words(self, name: str) -> str:
        """What was said of one test."""
        return self.said.get(name, self.said.get("", ""))


class Memory:
    """Outcomes of untouched trees by their fingerprints: the tests are run on each once."""

    def __init__(self, limit: int = 16) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Outcome] = OrderedDict()
        self._turn = asyncio.Lock()

    async def get(self, key: str, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """The outcome for ``key``, by ``run`` where it is not known yet."""
        async with self._turn:
            if key not in self._kept:
                self._kept[key] = await run()
                while len(self._kept) > self._limit:
                    self._kept.popitem(last=False)
            return self._kept[key]


def compared(suite: str, before: Outcome, after: Outcome) -> tuple[ExampleResult, ...]:
    """A result for each test of ``suite``. A test that failed before and fails now tells nothing of the candidate
    by itself, and is marked as ``unmet``: another candidate may pass it."""
    return tuple(_one(suite, name, before, after) for name in dict.fromkeys((*before.passed, *after.passed)))


def _one(suite: str, name: str, before: Outcome, after: Outcome) -> ExampleResult:
    was, now = before.passed.get(name), after.passed.get(name)
    if now is True:
        status, detail = ExampleStatus.PASSED, ""
    elif was is True:
        status, detail = ExampleStatus.FAILED, after.words(name)
    else:
        status = ExampleStatus.NOT_RUNNABLE
        detail = "it was not run" if now is None else after.words(name)
    whole = name == suite
    expected, actual = "passes", "passes"
    if status is not ExampleStatus.PASSED:
        expected, actual = after.values.get(name, ("passes", "does not pass"))
    return ExampleResult(
        id=name if whole else f"{suite}:{name}",
        kind=ExampleKind.TEST,
        status=status,
        source=name if whole else f"{suite}: {name}",
        expected=expected,
        actual=actual,
        detail=detail,
        unmet=was is not True and now is False,
    )


def not_run(suite: str, reason: str) -> ExampleResult:
    """Tests that are there and cannot be run here: neither for the candidate nor against it."""
    return ExampleResult(
        id=suite,
        kind=ExampleKind.TEST,
        status=ExampleStatus.NOT_RUNNABLE,
        source=suite,
        expected="passes",
        actual="is not run",
        detail=reason,
    )


def joined(*parts: Evidence) -> Evidence:
    """What several kinds of evidence show together. Something that was run outweighs what could not be."""
    results = tuple(result for part in parts for result in part.results)
    blocked = None if results else next((part for part in parts if part.blocked is not None), None)
    return Evidence(
        results=results,
        blocked=blocked.blocked if blocked else None,
        remedy=blocked.remedy if blocked else None,
        seconds=sum(part.seconds for part in parts),
        observed=tuple(seen for part in parts for seen in part.observed),
    )


def speaking_of(
    place: Place, files: Iterable[str], names: Iterable[str | None], *, most: int
) -> tuple[PurePosixPath, ...]:
    """Those of ``files`` whose text has one of ``names`` as a word; those that have an earlier name come first."""
    words = [re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") for name in dict.fromkeys(names) if name]
    found: list[tuple[int, PurePosixPath]] = []
    for file in sorted(file for file in files if file != str(place.document))[:_MOST_FILES]:
        text = place.text(PurePosixPath(file)) or ""
        rank = next((rank for rank, word in enumerate(words) if word.search(text)), None)
        if rank is not None:
            found.append((rank, PurePosixPath(file)))
    return tuple(file for _, file in sorted(found)[:most])


def tail(text: str) -> str:
    """The end of what a tool said, short enough for a report."""
    return text.strip()[-_TAIL:]
