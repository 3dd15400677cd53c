"""How good a candidate is by all that was run, in one number; the weights are those of docs/proof.md. Pure."""

from __future__ import annotations

import re

__all__ = [
    "ENOUGH_AUTHORED",
    "SUPPORTING_MODELS",
    "SUPPORTING_POINTS",
    "SUPPORTING_SHARE",
    "closed",
    "merit",
    "method_of",
]

SUPPORTING_MODELS = 2
SUPPORTING_SHARE = 0.5
SUPPORTING_POINTS = 5
"""Candidates of so many other models that behave alike on such a share of at least so many inputs that return are
support."""
ENOUGH_AUTHORED = 3
"""Examples of other authors that a candidate must have answered before they support it."""

_NAME = re.compile(r"(?:\b\w+\s+)*?([A-Za-z_][\w.]*(?:(?:->|::)\w+)*)\s*(?:<[^<>()]*>)?\(")
_FURTHER = re.compile(r"\s*(?:\.|->|::|\?\.)\s*([A-Za-z_]\w*)\s*(\()?")
_ATTRIBUTE = re.compile(r"(?:\.|->)\s*([A-Za-z_]\w*)\s*;?\s*$")


def merit(
    *,
    passed: int,
    failed: int,
    matched: int = 0,
    contradicted: int = 0,
    agreement: float | None = None,
    committee: float | None = None,
) -> float:
    """Return a candidate's merit, above 0 and below 2.

    ``passed`` and ``failed`` count the user's undisputed checks; ``matched`` and ``contradicted`` the user's answers to
    questions, each of which weighs as one example and not as law; ``agreement`` is how far other models' candidates
    behave alike, ``committee`` the share of other authors' examples that it passes (None: there are none).
    """
    checked = (passed + matched + 0.5) / (passed + failed + matched + contradicted + 1)
    return checked + 0.5 * (agreement or 0.0) + 0.5 * (committee or 0.0)


def method_of(call: str) -> str:
    """Return the name of what a call is about: the method that is called last on its first receiver, or the attribute
    that is read. "" where that cannot be told."""
    lines = [line for line in call.strip().splitlines() if line.strip()]
    text = lines[-1].strip().removeprefix(">>> ") if lines else ""
    first = _NAME.search(text)
    if first is None:
        attribute = _ATTRIBUTE.search(text)
        return attribute[1] if attribute is not None else ""
    name = re.split(r"\.|->|::", first[1])[-1]
    end = closed(text, first.end() - 1)
    while end is not None and (further := _FURTHER.match(text, end)) is not None:
        name = further[1]
        end = closed(text, further.end() - 1) if further[2] else further.end()
    return name


def closed(text: str, opening: int) -> int | None:
    """Return the position after the bracket that closes the one at ``opening``, None where none does; quoted texts
    count for nothing."""
    depth, quote, index = 0, "", opening
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"`":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                return index + 1
        index += 1
    return None
