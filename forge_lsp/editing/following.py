"""What became of code that was applied: its digests are kept, and looked for in a later text of the document.

A definition is found by its name and kind, wherever it is by then; other code by its tokens, which must follow one
another somewhere. No text is kept.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forge_lsp.core.became import EditFate
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Scope, ScopeKind, TextRange
from forge_lsp.editing.differences import shift_range
from forge_lsp.editing.fingerprint import ComparedText, NormalToken
from forge_lsp.editing.lines import BOM
from forge_lsp.editing.selecting import SelectedItem

__all__ = ["LONGEST", "RememberedCode", "follow"]

LONGEST = 200_000
"""Characters of a document that is still looked at: its syntax is read twice, once when applied and once when saved."""
_LEAST = 8  # tokens of a body that is known again under another name
_MODULUS = (1 << 61) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    """``wanted``: digests of what was applied under this name and kind, and how often each must occur. ``before``: what
    stood at this place before, in order."""

    place: bytes
    name: bytes
    wanted: Mapping[bytes, int]
    bodies: frozenset[bytes]
    before: tuple[bytes, ...]

    def became(self, now: _Digests) -> EditFate:
        if all(now.named[self.name, digest] >= count for digest, count in self.wanted.items()):
            return EditFate.KEPT
        there = now.placed.get(self.place, ())
        if tuple(there) == self.before:
            return EditFate.UNDONE
        return EditFate.CHANGED if there or self.bodies & now.bodies else EditFate.UNDONE


@dataclass(frozen=True, slots=True)
class _Tokens:
    """A run of tokens: how many, the hash that rolls over a text, and the digest that decides."""

    count: int
    rolling: int
    digest: bytes

    def found(self, reading: ComparedText, hashes: Sequence[int], base: int) -> bool:
        for start in _rolled(hashes, self.count, self.rolling, base):
            if _digest(reading, reading.leaves[start : start + self.count]) == self.digest:
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passage:
    """Code without a name: its tokens, what stood there before, and the lines that were not in the document before."""

    written: _Tokens
    before: _Tokens
    lines: frozenset[bytes]
    base: int

    def became(self, reading: ComparedText) -> EditFate:
        hashes = _hashes(reading)
        back = self.before.count > 0 and self.before.found(reading, hashes, self.base)
        if self.written.count == 0:
            return EditFate.UNDONE if back else EditFate.KEPT
        if self.written.found(reading, hashes, self.base):
            return EditFate.KEPT
        if self.lines:
            return EditFate.CHANGED if self.lines & reading.lines(reading.leaves) else EditFate.UNDONE
        return EditFate.UNDONE if back or self.before.count == 0 else EditFate.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedCode:
    """Code that was applied, as digests."""

    language: Language
    key: bytes
    definitions: tuple[_Definition, ...] = ()
    passage: _Passage | None = None

    def became(self, text: str) -> EditFate | None:
        """What became of it in ``text``, its document now; None: the text is too long to be looked at."""
        if len(text) > LONGEST:
            return None
        reading = ComparedText(text.removeprefix(BOM), self.language, self.key)
        if self.passage is not None:
            return self.passage.became(reading)
        now = _Digests(reading)
        found = {definition.became(now) for definition in self.definitions}
        return found.pop() if len(found) == 1 else EditFate.CHANGED


def follow(language: Language, scope: Scope, base: str, before: str, after: str) -> RememberedCode | None:
    """What to look for later; None where that cannot be told.

    ``scope`` is a place in ``base``, the text that the job saw. ``before`` and ``after`` are the texts of the document
    around the edit: they differ in the scope and in imports alone.
    """
    if not language.editing().grammars or max(len(before), len(after), len(base)) > LONGEST:
        return None
    place = scope.range
    if base.startswith(BOM):
        place = TextRange(start=max(0, place.start - 1), end=max(0, place.end - 1))
    base, before, after = base.removeprefix(BOM), before.removeprefix(BOM), after.removeprefix(BOM)
    key = secrets.token_bytes(16)
    old, new = ComparedText(before, language, key), ComparedText(after, language, key)
    digests = _Digests(old), _Digests(new)
    if scope.kind is ScopeKind.DEFINITION and scope.name is not None:
        wanted = _place(new, scope.container, scope.name)
        if names := [found for found in new.definitions if _place_of(new, found) == wanted]:
            return RememberedCode(language=language, key=key, definitions=tuple(_definitions(names, *digests)))
    shifted = place if before == base else shift_range(place, base, before)
    if shifted is None:
        return None
    head = sum(leaf.start < shifted.start for leaf in old.leaves)
    tail = len(old.leaves) - head - len(old.between(shifted))
    if not _around(old.leaves, new.leaves, head, tail):
        return None
    written = new.leaves[head : len(new.leaves) - tail]
    names = _outermost(new, written)
    if names and all(any(_holds(found, leaf) for found in names) for leaf in written):
        return RememberedCode(language=language, key=key, definitions=tuple(_definitions(names, *digests)))
    replaced = old.leaves[head : len(old.leaves) - tail]
    return RememberedCode(language=language, key=key, passage=_passage(old, new, replaced, written))


class _Digests:
    """The digests of a text's definitions: by place, by name and kind, and those of their bodies."""

    def __init__(self, reading: ComparedText) -> None:
        self.reading = reading
        self.placed: dict[bytes, list[bytes]] = {}
        self.named: Counter[tuple[bytes, bytes]] = Counter()
        for found in reading.definitions:
            digest = reading.digest(found.item.range)
            self.placed.setdefault(_place_of(reading, found), []).append(digest)
            self.named[_name_of(reading, found), digest] += 1

    @property
    def bodies(self) -> frozenset[bytes]:
        """Of all that are long enough to be known again."""
        return frozenset(body for found in self.reading.definitions for body in _bodies(self.reading, found))


