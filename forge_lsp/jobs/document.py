"""The job document: one JSON shape wherever a job is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from forge_lsp.core.attempt import (
    Attempt,
    BuildStatus,
    Decision,
    DecisionKind,
    Diagnostic,
    Evidence,
    Review,
    Severity,
    Verdict,
)
from forge_lsp.core.checks import CheckStatus, Grade, counts_of
from forge_lsp.core.codec import iso, projected, to_json
from forge_lsp.core.events import AttemptFinished, AttemptStarted, JobEvent, RungSkipped
from forge_lsp.core.questions import AskedQuestion
from forge_lsp.jobs import shapes
from forge_lsp.jobs.record import JobRecord
from forge_lsp.jobs.remedies import command_in

__all__ = [
    "attempts_so_far",
    "checks_document",
    "checks_of",
    "job_document",
    "outcome_document",
    "question_of",
    "shares",
]


def job_document(record: JobRecord) -> dict[str, object]:
    """Return the document of a job in any state. Until a job ended, its attempts are told as far as its events do."""
    line = record.base_text.count("\n", 0, record.scope.range.start) + 1
    attempts = (
        tuple(_attempt(attempt, uri=record.uri, line=line) for attempt in record.attempts)
        if record.attempts
        else attempts_so_far(record.events)
    )
    told = to_json(
        projected(
            shapes.JobDocument,
            record,
            created=iso(record.created),
            code=record.candidate.code if record.candidate else None,
            seconds=round(record.seconds, 3),
            attempts=attempts,
            questions=_questions(record),
        )
    )
    _only_present(told, "questions", "cause")
    for attempt in told["attempts"]:
        _only_present(attempt, "replacements", "committee")
    return told


def outcome_document(record: JobRecord) -> dict[str, object]:
    """Return how a job ended, as the LSP contract has it; the candidate is not in it."""
    told = to_json(
        projected(
            shapes.JobOutcome,
            record,
            checks=dict(record.checks),
            apply_mode=record.apply,
            command=command_in(record.remedy),
            questions=_questions(record),
        )
    )
    _only_present(told, "questions", "cause", "remedy", "command")
    return told


def _only_present(told: dict[str, Any], *names: str) -> None:
    """Leave out those of ``names`` of which there is nothing."""
    for name in names:
        if not told[name]:
            del told[name]


def _questions(record: JobRecord) -> tuple[shapes.Question, ...]:
    return tuple(map(question_of, record.questions))


def question_of(asked: AskedQuestion) -> shapes.Question:
    """Return a question and its answer as they are told to programs."""
    question, answer = asked.question, asked.answer
    return projected(
        shapes.Question,
        asked,
        id=question.id,
        call=question.call,
        choices=tuple(projected(shapes.Choice, choice) for choice in question.choices),
        source=question.source,
        line=question.line or None,
        expected=question.expected or None,
        answered=answer is not None,
        answer=answer.value if answer is not None else None,
        own=answer is not None and answer.own,
    )


def _attempt(attempt: Attempt, *, uri: str, line: int) -> shapes.Attempt:
    """One attempt. ``line`` is where the scope begins, for a diagnostic that is about the whole of it."""
    return projected(
        shapes.Attempt,
        attempt,
        compiled=attempt.build.compiled if attempt.build else None,
        diagnostics=tuple(projected(shapes.Diagnostic, entry) for entry in _diagnostics(attempt, uri, line)),
        evidence=_evidence(attempt.evidence),
        checks=checks_of(attempt.evidence),
        grade=attempt.evidence.grade if attempt.build else None,
        panel=None if _without_panel(attempt) else attempt.panel,
        reviews=_reviews(attempt.verdict),
        score=attempt.verdict.score if attempt.verdict else None,
        decision=attempt.decision.kind,
        insights=tuple(insight.text for insight in attempt.decision.insights),
        seconds=round(attempt.seconds, 3),
        replacements=tuple(projected(shapes.Replacement, one) for one in attempt.replacements),
        committee=tuple(projected(shapes.Expectation, one) for one in attempt.evidence.committee),
    )


def _without_panel(attempt: Attempt) -> bool:
    """Whether it was accepted as proven without a word of the panel: that was not asked, or had no quorum."""
    scored = attempt.verdict is not None and attempt.verdict.score is not None
    accepted = attempt.decision.kind is DecisionKind.ACCEPT and attempt.evidence.grade is Grade.PROVEN
    return accepted and not scored and attempt.panel != "none"


def attempts_so_far(events: Iterable[JobEvent]) -> tuple[shapes.Attempt, ...]:
    """Return attempts of a job that has not ended, or never will, from what its events say."""
    begun = Attempt(
        number=0,
        strategy="none",
        thinkers=(),
        generator="",
        samples=1,
        panel="none",
        decision=Decision(kind=DecisionKind.SKIP, reason=""),
        seconds=0.0,
        cost_usd=0.0,
    )
    blank = replace(_attempt(begun, uri="", line=0), decision=None)
    found: dict[int, shapes.Attempt] = {}
    for event in events:
        body = event.body
        if not isinstance(body, AttemptStarted | RungSkipped | AttemptFinished):
            continue
        attempt = replace(found.get(body.number, blank), number=body.number)
        match body:
            case AttemptStarted():
                names = ("strategy", "thinkers", "generator", "samples", "panel")
            case RungSkipped():
                names = ("generator",)
                attempt = replace(attempt, skipped=body.reason, decision="skip")
            case AttemptFinished():
                names = ("compiled", "score", "grade", "decision", "cost_usd")
                attempt = replace(attempt, seconds=round(body.seconds, 3))
        found[body.number] = replace(attempt, **{name: getattr(body, name) for name in names})
    return tuple(found[number] for number in sorted(found))


def shares(reviews: Iterable[Review]) -> list[float]:
    """Return each member's share of its panel: weights renormalised over all who sit in it, abstentions included."""
    weights = [review.weight for review in reviews]
    total = sum(weights)
    return [weight / total if total else 0.0 for weight in weights]


