"""Which lines of which files are shown: pieces by what they are worth for their price, within a budget of tokens."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from forge_lsp.editing.fitting import estimate_tokens

__all__ = ["Choice", "Chosen", "Piece", "Sheet"]

_HEADING = 14  # tokens for a file's heading and its fence, beside its name


class Reasoned(Protocol):
    """What can say why it may be needed, when somebody asks."""

    @property
    def reason(self) -> str: ...


class Piece(NamedTuple):  # as for a candidate
    """Lines of a file that are shown together. ``worth`` is compared with others' for the same price; ``reason`` says
    in plain words why they may be needed, or knows it."""

    file: str
    lines: tuple[int, ...]
    worth: float
    reason: str | Reasoned


@dataclass(slots=True)
class Sheet:
    """A file's lines as they would be shown, and which of them are. ``paid``: its heading costs nothing more; ``gap``:
    tokens for the line that tells of lines left out, which needs none before ``begins``, the first lines of
    definitions. ``always`` are the lines that are shown whatever is chosen."""

    lines: tuple[str, ...]
    kept: set[int] = field(default_factory=set[int])
    paid: bool = False
    gap: int = 5
    costs: tuple[int, ...] = ()
    begins: frozenset[int] = frozenset()
    always: frozenset[int] = frozenset()
    version: int = 0

    def __post_init__(self) -> None:
        self.costs = self.costs or tuple(estimate_tokens(line + "\n") for line in self.lines)

    def clear(self) -> None:
        """Keep nothing but what is always shown."""
        self.kept = set(self.always)
        self.version = 0

    def keep(self, lines: Iterable[int]) -> None:
        """Show ``lines`` as well."""
        self.kept.update(lines)
        self.version += 1

    def price(self, name: str, lines: Iterable[int]) -> int:
        """Tokens that showing ``lines`` as well would take."""
        kept, costs, begins = self.kept, self.costs, self.begins
        total = 0
        previous = -2
        for number in lines:
            if number in kept:
                continue
            total += costs[number]
            alone = number - 1 != previous and number - 1 not in kept and number + 1 not in kept
            if alone and number not in begins:
                total += self.gap
            previous = number
        if previous >= 0 and not self.paid and not kept:
            total += _HEADING + len(name) // 3
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The pieces that are shown, in the order they were chosen, and how many found no room."""

    pieces: tuple[Piece, ...]
    tokens: int
    left_out: int


class Choice:
    """What can be chosen from, priced once: the same pieces are chosen from for several budgets."""

    def __init__(self, pieces: Iterable[Piece], sheets: Mapping[str, Sheet]) -> None:
        self._sheets = sheets
        for sheet in sheets.values():
            sheet.clear()
        priced: list[tuple[float, int, int, int, Piece]] = []
        for order, piece in enumerate(pieces):
            price = sheets[piece.file].price(piece.file, piece.lines)
            priced.append((-piece.worth / max(price, 1), order, price, 0, piece))
        self._priced = sorted(priced)

    def within(self, tokens: int) -> Chosen:
        """Keep, on their sheets, the lines of the pieces that are worth most for their price. The same pieces in the
        same order give the same choice."""
        for sheet in self._sheets.values():
            sheet.clear()
        heap = self._priced.copy()
        shown: list[Piece] = []
        spent = left_out = 0
        while heap:
            ratio, order, price, version, piece = heap[0]
            sheet = self._sheets[piece.file]
            if version != sheet.version:  # lines that it shares may have been taken meanwhile
                price = sheet.price(piece.file, piece.lines)
                now = -piece.worth / max(price, 1)
                if price and (now < ratio - 1e-12 or now > ratio + 1e-12):
                    heapq.heapreplace(heap, (now, order, price, sheet.version, piece))
                    continue
            heapq.heappop(heap)
            if price == 0:
                shown.append(piece)
            elif spent + price > tokens:
                left_out += 1
            else:
                spent += price
                sheet.keep(piece.lines)
                shown.append(piece)
        return Chosen(pieces=tuple(shown), tokens=spent, left_out=left_out)
