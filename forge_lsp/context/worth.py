"""How likely the code that is wanted needs a definition: what stands around the scope says it.

The weights are those of a logistic regression over functions of real projects in nine languages, each blanked: the
names that its body used against all others that could have been shown (benchmarks/context.py is the measure).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from forge_lsp.context.reading import Definition, Kind
from forge_lsp.context.words import parts_of

__all__ = ["FEATURES", "WEIGHTS", "Around", "Scorer", "features", "likelihood"]

FEATURES: Sequence[str] = (
    "function", "type", "field", "value", "member", "same file", "same folder", "imported file", "in scope", "in class",
    "near", "in document", "imported", "imported for nothing else", "in tests", "in callers", "in reach",
    "container in scope", "container in class", "container in document", "container is base", "container imported",
    "parts", "private elsewhere", "popular", "speaks of class", "same name", "distance", "container in reach", "short",
    "nested", "constructor", "special", "member in class", "own in file", "field of scope's type", "type in scope",
    "far and unheard", "only here", "unused", "unused here", "extension", "popular extension", "used alike",
    "used alike at all", "container imported for nothing else", "private to another",
    "static, of what is imported for nothing else", "speaks of scope's types",
)  # fmt: skip


_ALIKE = 30.0  # what one function in so many says is much; each further one says less


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around the scope: how often each name occurs in its own text and the task's words, in the rest of
    its class, within some lines, in the rest of the document; in imports, in tests and callers of it; in the headers
    of what it can reach. ``popular`` is the share of the files looked at that a name occurs in, ``once`` are those that
    occur once in all of them (nothing but the code to be written may use them), less each where they are many,
    ``alike`` is the share of the functions like it that use a name; ``types`` are the types in the header of the scope,
    from 0 to 1 by how rare they are."""

    name: str
    container: str
    scope: Counter[str]
    members: Counter[str]
    near: Counter[str]
    document: Counter[str]
    imported: frozenset[str]
    unused: frozenset[str]
    bases: frozenset[str]
    parts: frozenset[str]
    line: int
    tests: Counter[str] = field(default_factory=Counter[str])
    callers: Counter[str] = field(default_factory=Counter[str])
    reach: frozenset[str] = frozenset()
    popular: Mapping[str, float] = field(default_factory=dict[str, float])
    once: Mapping[str, float] = field(default_factory=dict[str, float])
    alike: Mapping[str, float] = field(default_factory=dict[str, float])
    types: Mapping[str, float] = field(default_factory=dict[str, float])


def features(
    item: Definition,
    header: frozenset[str],
    around: Around,
    *,
    here: bool,
    folder: bool,
    imported: bool,
    constructors: frozenset[str],
) -> list[float]:
    """What speaks for a definition, in the order of :data:`FEATURES`. ``here``: it is the document's; ``folder``: of a
    file beside it; ``imported``: of one that it imports. ``header`` are the names in its header."""
    name, holder = item.name, item.container
    member = bool(holder) and holder == around.container
    in_document = around.document[name]
    parts = parts_of(name)
    known = any(
        word and (word in around.scope or word in around.members or word in around.document or word in around.imported)
        for word in (name, holder)
    )
    return [
        float(item.kind is Kind.FUNCTION),
        float(item.kind is Kind.TYPE),
        float(item.kind is Kind.FIELD),
        float(item.kind is Kind.VALUE),
        float(member),
        float(here),
        float(folder and not here),
        float(imported and not here),
        float(name in around.scope),
        math.log1p(around.members[name]),
        float(name in around.near),
        math.log1p(in_document),
        float(name in around.imported),
        float(name in around.unused),
        math.log1p(around.tests[name]),
        math.log1p(around.callers[name]),
        float(name in around.reach),
        float(bool(holder) and holder in around.scope),
        float(bool(holder) and holder in around.members),
        float(bool(holder) and holder in around.document),
        float(bool(holder) and holder in around.bases),
        float(bool(holder) and holder in around.imported),
        len(parts & around.parts) / len(parts) if parts else 0.0,
        float(not here and not member and name.startswith(("_", "#"))),
        around.popular.get(name, 0.0),
        float(bool(around.container) and around.container in header),
        float(name == around.name),
        1.0 / (1.0 + abs(item.line - around.line) / 30.0) if here else 0.0,
        float(bool(holder) and holder in around.reach),
        float(len(name) <= 3),
        float(item.parent >= 0 and not holder),
        float(name in constructors),
        float(name.startswith("__")),
        float(member and around.members[name] > 0),
        float(here and in_document > 1),
        float(item.kind is Kind.FIELD and bool(holder) and (holder in around.scope or member)),
        float(item.kind is Kind.TYPE and name in around.scope),
        float(not here and not known),
        float(here and not holder and item.kind in (Kind.FUNCTION, Kind.VALUE)),
        around.once.get(name, 0.0),
        around.once.get(name, 0.0) if here or member else 0.0,
        float(item.extends),
        around.popular.get(name, 0.0) if item.extends else 0.0,
        around.alike.get(name, 0.0),
        math.log1p(_ALIKE * around.alike.get(name, 0.0)),
        float(bool(holder) and not here and holder in around.unused),
        float(not here and not member and "private" in header),
        float(bool(holder) and not here and holder in around.unused and "static" in header),
        _spoken(item, header, around),
    ]


