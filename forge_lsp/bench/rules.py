"""What another rule of acceptance would have made of the attempts of a job. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forge_lsp.bench.results import CaseResult
from forge_lsp.core.attempt import Attempt, DecisionKind
from forge_lsp.core.checks import Grade
from forge_lsp.core.errors import ForgeError
from forge_lsp.ensemble.decision import decide, needs_panel
from forge_lsp.ensemble.schedule import Accept

__all__ = ["Rule", "RuleDecision", "redecided", "rules_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of acceptance, by the name that people are shown."""

    name: str
    accept: Accept


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDecision:
    """What a rule makes of a job. ``index`` is the attempt (from 0, as recorded) that it accepts, None: none.
    ``known`` False: the rule would have gone on where the job ended, or asked a panel that the job did not ask."""

    index: int | None = None
    known: bool = True


def rules_of(accept: Accept) -> tuple[Rule, ...]:
    """Return the rules that are compared: by score, by score with each higher grade asked for, and by evidence."""
    score = replace(accept, rule="score")
    higher = (grade for grade in Grade if grade is not Grade.REVIEWED)
    return (
        Rule(name="score", accept=replace(score, proof=Grade.REVIEWED)),
        *(Rule(name=f"score, proof {grade}", accept=replace(score, proof=grade)) for grade in higher),
        Rule(name="evidence", accept=replace(accept, rule="evidence")),
    )


def redecided(result: CaseResult, accept: Accept) -> RuleDecision:
    """Return what ``accept`` makes of the recorded attempts, in their order."""
    ran = False
    for index, attempt in enumerate(result.attempts):
        last = attempt.number >= result.allowed
        if attempt.skipped is not None or attempt.candidate is None or attempt.build is None:
            ran = last
            continue
        build, evidence, verdict = attempt.build, attempt.evidence, attempt.verdict
        if (
            accept.rule == "score"
            and verdict is None
            and attempt.panel != "none"
            and needs_panel(build, evidence, accept)
        ):
            return RuleDecision(known=False)
        # A panel that could not sit for a fault of the machine ended the job then, and would end it under any rule.
        ended = verdict is not None and verdict.score is None and attempt.decision.unverified
        fault = ForgeError(verdict.note) if verdict is not None and ended and verdict.note is not None else None
        decision = decide(build=build, evidence=evidence, verdict=verdict, accept=accept, last=last, panel_fault=fault)
        if decision.kind is DecisionKind.ACCEPT:
            return RuleDecision() if decision.unverified else RuleDecision(index=index)
        ran = last
    return RuleDecision(known=ran or not _stopped_early(result.attempts))


def _stopped_early(attempts: Sequence[Attempt]) -> bool:
    """Whether the job ended because its own rule was content, so that nobody knows what would have come next."""
    return bool(attempts) and attempts[-1].decision.kind is DecisionKind.ACCEPT
