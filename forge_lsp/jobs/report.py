"""A job told to a person, in Markdown: what was asked, who said what, what was proven, what it cost. Pure."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import unquote

from forge_lsp.core.attempt import Attempt, Outcome
from forge_lsp.core.events import CallFinished, CallStarted, Degraded, RungSkipped
from forge_lsp.jobs import shapes
from forge_lsp.jobs.alternatives_report import alternatives_section
from forge_lsp.jobs.asking import contradiction
from forge_lsp.jobs.attempt_report import attempt_section, compiled_word, evidence_word
from forge_lsp.jobs.document import attempts_so_far
from forge_lsp.jobs.markdown import fence, inline, table
from forge_lsp.jobs.questions_report import questions_section, steps_of
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.jobs.timeline import gantt
from forge_lsp.redaction import hidden, redact

__all__ = ["job_report"]

_MEANING = {
    Outcome.ACCEPTED: "The result was accepted; what was checked, and what was not, stands below.",
    Outcome.UNVERIFIED: "The result would be accepted, but a check could not run: look at it before you use it.",
    Outcome.EXHAUSTED: "No attempt was good enough. The best one is offered, not proven.",
    Outcome.CANCELLED: "The job was cancelled; nothing was changed.",
    Outcome.FAILED: "The job could not do its work; nothing was changed.",
}
_DIFF_LINES = 600


def job_report(record: JobRecord, *, note: str | None = None) -> str:
    """Return the report of a job in any state. ``note`` is what is wrong with the ledger, if anything."""
    sections = [
        _head(record, note),
        _diff(record),
        _next(record),
        _task(record),
        _attempts(record),
        questions_section(record),
        *(attempt_section(attempt, record) for attempt in record.attempts if attempt.skipped is None),
        alternatives_section(record),
        _notes(record),
        _timeline(record),
        _costs(record),
        _sent(record),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(record: JobRecord, note: str | None) -> str:
    facts = [f"**{record.grade}**"] if record.grade is not None else list[str]()
    if record.score is not None:
        facts.append(f"score {record.score:.1f} of 10")
    ran = sum(attempt.skipped is None for attempt in record.attempts)
    if ran:
        facts.append(f"{ran} of {record.allowed_attempts} attempts")
    facts += [f"{record.seconds:.1f} s", usd(record.cost_usd)]
    if record.applied:
        facts.append("applied")
    lines = [f"# {_title(record)}", "", " · ".join(facts)]
    if record.outcome is not None:
        lines += ["", _MEANING[record.outcome]]
    elif record.state is JobState.INTERRUPTED:
        lines += ["", "The process that ran this job ended before the job did; below is what it told until then."]
    else:
        lines += ["", "The job has not ended; below is what it told so far."]
    if record.reason:
        lines += ["", f"Reason: {inline(record.reason, 2000)}"]
    if (against := contradiction(record)) is not None:
        lines += ["", f"> **{inline(against, 1000)}**"]
    if _scored_by_toys(record):
        toys = ", ".join(inline(name) for name in record.toys)
        lines += ["", f"> The reviewers ({toys}) are too small for their scores to mean anything: go by the evidence."]
    if note:
        lines += ["", f"> Of the ledger: {inline(note, 1000)}"]
    return "\n".join(lines)


def _title(record: JobRecord) -> str:
    """``Accepted: `top_words` in `words.py```."""
    file = _code(unquote(record.uri.rpartition("/")[2]))
    what = f"{_code(record.scope.name)} in {file}" if record.scope.name else file
    return f"{record.outcome_words.capitalize()}: {what}"


def _code(name: str) -> str:
    return "`{}`".format(" ".join(name.split()).replace("`", "'"))


def _scored_by_toys(record: JobRecord) -> bool:
    said = {
        review.model
        for attempt in record.attempts
        if attempt.verdict
        for review in attempt.verdict.reviews
        if review.score is not None
    }
    return bool(said) and said <= set(record.toys)


def _task(record: JobRecord) -> str:
    scope = record.scope
    first = record.base_text.count("\n", 0, scope.range.start) + 1
    last = record.base_text.count("\n", 0, scope.range.end) + 1
    named = f" {_code(scope.name)}" if scope.name else ""
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    facts = [
        f"- File: {inline(record.uri)} ({inline(record.language)}), {scope.kind}{named}, {where}",
        f"- Profile: {inline(record.profile)}" if record.profile else "",
        f"- Job: `{record.job_id}`",
        f"- Asked: {record.created:%Y-%m-%d %H:%M:%S} UTC",
        f"- Goes on from job {inline(record.follow_up_of)}" if record.follow_up_of else "",
    ]
    return "\n".join(["## Task", "", fence(record.task, "text"), "", *(fact for fact in facts if fact)])


def _attempts(record: JobRecord) -> str:
    head = ["#", "thinking", "generator", "compiled", "evidence", "panel", "score", "decision", "time", "cost"]
    if record.attempts:
        rows = [_attempt_row(attempt) for attempt in record.attempts]
    else:
        rows = [_partial_row(entry) for entry in attempts_so_far(record.events)]
    if not rows:
        return "## Attempts\n\nNone began."
    return "## Attempts\n\n" + table(head, rows)


def _attempt_row(attempt: Attempt) -> list[str]:
    generator = inline(attempt.generator) + (f" x {attempt.samples}" if attempt.samples > 1 else "")
    if attempt.skipped is not None:
        return [str(attempt.number), "", generator, "", "", "", "", "skipped", "", ""]
    score = attempt.verdict.score if attempt.verdict else None
    return [
        str(attempt.number),
        inline(attempt.strategy) + (f": {inline(', '.join(attempt.thinkers))}" if attempt.thinkers else ""),
        generator,
        compiled_word(attempt),
        evidence_word(attempt.evidence),
        inline(attempt.panel),
        "-" if score is None else f"{score:.1f}",
        attempt.decision.words,
        f"{attempt.seconds:.1f} s",
        usd(attempt.cost_usd),
    ]


def _partial_row(attempt: shapes.Attempt) -> list[str]:
    return [
        str(attempt.number),
        inline(attempt.strategy),
        inline(attempt.generator),
        {True: "yes", False: "no", None: "-"}[attempt.compiled],
        "",
        inline(str(attempt.panel)),
        "-" if attempt.score is None else f"{attempt.score:.1f}",
        "skipped" if attempt.skipped else str(attempt.decision or "not over").replace("_", " "),
        f"{attempt.seconds} s",
        usd(attempt.cost_usd),
    ]


def _notes(record: JobRecord) -> str:
    """Skipped rungs and degradations. The same words of several attempts stand once."""
    skipped: dict[str, list[int]] = defaultdict(list)
    degraded: dict[str, list[int]] = defaultdict(list)
    for event in record.events:
        if isinstance(event.body, RungSkipped):
            skipped[f"{inline(event.body.generator)}: {inline(event.body.reason, 1000)}"].append(event.body.number)
        elif isinstance(event.body, Degraded):
            degraded[f"{event.body.stage}: {inline(event.body.reason, 1000)}"].append(event.body.number)
    if not skipped:
        for attempt in record.attempts:
            if attempt.skipped is not None:
                skipped[f"{inline(attempt.generator)}: {inline(attempt.skipped, 1000)}"].append(attempt.number)
    parts: list[str] = []
    for title, entries in (("Skipped", skipped), ("Went on without", degraded)):
        if entries:
            lines = [f"- attempt {_numbers(numbers)} · {text}" for text, numbers in entries.items()]
            parts.append("\n".join([f"## {title}", "", *lines]))
    return "\n\n".join(parts)


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in dict.fromkeys(numbers))


def _next(record: JobRecord) -> str:
    """What the user can do: what the checks said fixes them, then what the outcome suggests."""
    steps: dict[str, None] = {}
    for attempt in record.attempts:
        for reason, remedy in (
            (attempt.build.reason, attempt.build.remedy) if attempt.build else (None, None),
            (attempt.evidence.blocked, attempt.evidence.remedy),
        ):
            if reason:
                steps[f"{inline(reason, 500)}: {inline(remedy, 500)}" if remedy else inline(reason, 500)] = None
    if record.candidate is not None and not record.applied:
        steps[f"Take the result as it is: *Apply* in the editor, or `forge-lsp jobs apply {record.job_id}`."] = None
    steps.update(dict.fromkeys(steps_of(record)))
    if record.outcome in (Outcome.EXHAUSTED, Outcome.UNVERIFIED):
        again = f"`forge-lsp jobs retry {record.job_id} --feedback '...'`"
        steps[f"Say what is wrong with it: *Try Again* in the editor, or {again}, goes on from this result."] = None
    if record.outcome is Outcome.FAILED or record.state is JobState.INTERRUPTED:
        steps["See what works on this machine: `forge-lsp doctor`."] = None
    if not steps:
        return ""
    return "\n".join(["## What to do next", "", *(f"- {step}" for step in steps)])


def _timeline(record: JobRecord) -> str:
    chart = gantt(record.events)
    return f"## Time\n\n{fence(chart, 'text')}" if chart else ""


def _costs(record: JobRecord) -> str:
    calls = [event.body for event in record.events if isinstance(event.body, CallFinished)]
    if not calls:
        return ""
    models: dict[tuple[str, str], list[CallFinished]] = defaultdict(list)
    for call in calls:
        models[call.model, call.server].append(call)
    rows = [[inline(model), inline(server), *_sums(group)] for (model, server), group in models.items()]
    rows.append(["**all**", "", *_sums(calls)])
    head = ["model", "server", "calls", "failed", "tokens in", "of them cached", "tokens out", "queue", "time", "cost"]
    failures = [
        f"- attempt {call.number}, {call.stage}, {inline(call.model)}: {inline(call.error, 500)}"
        for call in calls
        if call.error is not None
    ]
    failed = "\n\nFailed:\n\n" + "\n".join(failures) if failures else ""
    return f"## Calls and costs\n\n{table(head, rows)}{failed}"


def _sums(calls: Sequence[CallFinished]) -> list[str]:
    return [
        str(len(calls)),
        str(sum(call.error is not None for call in calls)),
        str(sum(call.input_tokens for call in calls)),
        str(sum(call.cached_tokens for call in calls)),
        str(sum(call.output_tokens for call in calls)),
        f"{sum(call.queue_seconds for call in calls):.1f} s",
        f"{sum(call.seconds for call in calls):.1f} s",
        usd(sum(call.cost_usd for call in calls)),
    ]


def _sent(record: JobRecord) -> str:
    if not record.sent:
        # of a job that was interrupted, which files' is not known
        servers = dict.fromkeys(
            inline(event.body.server) for event in record.events if isinstance(event.body, CallStarted)
        )
        if servers:
            return f"## What was sent\n\nPrompts, which hold the document's text, went to: {', '.join(servers)}."
        return "## What was sent\n\nNo file's text was sent to any server."
    rows = [
        [inline(entry.file), inline(entry.server), inline(entry.address) or "this process' own", inline(entry.why)]
        for entry in dict.fromkeys(record.sent)
    ]
    head = ["text of", "to server", "at", "what"]
    if not any(entry.why for entry in record.sent):  # a job of an earlier version
        head, rows = head[:-1], [row[:-1] for row in rows]
    return "## What was sent\n\n" + table(head, rows)


def _diff(record: JobRecord) -> str:
    if record.candidate is None:
        return ""
    known = record.secrets or redact(record.base_text).secrets
    before, after = (hidden(text, known).splitlines() for text in (record.base_text, record.candidate.text))
    lines = list(difflib.unified_diff(before, after, "before", "after", lineterm=""))
    if not lines:
        return "## Change\n\nNone: the result is what was there."
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], f"... {len(lines) - _DIFF_LINES} more lines"]
    return "## Change\n\n" + fence("\n".join(lines), "diff")


def usd(amount: float) -> str:
    """Return dollars, as exact as small sums need."""
    return f"${amount:.2f}" if amount == 0 or amount >= 1 else f"${amount:.4f}"
