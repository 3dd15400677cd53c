"""The definitions that the code to be written may need, as pieces to show with their worth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nsmallest
from operator import attrgetter, itemgetter
from typing import NamedTuple

from forge_lsp.context.choosing import Piece
from forge_lsp.context.reading import Definition, Kind
from forge_lsp.context.words import parts_of
from forge_lsp.context.workspace import Source, Workspace
from forge_lsp.context.worth import Around, Scorer

__all__ = ["Candidate", "candidates", "files_of", "pieces_of", "reached"]

_LEAST = 0.0005  # likelihood below which a definition of another file is no use, even where there is room
_ROOMS = 3  # times the room, for which pieces are looked at more closely
_MOST_WHOLE = 40  # lines of a helper that may be shown whole
_THROUGHOUT = 10.0  # score of a file whose name all others that were read use
_NAMESAKES = 4  # files that define a function of the same name, the nearest
_COMMON, _MOST = 8, 32  # a name that more files define says little, or nothing, about which of them is meant


class Candidate(NamedTuple):  # thousands are made for each task, in a third of the time that a dataclass takes
    """A definition of a file, how likely it is needed, and what speaks for it in plain words. ``folder``: its file lies
    beside the document."""

    source: Source
    imported: bool
    folder: bool
    item: Definition
    number: int
    around: Around
    worth: float

    @property
    def reason(self) -> str:
        """What speaks for it most."""
        return next(self._reasons(), "of this project")

    def _reasons(self) -> Iterator[str]:
        around, name, holder = self.around, self.item.name, self.item.container
        if holder and holder == around.container:
            yield "a member of its class"
        if name in around.scope:
            yield "named in its header or its words"
        if name in around.unused:
            yield "imported, and used nowhere else"
        if around.tests[name]:
            yield "used by its tests"
        if around.callers[name]:
            yield "used where it is called"
        if holder in around.bases:
            yield "a member of a base of its class"
        if name in around.near:
            yield "used near by"
        if around.members[name]:
            yield "used by its class"
        if name in around.imported:
            yield "imported"
        if around.document[name]:
            yield "used in its file"
        if holder and holder in around.scope:
            yield "a member of a type in its header"
        if name in around.reach:
            yield "a type of what it can reach"
        if self.source.here:
            yield "of its file"
        if self.folder:
            yield "of its package"


_WORTH, _VALUE = attrgetter("worth"), itemgetter(0)


def files_of(
    around: Around,
    workspace: Workspace,
    imported: Mapping[str, int],
    seen: Mapping[str, float],
    *,
    most: int,
    package: bool,
    read: Sequence[Source] = (),
) -> list[str]:
    """The files that may define what is needed, the likeliest first, at most ``most``. ``imported``: those that the
    document imports or the user has open; ``seen``: whose names it sees by other ways, from 0 to 1 by how surely;
    ``package``: files of its folder need no import. ``read`` were read before: their words tell which others are used
    throughout, and they are left out."""
    weights: Counter[str] = Counter()
    for names, weight in (
        (around.unused, 6.0),
        (around.scope, 5.0),
        (around.imported, 3.0),
        (around.bases, 3.0),
        (around.members, 2.0),
        (around.tests, 2.0),
        (around.callers, 1.5),
        (around.near, 1.5),
        (around.reach, 2.0),
        (around.document, 1.0),
    ):
        for name in names:
            weights[name] = max(weights[name], weight)  # type: ignore[assignment]
    for name, share in around.alike.items():
        weights[name] = max(weights[name], 6.0 * share)  # type: ignore[assignment]
    if around.container:
        weights[around.container] = 6
    scores: dict[str, float] = {name: 4.0 * sure for name, sure in seen.items()}
    scores.update(dict.fromkeys(imported, 8.0))
    for name, files in workspace.tables.defining(sorted(weights)).items():  # sums of fractions tell orders apart
        if len(files) > (_COMMON if weights[name] < 5 else _MOST):
            continue
        for file in files:
            scores[file] = scores.get(file, 0.0) + weights[name] / len(files)
    namesakes = workspace.tables.defining([around.name]).get(around.name, ())
    for _, file in nsmallest(_NAMESAKES, ((workspace.distance(file), file) for file in namesakes)):
        scores[file] = scores.get(file, 0.0) + 3.0
    ranked: list[tuple[float, str]] = []
    for file in workspace.beside():
        scores[file] = scores.get(file, 0.0) + (4.0 if package else 0.5)
    known = {source.name for source in read}
    for name, score in scores.items():
        file = workspace.tables.files.get(name)
        if file is None or file.test or name in known:
            continue
        if read and name in seen:
            stem = name.rpartition("/")[2].partition(".")[0]
            score += _THROUGHOUT * sum(stem in source.read.words for source in read) / len(read)
        ranked.append((-(score - 0.2 * workspace.distance(name)), name))
    return [name for _, name in sorted(ranked)[:most]]


def reached(around: Around, sources: Iterable[Source]) -> frozenset[str]:
    """The names in the headers of what the scope surely reaches: members of its class, fields of the types that its
    header names, their bases."""
    found: set[str] = set()
    wanted = {around.container, *around.scope} - {""}
    for source in sources:
        for number, item in enumerate(source.read.definitions if wanted & source.read.named else ()):
            held = item.container and (item.container == around.container or item.container in around.scope)
            named = item.kind is Kind.TYPE and (item.name == around.container or item.name in around.scope)
            if (held and item.kind in (Kind.FIELD, Kind.FUNCTION)) or named or item.name in around.scope:
                found.update(source.read.header_words[number])
    return frozenset(found - around.scope.keys())


def candidates(
    around: Around, sources: Sequence[Source], imported: Mapping[str, int], scope: tuple[int, int]
) -> Iterator[Candidate]:
    """Each definition of ``sources`` outside of the scope."""
    counts: Counter[str] = Counter()
    for source in sources:
        counts.update(source.read.words.keys())
    popular = {name: count / len(sources) for name, count in counts.items()}
    once: dict[str, float] = {}
    for source in sources:
        read = source.read
        words = around.document if source.here else read.words
        rare = [name for name in read.names if counts[name] == 1 and words[name] + around.scope[name] == 1]
        once.update(dict.fromkeys(rare, 1.0 / (1.0 + len(rare) / 16.0)))
    around = replace(around, popular=popular, once=once, types=_types(around, sources))
    scorer = Scorer(around)
    own = next((source.folder for source in sources if source.here), None)
    for source in sources:
        read = source.read
        here, folder, known = source.here, source.folder == own, source.name in imported
        score = scorer.of(here=here, folder=folder, imported=known, constructors=source.constructors)
        headers = read.header_words
        for number, item in read.code if here or not source.test else ():
            if not here or item.line < scope[0] or item.last > scope[1]:
                yield Candidate(source, known, folder, item, number, around, score(item, headers[number]))


def _types(around: Around, sources: Sequence[Source]) -> dict[str, float]:
    """The types that the header of the scope names, from 0 to 1 by in how few headers they occur."""
    named = around.scope.keys() - {around.container}
    found = {name for source in sources for name in named & source.read.types}
    count = sum(len(source.read.definitions) for source in sources)
    often = {name: sum(source.read.header_often[name] for source in sources) for name in found}
    most = math.log(count + 1)
    return {name: math.log((count + 1) / (often[name] + 0.5)) / most for name in sorted(found)}


def pieces_of(found: Iterable[Candidate], around: Around, tokens: int) -> tuple[list[Piece], int]:
    """What can be shown of each: its header with the headers around it, and the whole of it where it is short. Of those
    with the same name one is meant: the likeliest first, the others are worth less each. What is worth so little for
    its price that it has no chance in ``tokens`` is left out, and counted."""
    ranks: dict[str, int] = {}
    asked: list[tuple[float, int, float, Candidate]] = []
    for one in sorted(found, key=_WORTH, reverse=True):
        source, imported, _, item, number, _, worth = one
        name = item.name
        rank = ranks[name] = ranks.get(name, 0) + 1
        worth /= rank
        if worth < _LEAST and not (source.here or imported):
            continue
        if source.here or name == around.name or name == item.container or name in source.constructors:
            asked.append((-1.0, 0, worth, one))
        else:
            price = source.read.header_costs[number]
            asked.append((-worth / (price + 1), price, worth, one))
    asked.sort(key=_VALUE)
    pieces: list[Piece] = []
    spent = left_out = 0
    for _, price, worth, one in asked:
        source, _, _, item, number, _, _ = one
        shown, told, whole = source.read.shapes[number]
        file = source.name
        short = item.last - item.line < _MOST_WHOLE
        spent += price
        if spent > _ROOMS * tokens and price:
            left_out += 1 + bool(told) + bool(whole and short)
            continue
        pieces.append(Piece(file=file, lines=shown, worth=worth, reason=one))
        if told:
            pieces.append(Piece(file=file, lines=told, worth=0.1 * worth, reason=one))
        if whole and short:
            pieces.append(Piece(file=file, lines=whole, worth=_body(one, worth, around), reason=one))
    return pieces, left_out


def _body(one: Candidate, worth: float, around: Around) -> float:
    """What the body of a definition is worth beside its header."""
    item = one.item
    if item.kind is Kind.TYPE:
        return 0.06 * worth
    if item.container and (item.name in one.source.constructors or item.name == item.container):
        if item.container == around.container:
            return 0.8
        if item.container in around.bases:
            return 0.4
    twin = 0.0
    if one.source.here:
        own, other = parts_of(around.name), parts_of(item.name)
        alike = len(own & other) / len(own | other) if own | other else 0.0
        twin = 0.15 * alike if alike >= 0.6 else 0.0
    same = 0.06 if item.name == around.name else 0.0
    return 0.1 * worth + twin + same
