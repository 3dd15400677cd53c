"""3-way merge by lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

from forge_lsp.core.errors import EditConflict
from forge_lsp.editing.lines import dominant_ending, normalised, split_lines

__all__ = ["merge_texts"]

# Above this many lines difflib's heuristics for popular lines are worth their worse alignment.
_EXACT_LINES = 4_000


def merge_texts(base: str, ours: str, theirs: str) -> str:
    """``base`` with the changes of both sides. Raises EditConflict where they touch the same or adjacent lines.

    Texts whose line endings differ are merged by content; lines then get the endings that ``theirs`` has.
    """
    if base == theirs or ours == theirs:
        return ours
    if base == ours:
        return theirs
    merged = _merge(split_lines(base), split_lines(ours), split_lines(theirs))
    if merged is None:
        merged = _merge_contents(base, ours, theirs)
    if merged is None:
        raise EditConflict(
            "The document changed in the same lines as the result while the job ran; nothing was applied.",
            remedy="look at the result (forge.result) and apply the parts that you want by hand",
        )
    return "".join(merged)


def _merge_contents(base: str, ours: str, theirs: str) -> list[str] | None:
    """Merge without regard to line endings, where a change of those is what kept the lines from merging."""
    if len({dominant_ending(base), dominant_ending(ours), dominant_ending(theirs)}) == 1:
        return None
    contents = [split_lines(normalised(text)) for text in (base, ours, theirs)]
    merged = _merge(*contents)
    if merged is None:
        return None
    ending = dominant_ending(theirs)
    return [line[:-1] + ending if line.endswith("\n") else line for line in merged]


def _merge(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """None on a conflict."""
    from merge3 import Merge3

    head = 0
    while head < min(map(len, (base, ours, theirs))) and base[head] == ours[head] == theirs[head]:
        head += 1
    room = min(map(len, (base, ours, theirs))) - head
    tail = 0
    while tail < room and base[-1 - tail] == ours[-1 - tail] == theirs[-1 - tail]:
        tail += 1

    def middle(lines: Sequence[str]) -> list[str]:
        return list(lines[head : len(lines) - tail])

    exact = max(map(len, (base, ours, theirs))) - head - tail <= _EXACT_LINES
    merge = Merge3(middle(base), middle(ours), middle(theirs), sequence_matcher=_matcher(exact))
    merged = list(base[:head])
    for group in merge.merge_groups():
        if group[0] == "conflict":
            return None
        merged.extend(group[1])
    if tail:
        merged.extend(base[-tail:])
    return _glued(merged)


def _glued(lines: list[str]) -> list[str] | None:
    """A line without an ending can only be the last: two sides that both wrote a last line are in conflict."""
    return None if any(not line.endswith(("\n", "\r")) for line in lines[:-1]) else lines


def _matcher(exact: bool) -> Any:
    """What Merge3 takes as a class: difflib's matcher, with its heuristic for popular lines off."""

    def make(isjunk: Callable[[str], bool] | None = None, a: Sequence[str] = (), b: Sequence[str] = ()) -> object:
        return SequenceMatcher(isjunk, a, b, autojunk=not exact)

    return make
