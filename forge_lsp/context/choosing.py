"""Which lines of which files are shown: pieces by what they are worth for their price, within a budget of tokens."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from forge_lsp.editing.fitting import estimate_tokens

__all__ = ["Choice", "Chosen", "Group", "Piece", "Sheet"]

_HEADING = 14  # tokens for a heading and its fence, beside the name
_NAME = 3  # tokens for the comment that names a file in its group, beside the name


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
class Group:
    """Files that are shown under one heading: those of one folder. ``shown`` says whether any of them is."""

    folder: str
    shown: bool = False


@dataclass(slots=True)
class Sheet:
    """A file's lines as they would be shown, and which of them are. ``paid``: its heading costs nothing more;
    ``group``: files that share it; ``gap``: tokens for the line that tells of lines left out, which needs none before
    ``begins``, the first lines of definitions. ``always`` are the lines that are shown whatever is chosen."""

    lines: tuple[str, ...]
    kept: set[int] = field(default_factory=set[int])
    paid: bool = False
    group: Group | None = None
    gap: int = 5
    costs: tuple[int, ...] = ()
    begins: frozenset[int] = frozenset()
    always: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.costs = self.costs or tuple(estimate_tokens(line + "\n") for line in self.lines)

    def clear(self) -> None:
        """Keep nothing but what is always shown."""
        self.kept = set(self.always)
        if self.group is not None:
            self.group.shown = False

    def keep(self, lines: Iterable[int]) -> None:
        """Show ``lines`` as well."""
        self.kept.update(lines)
        if self.group is not None:
            self.group.shown = True

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
            total += self._heading(name)
        return total

    def _heading(self, name: str) -> int:
        if self.group is None:
            return _HEADING + len(name) // 3
        own = _NAME + (len(name) - len(self.group.folder)) // 3
        return own if self.group.shown else own + _HEADING + len(self.group.folder) // 3


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
        self._pieces = tuple(pieces)
        self._of_file: dict[str, list[int]] = {}
        self._of_line: dict[str, dict[int, list[int]]] = {}
        for number, piece in enumerate(self._pieces):
            self._of_file.setdefault(piece.file, []).append(number)
            lines = self._of_line.setdefault(piece.file, {})
            for line in piece.lines:
                lines.setdefault(line, []).append(number)
        self._files: dict[int, list[str]] = {}
        for file in self._of_file:
            self._files.setdefault(id(sheets[file].group or sheets[file]), []).append(file)
        self._prices = [self._price(number) for number in range(len(self._pieces))]
        self._heap = sorted((self._ratio(number, price), number) for number, price in enumerate(self._prices))

    def within(self, tokens: int) -> Chosen:
        """Keep, on their sheets, the lines of the pieces that are worth most for their price, one after the other; what
        one takes makes those cheaper that share its lines or headings. The same pieces in the same order give the same
        choice."""
        for sheet in self._sheets.values():
            sheet.clear()
        prices = self._prices.copy()
        heap = self._heap.copy()
        waiting = [True] * len(prices)
        shown: list[Piece] = []
        spent = left_out = 0
        while heap:
            ratio, number = heapq.heappop(heap)
            price = prices[number]
            if not waiting[number] or ratio != self._ratio(number, price):
                continue  # it was priced again
            waiting[number] = False
            if spent + price > tokens and price:
                left_out += 1
                continue
            shown.append(self._pieces[number])
            if not price:
                continue
            spent += price
            for other in self._keep(self._pieces[number]):
                if waiting[other] and (now := self._price(other)) != prices[other]:
                    prices[other] = now
                    heapq.heappush(heap, (self._ratio(other, now), other))
        return Chosen(pieces=tuple(shown), tokens=spent, left_out=left_out)

    def _price(self, number: int) -> int:
        piece = self._pieces[number]
        return self._sheets[piece.file].price(piece.file, piece.lines)

    def _ratio(self, number: int, price: int) -> float:
        return -self._pieces[number].worth / max(price, 1)

    def _keep(self, piece: Piece) -> Iterable[int]:
        """Keep a piece's lines; the pieces whose price may be another now."""
        sheet = self._sheets[piece.file]
        opened, first = not sheet.kept and not sheet.paid, sheet.group is not None and not sheet.group.shown
        new = [line for line in piece.lines if line not in sheet.kept]
        sheet.keep(piece.lines)
        if opened:
            files = self._files[id(sheet.group or sheet)] if first else [piece.file]
            return [number for file in files for number in self._of_file[file]]
        lines = self._of_line[piece.file]
        near = dict.fromkeys(other for line in new for other in (line - 1, line, line + 1))
        return dict.fromkeys(number for line in near for number in lines.get(line, ()))
