"""Which of many words a text holds, whatever the case of their letters: asked once for each text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Folded", "Words", "folded", "merged"]

_WORD = re.compile(r"[a-z0-9_]+")
_NOT_IN_A_NAME = bytes(byte if chr(byte) in "abcdefghijklmnopqrstuvwxyz0123456789_" else 32 for byte in range(256))
_FOLDED = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"))  # what patterns without case take for a letter of ASCII


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in lower case, of the same length, as patterns that ignore the case see it; ``names`` are its words, each
    once: it repeats them."""

    lower: str
    names: str


class Words:
    """Words to look for, in lower case."""

    def __init__(self, words: Iterable[str]) -> None:
        runs = {word: max(_WORD.findall(word), key=len, default="") for word in words}
        self._words = [(run, word, run == word) for word, run in runs.items()]

    def held(self, text: Folded) -> list[str]:
        """Those of the words that are in ``text``, in their order. Only where a word has other characters than those of
        names, and its longest run of these is in a name, the whole text is searched for it."""
        names, lower = text.names, text.lower
        found = [(word, whole) for run, word, whole in self._words if run in names]
        return [word for word, whole in found if whole or word in lower]


def folded(text: str) -> Folded:
    """What :meth:`Words.held` searches of ``text``."""
    for letter, plain in _FOLDED:
        if letter in text:
            text = text.replace(letter, plain)
    lower = text.lower()
    names = set(lower.encode("utf-8", "surrogatepass").translate(_NOT_IN_A_NAME).split())
    return Folded(lower, b" ".join(names).decode("ascii"))


def merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches of a text that ``spans`` cover, in order, those that touch as one."""
    start = end = -1
    for begin, stop in sorted(spans):
        if begin > end:
            if end >= 0:
                yield start, end
            start = begin
        end = max(end, stop)
    if end >= 0:
        yield start, end
