"""Which lines of which files are shown: pieces by what they are worth for their price, within a budget of tokens."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from forge_lsp.editing.fitting import estimate_tokens

__all__ = ["Choice", "Chosen", "Group", "Piece", "Sheet"]

_HEADING = 14  # tokens for a heading and its fence, beside the name
_NAME = 3  # tokens for the comment that names a file in its group, beside the name
_CHOSEN = 1.0  # where the price of a piece's worth stands, less than 0, once it was chosen or left out


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


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are shown under one heading: those of one folder."""

    folder: str


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

    def heading(self, name: str) -> tuple[int, int]:
        """Tokens of what names the file ``name`` where the first of its lines is shown, and of its group's heading."""
        if self.paid or self.always:
            return 0, 0
        if self.group is None:
            return _HEADING + len(name) // 3, 0
        folder = self.group.folder
        return _NAME + (len(name) - len(folder)) // 3, _HEADING + len(folder) // 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The pieces that are shown, in the order they were chosen, and how many found no room."""

    pieces: tuple[Piece, ...]
    tokens: int
    left_out: int


@dataclass(slots=True)
class _State:
    """How far a choice has come: what the lines of each piece take that are not kept yet, what it is worth for that,
    the heading that each file would need, the lines kept of each."""

    prices: list[int]
    ratios: list[float]
    heap: list[tuple[float, int]]
    headings: dict[str, int]
    kept: dict[str, set[int]]
    shown: list[Piece]
    spent: int = 0

    def copy(self) -> _State:
        return _State(
            self.prices.copy(),
            self.ratios.copy(),
            self.heap.copy(),
            self.headings.copy(),
            {file: kept.copy() for file, kept in self.kept.items()},
            self.shown.copy(),
            self.spent,
        )


class Choice:
    """What can be chosen from, priced once: the same pieces are chosen from for several budgets, and a larger one goes
    on from where a smaller one left something out."""

    def __init__(self, pieces: Iterable[Piece], sheets: Mapping[str, Sheet]) -> None:
        self._sheets = sheets
        self._pieces = tuple(pieces)
        self._of_file: dict[str, list[int]] = {file: [] for file in sheets}
        self._of_line: dict[str, dict[int, list[int]]] = {file: defaultdict(list) for file in sheets}
        self._of_gap: dict[str, dict[int, list[int]]] = {file: {} for file in sheets}
        self._files: dict[int, list[str]] = {}
        for file, sheet in sheets.items():
            self._files.setdefault(id(sheet.group or sheet), []).append(file)
        prices: list[int] = []
        for number, (file, lines, _, _) in enumerate(self._pieces):
            sheet, of_line, of_gap = sheets[file], self._of_line[file], self._of_gap[file]
            self._of_file[file].append(number)
            for line in lines:
                of_line[line].append(number)
            # One after another: then the first alone can have lines left out before it.
            apart = lines[:1] if lines and lines[-1] - lines[0] < len(lines) else sorted({*lines} - {n + 1 for n in lines})
            gaps = [line for line in apart if line not in sheet.begins]
            for line in gaps:
                of_gap.setdefault(line, []).append(number)
            prices.append(sum(map(sheet.costs.__getitem__, lines)) + sheet.gap * len(gaps))
        headings = {file: sum(sheet.heading(file)) for file, sheet in sheets.items()}
        self._empty = _State(prices, [], [], headings, {file: set() for file in sheets}, [])
        for file, sheet in sheets.items():
            if sheet.always:
                self._keep(file, sheet.always, self._empty)
        self._empty.ratios = [self._ratio(number, self._empty) for number in range(len(prices))]
        self._empty.heap = sorted((ratio, number) for number, ratio in enumerate(self._empty.ratios))
        self._reached = self._empty

    def within(self, tokens: int) -> Chosen:
        """Keep, on their sheets, the lines of the pieces that are worth most for their price, one after the other; what
        one takes makes those cheaper that share its lines or headings. The same pieces in the same order give the same
        choice."""
        # What fitted before the first that did not was chosen without looking at how much room there is.
        state = (self._reached if self._reached.spent <= tokens else self._empty).copy()
        heap, ratios, prices, headings = state.heap, state.ratios, state.prices, state.headings
        left_out = 0
        while heap:
            ratio, number = heap[0]
            if ratio != ratios[number]:
                heapq.heappop(heap)  # it was priced again
                continue
            piece = self._pieces[number]
            price = prices[number] and prices[number] + headings[piece.file]
            room = not price or state.spent + price <= tokens
            if not room and not left_out:
                self._reached = state.copy()
            heapq.heappop(heap)
            ratios[number] = _CHOSEN
            if not room:
                left_out += 1
                continue
            state.shown.append(piece)
            state.spent += price
            for other in self._keep(piece.file, piece.lines, state) if price else ():
                if ratios[other] != _CHOSEN and (now := self._ratio(other, state)) != ratios[other]:
                    ratios[other] = now
                    heapq.heappush(heap, (now, other))
        for file, sheet in self._sheets.items():
            sheet.kept = state.kept[file]
        return Chosen(pieces=tuple(state.shown), tokens=state.spent, left_out=left_out)

    def _ratio(self, number: int, state: _State) -> float:
        piece, price = self._pieces[number], state.prices[number]
        return -piece.worth / (price + state.headings[piece.file] if price else 1)

    def _keep(self, file: str, lines: Iterable[int], state: _State) -> Iterable[int]:
        """Keep lines of a file; the pieces whose price is another now."""
        sheet, kept, of_line, of_gap = self._sheets[file], state.kept[file], self._of_line[file], self._of_gap[file]
        prices, changed = state.prices, set[int]()
        for line in lines:
            if line in kept:
                continue
            cost = sheet.costs[line]
            for number in of_line.get(line, ()):
                prices[number] -= cost
                changed.add(number)
            for near in (line - 1, line, line + 1):
                if near in of_gap and kept.isdisjoint((near - 1, near, near + 1)):
                    for number in of_gap[near]:
                        prices[number] -= sheet.gap
                        changed.add(number)
            kept.add(line)
        if state.headings[file]:
            own, shared = sheet.heading(file)
            changed.update(self._of_file[file])
            if state.headings[file] > own:
                for other in self._files[id(sheet.group)]:
                    if state.headings[other]:
                        state.headings[other] -= shared
                        changed.update(self._of_file[other])
            state.headings[file] = 0
        return changed
