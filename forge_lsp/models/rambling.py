"""Telling a model that has lost itself from one that writes a long table. Pure.

A false alarm throws good code away, a late one costs seconds, and ``max_tokens`` bounds both: so the thresholds lie
far above what code holds. A table of zeros repeats one short word; a rambling model repeats sentences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["RamblingFault", "RamblingWatch"]

_BLANK = 400
"""Characters of white space in a row; code has no line that long."""
_BLANK_LINES = 80
_LONGEST_UNIT = 400
"""Characters of the longest thing looked for."""
_PROBE = 40
_SENTENCE_REPEATS, _SENTENCE_LENGTH = 30, 1000
"""A unit of at least ``_WORDS`` different words, that often, over that many characters."""
_WORDS = 3
_ANY_LENGTH = 16_000
"""Characters of any unit at all, rows of a table included: 64 x 64 zeros are 12,000."""
_STEP = 256
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RamblingFault:
    """What is wrong, in ``words`` for the user. ``blank``: it is white space, so what stands before it is whole."""

    words: str
    blank: bool


class RamblingWatch:
    """Fed with the pieces of one answer as they come."""

    __slots__ = ("_blank", "_blank_lines", "_tail", "_unseen")

    def __init__(self) -> None:
        self._tail = ""
        self._unseen = 0
        self._blank = 0
        self._blank_lines = 0

    def feed(self, piece: str) -> RamblingFault | None:
        """What is wrong with the answer so far; None: nothing."""
        return self._blankness(piece) or self._repetition(piece)

    def _blankness(self, piece: str) -> RamblingFault | None:
        kept = piece.rstrip()
        trailing = piece[len(kept) :]
        if kept:
            self._blank = self._blank_lines = 0
        self._blank += len(trailing)
        self._blank_lines += trailing.count("\n")
        if self._blank >= _BLANK or self._blank_lines >= _BLANK_LINES:
            return RamblingFault(words="endless white space", blank=True)
        return None

    def _repetition(self, piece: str) -> RamblingFault | None:
        self._tail = (self._tail + piece)[-(_ANY_LENGTH + _LONGEST_UNIT) :]
        self._unseen += len(piece)
        if self._unseen < _STEP:
            return None
        self._unseen = 0
        tail = self._tail
        probe = tail[-_PROBE:]
        before = tail.rfind(probe, 0, len(tail) - 1)
        period = len(tail) - _PROBE - before
        if before < 0 or period > _LONGEST_UNIT:
            return None
        run = _run(tail, period)
        unit = tail[-period:]
        # Three in a row without the first and the last word, which the ends may have cut.
        words = len({word.lower() for word in _WORD.findall(unit * 3)[1:-1]})
        sentences = words >= _WORDS and run >= max(_SENTENCE_LENGTH, period * _SENTENCE_REPEATS)
        if sentences or run >= _ANY_LENGTH:
            shown = " ".join(unit.split())[:60]
            return RamblingFault(words=f"the same text again and again ({shown!r}, {run // period} times)", blank=False)
        return None


def _run(text: str, period: int) -> int:
    """Length of the longest suffix of ``text`` that repeats every ``period`` characters."""
    length = period
    step = period
    # Doubling finds the order of magnitude by comparing slices, which is what Python does fast; then halve back.
    while step >= period:
        end = length + step
        if end <= len(text) and text[-end:-period] == text[-end + period :]:
            length = end
            step *= 2
        elif step == period:
            break
        else:
            step //= 2
    return length
