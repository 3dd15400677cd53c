"""What is reckoned at once, and again for several budgets, is what is reckoned one by one."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from forge_lsp.context.choosing import Choice, Group, Piece, Sheet
from forge_lsp.context.reading import Definition, Kind
from forge_lsp.context.worth import Around, Scorer, features, likelihood

NAMES = ("total", "Cart", "_hidden", "__init__", "id", "priced_item", "#own", "Price", "setUp", "limit", "")


def some_around(draw: random.Random) -> Around:
    def counted() -> Counter[str]:
        return Counter(draw.choices(NAMES, k=6))

    def some() -> frozenset[str]:
        return frozenset(draw.choices(NAMES, k=3))

    return Around(
        name=draw.choice(NAMES),
        container=draw.choice(NAMES),
        scope=counted(),
        members=counted(),
        near=counted(),
        document=counted(),
        imported=some(),
        unused=some(),
        bases=some(),
        parts=frozenset(draw.sample(("total", "priced", "item", "cart"), 2)),
        line=draw.randrange(90),
        tests=counted(),
        callers=counted(),
        reach=some(),
        popular={name: draw.random() for name in NAMES[:5]},
        once={name: draw.random() for name in NAMES[3:6]},
        alike={name: draw.random() for name in NAMES[2:7]},
        types={name: draw.random() for name in NAMES[:3]},
    )


@pytest.mark.parametrize("seed", range(40))
def test_what_is_reckoned_at_once_is_what_the_features_say(seed: int) -> None:
    draw = random.Random(seed)
    around = some_around(draw)
    scorer = Scorer(around)
    for _ in range(30):
        item = Definition(
            name=draw.choice(NAMES[:-1]),
            kind=draw.choice((Kind.FUNCTION, Kind.TYPE, Kind.FIELD, Kind.VALUE)),
            container=draw.choice(NAMES),
            parent=draw.choice((-1, 2)),
            first=3,
            line=draw.randrange(90),
            header=5,
            last=9,
            extends=draw.random() < 0.3,
        )
        header = frozenset(draw.choices((*NAMES, "static"), k=3))
        here, folder, imported = (draw.random() < 0.5 for _ in range(3))
        constructors = frozenset({"__init__"} if draw.random() < 0.5 else ())
        score = scorer.of(here=here, folder=folder, imported=imported, constructors=constructors)
        values = features(item, header, around, here=here, folder=folder, imported=imported, constructors=constructors)
        assert score(item, header) == pytest.approx(likelihood(values))  # pyright: ignore[reportUnknownMemberType]


def price(piece: Piece, sheet: Sheet, kept: set[int], named: bool) -> int:
    """Tokens that a piece's lines take beside those kept; ``named``: a file of its group is shown."""
    new = [line for line in piece.lines if line not in kept]
    alone = [n for n in new if n not in sheet.begins and not {n - 1, n, n + 1} & kept and n - 1 not in piece.lines]
    own, shared = sheet.heading(piece.file)
    heading = 0 if kept or not new else own if named else own + shared
    return sum(sheet.costs[line] for line in new) + sheet.gap * len(alone) + heading


def greedy(pieces: list[Piece], sheets: dict[str, Sheet], tokens: int) -> tuple[list[Piece], int, dict[str, set[int]]]:
    """The same choice, each piece priced again after each that was taken."""
    kept = {name: set(sheet.always) for name, sheet in sheets.items()}
    left = dict(enumerate(pieces))
    spent = out = 0
    shown: list[Piece] = []
    named: set[Group | None] = set()
    while left:
        prices = {n: price(p, sheets[p.file], kept[p.file], sheets[p.file].group in named) for n, p in left.items()}
        number = min(left, key=lambda n: (-left[n].worth / max(prices[n], 1), n))
        piece = left.pop(number)
        if prices[number] and spent + prices[number] > tokens:
            out += 1
            continue
        spent += prices[number]
        if prices[number]:
            kept[piece.file].update(piece.lines)
            named.add(sheets[piece.file].group)
        shown.append(piece)
    return shown, out, kept


@pytest.mark.parametrize("seed", range(20))
def test_the_same_is_chosen_from_for_several_budgets(seed: int) -> None:
    draw = random.Random(seed)
    group = Group("b/")
    sheets = {
        name: Sheet(
            lines=tuple("x" * draw.randrange(60) for _ in range(40)),
            paid=name == "a",
            gap=draw.choice((5, 13)),
            group={"a": None, "b/b": group, "b/c": group, "d": Group("./")}[name],
            begins=frozenset(draw.sample(range(40), 12)),
        )
        for name in ("a", "b/b", "b/c", "d")
    }
    sheets["a"].always = frozenset({3, 4, 5})
    pieces: list[Piece] = []
    for _ in range(50):
        start = draw.randrange(38)
        lines = sorted({draw.randrange(start + 1), *range(start, min(start + draw.randrange(1, 5), 40))})
        pieces.append(Piece(file=draw.choice(tuple(sheets)), lines=tuple(lines), worth=draw.random(), reason="here"))
    choice = Choice(pieces, sheets)
    for tokens in (0, 90, 400, 90, 5_000):
        chosen = choice.within(tokens)
        shown, out, kept = greedy(pieces, sheets, tokens)
        assert list(chosen.pieces) == shown and chosen.left_out == out
        assert {name: sheet.kept for name, sheet in sheets.items()} == kept
        assert chosen.tokens <= tokens and {3, 4, 5} <= kept["a"]
