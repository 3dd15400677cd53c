"""What the name of a model says of it, and how many of its parameters a token uses. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.models.families import family_of, short_name

__all__ = ["active_parameters", "named_base", "named_for_pictures", "named_parameters", "named_special"]

_SPECIAL = re.compile(
    r"embed|minilm|bge-|rerank|whisper|\bclip\b|guard|shieldgemma|ocr|translat|moondream|llava|reward|\btts\b|\basr\b",
    re.IGNORECASE,
)
_BASE = re.compile(r"[:_.-](base|text|pt|fim)\b|[:-]\d+(\.\d+)?b-code\b", re.IGNORECASE)
_PICTURES = re.compile(r"vision|[-.:\d]vl\b|-v\b|llava|moondream", re.IGNORECASE)
_TOTAL = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?e?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_ACTIVE = re.compile(r"(?<![a-z0-9])a(\d+(?:\.\d+)?)b(?![a-z0-9])")
_EXPERTS = re.compile(r"(?<![a-z0-9])\d+x(\d+(?:\.\d+)?)b")
_SHARED = 0.7
"""Exponent of the share of the experts that are used, where nothing tells how large they are: attention and
embeddings are used by every token."""


def named_special(name: str) -> bool:
    """Whether the name says that the model does other work than to write: it embeds, transcribes or translates."""
    return _SPECIAL.search(name) is not None


def named_base(name: str) -> bool:
    """Whether the name says that the model was not taught to answer instructions."""
    return _BASE.search(name) is not None


def named_for_pictures(name: str) -> bool:
    """Whether the name says that the model was made to look at pictures."""
    return _PICTURES.search(name) is not None


def named_parameters(name: str) -> float | None:
    """Billions of parameters that a name tells (``30b``, ``8x7b``, ``350m``); None where it does not."""
    found = _TOTAL.search(short_name(name))
    if found is None:
        return None
    return float(found[2]) * int(found[1] or 1) / (1 if found[3] == "b" else 1000)


def active_parameters(name: str, facts: Mapping[str, object], total: float | None) -> float | None:
    """Billions of parameters that a token passes through; None where all are used, or nothing is told.

    The first that is known counts: reckoned from the experts as the server describes them (``facts`` of ``/api/show``'s
    ``model_info``), the name (``30b-a3b``), the table of families, the share of the experts, two of the experts that a
    name tells (``8x7b``). ``total``: billions in all.
    """

    def number(key: str) -> float:  # under the name of the architecture
        found = (value for name, value in facts.items() if name.endswith(f".{key}") and isinstance(value, int | float))
        return float(next(found, 0.0))

    experts, used = number("expert_count"), number("expert_used_count")
    some = total is not None and 0 < used < experts
    # Gate, up and down of every expert in every layer; the rest of the model is used by every token.
    each = 3 * number("embedding_length") * number("expert_feed_forward_length") * number("block_count") / 1e9
    if some and total is not None and 0 < each * experts < total:
        return round(total - each * (experts - used), 2)
    bare = short_name(name)
    if (found := _ACTIVE.search(bare)) is not None:
        return float(found[1])
    if (known := family_of(name).active) is not None:
        return known
    if some and total is not None:
        return round(total * (used / experts) ** _SHARED, 2)
    mixture = _EXPERTS.search(bare)
    return None if mixture is None else float(mixture[1]) * 1.8  # what two of eight experts share counted once
