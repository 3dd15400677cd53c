"""A definition by name: the best of those that bear it, put together from what the blocks hold of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.ensemble.extraction.bodies import bare_body, leaves
from forge_lsp.ensemble.extraction.choosing import ChosenDefinition, bears_name, chosen, precedence
from forge_lsp.ensemble.extraction.companions import above, with_helpers, with_siblings
from forge_lsp.ensemble.extraction.harvest import CodeBlock
from forge_lsp.ensemble.extraction.places import all_places
from forge_lsp.ensemble.extraction.reshape import (
    dedented_item,
    fill,
    is_method,
    renamed,
)
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, FoundDefinition, WantedDefinition

__all__ = ["definition", "likely"]

_USES = re.compile(r"(?:test|main|demo|example|usage)", re.I)


def definition(blocks: Sequence[CodeBlock], wanted: WantedDefinition) -> FoundDefinition | None:
    """Return the wanted definition by its name, from fences if they hold it, else from anywhere."""
    fenced = [block for block in blocks if block.fenced]
    for pool in (fenced, blocks):
        found = _class(pool, wanted) if wanted.is_class else _function(pool, wanted)
        if found is not None:
            return found
    return None


def likely(blocks: Sequence[CodeBlock], wanted: WantedDefinition) -> FoundDefinition | None:
    """Return what is meant for the wanted definition where none bears its name: one of another name, or a body."""
    fenced = [block for block in blocks if block.fenced]
    for pool in (fenced, blocks):
        found = _other_name(pool, wanted) or bare_body(pool, wanted)
        if found is not None:
            return found
    return None


def _function(blocks: Sequence[CodeBlock], wanted: WantedDefinition) -> FoundDefinition | None:
    """The best definition of the name, wherever it stands."""
    kinds = DEFINITIONS if wanted.item is None else {*DEFINITIONS, wanted.item.kind}
    best = chosen(blocks, wanted, tuple(kinds))
    if best is None:
        return None
    block, place, item = best.block, best.place, best.place.item
    if best.whole and place.branch is not None:
        return FoundDefinition(code=dedented_item(block.code, place.branch), blocks=(block,))
    if item.stub and wanted.item is not None and wanted.item.stub:
        return None  # the header alone, for what a broken line left of the body
    if len(wanted.group) > 1:
        code = _grouped(best, wanted)
        return FoundDefinition(code=code, blocks=(block,), above=above(code, blocks, block, item, wanted))
    code = wanted.support.aligned(dedented_item(block.code, item), item, wanted.parameters)
    owner = place.owner
    main = place.owners[0] if place.owners else item
    if wanted.support.qualifier and item.name != wanted.name:
        code = _qualified(code, item, wanted)
        return FoundDefinition(code=code, blocks=(block,), above=above(code, blocks, block, main, wanted))
    if wanted.container is not None:
        if owner is not None and owner.kind is ItemKind.CLASS:
            code = with_siblings(code, block, item, owner.children, wanted)
        elif owner is None and wanted.support.only_types:
            code = with_siblings(code, block, item, block.outline.items, wanted)
    code = with_helpers(code, blocks, block, main, wanted)
    return FoundDefinition(code=code, blocks=(block,), above=above(code, blocks, block, main, wanted))


def _qualified(code: str, item: Item, wanted: WantedDefinition) -> str:
    """A member as the document defines it: outside of its class by ``Stack::push``, inside by ``push`` (C++)."""
    if wanted.support.qualifier in (wanted.name or ""):
        return wanted.support.out_of_class(code, wanted.key, wanted.name or "")
    return code.replace(item.name or "", wanted.name or "", 1)


def _grouped(best: ChosenDefinition, wanted: WantedDefinition) -> str:
    """Overloads with their implementation: all of them from the answer, or the document's with a new implementation."""
    same = [
        place
        for place in all_places(best.block.outline.items, best.block.code, wanted.language)
        if place.name == wanted.key and place.path == best.place.path
    ]
    if len(same) > 1:
        first, last = same[0].item, same[-1].item
        return dedented_item(best.block.code, replace(last, range=replace(last.range, start=first.range.start)))
    code = dedented_item(best.block.code, best.place.item)
    items = [item for item in wanted.syntax.outline(wanted.original, wanted.language).items if item.name == wanted.name]
    last = next((item for item in reversed(items) if item.body is not None), None)
    if last is None:
        return code
    return wanted.original[: last.range.start] + code + wanted.original[last.range.end :]


