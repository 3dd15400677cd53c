"""One attempt told to a person: who thought what, what the checks found, what the reviewers said. Pure."""

from __future__ import annotations

from forge_lsp.core.attempt import (
    Attempt,
    BuildReport,
    BuildStatus,
    DecisionKind,
    Evidence,
    Review,
    Verdict,
)
from forge_lsp.core.checks import AGAINST, CheckResult, CheckStatus, counts_of
from forge_lsp.core.events import Stage, StageFinished
from forge_lsp.ensemble.opinion import disagreement
from forge_lsp.ensemble.review import CANCELLED
from forge_lsp.jobs.document import shares
from forge_lsp.jobs.markdown import fence, inline, table
from forge_lsp.jobs.record import JobRecord

__all__ = ["attempt_section", "compiled_word", "evidence_word"]

_MOST = 20  # diagnostics or examples shown of one attempt
_THOUGHT_LINES = 6


def attempt_section(attempt: Attempt, record: JobRecord) -> str:
    """Return everything of one attempt that ran."""
    parts = [
        f"## Attempt {attempt.number}",
        _replacements(attempt),
        _thought(attempt, record),
        _build(attempt.build),
        _evidence(attempt, record),
        _verdict(attempt.verdict, record),
        _disagreement(attempt, record),
        _decision(attempt),
    ]
    return "\n\n".join(part for part in parts if part)


def compiled_word(attempt: Attempt) -> str:
    """yes, no, unverified, or - where nothing was built."""
    if attempt.build is None:
        return "-"
    return {BuildStatus.PASSED: "yes", BuildStatus.FAILED: "no", BuildStatus.UNVERIFIED: "unverified"}[
        attempt.build.status
    ]


def evidence_word(evidence: Evidence) -> str:
    """Return ``2 proof, 1 kept, 1 owed``; - where there is none."""
    if not evidence.results:
        return "blocked" if evidence.blocked else "-"
    counts = counts_of(evidence.results)
    return ", ".join(f"{counts[status]} {_WORDS.get(status, str(status))}" for status in CheckStatus if counts[status])


_WORDS = {CheckStatus.NOT_RUNNABLE: "not runnable"}


def _replacements(attempt: Attempt) -> str:
    """Who took whose place, and where nobody could."""
    lines: list[str] = []
    for one in attempt.replacements:
        after = f"{inline(one.by)} takes its place" if one.by is not None else "**nobody could take its place**"
        lines.append(f"- {inline(one.model)} ({inline(one.role)}): {inline(one.reason, 400)}; {after}")
    return "\n".join(["**Replaced for the rest of the job:**", "", *lines]) if lines else ""


def _thought(attempt: Attempt, record: JobRecord) -> str:
    if attempt.thought is not None and attempt.thought.text.strip():
        lines = [line for line in attempt.thought.text.strip().splitlines() if line.strip()]
        shown = "\n".join(lines[:_THOUGHT_LINES] + (["…"] if len(lines) > _THOUGHT_LINES else []))
        names = inline(", ".join(attempt.thought.models))
        note = f" - {inline(attempt.thought.note, 500)}" if attempt.thought.note else ""
        return f"**Thought** ({inline(attempt.thought.strategy)}: {names}){note}\n\n{fence(shown, 'text')}"
    for event in record.events:
        body = event.body
        if isinstance(body, StageFinished) and body.number == attempt.number and body.stage is Stage.THINK:
            return f"**Thought:** {inline(body.detail, 600)}"
    return ""


def _build(build: BuildReport | None) -> str:
    if build is None:
        return ""
    tool = f" ({inline(build.tool)}, {build.seconds:.1f} s)" if build.tool else ""
    if build.status is BuildStatus.UNVERIFIED:
        remedy = f" - {inline(build.remedy, 500)}" if build.remedy else ""
        head = f"**Compile: not checked.** {inline(build.reason or 'The check could not run.', 500)}{remedy}"
    else:
        head = f"**Compile: {'passed' if build.status is BuildStatus.PASSED else 'failed'}**{tool}"
    if not build.diagnostics:
        return head
    lines = [str(diagnostic) for diagnostic in build.diagnostics[:_MOST]]
    if len(build.diagnostics) > _MOST:
        lines.append(f"... {len(build.diagnostics) - _MOST} more")
    return head + "\n\n" + fence("\n".join(lines), "text")


