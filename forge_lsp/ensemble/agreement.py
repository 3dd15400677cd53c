"""How far candidates behave alike, and where they part.

That different models agree is evidence; that a model agrees with itself hardly is. So candidates are compared with
those of *other* models, each model counting once however many samples it wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean

from forge_lsp.core.attempt import Agreement, Evidence
from forge_lsp.core.checks import CheckResult, CheckStatus
from forge_lsp.ensemble.merit import method_of
from forge_lsp.ensemble.values import returns

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
        self._by_key: dict[tuple[str, object], _Points] = {}

    @property
    def _known(self) -> Iterable[tuple[str, _Points]]:
        return [(model, points) for (model, _), points in self._by_key.items()]

    def learn(self, model: str, evidence: Evidence, key: object = None) -> None:
        """Take in one candidate of ``model``, once; with the ``key`` of one that is known, in its place."""
        points = _points(evidence)
        if points:
            self._by_key[model, object() if key is None else key] = points

    def agreement(self, model: str, evidence: Evidence) -> Agreement | None:
        """Return how far a candidate of ``model`` behaves like those of the others; None: there is nobody to compare
        with."""
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

    def backing(self, model: str, evidence: Evidence, *, by_method: bool) -> Agreement | None:
        """As :meth:`agreement`, for what it is worth as evidence: ``points`` counts the inputs on which the candidate
        returns something, and ``by_method`` the share is that of the method on which candidates agree least. A class
        as a whole agrees in what is easy."""
        found = self.agreement(model, evidence)
        if found is None:
            return None
        mine = _points(evidence)
        told = {point for other, points in self._known if other != model for point in mine.keys() & points.keys()}
        share = found.share
        if by_method:
            names = {("example", result.id): result.source for result in evidence.results}
            methods: dict[str, set[tuple[str, str]]] = {}
            for point in told:
                methods.setdefault(method_of(names.get(point, point[1])), set()).add(point)
            each = (self._share(model, {point: mine[point] for point in points}) for points in methods.values())
            share = min((one for one in each if one is not None), default=share)
        return replace(found, share=share, points=sum(returns(mine[point]) for point in told))

    def _share(self, model: str, mine: _Points) -> float | None:
        shares: dict[str, list[float]] = {}
        for other, points in self._known:
            both = mine.keys() & points.keys()
            if other != model and both:
                shares.setdefault(other, []).append(_alike(mine, points, both))
        return fmean(fmean(each) for each in shares.values()) if shares else None

    def own(self, model: str, evidence: Evidence) -> float:
        """Return how far a candidate behaves like all that its own model wrote (itself too): a tie-breaker, no
        evidence."""
        mine = _points(evidence)
        both = [(points, mine.keys() & points.keys()) for other, points in self._known if other == model]
        alike = [_alike(mine, points, shared) for points, shared in both if shared]
        return fmean(alike) if alike else 0.0

    def differences(self, most: int) -> tuple[Difference, ...]:
        """Return the calls that nobody made a promise about and that candidates answer differently; those that split
        the models most evenly first."""
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