def _class(blocks: Sequence[CodeBlock], wanted: WantedDefinition) -> FoundDefinition | None:
    """The best class of the name, its gaps filled from bare methods elsewhere and from the original."""
    original = wanted.item
    assert original is not None, "a class that is wanted was found in the original"
    names = {child.name for child in original.children if child.kind in DEFINITIONS and child.name}
    best: tuple[tuple[int, int, tuple[bool, int]], CodeBlock, Item] | None = None
    mine = _classes(blocks, wanted)
    bare: dict[str, str] = {}
    sources: list[CodeBlock] = []
    for number, block in enumerate(blocks):
        taken = False
        for place in all_places(block.outline.items, block.code, wanted.language):
            item, owner = place.item, (place.owners[-1] if place.owners else None)
            if item.kind is ItemKind.CLASS and item.name == wanted.name:
                if mine is not None and item not in mine:
                    continue
                done = {child.name for child in item.children if not child.stub and child.kind in DEFINITIONS}
                score = (len(done & names), len(done), precedence(block, number))
                if best is None or score >= best[0]:
                    best = (score, block, item)
            elif owner is None and item.kind is ItemKind.FUNCTION and item.name and not item.stub:
                if item.name not in names and not is_method(item):
                    continue
                bare[item.name] = dedented_item(block.code, item)
                taken = True
        if taken:
            sources.append(block)
    if best is None:
        if not bare:
            return None
        code = fill(wanted.original, original, bare)
        return FoundDefinition(code=code, blocks=tuple(sources), note="methods were put into their class")
    _, block, item = best
    code = dedented_item(block.code, item)
    done = {child.name for child in item.children if not child.stub}
    missing = {name: text for name, text in bare.items() if name not in done}
    note = None
    if missing:
        outline = wanted.syntax.outline(code, wanted.language)
        again = next((found for found in outline.items if found.name == wanted.name), None)
        if again is not None:
            code, note = fill(code, again, missing), f"{', '.join(missing)} put into the class"
    return FoundDefinition(code=with_helpers(code, blocks, block, item, wanted), blocks=(block,), note=note)


def _classes(blocks: Sequence[CodeBlock], wanted: WantedDefinition) -> Sequence[Item] | None:
    """Of several classes of the name those that stand for the wanted one; None where the document has one only."""
    if not wanted.rivals:
        return None
    found = (chosen([block], wanted, (ItemKind.CLASS,)) for block in blocks)
    return [one.place.item for one in found if one is not None]


def _is_use(item: Item, block: CodeBlock, wanted: WantedDefinition) -> bool:
    """Whether a definition is there to use the wanted one: a test, a demo, what calls it."""
    if _USES.match(item.name or "") is not None:
        return _USES.match(wanted.key) is None
    return re.search(rf"(?<![\w$.]){re.escape(wanted.key)}\s*\(", item.range.of(block.code)) is not None


def _other_name(blocks: Sequence[CodeBlock], wanted: WantedDefinition) -> FoundDefinition | None:
    """The only definition of a block that has one, under the wanted name."""
    kind = ItemKind.CLASS if wanted.is_class else ItemKind.FUNCTION
    for block in blocks:
        if bears_name(block, wanted):
            continue  # what bears it was looked at, and is another definition of the name
        if leaves(block.code):
            continue  # the body, with a function in it
        items = [item for item in block.outline.items if item.kind in DEFINITIONS]
        if len(items) == 1 and items[0].kind is kind and not items[0].stub and items[0].name and wanted.name:
            if items[0].name in wanted.document_names or _is_use(items[0], block, wanted):
                continue
            code = renamed(dedented_item(block.code, items[0]), items[0].name, wanted.name)
            code = wanted.support.aligned(code, items[0], wanted.parameters)
            return FoundDefinition(code=code, blocks=(block,), note=f"`{items[0].name}` was renamed to `{wanted.name}`")
    return None
