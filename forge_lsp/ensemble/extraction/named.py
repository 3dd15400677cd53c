"""A definition by name: the best of those that bear it, put together from what the blocks hold of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from forge_lsp.domain.ports import Item, ItemKind
from forge_lsp.domain.task import Language
from forge_lsp.ensemble.extraction.companions import with_helpers, with_siblings
from forge_lsp.ensemble.extraction.harvest import Block
from forge_lsp.ensemble.extraction.reshape import (
    aligned_receiver,
    dedented_item,
    fill,
    out_of_class,
    receiver,
    renamed,
    under_signature,
)
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, Found, Wanted, members

__all__ = ["definition", "likely"]


def definition(blocks: Sequence[Block], wanted: Wanted) -> Found | None:
    """The wanted definition by its name, from fences if they hold it, else from anywhere."""
    fenced = [block for block in blocks if block.fenced]
    for pool in (fenced, blocks):
        found = _class(pool, wanted) if wanted.is_class else _function(pool, wanted)
        if found is not None:
            return found
    return None


def likely(blocks: Sequence[Block], wanted: Wanted) -> Found | None:
    """What is meant for the wanted definition where none bears its name: one by another name, or its body alone."""
    fenced = [block for block in blocks if block.fenced]
    for pool in (fenced, blocks):
        found = _other_name(pool, wanted) or _body(pool, wanted)
        if found is not None:
            return found
    return None


def _function(blocks: Sequence[Block], wanted: Wanted) -> Found | None:
    """The best definition of the name at the top level or in a class; done beats stub, the right class beats none."""
    kinds = DEFINITIONS if wanted.item is None else {*DEFINITIONS, wanted.item.kind}
    best: tuple[tuple[int, int, int, int], Block, Item, Item | None] | None = None
    for block in blocks:
        for item, owner in members(block.outline.items):
            if not _is_called(item, owner, wanted) or item.kind not in kinds:
                continue
            home = owner.name if owner is not None else receiver(item, wanted.language)
            fits = 2 if home == wanted.home else 1 if home is None else 0
            done = 0 if item.stub or _is_prototype(item, wanted) else 1
            score = (done, fits, _likeness(item, wanted), len(block.outline.items))
            # Of equals in one block the later one counts, as it would when run; of equals in two blocks the first.
            if best is None or score > best[0] or (score == best[0] and block is best[1]):
                best = (score, block, item, owner)
    if best is None:
        return None
    _, block, item, owner = best
    if item.stub and wanted.item is not None and wanted.item.stub:
        return None  # the header alone, for what a broken line left of the body
    code = aligned_receiver(dedented_item(block.code, item), item, wanted.parameters, wanted.language)
    if owner is not None and item.name != wanted.name:
        return Found(code=out_of_class(code, item.name or "", wanted.name or ""), blocks=(block,))
    if owner is not None and wanted.container is not None:
        return Found(code=with_siblings(code, block, item, owner, wanted), blocks=(block,))
    return Found(code=with_helpers(code, block, item if owner is None else owner, wanted), blocks=(block,))


def _is_called(item: Item, owner: Item | None, wanted: Wanted) -> bool:
    """By the wanted name; a C++ definition outside of its class (``Stack::push``) may come inside of it."""
    if item.name == wanted.name or owner is None or wanted.language is not Language.CPP or not wanted.name:
        return item.name == wanted.name
    home, _, name = re.sub(r"<[^<>]*>", "", wanted.name).rpartition("::")
    return item.name == name and owner.name == home.rpartition("::")[2] and item.body is not None


def _is_prototype(item: Item, wanted: Wanted) -> bool:
    """Whether ``item`` only announces what the wanted one is to do."""
    return item.body is None and wanted.item is not None and wanted.item.body is not None


def _likeness(item: Item, wanted: Wanted) -> int:
    """How much a definition looks like the wanted one, where a name may have several (overloads)."""
    if wanted.language not in (Language.JAVA, Language.CPP, Language.CSHARP) or wanted.item is None:
        return 0
    if item.signature is not None and item.signature.split() == (wanted.item.signature or "").split():
        return 3
    mine, theirs = item.parameters or (), wanted.item.parameters or ()
    return 2 if mine == theirs else 1 if len(mine) == len(theirs) else 0


def _class(blocks: Sequence[Block], wanted: Wanted) -> Found | None:
    """The best class of the name, its gaps filled from bare methods elsewhere and from the original."""
    original = wanted.item
    assert original is not None, "a class that is wanted was found in the original"
    names = {child.name for child in original.children if child.kind in DEFINITIONS and child.name}
    best: tuple[tuple[int, int], Block, Item] | None = None
    bare: dict[str, str] = {}
    sources: list[Block] = []
    for block in blocks:
        taken = False
        for item, owner in members(block.outline.items):
            if item.kind is ItemKind.CLASS and item.name == wanted.name:
                done = {child.name for child in item.children if not child.stub and child.kind in DEFINITIONS}
                score = (len(done & names), len(done))
                if best is None or score > best[0]:
                    best = (score, block, item)
            elif owner is None and item.kind is ItemKind.FUNCTION and item.name and not item.stub:
                method = bool(item.parameters) and item.parameters[0] in ("self", "cls", "this")
                if item.name in names or method:
                    bare[item.name] = dedented_item(block.code, item)
                    taken = True
        if taken:
            sources.append(block)
    if best is None:
        if not bare:
            return None
        code = fill(wanted.original, original, bare)
        return Found(code=code, blocks=tuple(sources), note="methods were put into their class")
    _, block, item = best
    code = dedented_item(block.code, item)
    missing = _missing(item, original, bare, wanted)
    note = None
    if missing:
        outline = wanted.syntax.outline(code, wanted.language)
        again = next((found for found in outline.items if found.name == wanted.name), None)
        if again is not None:
            code, note = fill(code, again, missing), f"{', '.join(missing)} put back into the class"
    return Found(code=with_helpers(code, block, item, wanted), blocks=(block,), note=note)


def _missing(item: Item, original: Item, bare: Mapping[str, str], wanted: Wanted) -> Mapping[str, str]:
    """What the answer's class lacks: methods that stand bare beside it, and, where the task was to complete a class,
    the finished members of the original that it left out. (A class without stubs was to be changed, and a member
    left out of it may have been meant to go.)"""
    done = {child.name for child in item.children if not child.stub}
    missing = {name: code for name, code in bare.items() if name not in done}
    if any(child.stub for child in original.children):
        present = {child.name for child in item.children}
        for child in original.children:
            if child.kind in DEFINITIONS and child.name and child.name not in present and child.name not in missing:
                missing[child.name] = dedented_item(wanted.original, child)
    return missing


def _other_name(blocks: Sequence[Block], wanted: Wanted) -> Found | None:
    """The only definition of a block that has one, under the wanted name."""
    kind = ItemKind.CLASS if wanted.is_class else ItemKind.FUNCTION
    for block in blocks:
        items = [item for item in block.outline.items if item.kind in DEFINITIONS]
        if len(items) == 1 and items[0].kind is kind and not items[0].stub and items[0].name and wanted.name:
            if items[0].name in wanted.document_names:
                continue
            code = renamed(dedented_item(block.code, items[0]), items[0].name, wanted.name)
            code = aligned_receiver(code, items[0], wanted.parameters, wanted.language)
            return Found(code=code, blocks=(block,), note=f"`{items[0].name}` was renamed to `{wanted.name}`")
    return None


def _body(blocks: Sequence[Block], wanted: Wanted) -> Found | None:
    """Statements without their function, put under the signature (Python only: elsewhere braces would be guessed)."""
    if wanted.item is None or wanted.is_class or wanted.language is not Language.PYTHON:
        return None
    for block in blocks:
        if not block.defines and re.search(r"^\s*(?:return|yield|raise)\b", block.code, re.MULTILINE):
            code = under_signature(wanted.original, wanted.item, block.code)
            if code is not None and not wanted.syntax.outline(code, wanted.language).errors:
                return Found(code=code, blocks=(block,), note="the body was put under its signature")
    return None