def _spoken(item: Definition, header: frozenset[str], around: Around) -> float:
    """How much a header speaks of the types in that of the scope, beside its own and its container's."""
    types = around.types
    if not types or types.keys().isdisjoint(header):
        return 0.0
    return math.fsum(types[name] for name in types if name in header and name not in (item.name, item.container))


WEIGHTS: Sequence[float] = (
    -5.62, -4.99, -5.59, -5.11, -0.57, 0.97, 0.04, 0.68, -0.40, -0.03,
    0.88, -0.37, 0.53, 1.12, -0.08, -0.37, 0.05, 0.85, -0.08, -0.09,
    -0.13, 0.02, 0.61, -1.79, -1.14, -0.77, -1.12, 1.06, 0.58, -0.28,
    -1.45, -0.17, -0.95, -0.44, 0.83, 0.84, 0.77, -1.49, -0.05, 0.83,
    0.98, 0.43, 2.68, -0.27, 1.61, 0.75, -1.70, 0.93, 0.40,
)  # fmt: skip


def likelihood(values: Sequence[float]) -> float:
    """How likely it is needed, from 0 to 1."""
    return 1.0 / (1.0 + math.exp(-sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))))


_W = dict(zip(FEATURES, WEIGHTS, strict=True))
_BY_KIND = {kind: _W[kind.value] for kind in (Kind.FUNCTION, Kind.TYPE, Kind.FIELD, Kind.VALUE)}


