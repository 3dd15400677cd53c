"""What one attempt teaches the next: made, merged, bounded and written out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from forge_lsp.core.attempt import (
    BuildReport,
    Candidate,
    Evidence,
    Insight,
    InsightKind,
    Severity,
    Verdict,
)
from forge_lsp.core.checks import CheckResult, CheckStatus
from forge_lsp.core.questions import Answer, Question
from forge_lsp.ensemble.agreement import Difference
from forge_lsp.ensemble.fencing import as_item, on_one_line
from forge_lsp.ensemble.values import same
from forge_lsp.ensemble.words import clip, estimate_tokens

__all__ = ["answer_words", "failure_words", "learn", "merge", "render_insights"]

MOST_DIAGNOSTICS = 8
MOST_EXAMPLES = 6
MOST_ISSUES = 8
MOST_DIFFERENCES = 3
KEPT_TOKENS = 2_000  # what a job remembers; each prompt takes what fits its model
_LONGEST = 120  # tokens of one insight

_BADNESS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}

_HEADINGS: Mapping[InsightKind, str] = {
    InsightKind.FEEDBACK: "The user says",
    InsightKind.DIAGNOSTIC: "The compiler refused an earlier answer",
    InsightKind.EVIDENCE: "An earlier answer failed these; yours must pass them",
    InsightKind.QUESTION: "Several models agree against these. Read the task again and decide which is right",
    InsightKind.DIFFERENCE: "Earlier answers give different values here. Decide which is right",
    InsightKind.REVIEW: "Reviewers of earlier answers ask for",
    InsightKind.TRIED: "Tried before",
}


def learn(
    attempt: int,
    *,
    candidate: Candidate | None = None,
    build: BuildReport | None = None,
    evidence: Evidence | None = None,
    verdict: Verdict | None = None,
    tried: str | None = None,
    differences: Callable[[int], Sequence[Difference]] = lambda most: (),  # noqa: ARG005
) -> tuple[Insight, ...]:
    """Return the lessons of one attempt, the most telling first.

    ``differences`` says on which calls the candidates so far part, at most as many as it is asked for.
    """
    lessons: list[tuple[InsightKind, str]] = []
    if build is not None and build.compiled is False:
        lessons.extend(_diagnostics(build, candidate))
    if evidence is not None:
        lessons.extend(_checks(evidence))
        lessons.extend((InsightKind.DIFFERENCE, _parted(one)) for one in differences(MOST_DIFFERENCES))
    if verdict is not None:
        lessons.extend(_issues(verdict))
    if tried is not None:
        lessons.append((InsightKind.TRIED, tried))
    return tuple(Insight(kind=kind, text=clip(text, _LONGEST), attempt=attempt) for kind, text in lessons)


def answer_words(question: Question, answer: Answer) -> str | None:
    """Return the user's answer as the next attempt is told of it; None: it says nothing."""
    call = f"`{question.call.strip()}`"
    if answer.value is not None:
        value = answer.value if answer.value.startswith("raises ") else f"gives {answer.value}"
        wrong = f" (the example that says {question.expected} is wrong)" if _overrules(question, answer) else ""
        return f"{call} {value}{wrong}"
    if answer.own:
        return f"{call} gives none of: {'; '.join(choice.value for choice in question.choices)}"
    return None


def _overrules(question: Question, answer: Answer) -> bool:
    return question.check is not None and answer.value is not None and not same(answer.value, question.expected)


def merge(new: Iterable[Insight], old: Iterable[Insight], *, tokens: int = KEPT_TOKENS) -> tuple[Insight, ...]:
    """New before old, each text once (the newest stays), as many as fit ``tokens``. The user's own words come first
    and go last: they are dropped only where they alone do not fit."""
    kept: dict[tuple[InsightKind, str], Insight] = {}
    everything = (*new, *old)
    users = [insight for insight in everything if insight.kind is InsightKind.FEEDBACK]
    for insight in (*users, *everything):
        key = (insight.kind, " ".join(insight.text.split()).casefold())
        kept.setdefault(key, insight)
    room = tokens
    chosen: list[Insight] = []
    for insight in kept.values():
        cost = estimate_tokens(as_item(insight.text))
        if cost <= room:
            chosen.append(insight)
            room -= cost
    return tuple(chosen)


