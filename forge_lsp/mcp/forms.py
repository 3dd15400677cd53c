"""The forms in which a client's user is asked, and what a filled-in one answers. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.reading import text_beside

if TYPE_CHECKING:
    from forge_lsp.core.questions import Question

__all__ = ["CONSENT_FORM", "answer_of_form", "is_allowed", "question_form"]

_NONE, _UNKNOWN = "None of these", "I can't say"
CONSENT_FORM: dict[str, Any] = json.loads(text_beside(__file__, "consent_form.json"))
"""The form of a question of consent."""


def question_form(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the words of a question, and the form of its answer."""
    said = f" One of your checks says {question.expected}; the models answer otherwise." if question.check else ""
    words = f"What should this give?\n\n{question.call.strip()}\n\nThe models differ, and the job goes on.{said}"
    answers = [*(choice.value for choice in question.choices), _NONE, _UNKNOWN]
    form = {
        "type": "object",
        "properties": {
            "answer": {"type": "string", "title": "It should give", "enum": answers},
            "value": {"type": "string", "title": "Another value", "description": "Where it is none of these."},
        },
        "required": ["answer"],
    }
    return words, form


def answer_of_form(question: Question, action: str, content: Mapping[str, object] | None) -> GivenAnswer | None:
    """Return what a filled-in form answers, None where it answers nothing."""
    if action != "accept" or content is None:
        return None
    answer, value = content.get("answer"), content.get("value")
    if answer == _NONE:
        return GivenAnswer(value=value) if isinstance(value, str) and value.strip() else GivenAnswer(none=True)
    if answer == _UNKNOWN:
        return GivenAnswer()
    values = [choice.value for choice in question.choices]
    return GivenAnswer(choice=values.index(answer)) if isinstance(answer, str) and answer in values else None


def is_allowed(action: str, content: Mapping[str, object] | None) -> bool:
    """Return whether a filled-in form of consent says yes: only an explicit yes is one."""
    return action == "accept" and content is not None and content.get("allow") is True
