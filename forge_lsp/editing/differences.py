"""Small edits between two texts, and where a range goes when the text around it changes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from forge_lsp.core.task import TextEdit, TextRange
from forge_lsp.editing.lines import split_lines

__all__ = ["apply_edits", "minimal", "shift_range"]

# difflib is quadratic at worst: above this many differing lines on either side, one edit replaces them all.
_MOST_LINES = 3_000


def minimal(before: str, after: str) -> tuple[TextEdit, ...]:
    """Small, ordered, non-overlapping edits that turn ``before`` into ``after``, exactly.

    Lines that differ are found first; each run of them is then narrowed to the characters that changed. No edit
    starts or ends within a ``\\r\\n``, between a base character and its combining marks, or within an emoji sequence.
    """
    if before == after:
        return ()
    old, new = split_lines(before), split_lines(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    old_at = _offsets(old_middle, sum(map(len, old[:head])))
    new_at = _offsets(new_middle, sum(map(len, new[:head])))
    edits: list[TextEdit] = []
    for first, last, new_first, new_last in _runs(old_middle, new_middle):
        start, end = old_at[first], old_at[last]
        new_start, new_end = new_at[new_first], new_at[new_last]
        edits.append(_narrowed(before, start, end, after, new_start, new_end))
    return tuple(edits)


def apply_edits(text: str, edits: Sequence[TextEdit]) -> str:
    """``text`` with ``edits`` made; offsets are those of ``text``. Edits must be ordered and must not overlap."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        if edit.range.start < at:
            raise ValueError("edits overlap or are out of order")
        parts += (text[at : edit.range.start], edit.text)
        at = edit.range.end
    parts.append(text[at:])
    return "".join(parts)


def shift_range(place: TextRange, base: str, theirs: str) -> TextRange | None:
    """Where ``place`` (whole lines of ``base``) is in ``theirs``; None where its own text was touched.

    Lines added directly before or after it leave it alone; characters typed at its very edge touch it.
    """
    delta = 0
    for edit in minimal(base, theirs):
        start, end = edit.range.start, edit.range.end
        if end < place.start or (end == place.start and _whole_lines(edit, base, theirs, start + delta)):
            delta += len(edit.text) - (end - start)
        elif start > place.end or (start == place.end and (place.end > place.start or end > start)):
            break
        else:
            return None
    moved = TextRange(start=place.start + delta, end=place.end + delta)
    if moved.of(theirs) != place.of(base) or not _at_line_edges(moved, theirs):
        return None
    return moved


def _whole_lines(edit: TextEdit, base: str, theirs: str, at: int) -> bool:
    """Whether the place after an edit is the start of a line in both texts."""
    end = edit.range.end
    new_end = at + len(edit.text)
    return _line_start(base, end) and _line_start(theirs, new_end)


def _line_start(text: str, at: int) -> bool:
    if at == 0 or (at == 1 and text.startswith("\ufeff")):
        return True
    return text[at - 1] in "\n\r" and text[at - 1 : at + 1] != "\r\n"


def _at_line_edges(place: TextRange, text: str) -> bool:
    ends = place.end == len(text) or text[place.end] in "\n\r"
    return _line_start(text, place.start) and (ends or place.start == place.end)


def _offsets(lines: Sequence[str], start: int) -> list[int]:
    offsets = [start]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets


def _runs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    if not old or not new or max(len(old), len(new)) > _MOST_LINES:
        return [(0, len(old), 0, len(new))]
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [code[1:] for code in codes if code[0] != "equal"]


def _narrowed(before: str, start: int, end: int, after: str, new_start: int, new_end: int) -> TextEdit:
    """The edit from ``before[start:end]`` to ``after[new_start:new_end]`` without what both have in common."""
    old, new = before[start:end], after[new_start:new_end]
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    while head and not (_breaks(before, start + head) and _breaks(after, new_start + head)):
        head -= 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    while tail and not (_breaks(before, end - tail) and _breaks(after, new_end - tail)):
        tail -= 1
    return TextEdit(range=TextRange(start=start + head, end=end - tail), text=after[new_start + head : new_end - tail])


def _breaks(text: str, at: int) -> bool:
    """Whether a user would see a boundary at ``at``: a cautious part of Unicode's grapheme rules (UAX 29)."""
    if at <= 0 or at >= len(text):
        return True
    left, right = text[at - 1], text[at]
    if left == "\r" and right == "\n":
        return False
    if left < "\u0300" and right < "\u0300":
        return True
    if "\ud800" <= left <= "\udbff" and "\udc00" <= right <= "\udfff":
        return False  # two lone halves, which an editor's UTF-16 reads as one character
    if unicodedata.category(right)[0] == "M" or "\U0001f3fb" <= right <= "\U0001f3ff":
        return False
    if left == "\u200d" or right == "\u200d":
        return False
    flags = "\U0001f1e6", "\U0001f1ff"
    if flags[0] <= left <= flags[1] and flags[0] <= right <= flags[1]:
        return False
    # Hangul jamo, and tags after a flag.
    return not ("\u1100" <= right <= "\u11ff" or "\U000e0020" <= right <= "\U000e007f")