def _evidence(attempt: Attempt, record: JobRecord) -> str:
    evidence = attempt.evidence
    if evidence.blocked:
        remedy = f" - {inline(evidence.remedy, 500)}" if evidence.remedy else ""
        return f"**Evidence: nothing was run.** {inline(evidence.blocked, 500)}{remedy}"
    if not evidence.results:
        compiled = attempt.build is not None and attempt.build.status is BuildStatus.PASSED
        none = f"**Evidence: nothing of yours to run.** No example and no test speaks of it{_agreement(evidence)}."
        return "\n\n".join(part for part in (none, _committee(evidence)) if part) if compiled else ""
    grade = f", {evidence.grade}" if evidence.grade else ""
    lines = [f"**Evidence:** {evidence_word(evidence)}{grade}{_agreement(evidence)}"]
    if evidence.doubt:
        lines[0] += f". **No proof counts:** {inline(evidence.doubt, 500)}"
    fine = (CheckStatus.PROOF, CheckStatus.KEPT)
    told = sorted((r for r in evidence.results if r.status not in fine), key=lambda r: r.status not in AGAINST)
    told = [*(r for r in evidence.results if r.status is CheckStatus.PROOF), *told]
    lines += [_check(result, record) for result in told[:_MOST]]
    if len(told) > _MOST:
        lines.append(f"- ... {len(told) - _MOST} more")
    whole = "\n\n".join([lines[0], "\n".join(lines[1:])]) if told else lines[0]
    return "\n\n".join(part for part in (whole, _committee(evidence)) if part)


def _committee(evidence: Evidence) -> str:
    """The examples of models that did not write the code, those first that it does not pass."""
    if not evidence.committee:
        return ""
    passed = sum(one.passed for one in evidence.committee)
    head = f"**Examples of other models:** {passed} of {len(evidence.committee)} passed"
    lines = [
        f"- {inline('; '.join(one.call.splitlines()))} - {inline(one.author)} expects {inline(one.value)}: "
        + ("passed" if one.passed else f"**got {inline(one.answer)}**")
        for one in sorted(evidence.committee, key=lambda one: one.passed)[:_MOST]
    ]
    if len(evidence.committee) > _MOST:
        lines.append(f"- ... {len(evidence.committee) - _MOST} more")
    return "\n\n".join([head, "\n".join(lines)])


def _agreement(evidence: Evidence) -> str:
    """How far the code of other models behaves alike."""
    found = evidence.agreement
    if found is None:
        return ""
    who = "another model" if found.models == 1 else f"{found.models} other models"
    calls = "1 call" if found.points == 1 else f"{found.points} calls"
    return f"; agrees with the code of {who} on {found.share:.0%} of {calls}"


def _check(result: CheckResult, record: JobRecord) -> str:
    line = f", line {result.line}" if result.line else ""
    head = f"- {result.kind}{line}: {inline(result.source)} - "
    detail = inline(result.detail, 500)
    match result.status:
        case CheckStatus.PROOF:
            return f"{head}failed before, **passes now**"
        case CheckStatus.KEPT:
            return f"{head}passes as before"
        case CheckStatus.DISPUTED:
            said, _ = _answers(result, record)
            return f"{head}**this check looks wrong**: {said}"
        case CheckStatus.FAILED | CheckStatus.OWED:
            word = "passed before, **fails now**" if result.status is CheckStatus.FAILED else "**not met**"
            return f"{head}{word}: {_values(result)}"
        case CheckStatus.UNRELATED:
            return f"{head}fails for another reason than this code{f': {detail}' if detail else ''}"
        case CheckStatus.FLAKY:
            return f"{head}flaky: it passes and fails on the same code"
        case CheckStatus.NOT_RUNNABLE:
            remedy = f" - {inline(result.remedy, 500)}" if result.remedy else ""
            return f"{head}not runnable: {detail or 'it cannot be run here'}{remedy}"


