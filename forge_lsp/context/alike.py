"""What functions like the one that is wanted use: those with a like header, a like name, of a like class."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

from forge_lsp.context.words import parts_of
from forge_lsp.context.workspace import Source
from forge_lsp.context.worth import Around

__all__ = ["used_alike"]

_MOST = 30  # functions
_STEADY = 4.0  # as much as functions that use nothing: one that is alike says less than many that are


def used_alike(around: Around, sources: Sequence[Source], scope: tuple[int, int]) -> Mapping[str, float]:
    """The names that the functions of ``sources`` most like the wanted one use, from 0 to 1 by how many of them do,
    the likest most. Alike is what shares words that are rare in headers: of types, of the name, of the class and its
    bases. ``scope`` are the first and last line of what is wanted in the document."""
    count = sum(len(source.read.functions) for source in sources)
    often = {word: sum(source.read.told_often.get(word, 0) for source in sources) for word in _told(around)}
    rare = {word: math.log((count + 1) / (times + 0.5)) for word, times in often.items() if times}
    wanted = frozenset(rare)
    found: list[tuple[float, int, int]] = []
    for order, source in enumerate(sources):
        read = source.read
        for place, told in enumerate(read.told):
            common = told & wanted
            if not common:
                continue
            item = read.definitions[read.functions[place]]
            if not item.test and not (source.here and item.line <= scope[1] and item.last >= scope[0]):
                shared = math.fsum([rare[word] for word in common])  # exact: sets have no order
                found.append((shared / (4.0 + len(told)) ** 0.5, -order, -place))
    best = heapq.nlargest(_MOST, found)
    if not best:
        return {}
    shares: dict[str, float] = {}
    total = _STEADY
    for likeness, order, place in best:
        weight = likeness / best[0][0]
        total += weight
        for name in sources[-order].read.used(-place):
            shares[name] = shares.get(name, 0.0) + weight
    return {name: share / total for name, share in shares.items()}


def _told(around: Around) -> set[str]:
    own = {*around.scope, *around.bases, around.name, around.container} - {""}
    return own | {f"-{part}" for part in parts_of(around.name)}
