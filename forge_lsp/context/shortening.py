"""Shorter forms of what is shown of a definition: its first sentence, its declaration without the value."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["first_sentence", "without_value"]

_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_LONG_VALUE = 14  # characters
_MOST_WORDS = 4  # lines of documentation


def without_value(line: str, name: str) -> str:
    """The declaration of ``name`` with ``...`` for a long value."""
    found = re.search(rf"\b{re.escape(name)}\b[^=;]*?\s=>?(?=\s[^=]{{2}}.{{{_LONG_VALUE},}};\s*(?://.*)?$)", line)
    return f"{line[: found.end()]} ...;" if found is not None else line


def first_sentence(comment: Sequence[str]) -> int:
    """How many lines of a comment its first sentence takes, a few at most."""
    said = False
    for count, line in enumerate(comment):
        words = line.strip().lstrip("/*#!").strip()
        if said and (not words or words.startswith(("@", "<p", "\\"))):
            return count
        said = said or _NAME.search(words) is not None
        if (said and words.endswith((".", "</summary>"))) or count + 1 == _MOST_WORDS:
            return count + 1
    return len(comment)
