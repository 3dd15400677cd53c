"""How far candidates behave alike, and where they part.

That different models agree is evidence; that a model agrees with itself hardly is. So candidates are compared with
those of *other* models, each model counting once however many samples it wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

from forge_lsp.core.attempt import Agreement, Evidence
from forge_lsp.core.checks import CheckResult, CheckStatus

__all__ = ["Behaviours", "Difference", "answer_of"]

_ERROR = re.compile(r"((?:[\w.]+\.)?(\w*(?:Error|Exception|Warning)))\b")
# The check's own word that it is not met: it says nothing of the value that was given.
_ASSERTION = re.compile(r"(?:Xunit|NUnit|FluentAssertions|Shouldly|org\.opentest4j|junit)\.|.*Assert\w*$", re.S)

_Points = Mapping[tuple[str, str], str]
"""What a candidate answered, by kind of point (example, call) and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A call on which candidates part: every answer with the models that gave it, the most supported first."""

    call: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]


class Behaviours:
    """What all candidates of a job answered."""

    def __init__(self) -> None:
        self._known: list[tuple[str, _Points]] = []

    def learn(self, model: str, evidence: Evidence) -> None:
        """Take in one candidate of ``model``, once."""
        points = _points(evidence)
        if points:
            self._known.append((model, points))

    def agreement(self, model: str, evidence: Evidence) -> Agreement | None:
        """How far a candidate of ``model`` behaves like those of the others; None: there is nobody to compare with."""
        mine = _points(evidence)
        shares: dict[str, list[float]] = {}
        shared: set[tuple[str, str]] = set()
        for other, points in self._known:
            both = mine.keys() & points.keys()
            if other != model and both:
                shares.setdefault(other, []).append(_alike(mine, points, both))
                shared |= both
        if not shares:
            return None
        return Agreement(share=fmean(fmean(each) for each in shares.values()), models=len(shares), points=len(shared))

    def own(self, model: str, evidence: Evidence) -> float:
        """How far a candidate behaves like all that its own model wrote (itself too): a tie-breaker, no evidence."""
        mine = _points(evidence)
        both = [(points, mine.keys() & points.keys()) for other, points in self._known if other == model]
        alike = [_alike(mine, points, shared) for points, shared in both if shared]
        return fmean(alike) if alike else 0.0

    def differences(self, most: int) -> tuple[Difference, ...]:
        """The calls that nobody made a promise about and that candidates answer differently; those that split the
        models most evenly first."""
        answers: dict[str, dict[str, dict[str, None]]] = {}
        for model, points in self._known:
            for (kind, name), answer in points.items():
                if kind == "call":
                    answers.setdefault(name, {}).setdefault(answer, {})[model] = None
        split = [
            Difference(
                call=call,
                answers=tuple(
                    sorted(((answer, tuple(who)) for answer, who in given.items()), key=lambda pair: -len(pair[1]))
                ),
            )
            for call, given in answers.items()
            if len(given) > 1
        ]
        return tuple(sorted(split, key=lambda one: -len(one.answers[1][1]))[:most])


def answer_of(result: CheckResult) -> str | None:
    """Return the value a candidate gave to a check, or the kind of its error; None: nothing that can be compared.

    An assertion that fails without telling the value is none: two candidates may fail it with different values.
    """
    match result.status:
        case CheckStatus.PROOF | CheckStatus.KEPT:
            return result.expected.strip() or result.actual.strip() or None
        case CheckStatus.FAILED | CheckStatus.OWED | CheckStatus.DISPUTED:
            return result.actual.strip() or _error_of(result.detail)
        case _:
            return None


def _error_of(detail: str) -> str | None:
    match = _ERROR.match(detail.strip())
    return None if match is None or _ASSERTION.match(match[1]) else f"raises {match[2]}"


def _points(evidence: Evidence) -> _Points:
    given = ((("example", result.id), answer_of(result)) for result in evidence.results)
    told = {point: answer for point, answer in given if answer is not None}
    return told | {("call", one.call): one.answer for one in evidence.observed}


def _alike(mine: _Points, others: _Points, both: Iterable[tuple[str, str]]) -> float:
    return fmean(mine[point] == others[point] for point in both)
