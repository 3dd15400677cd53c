"""Which item of one text stands for which of another: siblings compared by name, looks and order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.ensemble.extraction.places import DefinitionPlace, compared

__all__ = ["Pair", "paired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An item of the original and the one that stands for it now; one of them may be missing."""

    old: Item | None
    new: Item | None


def paired(new: Sequence[Item], text: str, old: Sequence[Item], original: str, language: Language) -> tuple[Pair, ...]:
    """Return all items of ``old`` in order, each with its like in ``new`` where there is one."""
    scored: list[tuple[tuple[int, ...], int, int]] = []
    by_name: dict[str, list[int]] = {}
    for mine, after in enumerate(new):
        by_name.setdefault(_plain(after, text, language), []).append(mine)
    for theirs, before in enumerate(old):
        for mine in by_name.get(_plain(before, original, language), ()):
            after = new[mine]
            likeness = _likeness(after, text, before, original, language)
            if likeness is not None:
                scored.append(((*(-part for part in likeness), abs(theirs - mine)), theirs, mine))
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, theirs, mine in sorted(scored):
        if theirs not in chosen and mine not in taken:
            chosen[theirs] = mine
            taken.add(mine)
    return tuple(Pair(old=item, new=new[chosen[at]] if at in chosen else None) for at, item in enumerate(old))


def _plain(item: Item, text: str, language: Language) -> str:
    """What two items that stand for each other have in common: the name, or the first line."""
    if not item.name:
        return f"\0{_head(item, text)}"
    return DefinitionPlace(item=item, owners=(), text=text, language=language).name


def _likeness(new: Item, text: str, old: Item, original: str, language: Language) -> tuple[int, ...] | None:
    """None where one cannot stand for the other."""
    if new.name is None and old.name is None and new.kind is old.kind:
        same = " ".join(new.range.of(text).split()) == " ".join(old.range.of(original).split())
        return (
            (1,) if same else (0,) if new.kind is ItemKind.OTHER and _head(new, text) == _head(old, original) else None
        )
    mine, theirs = (
        DefinitionPlace(item=item, owners=(), text=where, language=language)
        for item, where in ((new, text), (old, original))
    )
    if not old.name or mine.name != theirs.name or mine.path != theirs.path:
        return None
    if mine.marks != theirs.marks and mine.marks and theirs.marks and _is_accessor(theirs):
        return None
    return (int(new.kind is old.kind), *compared(mine, theirs, loose=False))


def _is_accessor(place: DefinitionPlace) -> bool:
    """Whether it is told from another of its name by its decorators alone."""
    return any(
        mark in ("get", "set", "static") or mark.endswith((".setter", ".deleter", ".getter")) for mark in place.marks
    )


def _head(item: Item, text: str) -> str:
    return item.range.of(text).split("\n", 1)[0].strip()
