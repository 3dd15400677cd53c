"""What one attempt teaches the next: made, merged, bounded and written out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from forge_lsp.domain.attempt import (
    BuildReport,
    Candidate,
    Evidence,
    ExampleResult,
    ExampleStatus,
    Insight,
    InsightKind,
    Severity,
    Verdict,
)
from forge_lsp.ensemble.agreement import Difference
from forge_lsp.ensemble.words import clip, estimate_tokens

__all__ = ["learn", "merge", "render_insights"]

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
    InsightKind.QUESTION: "No answer so far passes these. Decide: is the example wrong, or was the code",
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
    witnesses: Callable[[ExampleResult], int] = lambda result: 0,  # noqa: ARG005
    differences: Callable[[int], Sequence[Difference]] = lambda most: (),  # noqa: ARG005
) -> tuple[Insight, ...]:
    """The lessons of one attempt, the most telling first.

    ``witnesses`` says how many models answered an example with the same actual value, ``differences`` on which calls
    the candidates so far part, at most as many as it is asked for.
    """
    lessons: list[tuple[InsightKind, str]] = []
    if build is not None and build.compiled is False:
        lessons.extend(_diagnostics(build, candidate))
    if evidence is not None:
        lessons.extend(_examples(evidence, witnesses))
        lessons.extend((InsightKind.DIFFERENCE, _parted(one)) for one in differences(MOST_DIFFERENCES))
    if verdict is not None:
        lessons.extend(_issues(verdict))
    if tried is not None:
        lessons.append((InsightKind.TRIED, tried))
    return tuple(Insight(kind=kind, text=clip(text, _LONGEST), attempt=attempt) for kind, text in lessons)


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
        cost = estimate_tokens(insight.text) + 2
        if cost <= room:
            chosen.append(insight)
            room -= cost
    return tuple(chosen)


def render_insights(insights: Iterable[Insight], *, tokens: int) -> str:
    """A section of a prompt of at most about ``tokens`` tokens, ending in an empty line; "" where there is nothing."""
    headings = sum(estimate_tokens(heading) + 3 for heading in _HEADINGS.values())
    fitting = merge(insights, (), tokens=tokens - min(headings, tokens // 2))
    if not fitting:
        return ""
    parts = ["# What is known from earlier"]
    for kind, heading in _HEADINGS.items():
        lines = [f"- {_indented(insight.text)}" for insight in fitting if insight.kind is kind]
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


def _examples(evidence: Evidence, witnesses: Callable[[ExampleResult], int]) -> Iterable[tuple[InsightKind, str]]:
    failed = [result for result in evidence.results if result.status is ExampleStatus.FAILED]
    disputed = [result for result in evidence.results if result.status is ExampleStatus.DISPUTED]
    unmet = [result for result in evidence.results if result.unmet]
    for result in failed[:MOST_EXAMPLES]:
        yield InsightKind.EVIDENCE, _told(result)
    for result in disputed[:MOST_EXAMPLES]:
        count = witnesses(result)
        who = f" ({count} models answer that)" if count > 1 else ""
        yield InsightKind.QUESTION, f"this example looks wrong, or the code was: {_told(result)}{who}"
    for result in unmet[:MOST_EXAMPLES]:
        yield InsightKind.QUESTION, f"this test of the project fails as it did before: {_told(result)}"


def _parted(difference: Difference) -> str:
    answers = "; ".join(f"{answer} ({', '.join(models)})" for answer, models in difference.answers[:4])
    return f"`{difference.call}`: {answers}"


def _told(result: ExampleResult) -> str:
    expected = f": expected {result.expected.strip()}" if result.expected.strip() else ""
    got = result.actual.strip() or result.detail.strip()
    return f"`{result.source.strip()}`{expected}{', ' if expected else ': '}got {got or 'nothing'}"


def _issues(verdict: Verdict) -> Iterable[tuple[InsightKind, str]]:
    found = [
        (_BADNESS[issue.severity], f"{review.aspect}: {issue.message}")
        for review in verdict.reviews
        if review.score is not None
        for issue in review.issues
    ]
    for _, text in sorted(found, key=lambda pair: pair[0])[:MOST_ISSUES]:
        yield InsightKind.REVIEW, text


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
