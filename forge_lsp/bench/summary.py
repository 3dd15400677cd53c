"""What the results of a run come to, with 95% confidence intervals. Pure; docs/bench.md says what each number means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forge_lsp.bench.results import CaseResult
from forge_lsp.bench.rules import redecided, rules_of
from forge_lsp.core.checks import Grade
from forge_lsp.core.codec import told_as
from forge_lsp.ensemble.schedule import Accept
from forge_lsp.jobs.intervals import Mean, Separation, Share, mean, separation, share

__all__ = ["Summary", "SummaryLine", "summary_of"]

NOT_OFFERED = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """Tasks under one rule, of one grade or of one language. ``accepted`` is of those of which it is known, ``right``
    of the accepted ones that the hidden tests could decide. ``unknown`` is how many could not be re-decided."""

    name: str
    accepted: Share
    right: Share
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The numbers of a run.

    ``as_set`` is by the settings' own rule. ``first`` is the share of tasks whose first attempt was right, ``any`` of
    those with a right attempt, ``offered`` of those whose job ended with a right candidate, accepted or only offered.
    ``panel`` is how well the panel's score tells right attempts from wrong ones. ``undecided`` counts accepted results
    that the hidden tests could not decide. Of one task: ``seconds`` (wall time), ``calls``, ``input_tokens``,
    ``output_tokens``, ``cost`` (USD), ``attempts``; ``total_cost`` (USD) is of all.
    """

    tasks: int
    as_set: SummaryLine
    offered: Share = told_as("offeredRight")
    first: Share = told_as("firstRight")
    any: Share = told_as("anyRight")
    panel: Separation
    undecided: int
    rules: tuple[SummaryLine, ...] = told_as("byRule")
    grades: tuple[SummaryLine, ...] = told_as("byGrade")
    languages: tuple[SummaryLine, ...] = told_as("byLanguage")
    seconds: Mean
    attempts: Mean
    calls: Mean
    input_tokens: Mean
    output_tokens: Mean
    cost: Mean = told_as("costUsd")
    total_cost: float = told_as("totalCostUsd")


def summary_of(results: Sequence[CaseResult], accept: Accept) -> Summary:
    """Count the results of one run, whose settings accept by ``accept``. Skipped cases are left out."""
    ran = [one for one in results if one.skipped is None]
    return Summary(
        tasks=len(ran),
        as_set=_as_set(f"as set ({accept.rule})", ran),
        first=_known(_first(one) for one in ran),
        any=_known(_any(one) for one in ran),
        offered=_known(one.offered_right if one.offers else False for one in ran),
        panel=separation(
            *(
                [
                    attempt.verdict.score
                    for one in ran
                    for attempt, right in zip(one.attempts, one.right, strict=True)
                    if right is wanted and attempt.verdict is not None and attempt.verdict.score is not None
                ]
                for wanted in (True, False)
            )
        ),
        undecided=sum(one.accepted and _accepted_right(one) is None for one in ran),
        rules=tuple(_by_rule(rule.name, ran, rule.accept) for rule in rules_of(accept)),
        grades=_by_grade(ran),
        languages=tuple(
            _as_set(language, [one for one in ran if one.language == language])
            for language in sorted({one.language for one in ran})
        ),
        seconds=mean([one.seconds for one in ran]),
        attempts=mean([float(sum(attempt.skipped is None for attempt in one.attempts)) for one in ran]),
        calls=mean([float(one.calls) for one in ran]),
        input_tokens=mean([float(one.input_tokens) for one in ran]),
        output_tokens=mean([float(one.output_tokens) for one in ran]),
        cost=mean([one.cost_usd for one in ran]),
        total_cost=sum(one.cost_usd for one in ran),
    )


def _known(values: Iterable[bool | None]) -> Share:
    """The share of those that are true among those that are known."""
    known = [value for value in values if value is not None]
    return share(sum(known), len(known))


def _accepted_right(one: CaseResult) -> bool | None:
    return one.right[-1] if one.right else None


def _as_set(name: str, ran: Sequence[CaseResult]) -> SummaryLine:
    accepted = [one for one in ran if one.accepted]
    return SummaryLine(
        name=name, accepted=share(len(accepted), len(ran)), right=_known(_accepted_right(one) for one in accepted)
    )


def _by_rule(name: str, ran: Sequence[CaseResult], accept: Accept) -> SummaryLine:
    decided = [(one, redecided(one, accept)) for one in ran]
    known = [(one, what) for one, what in decided if what.known]
    right = [one.right[what.index] for one, what in known if what.index is not None]
    return SummaryLine(
        name=name,
        accepted=share(len(right), len(known)),
        right=_known(right),
        unknown=len(decided) - len(known),
    )


def _by_grade(ran: Sequence[CaseResult]) -> tuple[SummaryLine, ...]:
    """By the grade of what a job ended with, accepted or only offered; the best grade first."""
    lines: list[SummaryLine] = []
    for name in (*(str(grade) for grade in reversed(Grade)), NOT_OFFERED):
        group = [one for one in ran if (one.grade or NOT_OFFERED) == name]
        accepted = sum(one.accepted for one in group)
        if group:
            right = _known(one.offered_right if one.offers else False for one in group)
            lines.append(SummaryLine(name=name, accepted=share(accepted, len(group)), right=right))
    return tuple(lines)


def _first(one: CaseResult) -> bool | None:
    """Whether the first attempt that ran was right; one without code was not."""
    for attempt, right in zip(one.attempts, one.right, strict=True):
        if attempt.skipped is None:
            return right
    return False


def _any(one: CaseResult) -> bool | None:
    values = (*one.right, one.offered_right)
    return True if any(values) else None if _undecided(one) else False


def _undecided(one: CaseResult) -> bool:
    asked = [right for attempt, right in zip(one.attempts, one.right, strict=True) if attempt.skipped is None]
    return None in asked or (one.offers and one.offered_right is None)