def _definitions(names: Sequence[SelectedItem], old: _Digests, new: _Digests) -> Iterator[_Definition]:
    """What was applied under each name: overloads share one, and only those that the edit brought count."""
    for place in dict.fromkeys(_place_of(new.reading, found) for found in names):
        found = [one for one in names if _place_of(new.reading, one) == place]
        name = _name_of(new.reading, found[0])
        digests = {new.reading.digest(one.item.range): one for one in found}
        fresh = {digest for digest in digests if new.named[name, digest] > old.named[name, digest]}
        wanted = fresh or set(digests)
        yield _Definition(
            place=place,
            name=name,
            wanted={digest: new.named[name, digest] for digest in wanted},
            bodies=frozenset(body for digest in wanted for body in _bodies(new.reading, digests[digest])),
            before=tuple(old.placed.get(place, ())),
        )


def _bodies(reading: ComparedText, found: SelectedItem) -> Iterator[bytes]:
    body = found.item.body
    if body is not None and len(reading.between(body)) >= _LEAST:
        yield reading.digest(body)


def _place_of(reading: ComparedText, found: SelectedItem) -> bytes:
    return _place(reading, ".".join(item.name for item in found.path if item.name is not None), found.item.name or "")


def _place(reading: ComparedText, container: str | None, name: str) -> bytes:
    return reading.of(container or "", name)


def _name_of(reading: ComparedText, found: SelectedItem) -> bytes:
    return reading.of(found.item.kind, found.item.name or "")


def _around(old: Sequence[NormalToken], new: Sequence[NormalToken], head: int, tail: int) -> bool:
    """Whether the edit left the first ``head`` and the last ``tail`` tokens alone."""
    if head + tail > min(len(old), len(new)):
        return False
    pairs = [*zip(old[:head], new[:head], strict=True)]
    pairs += zip(old[len(old) - tail :], new[len(new) - tail :], strict=True)
    return all(one.text == other.text for one, other in pairs)


def _outermost(reading: ComparedText, written: Sequence[NormalToken]) -> list[SelectedItem]:
    """The definitions that were written as a whole, less those inside another of them."""
    if not written:
        return []
    start, end = written[0].start, written[-1].end
    inside = [found for found in reading.definitions if start <= found.item.range.start and found.item.range.end <= end]
    return [found for found in inside if not any(other.item in found.path for other in inside)]


def _holds(found: SelectedItem, leaf: NormalToken) -> bool:
    return found.item.range.start <= leaf.start and leaf.end <= found.item.range.end


def _passage(
    old: ComparedText, new: ComparedText, before: Sequence[NormalToken], written: Sequence[NormalToken]
) -> _Passage:
    base = secrets.randbelow(_MODULUS - 2) + 2
    return _Passage(
        written=_tokens(new, written, base),
        before=_tokens(old, before, base),
        lines=new.lines(written) - old.lines(old.leaves),
        base=base,
    )


def _tokens(reading: ComparedText, leaves: Sequence[NormalToken], base: int) -> _Tokens:
    rolling = 0
    for leaf in leaves:
        rolling = (rolling * base + _hash(reading, leaf)) % _MODULUS
    return _Tokens(len(leaves), rolling, _digest(reading, leaves))


def _digest(reading: ComparedText, leaves: Sequence[NormalToken]) -> bytes:
    if not leaves:
        return b""
    return reading.digest(TextRange(start=leaves[0].start, end=leaves[-1].end))


def _hashes(reading: ComparedText) -> list[int]:
    return [_hash(reading, leaf) for leaf in reading.leaves]


def _hash(reading: ComparedText, leaf: NormalToken) -> int:
    return int.from_bytes(reading.of(leaf.text)[:8], "big") % _MODULUS


def _rolled(hashes: Sequence[int], count: int, wanted: int, base: int) -> Iterator[int]:
    """Where ``count`` hashes have the polynomial hash ``wanted`` (Karp and Rabin 1987)."""
    top = pow(base, count, _MODULUS)
    rolling = 0
    for at, value in enumerate(hashes):
        rolling = (rolling * base + value) % _MODULUS
        if at >= count:
            rolling = (rolling - hashes[at - count] * top) % _MODULUS
        if at >= count - 1 and rolling == wanted:
            yield at - count + 1
