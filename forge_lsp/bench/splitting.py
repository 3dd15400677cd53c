"""Tests in test files: where each stands, which of them a job is shown, and a file without the others. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.support import BenchSupport
from forge_lsp.core.task import TextRange

__all__ = ["Unit", "hidden_of", "is_of", "units_in", "without"]

_TOKENS = re.compile(r"::|\.|/|\[|\(|:|\s+>\s+|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One test in a text: its whole lines in ``range``. ``inside``: it is a member of something."""

    name: str
    range: TextRange
    inside: bool = False


def units_in(text: str, language: Language, syntax: Syntax) -> tuple[Unit, ...]:
    """Return the tests of a text, in order."""
    support = language.bench()
    if support.tests_in is not None:
        return tuple(Unit(name=name, range=place) for name, place in support.tests_in(text))
    return tuple(_defined(syntax.outline(text, language).items, text, support, inside=False))


def is_of(unit: Unit, file: str, name: str) -> bool:
    """Return whether the result of a check, called ``name`` by its runner, is that of a test in ``file``."""
    if unit.name.isdigit():
        return re.search(rf"(?:^|[\s/]){re.escape(file.rpartition('/')[2])}:{unit.name}\b", name) is not None
    if " > " in name:
        return name.startswith(file) and name.endswith(f" > {unit.name}")
    return unit.name in _TOKENS.split(name)


def hidden_of(names: Iterable[str], seed: str, *, all_but: int) -> frozenset[str]:
    """Return the names of the tests to hide: half of them, drawn by ``seed``, and at most all but ``all_but``."""
    drawn = sorted(set(names))
    random.Random(seed).shuffle(drawn)
    return frozenset(drawn[: min((len(drawn) + 1) // 2, len(drawn) - all_but)])


def without(text: str, language: Language, units: Sequence[Unit]) -> str:
    """Return a text without some of its tests."""
    support = language.bench()
    for unit in sorted(units, key=lambda unit: unit.range.start, reverse=True):
        start, end = unit.range.start, unit.range.end
        before = text[text.rfind("\n", 0, start) + 1 : start]
        filler = support.filler if unit.inside and not before.strip() else ""
        if support.keeps_lines:
            filler = "\n" * text.count("\n", start, end)
        text = text[:start] + filler + text[end:]
    return text


def _defined(items: Sequence[Item], text: str, support: BenchSupport, *, inside: bool) -> Iterator[Unit]:
    for item in items:
        yield from _defined(item.children, text, support, inside=True)
        if item.kind is not ItemKind.FUNCTION or item.name is None:
            continue
        if support.test_names.fullmatch(item.name) or support.test_marks.search(item.range.of(text)):
            yield Unit(name=item.name, range=item.range, inside=inside)
