"""What others wrote, in our prompts: it stays within its fence and on its line, whatever it says."""

from __future__ import annotations

import re

__all__ = ["addressed", "as_item", "as_material", "fence_for", "fenced", "on_one_line"]

_TO_REVIEWERS = re.compile(
    r"""
    \b(?:dear|note\ (?:to|for)|attention|hey|hello)[\s,:]+(?:the\ )?(?:ai\ )?
      (?:reviewer|grader|judge|rater|evaluator|llm|model)s?\b
    | (?:\#|//|/\*|--|["'])\s*(?:ai\ )?(?:reviewer|grader|rater|evaluator)s?\s*[:,!]
    | \b(?:score|rate|grade|rating|vote)\b[\s:=a-z]{0,30}\b(?:10|ten|maximum|full\ marks|highest|perfect)\b
    | \b(?:10|ten|perfect|maximum|highest)\s*(?:/\s*10\s*)?(?:score|rating|marks|points)\b
    | ["']?\bscore\b["']?\s*:\s*(?:10|9)(?:\.\d+)?\b
    | \b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instruction|rule|prompt|guideline|criteri|previous|above)
    | \b(?:what\ is\ known\ of\ it|your\ part:|what\ the\ checks\ (?:found|say))
    | \ball\s+(?:\d+\s+)?(?:hidden\s+|secret\s+)?(?:tests?|checks?|examples?)\s+(?:pass|passed|passes|succeed)
    | \byou\ are\ (?:now\ )?(?:a|an|the)\ (?:\w+\ )?(?:reviewer|grader|assistant|judge|evaluator|language\ model)
    | \b(?:approve|accept)\s+(?:this|the)\s+(?:code|candidate|change|patch|solution)\b
    | <\|?/?(?:system|assistant|user|im_start|im_end|endoftext)\|?>
    """,
    re.X | re.I,
)
_LEAST = 3
_MARKUP = re.compile(
    r"""
    (?:[\ \t>*+-]|\d+[.)])* (?: \#{1,6}(?:\s|$) | `{3} | ~{3} | <!-- | </?[a-z]
      | (?:your\ part|language|the\ user\ says|what\ the\ checks|answer\ with)\b )
    | \s* (?: =+ | -{2,} | \*{3,} | _{3,} ) \s*$
    """,
    re.X | re.I,
)
"""How a line begins that Markdown, or a reader of our prompts, may take for a part of the prompt."""


def fence_for(text: str) -> str:
    """Return a Markdown fence that no line of ``text`` can close: longer than any run of backticks in it."""
    return "`" * max(_LEAST, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)


def fenced(text: str, info: str = "text") -> str:
    """Return ``text`` in a fence that it cannot close."""
    fence = fence_for(text)
    return f"{fence}{info}\n{text.strip()}\n{fence}"


def as_material(text: str) -> str:
    """Return the user's words as a part of a prompt: as they are, or in a fence where a line of them could be taken for
    a heading, a fence or another part of the prompt."""
    lines = text.strip().splitlines()
    return fenced("\n".join(lines)) if any(map(_MARKUP.match, lines)) else "\n".join(lines)


def as_item(text: str) -> str:
    """Return one entry of a list, with its dash: a single line, or a first line and the others in a fence below it."""
    first, *more = text.strip().splitlines() or [""]
    if _MARKUP.match(first):
        first, more = "these words:", [first, *more]
    if not more:
        return f"- {first}"
    inside = fenced("\n".join(more)).replace("\n", "\n  ")
    return f"- {first}\n  {inside}"


def on_one_line(text: str) -> str:
    """Return ``text`` without line ends and other signs that could begin a part of a prompt."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def addressed(code: str) -> str | None:
    """Return the words with which a candidate speaks to those who review it, at most 80 characters; None where it does
    not."""
    found = _TO_REVIEWERS.search(code)
    return None if found is None else on_one_line(found[0])[:80]