def render_insights(insights: Iterable[Insight], *, tokens: int) -> str:
    """Return a section of a prompt of at most about ``tokens`` tokens, ending in an empty line; "" where there is
    nothing."""
    headings = sum(estimate_tokens(heading) + 3 for heading in _HEADINGS.values())
    fitting = merge(insights, (), tokens=tokens - min(headings, tokens // 2))
    if not fitting:
        return ""
    parts = ["# What is known from earlier"]
    for kind, heading in _HEADINGS.items():
        lines = [as_item(insight.text) for insight in fitting if insight.kind is kind]
        if lines:
            parts.append(f"{heading}:\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n\n"


def _diagnostics(build: BuildReport, candidate: Candidate | None) -> Iterable[tuple[InsightKind, str]]:
    source = candidate.text.splitlines() if candidate is not None else []
    worst = sorted(build.diagnostics, key=lambda diagnostic: _BADNESS[diagnostic.severity])
    for diagnostic in worst[:MOST_DIAGNOSTICS]:
        code = f" [{diagnostic.code}]" if diagnostic.code else ""
        # The line number is of a text that the next model never sees; the code on it says where.
        where = source[diagnostic.line - 1].strip() if 0 < diagnostic.line <= len(source) else ""
        at = f" at `{where}`" if where else ""
        yield InsightKind.DIAGNOSTIC, f"{diagnostic.severity}{code}: {diagnostic.message}{at}"
    if not build.diagnostics:
        yield InsightKind.DIAGNOSTIC, build.reason or "it does not compile"


def _checks(evidence: Evidence) -> Iterable[tuple[InsightKind, str]]:
    """The checks against a candidate, those that it broke first."""
    if evidence.doubt is not None:
        yield InsightKind.EVIDENCE, f"no check of an earlier answer counts: {evidence.doubt}. Write the code without it"
    failed = [result for result in evidence.results if result.status is CheckStatus.FAILED]
    owed = [result for result in evidence.results if result.status is CheckStatus.OWED]
    disputed = [result for result in evidence.results if result.status is CheckStatus.DISPUTED]
    for result in (*failed, *owed)[:MOST_EXAMPLES]:
        broken = " (it passed before)" if result.status is CheckStatus.FAILED else ""
        yield InsightKind.EVIDENCE, failure_words(result) + broken
    for result in disputed[:MOST_EXAMPLES]:
        expected = result.expected.strip()
        yield InsightKind.QUESTION, f"`{result.source.strip()}`: expected {expected}, and {result.detail}"


def _parted(difference: Difference) -> str:
    answers = "; ".join(f"{answer} ({', '.join(models)})" for answer, models in difference.answers[:4])
    return f"`{'; '.join(difference.call.splitlines())}`: {answers}"


def failure_words(result: CheckResult) -> str:
    """Return a check that is not met: what was run, what was expected, and the value or the error that came."""
    expected, actual, detail = (text.strip() for text in (result.expected, result.actual, result.detail))
    said = detail.partition("\n")[0] if actual else detail
    got = f"got {actual}" if actual else f"got {said}" if said else "it does not pass"
    more = f" ({said})" if actual and said and said not in (actual, expected) and actual not in said else ""
    return f"`{result.source.strip()}`: {f'expected {expected}, ' if expected else ''}{got}{more}"


def _issues(verdict: Verdict) -> Iterable[tuple[InsightKind, str]]:
    found = [
        (_BADNESS[issue.severity], f"{review.aspect}: {issue.message}")
        for review in verdict.reviews
        if review.score is not None
        for issue in review.issues
    ]
    for _, text in sorted(found, key=lambda pair: pair[0])[:MOST_ISSUES]:
        yield InsightKind.REVIEW, on_one_line(text)
