"""Which lines of which files are shown: pieces by what they are worth for their price, within a budget of tokens."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from forge_lsp.editing.fitting import estimate_tokens

__all__ = ["Chosen", "Piece", "Sheet", "choose"]

_HEADING = 14  # tokens for a file's heading and its fence, beside its name


class Reasoned(Protocol):
    """What can say why it may be needed, when somebody asks."""

    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Lines of a file that are shown together. ``worth`` is compared with others' for the same price; ``reason`` says
    in plain words why they may be needed, or knows it."""

    file: str
    lines: tuple[int, ...]
    worth: float
    reason: str | Reasoned


@dataclass(slots=True)
class Sheet:
    """A file's lines as they would be shown, and which of them are. ``paid``: its heading costs nothing more; ``gap``:
    tokens for the line that tells of lines left out."""

    lines: tuple[str, ...]
    kept: set[int] = field(default_factory=set[int])
    paid: bool = False
    gap: int = 5
    costs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.costs = self.costs or tuple(estimate_tokens(line + "\n") for line in self.lines)

    def price(self, name: str, lines: Iterable[int]) -> int:
        """Tokens that showing ``lines`` as well would take."""
        new = [number for number in lines if number not in self.kept]
        if not new:
            return 0
        total = sum(self.costs[number] for number in new)
        near = self.kept
        previous = -2
        for number in new:
            if number - 1 != previous and number - 1 not in near and number + 1 not in near:
                total += self.gap
            previous = number
        if not self.paid and not self.kept:
            total += _HEADING + len(name) // 3
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The pieces that are shown, in the order they were chosen, and how many found no room."""

    pieces: tuple[Piece, ...]
    tokens: int
    left_out: int


def choose(pieces: Iterable[Piece], sheets: Mapping[str, Sheet], tokens: int) -> Chosen:
    """Keep, on their sheets, the lines of the pieces that are worth most for their price. The same pieces in the same
    order give the same choice."""
    heap: list[tuple[float, int, Piece]] = []
    for order, piece in enumerate(pieces):
        price = sheets[piece.file].price(piece.file, piece.lines)
        heapq.heappush(heap, (-piece.worth / max(price, 1), order, piece))
    shown: list[Piece] = []
    spent = left_out = 0
    while heap:
        ratio, order, piece = heapq.heappop(heap)
        sheet = sheets[piece.file]
        price = sheet.price(piece.file, piece.lines)
        if price == 0:
            shown.append(piece)
            continue
        now = -piece.worth / price
        if now < ratio - 1e-12 or now > ratio + 1e-12:  # lines that it shares were taken meanwhile
            heapq.heappush(heap, (now, order, piece))
            continue
        if spent + price > tokens:
            left_out += 1
            continue
        spent += price
        sheet.kept.update(piece.lines)
        shown.append(piece)
    return Chosen(pieces=tuple(shown), tokens=spent, left_out=left_out)
