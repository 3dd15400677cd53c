"""Counting, cutting and cleaning the text that models read and write."""

from __future__ import annotations

import re

__all__ = ["clip", "estimate_tokens", "without_thinking"]

_THINKING = re.compile(r"<(think|thinking|thought|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(r"<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_CLOSE = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_SPECIAL = re.compile(r"<\|[a-z0-9_ ]{1,30}\|>|</?s>(?=\s|$)|<\uff5c[^\uff5c>\n]{1,40}\uff5c>", re.IGNORECASE)

_CHARACTERS_A_TOKEN = 3.0
_CUT = " [...]"


def estimate_tokens(text: str) -> int:
    """Tokens of ``text``, on the high side, for any tokenizer: code has 3 to 4 ASCII characters a token, and a
    character outside ASCII is at least one token in small vocabularies."""
    other = 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
    return int((len(text) - other) / _CHARACTERS_A_TOKEN) + other + 1


def clip(text: str, tokens: int) -> str:
    """``text``, cut so that :func:`estimate_tokens` of it is at most ``tokens`` (0 and below: nothing is left). It is
    cut after a line or a word where one is near, and ends in ``[...]`` then."""
    if estimate_tokens(text) <= tokens:
        return text
    room = tokens - estimate_tokens(_CUT)
    if room <= 0:
        return ""
    low, high = 0, min(len(text), int(room * _CHARACTERS_A_TOKEN) + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_tokens(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    kept = text[:low]
    for edge in ("\n", " "):
        at = kept.rfind(edge)
        if at > low * 0.7:
            kept = kept[:at]
            break
    return kept.rstrip() + _CUT


def without_thinking(text: str) -> str:
    """``text`` without what a model thought aloud (``<think>`` blocks, closed or not) and without leaked special
    tokens (``<|im_end|>``). A thought that never closes is dropped to the end, unless nothing else was said before
    it: then its words are all there is, and they stay."""
    text = _SPECIAL.sub("", text)
    text = _THINKING.sub("", text)
    closings = list(_CLOSE.finditer(text))
    if closings:  # the opening tag was part of the prompt
        text = text[closings[-1].end() :]
    opened = _OPEN.search(text)
    if opened is not None:
        before = text[: opened.start()]
        text = before if before.strip() else text[opened.end() :]
    return text