def _diagnostics(attempt: Attempt, uri: str, line: int) -> tuple[Diagnostic, ...]:
    build = attempt.build
    if attempt.skipped is not None:
        return ()
    file = uri.rpartition("/")[2]
    if build is None:
        if attempt.decision.reason:
            return (
                Diagnostic(
                    file=file, line=line, severity=Severity.ERROR, code="no-candidate", message=attempt.decision.reason
                ),
            )
        return ()
    if build.status is BuildStatus.UNVERIFIED:
        message = ": ".join(part for part in (build.reason or "the check could not run", build.remedy) if part)
        unverified = Diagnostic(
            file=file, line=line, severity=Severity.WARNING, code="unverified", message=message, source=build.tool
        )
        return (*build.diagnostics, unverified)
    return build.diagnostics


def checks_of(evidence: Evidence) -> shapes.Checks:
    """Return how many checks have each status."""
    return shapes.Checks(**{str(status): count for status, count in counts_of(evidence.results).items()})


def checks_document(evidence: Evidence) -> dict[str, int]:
    """Return how many checks have each status, every status named in camelCase."""
    return to_json(checks_of(evidence))


def _evidence(evidence: Evidence) -> shapes.Evidence:
    """The older form of ``checks``, kept for one release."""
    return shapes.Evidence(
        kinds=evidence.kinds,
        passed=evidence.count(CheckStatus.PROOF, CheckStatus.KEPT),
        failed=evidence.against,
        disputed=evidence.count(CheckStatus.DISPUTED),
        not_runnable=evidence.count(CheckStatus.NOT_RUNNABLE, CheckStatus.FLAKY, CheckStatus.UNRELATED),
        agreement=round(evidence.agreement.share, 4) if evidence.agreement is not None else None,
    )


def _reviews(verdict: Verdict | None) -> tuple[shapes.Review, ...]:
    if verdict is None:
        return ()
    return tuple(
        projected(
            shapes.Review,
            review,
            weight=round(share, 4),
            issues=tuple(projected(shapes.Issue, issue) for issue in review.issues),
        )
        for review, share in zip(verdict.reviews, shares(verdict.reviews), strict=True)
    )