def _values(result: CheckResult) -> str:
    detail = f" ({inline(result.detail)})" if result.detail else ""
    if not result.expected and not result.actual:
        return inline(result.detail, 500) or "it does not pass"
    return f"expected {inline(result.expected) or 'nothing'}, got {inline(result.actual) or 'nothing'}{detail}"


def _answers(result: CheckResult, record: JobRecord) -> tuple[str, int]:
    """``it says 4, three models answer 5``: who answered the same, over all attempts that ran the example; and how
    many models agree at the most."""
    models: dict[str, set[str]] = {}
    for attempt in record.attempts:
        if attempt.candidate is None:
            continue
        for other in attempt.evidence.results:
            if other.id == result.id and other.status in (*AGAINST, CheckStatus.DISPUTED):
                models.setdefault(other.actual, set()).add(attempt.candidate.model)
    models.setdefault(result.actual, set())
    said: list[str] = []
    for actual, who in sorted(models.items(), key=lambda item: -len(item[1])):
        count = {0: "the candidate answers", 1: "one model answers"}.get(len(who), f"{_count(len(who))} models answer")
        said.append(f"{count} {inline(actual) or 'nothing'}")
    agree = max(len(who) for who in models.values())
    return f"it says {inline(result.expected) or 'nothing'}, {', '.join(said)}", agree


def _count(number: int) -> str:
    words = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[number - 2] if number - 2 < len(words) else str(number)


def _verdict(verdict: Verdict | None, record: JobRecord) -> str:
    if verdict is None or not (verdict.reviews or verdict.note):
        return ""
    score = "no score" if verdict.score is None else f"{verdict.score:.1f} of 10"
    lines = [f"**Panel ({inline(verdict.panel)}): {score}**"]
    if verdict.note:
        lines.append(inline(verdict.note, 500))
    if verdict.reviews:
        rows = [
            _review_row(review, share, record)
            for review, share in zip(verdict.reviews, shares(verdict.reviews), strict=True)
        ]
        lines.append(table(["reviewer", "aspect", "weight", "score", "said"], rows))
    issues = [
        f"- {issue.severity}{f', line {issue.line}' if issue.line else ''} ({inline(review.model)}):"
        f" {inline(issue.message, 500)}"
        for review in verdict.reviews
        for issue in review.issues
    ]
    if issues:
        lines.append("\n".join(issues))
    return "\n\n".join(lines)


def _disagreement(attempt: Attempt, record: JobRecord) -> str:
    said = disagreement(attempt, record.accept_score)
    return f"**Opinion and evidence disagree:** {inline(said, 500)}." if said is not None else ""


def _review_row(review: Review, share: float, record: JobRecord) -> list[str]:
    toy = " (toy)" if review.model in record.toys else ""
    if review.score is None:
        reason = review.abstained or "no reason given"
        # A call that an early stop cut short is no abstention of its model, and says itself what it is.
        said = inline(reason) if reason == CANCELLED else f"abstained: {inline(reason)}"
    else:
        said = inline(review.reasoning)
    score = "-" if review.score is None else f"{review.score:.1f}"
    return [inline(review.model) + toy, inline(review.aspect), f"{share:.2f}", score, said]


def _decision(attempt: Attempt) -> str:
    decision = attempt.decision
    reason = f": {inline(decision.reason, 1000)}" if decision.reason else ""
    head = f"**Decision: {decision.words}**{reason}"
    if not decision.insights:
        return head
    lines = [f"- {insight.kind}: {inline(insight.text, 400)}" for insight in decision.insights]
    told = (
        "Learnt, and no attempt is left to be told:"
        if decision.kind is DecisionKind.GIVE_UP
        else "Told to the next attempt:"
    )
    return "\n".join([head, "", told, "", *lines])
