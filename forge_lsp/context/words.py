"""Words of code: which names a text holds, and the parts that names are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["each_name_in", "names_in", "parts_of"]

_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def names_in(lines: Iterable[str]) -> Counter[str]:
    """How often each name occurs."""
    return Counter(_NAME.findall("\n".join(lines)))


def each_name_in(lines: Iterable[str]) -> frozenset[str]:
    """The names that occur."""
    return frozenset(_NAME.findall("\n".join(lines)))


@lru_cache(maxsize=20_000)
def parts_of(name: str) -> frozenset[str]:
    """The words that a name is made of, in lower case and the singular, those of one or two letters left out."""
    return frozenset(_singular(part.lower()) for part in _PART.findall(name) if len(part) > 2)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word
