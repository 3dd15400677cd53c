"""What a reviewer answers: its schema, and its validation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from forge_lsp.core.attempt import Issue, Severity
from forge_lsp.ensemble.answers import Unusable, json_object, shorten, unwrapped
from forge_lsp.ensemble.plain_words import stated_score
from forge_lsp.ensemble.words import without_thinking

__all__ = ["MOST_ISSUES", "ReviewAnswer", "parse_review", "schema", "stated_review"]

MOST_ISSUES = 5
MOST_REASONING = 400
MOST_MESSAGE = 200

_SCORE = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)(?:\s*(?:/|out of|of)\s*10(?:\.0)?)?(?:\s*points?)?", re.IGNORECASE)
_WHOLE = re.compile(r"\d{1,6}")
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """What a valid answer says."""

    score: float
    reasoning: str
    issues: tuple[Issue, ...]


def schema() -> Mapping[str, object]:
    """Return the bounded JSON schema of a review."""
    issue = {
        "type": "object",
        "properties": {
            "severity": {"type": "string", "enum": [str(severity) for severity in Severity]},
            "line": {"type": "integer", "minimum": 0, "maximum": 100_000},
            "message": {"type": "string", "maxLength": MOST_MESSAGE},
        },
        "required": ["severity", "line", "message"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string", "maxLength": MOST_REASONING},
            "score": {"type": "number", "minimum": 0, "maximum": 10},
            "issues": {"type": "array", "maxItems": MOST_ISSUES, "items": issue},
        },
        "required": ["reasoning", "score", "issues"],
        "additionalProperties": False,
    }


def parse_review(text: str, *, cut: bool = False) -> ReviewAnswer:
    """Validate one answer. Raises Unusable: nothing is guessed, clamped or made up. Text that is merely too long is
    cut, and issues past the last one allowed are left out.

    ``cut``: the length limit ended the answer.
    """
    document = unwrapped(json_object(text, cut=cut), "score")
    score = _number(document.get("score"))
    if score is None:
        raise Unusable('"score" is not a number')
    if not 0 <= score <= 10:  # NaN and infinity are refused by the parser
        raise Unusable(f'"score" is {score:g}, not between 0 and 10' if abs(score) < 1e9 else '"score" is out of range')
    reasoning = document.get("reasoning")
    if not isinstance(reasoning, str):
        raise Unusable('"reasoning" is not a text')
    issues = document.get("issues", _ABSENT)
    if issues is None:
        return ReviewAnswer(score=float(score), reasoning=shorten(reasoning, MOST_REASONING), issues=())
    if not isinstance(issues, list):
        raise Unusable('"issues" is not a list')
    found = tuple(_issue(entry) for entry in cast("list[object]", issues)[:MOST_ISSUES])
    return ReviewAnswer(score=float(score), reasoning=shorten(reasoning, MOST_REASONING), issues=found)


def stated_review(text: str) -> ReviewAnswer | None:
    """Return a review in words, where they give one score without doubt; its issues stay in its reasoning."""
    score = stated_score(text)
    if score is None:
        return None
    return ReviewAnswer(score=score, reasoning=shorten(without_thinking(text), MOST_REASONING), issues=())


def _number(value: object) -> float | None:
    """A score that is a number, or a text that is nothing but one, of ten where it says of how many."""
    if isinstance(value, str):
        found = _SCORE.fullmatch(value.strip())
        return float(found[1]) if found is not None else None
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def _issue(entry: object) -> Issue:
    if not isinstance(entry, dict):
        raise Unusable("an issue is not an object")
    fields = cast("dict[str, object]", entry)
    severity, line, message = fields.get("severity"), fields.get("line", 0), fields.get("message")
    severity = severity.strip().lower() if isinstance(severity, str) else severity
    if severity not in tuple(Severity):
        raise Unusable('the "severity" of an issue is not error, warning or info')
    line = 0 if line is None else int(line) if isinstance(line, str) and _WHOLE.fullmatch(line.strip()) else line
    if isinstance(line, bool) or not isinstance(line, int):
        raise Unusable('the "line" of an issue is not a whole number')
    if not isinstance(message, str) or not message.strip():
        raise Unusable('the "message" of an issue is not a text')
    return Issue(severity=Severity(str(severity)), message=shorten(message, MOST_MESSAGE), line=max(0, line))
