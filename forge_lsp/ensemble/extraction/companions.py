"""What comes along with a definition: the helpers and siblings that it uses, and imports."""

from __future__ import annotations

from collections.abc import Sequence

from forge_lsp.domain.ports import Item, ItemKind
from forge_lsp.domain.task import Language
from forge_lsp.ensemble.extraction.harvest import Block
from forge_lsp.ensemble.extraction.reshape import (
    belongs_to,
    dedented_item,
    import_names,
    is_spelled_out,
    mentions,
    one_line,
)
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, Found, Wanted

__all__ = ["imports_of", "with_helpers", "with_siblings"]


def with_helpers(code: str, block: Block, main: Item, wanted: Wanted) -> str:
    """``code`` with those definitions of the block that it uses and the document lacks, in the block's order."""
    if wanted.container is not None:
        return code  # what stands beside a method is part of its class: there is no place for a module's helper
    needed: dict[int, Item] = {}
    text = code
    growing = True
    while growing:
        growing = False
        for index, item in enumerate(block.outline.items):
            if index in needed or item is main or not item.name or item.name == wanted.name:
                continue
            part = belongs_to(item, wanted.language)
            if part is not None and part == wanted.name and item.name not in wanted.document_names:
                pass  # what a type can do stands beside it
            elif item.name in wanted.document_names or not mentions(text, item.name):
                continue
            if item.kind is ItemKind.ASSIGNMENT:
                # Constants stand above what uses them; below it, and made from it, is a demo.
                value = item.range.of(block.code)
                if item.range.start > main.range.start or (wanted.name and mentions(value, wanted.name)):
                    continue
            elif item.kind not in DEFINITIONS:
                continue
            needed[index] = item
            text += "\n" + item.range.of(block.code)
            growing = True
    before = [
        dedented_item(block.code, item) for _, item in sorted(needed.items()) if item.range.start < main.range.start
    ]
    after = [
        dedented_item(block.code, item) for _, item in sorted(needed.items()) if item.range.start > main.range.start
    ]
    gap = "\n\n\n" if wanted.language is Language.PYTHON else "\n\n"
    return gap.join(part.strip("\n") for part in (*before, code, *after))


def with_siblings(code: str, block: Block, main: Item, owner: Item, wanted: Wanted) -> str:
    """A method with the new helper methods that it uses. Which ones are new, the document's class says."""
    known = wanted.container_names
    parts, text = [code], code
    for child in owner.children:
        if child is main or child.kind is not ItemKind.FUNCTION or not child.name or child.name in known or child.stub:
            continue
        if mentions(text, child.name):
            part = dedented_item(block.code, child)
            parts.append(part)
            text += part
    return "\n\n".join(part.strip("\n") for part in parts)


def imports_of(blocks: Sequence[Block], found: Found, wanted: Wanted) -> tuple[str, ...]:
    """Import statements of the answer that the file lacks and, where that can be told, the code uses."""
    pool = [block for block in blocks if block.fenced] or list(blocks)
    pool.extend(block for block in found.blocks if block not in pool)
    statements: dict[str, None] = {}
    for block in pool:
        for item in block.outline.items:
            if item.kind is not ItemKind.IMPORT:
                continue
            statement = one_line(item.range.of(block.code))
            if statement in wanted.document_imports:
                continue
            names = import_names(statement, wanted.language)
            if names is not None and not any(mentions(found.code, name) for name in names):
                continue
            if is_spelled_out(statement, found.code):
                continue
            if names is not None and wanted.name in names:
                continue  # the file importing from itself what it defines
            statements[statement] = None
    return tuple(statements)
