"""The questions of a job told to a person, in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.questions import AskedQuestion, Effect
from forge_lsp.jobs.markdown import fence, inline
from forge_lsp.jobs.record import JobRecord

__all__ = ["questions_section", "steps_of"]

_EFFECTS = {
    Effect.NOTHING: "it changed nothing",
    Effect.CONFIRMED: "the best candidate gives it",
    Effect.CHANGED: "another candidate is the best one by it",
    Effect.REFUTED: "the best candidate gives something else",
}


def questions_section(record: JobRecord) -> str:
    """Return what the user was asked, the answers that were offered, and what came of it; nothing where nobody was
    asked."""
    if not record.questions:
        return ""
    return "\n\n".join(["## Questions", *(_question(one, record) for one in record.questions)])


def steps_of(record: JobRecord) -> Iterator[str]:
    """Yield what the user can do about the questions of a job."""
    for one in record.questions:
        if one.effect is Effect.REFUTED and one.other is not None:
            what = f"Take candidate {one.other}, which gives what you answered"
            yield f"{what}: `forge.apply` with job `{record.job_id}` and candidate `{one.other}`."
        if one.answer is None and record.outcome not in (Outcome.CANCELLED, Outcome.FAILED):
            yield f"Answer the question: `forge.answer` with job `{record.job_id}` and question `{one.question.id}`."


def _question(asked: AskedQuestion, record: JobRecord) -> str:
    question = asked.question
    why = "candidates of different models differ" if question.check is None else _disputed(asked)
    code = fence(question.call, record.language)
    lines = [f"What should this give? ({why}, attempt {question.attempt})", "", code, ""]
    for choice in question.choices:
        who = f": {inline(', '.join(choice.models))}" if choice.models else ": your check"
        lines.append(f"- {inline(choice.value)}{who}")
    return "\n".join([*lines, "", f"**{_answer(asked)}**"])


def _disputed(asked: AskedQuestion) -> str:
    where = f"line {asked.question.line}" if asked.question.line else "a check"
    return f"{where} expects {inline(asked.question.expected)}, and models agree against it"


def _answer(asked: AskedQuestion) -> str:
    answer = asked.answer
    if answer is None:
        return "No answer yet."
    if not answer.is_definite:
        return "You could not say."
    said = "none of these" if answer.value is None else inline(answer.value)
    late = " after the job had ended" if asked.late else ""
    effect = f": {_EFFECTS[asked.effect]}" if asked.effect is not None else ""
    kept = " It is an example of the documentation now." if asked.kept else ""
    return f"You answered {said}{late}{effect}.{kept}"
