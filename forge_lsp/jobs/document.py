"""The job document: one JSON shape wherever a job is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from forge_lsp.core.attempt import (
    Attempt,
    BuildStatus,
    DecisionKind,
    Diagnostic,
    Evidence,
    Review,
    Severity,
    Verdict,
)
from forge_lsp.core.checks import CheckStatus, Grade, counts_of
from forge_lsp.core.events import AttemptFinished, AttemptStarted, JobEvent, RungSkipped
from forge_lsp.jobs.record import JobRecord, iso

__all__ = ["attempt_document", "checks_document", "job_document", "shares"]


def job_document(record: JobRecord) -> dict[str, object]:
    """The document of a job in any state. Until a job ended, its attempts are told as far as its events do."""
    line = record.base_text.count("\n", 0, record.scope.range.start) + 1
    attempts = (
        [attempt_document(attempt, uri=record.uri, line=line) for attempt in record.attempts]
        if record.attempts
        else attempts_so_far(record.events)
    )
    return {
        "jobId": record.job_id,
        "state": str(record.state),
        "outcome": str(record.outcome) if record.outcome else None,
        "task": record.task,
        "language": record.language,
        "uri": record.uri,
        "created": iso(record.created),
        "score": record.score,
        "grade": str(record.grade) if record.grade else None,
        "code": record.candidate.code if record.candidate else None,
        "reason": record.reason,
        "seconds": round(record.seconds, 3),
        "costUsd": record.cost_usd,
        "attempts": attempts,
    }


def attempt_document(attempt: Attempt, *, uri: str, line: int) -> dict[str, object]:
    """One attempt. ``line`` is where the scope begins, for a diagnostic that is about the whole of it."""
    return {
        "number": attempt.number,
        "strategy": attempt.strategy,
        "thinkers": list(attempt.thinkers),
        "generator": attempt.generator,
        "samples": attempt.samples,
        "compiled": attempt.build.compiled if attempt.build else None,
        "diagnostics": [_diagnostic(entry) for entry in _diagnostics(attempt, uri, line)],
        "evidence": _evidence(attempt.evidence),
        "checks": checks_document(attempt.evidence),
        "grade": str(attempt.evidence.grade) if attempt.evidence.grade and attempt.build else None,
        "panel": None if _without_panel(attempt) else attempt.panel,
        "reviews": _reviews(attempt.verdict),
        "score": attempt.verdict.score if attempt.verdict else None,
        "decision": str(attempt.decision.kind),
        "insights": [insight.text for insight in attempt.decision.insights],
        "skipped": attempt.skipped,
        "seconds": round(attempt.seconds, 3),
        "costUsd": attempt.cost_usd,
        **_replacements(attempt),
    }


def _replacements(attempt: Attempt) -> dict[str, object]:
    """The models that were replaced in an attempt; nothing where all of them answered."""
    rows = [{"role": one.role, "model": one.model, "by": one.by, "reason": one.reason} for one in attempt.replacements]
    return {"replacements": rows} if rows else {}


def _without_panel(attempt: Attempt) -> bool:
    """Whether it was accepted as proven without a word of the panel: that was not asked, or had no quorum."""
    scored = attempt.verdict is not None and attempt.verdict.score is not None
    accepted = attempt.decision.kind is DecisionKind.ACCEPT and attempt.evidence.grade is Grade.PROVEN
    return accepted and not scored and attempt.panel != "none"


def attempts_so_far(events: Iterable[JobEvent]) -> list[dict[str, object]]:
    """Attempts of a job that has not ended, or never will, from what its events say."""
    found: dict[int, dict[str, object]] = {}

    def entry(number: int) -> dict[str, object]:
        return found.setdefault(
            number,
            {
                "number": number,
                "strategy": "none",
                "thinkers": [],
                "generator": "",
                "samples": 1,
                "compiled": None,
                "diagnostics": [],
                "evidence": _evidence(Evidence()),
                "checks": checks_document(Evidence()),
                "grade": None,
                "panel": "none",
                "reviews": [],
                "score": None,
                "decision": None,
                "insights": [],
                "skipped": None,
                "seconds": 0.0,
                "costUsd": 0.0,
            },
        )

    for event in events:
        body = event.body
        if isinstance(body, AttemptStarted):
            entry(body.number).update(
                strategy=body.strategy,
                thinkers=list(body.thinkers),
                generator=body.generator,
                samples=body.samples,
                panel=body.panel,
            )
        elif isinstance(body, RungSkipped):
            entry(body.number).update(generator=body.generator, skipped=body.reason, decision="skip")
        elif isinstance(body, AttemptFinished):
            entry(body.number).update(
                compiled=body.compiled,
                score=body.score,
                grade=str(body.grade) if body.grade else None,
                decision=body.decision,
                seconds=round(body.seconds, 3),
                costUsd=body.cost_usd,
            )
    return [found[number] for number in sorted(found)]


def shares(reviews: Iterable[Review]) -> list[float]:
    """Each member's share of its panel: weights renormalised over all who sit in it, abstentions included."""
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


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "file": diagnostic.file,
        "line": diagnostic.line,
        "severity": str(diagnostic.severity),
        "code": diagnostic.code,
        "message": diagnostic.message,
    }


def checks_document(evidence: Evidence) -> dict[str, int]:
    """Return how many checks have each status, every status named in camelCase."""
    names = {CheckStatus.NOT_RUNNABLE: "notRunnable"}
    return {names.get(status, str(status)): count for status, count in counts_of(evidence.results).items()}


def _evidence(evidence: Evidence) -> dict[str, object]:
    """The older form of ``checks``, kept for one release."""
    return {
        "kinds": list(evidence.kinds),
        "passed": evidence.count(CheckStatus.PROOF, CheckStatus.KEPT),
        "failed": evidence.against,
        "disputed": evidence.count(CheckStatus.DISPUTED),
        "notRunnable": evidence.count(CheckStatus.NOT_RUNNABLE, CheckStatus.FLAKY, CheckStatus.UNRELATED),
        "agreement": round(evidence.agreement.share, 4) if evidence.agreement is not None else None,
    }


def _reviews(verdict: Verdict | None) -> list[dict[str, object]]:
    if verdict is None:
        return []
    return [
        {
            "model": review.model,
            "aspect": review.aspect,
            "weight": round(share, 4),
            "score": review.score,
            "abstained": review.abstained,
            "issues": [
                {"severity": str(issue.severity), "line": issue.line, "message": issue.message}
                for issue in review.issues
            ],
        }
        for review, share in zip(verdict.reviews, shares(verdict.reviews), strict=True)
    ]
