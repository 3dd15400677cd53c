"""What answers in prose say without doubt: a score, or a vote. For models that cannot be brought to write JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_lsp.ensemble.words import without_thinking

__all__ = ["stated_score", "stated_vote"]

_FENCED = re.compile(r"^(```+|~~~+).*?(?:^\1|\Z)", re.MULTILINE | re.DOTALL)
_NUMBER = r"(?<![\d.])(\d{1,3}(?:\.\d{1,2})?)(?![\d.]*\d|\s*%)"
_OF_TEN = r"(?:\s*(?:/|out of)\s*(\d+))?"
_BETWEEN = r"\W{0,4}(?:\s(?:is|of|would be|this|it|as|a|:|=)){0,3}\W{0,4}"
_SCORE = re.compile(r"(?:^|[^\w])(?:score|rating|grade)" + _BETWEEN + _NUMBER + _OF_TEN, re.IGNORECASE)
_ALONE = re.compile(_NUMBER + r"\s*(?:/|out of)\s*(10)\b", re.IGNORECASE)


def stated_score(text: str) -> float | None:
    """Return the score from 0 to 10 that ``text`` gives; None where it gives none, two that differ, or one of another
    scale.

    Code in fences and thoughts are no part of what is said.
    """
    words = _FENCED.sub("", without_thinking(text))
    named = [(float(number), scale) for number, scale in _SCORE.findall(words)]
    if not named:
        return None  # "9/10" alone may be of anything, such as the tests that pass
    found = [*named, *((float(number), scale) for number, scale in _ALONE.findall(words))]
    scores = {number for number, _ in found}
    if len(scores) != 1 or any(scale not in ("", "10") for _, scale in found):
        return None
    (score,) = scores
    return score if 0 <= score <= 10 else None


def stated_vote(text: str, letters: Sequence[str]) -> str | None:
    """Return the one of ``letters`` that ``text`` votes for; None where it names none as its choice, or several."""
    words = _FENCED.sub("", without_thinking(text)).strip()
    bare = words.strip(" .*_`\"'()\n")
    if bare in tuple(letters):
        return bare
    one = "|".join(map(re.escape, letters))
    chosen = re.findall(
        r"\b(?:vote|choose|choice|pick|select|prefer|best|winner)\b[^.\n]{0,40}?\b(?:plan\s+)?(?-i:(" + one + r"))\b",
        words,
        re.IGNORECASE,
    )
    return chosen[0] if len(set(chosen)) == 1 else None