class Scorer:
    """:func:`likelihood` of :func:`features` for many definitions around one scope: what a name, or a container, says
    is reckoned once."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._telling = frozenset({"private", "static", around.container, *around.types} - {""})
        self._names: dict[str, tuple[float, float, float, float, bool]] = {}
        self._holders: dict[str, tuple[float, float, float, bool, bool]] = {}

    def of(
        self, *, here: bool, folder: bool, imported: bool, constructors: frozenset[str]
    ) -> Callable[[Definition, frozenset[str]], float]:
        """How likely a definition of one file is needed, given the names in its header; the words are those of
        :func:`features`."""
        around, names, holders, telling = self._around, self._names, self._holders, self._telling
        place = _W["same file"] * here + _W["same folder"] * (folder and not here)
        place += _W["imported file"] * (imported and not here)
        by_kind = {kind: place + _BY_KIND.get(kind, 0.0) for kind in Kind}

        def score(item: Definition, header: frozenset[str]) -> float:
            name, kind, holder, parent, _, line, _, _, _, extends = item
            by_name, elsewhere, once, in_class, name_known = names.get(name) or self._name(name)
            by_holder, field, static, member, holder_known = holders.get(holder) or self._holder(holder)
            total = by_kind[kind] + by_name + by_holder
            if member:
                total += in_class
            if here:
                total += once + _W["distance"] / (1.0 + abs(line - around.line) / 30.0)
                if around.document[name] > 1:
                    total += _W["own in file"]
                if not holder and kind in (Kind.FUNCTION, Kind.VALUE):
                    total += _W["only here"]
            else:
                total += once if member else elsewhere
                if static:
                    total += _W["container imported for nothing else"]
                if not name_known and not holder_known:
                    total += _W["far and unheard"]
            if not telling.isdisjoint(header):
                total += _W["speaks of scope's types"] * _spoken(item, header, around)
                if around.container and around.container in header:
                    total += _W["speaks of class"]
                if not here and not member and "private" in header:
                    total += _W["private to another"]
                if not here and "static" in header:
                    total += static
            if parent >= 0 and not holder:
                total += _W["nested"]
            if name in constructors:
                total += _W["constructor"]
            if extends:
                total += _W["extension"] + _W["popular extension"] * around.popular.get(name, 0.0)
            if kind is Kind.FIELD:
                total += field
            elif kind is Kind.TYPE and name in around.scope:
                total += _W["type in scope"]
            return 1.0 / (1.0 + math.exp(-total))

        return score

    def _name(self, name: str) -> tuple[float, float, float, float, bool]:
        """What a name says: anywhere; in a file that is not the document, of no member of the class; in the document or
        of a member; of a member; and whether the document has it."""
        around = self._around
        parts = parts_of(name)
        inside, in_class, written = name in around.scope, around.members[name], around.document[name]
        imported, alike, once = name in around.imported, around.alike.get(name, 0.0), around.once.get(name, 0.0)
        total = (
            _W["in scope"] * inside
            + _W["in class"] * math.log1p(in_class)
            + _W["near"] * (name in around.near)
            + _W["in document"] * math.log1p(written)
            + _W["imported"] * imported
            + _W["imported for nothing else"] * (name in around.unused)
            + _W["in tests"] * math.log1p(around.tests[name])
            + _W["in callers"] * math.log1p(around.callers[name])
            + _W["in reach"] * (name in around.reach)
            + (_W["parts"] * len(parts & around.parts) / len(parts) if parts else 0.0)
            + _W["popular"] * around.popular.get(name, 0.0)
            + _W["same name"] * (name == around.name)
            + _W["short"] * (len(name) <= 3)
            + _W["special"] * name.startswith("__")
            + _W["unused"] * once
            + _W["used alike"] * alike
            + _W["used alike at all"] * math.log1p(_ALIKE * alike)
        )
        known = inside or name in around.members or name in around.document or imported
        elsewhere = _W["private elsewhere"] * name.startswith(("_", "#"))
        found = total, elsewhere, _W["unused here"] * once, _W["member in class"] * (in_class > 0), known
        self._names[name] = found
        return found

    def _holder(self, holder: str) -> tuple[float, float, float, bool, bool]:
        """What a container says: of all in it; of a field; of what is static, where it is imported for nothing else;
        whether it is the scope's own, and whether the document has it."""
        around = self._around
        inside, in_class, written = holder in around.scope, holder in around.members, holder in around.document
        imported, member = holder in around.imported, holder == around.container
        total = (
            _W["container in scope"] * inside
            + _W["container in class"] * in_class
            + _W["container in document"] * written
            + _W["container is base"] * (holder in around.bases)
            + _W["container imported"] * imported
            + _W["container in reach"] * (holder in around.reach)
            + _W["member"] * member
        )
        field = _W["field of scope's type"] * (member or inside)
        static = _W["static, of what is imported for nothing else"] * (holder in around.unused)
        known = inside or in_class or written or imported
        found = (total, field, static, member, known) if holder else (0.0, 0.0, 0.0, False, False)
        self._holders[holder] = found
        return found
