"""Which lines of which files are shown: pieces by what they are worth for their price, within a budget of tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
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
        self._of_gap: dict[str, dict[int, list[int]]] = {file: defaultdict(list) for file in sheets}
        self._files: dict[int, list[str]] = {}
        for file, sheet in sheets.items():
            self._files.setdefault(id(sheet.group), []).append(file)
        prices: list[int] = []
        for number, (file, lines, _, _) in enumerate(self._pieces):
            sheet, of_line = sheets[file], self._of_line[file]
            price, after = sum([sheet.costs[line] for line in lines]), -1
            for line in lines:
                of_line[line].append(number)
                if line != after and line not in sheet.begins:
                    self._of_gap[file][line].append(number)
                    price += sheet.gap
                after = line + 1
            self._of_file[file].append(number)
            prices.append(price)
        headings = {file: sum(sheet.heading(file)) for file, sheet in sheets.items()}
        self._empty = _State(prices, [], [], headings, {file: set() for file in sheets}, [])
        for file, sheet in sheets.items():
            if sheet.always:
                self._keep(file, sheet.always, self._empty)
        ratios = self._empty.ratios = [
            -piece.worth / (price + headings[piece.file] if price else 1)
            for piece, price in zip(self._pieces, prices, strict=True)
        ]
        self._empty.heap = sorted(zip(ratios, range(len(ratios)), strict=True))
        self._reached = self._empty

    def within(self, tokens: int) -> Chosen:
        """Keep, on their sheets, the lines of the pieces that are worth most for their price, one after the other; what
        one takes makes those cheaper that share its lines or headings. The same pieces in the same order give the same
        choice."""
        # What fitted before the first that did not was chosen without looking at how much room there is.
        state = (self._reached if self._reached.spent <= tokens else self._empty).copy()
        pieces, heap, ratios, prices, headings = self._pieces, state.heap, state.ratios, state.prices, state.headings
        left_out = least = 0
        while heap:
            ratio, number = heap[0]
            if ratio != ratios[number]:
                heappop(heap)  # it was priced again
                continue
            file, lines, _, _ = piece = pieces[number]
            price = prices[number] and prices[number] + headings[file]
            room = max(tokens - state.spent, 0)
            if price > room:
                if not left_out:
                    self._reached = state.copy()
                if not least:
                    rest = [n for n, known in enumerate(ratios) if known != _CHOSEN and prices[n]]
                    least = min(prices[n] + headings[pieces[n].file] for n in rest)
                    if least > room:
                        free = [(known, n) for n, known in enumerate(ratios) if known != _CHOSEN and not prices[n]]
                        state.shown += [pieces[n] for _, n in sorted(free)]
                        left_out += len(rest)
                        break
                left_out += 1
            heappop(heap)
            ratios[number] = _CHOSEN
            if price > room:
                continue
            state.shown.append(piece)
            if not price:
                continue
            state.spent += price
            least = 0
            for other in self._keep(file, lines, state):
                if (before := ratios[other]) != _CHOSEN:
                    file, _, worth, _ = pieces[other]
                    ratio = -worth / (prices[other] + headings[file] if prices[other] else 1)
                    if ratio != before:
                        ratios[other] = ratio
                        heappush(heap, (ratio, other))
        for file, sheet in self._sheets.items():
            sheet.kept = state.kept[file]
        return Chosen(pieces=tuple(state.shown), tokens=state.spent, left_out=left_out)

    def _keep(self, file: str, lines: Iterable[int], state: _State) -> Iterable[int]:
        """Keep lines of a file; the pieces that may have another price now."""
        sheet, kept, of_line, of_gap = self._sheets[file], state.kept[file], self._of_line[file], self._of_gap[file]
        prices, changed = state.prices, list[int]()
        for line in lines:
            if line in kept:
                continue
            cost, holding = sheet.costs[line], of_line[line]
            for number in holding:
                prices[number] -= cost
            changed += holding
            for near in (line - 1, line, line + 1) if of_gap else ():
                if near in of_gap and kept.isdisjoint((near - 1, near, near + 1)):
                    for number in of_gap[near]:
                        prices[number] -= sheet.gap
                    changed += of_gap[near]
            kept.add(line)
        if state.headings[file]:
            own, _ = sheet.heading(file)
            changed += self._of_file[file]
            if state.headings[file] > own:
                for other in self._files[id(sheet.group)]:
                    if state.headings[other]:
                        state.headings[other] = self._sheets[other].heading(other)[0]
                        changed += self._of_file[other]
            state.headings[file] = 0
        return set(changed)
