"""The definitions that the code to be written may need, as pieces to show with their worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from forge_lsp.context.choosing import Piece
from forge_lsp.context.reading import Definition, Kind
from forge_lsp.context.words import parts_of
from forge_lsp.context.workspace import Source, Workspace
from forge_lsp.context.worth import FEATURES, Around, features, likelihood

__all__ = ["Candidate", "candidates", "files_of", "pieces_of", "reached"]

_LEAST = 0.0005  # likelihood below which a definition of another file is no use, even where there is room
_MOST_WHOLE = 40  # lines of a helper that may be shown whole
_COMMON = 8  # a name that more files define says little about which of them is meant
_NAMED = {
    "member": "a member of its class",
    "in scope": "named in its header or its words",
    "imported for nothing else": "imported, and used nowhere else",
    "in tests": "used by its tests",
    "in callers": "used where it is called",
    "container is base": "a member of a base of its class",
    "near": "used near by",
    "in class": "used by its class",
    "imported": "imported",
    "in document": "used in its file",
    "container in scope": "a member of a type in its header",
    "in reach": "a type of what it can reach",
    "same folder": "of its package",
    "same file": "of its file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A definition of a file, how likely it is needed, and what speaks for it in plain words."""

    source: Source
    imported: bool
    item: Definition
    number: int
    values: Sequence[float]
    worth: float

    @property
    def reason(self) -> str:
        """What speaks for it."""
        return _reason(self.values)


def files_of(
    around: Around, workspace: Workspace, imported: Mapping[str, int], *, most: int, package: bool
) -> list[str]:
    """The files that may define what is needed, the likeliest first, at most ``most``. ``imported``: those that the
    document imports or the user has open; ``package``: files of its folder need no import."""
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
    if around.container:
        weights[around.container] = 6
    scores: dict[str, float] = dict.fromkeys(imported, 8.0)
    for name, files in workspace.index.defining(weights).items():
        if len(files) > _COMMON and weights[name] < 5:
            continue
        for file in files:
            scores[file] = scores.get(file, 0.0) + weights[name] / len(files)
    ranked: list[tuple[float, str]] = []
    for file in workspace.beside():
        scores[file] = scores.get(file, 0.0) + (4.0 if package else 0.5)
    for name, score in scores.items():
        file = workspace.index.files.get(name)
        if file is not None and not file.test:
            ranked.append((-(score - 0.2 * workspace.distance(name)), name))
    return [name for _, name in sorted(ranked)[:most]]


def reached(around: Around, sources: Iterable[Source]) -> frozenset[str]:
    """The names in the headers of what the scope surely reaches: members of its class, fields of the types that its
    header names, their bases."""
    found: Counter[str] = Counter()
    for source in sources:
        for number, item in enumerate(source.read.definitions):
            held = item.container and (item.container == around.container or item.container in around.scope)
            named = item.kind is Kind.TYPE and (item.name == around.container or item.name in around.scope)
            if (held and item.kind in (Kind.FIELD, Kind.FUNCTION)) or named or item.name in around.scope:
                found.update(source.read.header_words[number])
    return frozenset(found) - set(around.scope)


def candidates(
    around: Around, sources: Sequence[Source], imported: Mapping[str, int], scope: tuple[int, int]
) -> Iterator[Candidate]:
    """Each definition of ``sources`` outside of the scope."""
    counts: Counter[str] = Counter()
    total: Counter[str] = Counter(around.scope)
    for source in sources:
        counts.update(source.read.words.keys())
        total.update(around.document if source.here else source.read.words)
    popular = {name: count / len(sources) for name, count in counts.items()} if sources else {}
    rare = [
        {item.name for item in source.read.definitions if item.kind is not Kind.PART and total[item.name] == 1}
        for source in sources
    ]
    once = {name: 1.0 / (1.0 + len(names) / 16.0) for names in rare for name in names}
    around = replace(around, popular=popular, once=once)
    folder = next((source.folder for source in sources if source.here), None)
    for source in sources:
        read = source.read
        constructors = source.language.context().constructors
        for number, item in enumerate(read.definitions):
            if item.kind is Kind.PART or item.test or (source.test and not source.here):
                continue
            if source.here and item.line >= scope[0] and item.last <= scope[1]:
                continue
            values = features(
                item,
                read.header_words[number],
                around,
                here=source.here,
                folder=source.folder == folder,
                imported=source.name in imported,
                constructors=constructors,
            )
            yield Candidate(
                source=source,
                imported=source.name in imported,
                item=item,
                number=number,
                values=values,
                worth=likelihood(values),
            )


def _reason(values: Sequence[float]) -> str:
    known: dict[str, float] = dict(zip(FEATURES, values, strict=True))
    return next((words for feature, words in _NAMED.items() if known[feature] > 0), "of this project")


def pieces_of(found: Iterable[Candidate], around: Around) -> Iterator[Piece]:
    """What can be shown of each: its header with the headers around it, and the whole of it where it is short. Of those
    with the same name one is meant: the likeliest first, the others are worth less each."""
    ranks: Counter[str] = Counter()
    for one in sorted(found, key=lambda candidate: -candidate.worth):
        ranks[one.item.name] += 1
        worth = one.worth / ranks[one.item.name]
        if worth < _LEAST and not (one.source.here or one.imported):
            continue
        read, item = one.source.read, one.item
        shown = read.headers[one.number]
        yield Piece(file=one.source.name, lines=shown, worth=worth, reason=one)
        words = read.documentation(item)
        if words:
            yield Piece(file=one.source.name, lines=(*words, *shown), worth=0.3 * worth, reason=one)
        size = item.last - item.line
        if item.kind is Kind.FIELD or size >= _MOST_WHOLE or item.header >= item.last:
            continue
        whole = tuple(sorted({*shown, *range(item.line, item.last + 1)}))
        yield Piece(file=one.source.name, lines=whole, worth=_body(one, worth, around), reason=one)


def _body(one: Candidate, worth: float, around: Around) -> float:
    """What the body of a definition is worth beside its header."""
    item = one.item
    if item.kind is Kind.TYPE:
        return 0.3 * worth
    constructors = one.source.language.context().constructors
    if (
        item.container
        and item.container == around.container
        and (item.name in constructors or item.name == item.container)
    ):
        return 0.8
    own, other = parts_of(around.name), parts_of(item.name)
    alike = len(own & other) / len(own | other) if own | other else 0.0
    twin = 0.3 * alike if alike >= 0.6 and one.source.here else 0.0
    same = 0.2 if item.name == around.name else 0.0
    return 0.5 * worth + twin + same
