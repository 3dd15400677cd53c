"""Where a definition stands and what it looks like: enough to tell it from others of its name. Pure.

A name may be defined several times: accessors of a property, overloads, branches of an ``if``, a function nested in
another. Path, decorators, kind of accessor, parameters and order say which one a definition of an answer stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item
from forge_lsp.core.task import TextRange
from forge_lsp.ensemble.extraction.reshape import receiver

__all__ = ["DefinitionPlace", "Likeness", "all_places", "compared", "place_at"]

Likeness = tuple[int, int, int]
"""How much one definition looks like another: path, decorators and accessor, parameters; more is more alike."""

_GENERICS = re.compile(r"<[^<>]*>")
_COMMENT = re.compile(r"\s*(?:#(?!\[)|//|/\*|\*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionPlace:
    """A definition in ``text`` and what encloses it, outermost first; one without a name is a branch (``if``)."""

    item: Item
    owners: tuple[Item, ...]
    text: str
    language: Language

    @property
    def name(self) -> str:
        """The name without what qualifies it (C++)."""
        return _parts(self.item.name, self.language)[-1]

    @property
    def path(self) -> tuple[str, ...]:
        """The names of what encloses it, the receiver of Go and the qualifiers of C++ included."""
        names = [part for owner in self.owners if owner.name for part in _parts(owner.name, self.language)]
        names += _parts(self.item.name, self.language)[:-1]
        home = receiver(self.item, self.language)
        return (*names, home) if home is not None else tuple(names)

    @property
    def owner(self) -> Item | None:
        """The class or function that encloses it most closely."""
        return next((owner for owner in reversed(self.owners) if owner.name), None)

    @property
    def branch(self) -> Item | None:
        """The outermost statement without a name that it stands in."""
        return next((owner for owner in self.owners if not owner.name), None)

    @property
    def marks(self) -> tuple[str, ...]:
        """Its decorators and attributes, and whether it reads, writes or is static."""
        whole = self.item.range.of(self.text)
        lead, _, _ = whole.partition(self.item.signature) if self.item.signature else (whole, "", "")
        lines = ["".join(line.split()) for line in lead.splitlines() if line.strip() and not _COMMENT.match(line)]
        signature = self.item.signature or ""
        # What does not parse may have a name that ends in a qualifier.
        before = signature.partition(self.name)[0] if self.name else signature
        return (*lines, *self.language.extraction().accessor.findall(before))


def all_places(
    items: Sequence[Item], text: str, language: Language, owners: tuple[Item, ...] = ()
) -> Iterator[DefinitionPlace]:
    """Yield everything with a name, outer before inner, in branches and functions too."""
    for item in items:
        if item.name:
            yield DefinitionPlace(item=item, owners=owners, text=text, language=language)
        yield from all_places(item.children, text, language, (*owners, item))


def place_at(places: Sequence[DefinitionPlace], inside: TextRange, name: str | None) -> DefinitionPlace | None:
    """Return the outermost definition within ``inside``: of ``name`` where one bears it as it is written, else by its
    last part (C++)."""
    within = [one for one in places if inside.start <= one.item.range.start and one.item.range.end <= inside.end]
    exact = next((one for one in within if one.item.name == name), None)
    return exact or next((one for one in within if one.name == name), None)


def compared(one: DefinitionPlace, other: DefinitionPlace, *, loose: bool) -> Likeness:
    """Return how much ``one`` looks like ``other``. ``loose``: that ``one`` stands in nothing does not mean that it was
    to."""
    path = 3 if loose and not one.path else _path_likeness(one.path, other.path)
    mine, theirs = one.marks, other.marks
    marks = 2 if mine == theirs else 1 if not mine else 0
    return path, marks, _parameter_likeness(one.item, other.item)


def _path_likeness(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    if one == other:
        return 3
    if (one and other[-len(one) :] == one) or (other and one[-len(other) :] == other):
        return 2
    return 1 if not one else 0


def _parameter_likeness(one: Item, other: Item) -> int:
    if one.signature is not None and one.signature.split() == (other.signature or "").split():
        return 3
    mine, theirs = one.parameters or (), other.parameters or ()
    return 2 if mine == theirs else 1 if len(mine) == len(theirs) else 0


def _parts(name: str | None, language: Language) -> list[str]:
    qualifier = language.extraction().qualifier
    if not qualifier or not name or qualifier not in name:
        return [name or ""]
    while _GENERICS.search(name):
        name = _GENERICS.sub("", name)
    return name.split(qualifier)
