"""What comes along with a definition: the helpers and siblings that it uses, and imports."""

from __future__ import annotations

from collections.abc import Sequence

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.ensemble.extraction.harvest import CodeBlock
from forge_lsp.ensemble.extraction.reshape import (
    belongs_to,
    dedented_item,
    defined_names,
    is_method,
    mentions,
    one_line,
)
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, FoundDefinition, WantedDefinition

__all__ = ["above", "imports_of", "with_helpers", "with_siblings"]


def with_helpers(code: str, blocks: Sequence[CodeBlock], block: CodeBlock, main: Item, wanted: WantedDefinition) -> str:
    """Return ``code`` with those definitions of its block, and constants of earlier ones, that it uses and the document
    lacks, in their order. ``code`` alone where they cannot stand beside it: :func:`above` has them then."""
    if wanted.enclosed:
        return code
    needed = _needed(code, block, main, wanted)
    before = [dedented_item(block.code, item) for item in needed if item.range.start < main.range.start]
    after = [dedented_item(block.code, item) for item in needed if item.range.start > main.range.start]
    text = "\n".join((*before, code, *after))
    gap = "\n" * (wanted.language.gap + 1)
    return gap.join(part.strip("\n") for part in (*_earlier(text, blocks, block, wanted), *before, code, *after))


def above(
    code: str, blocks: Sequence[CodeBlock], block: CodeBlock, main: Item, wanted: WantedDefinition
) -> tuple[str, ...]:
    """Return what ``code`` uses of the module that the document lacks, for a definition that stands in a class or a
    function: it goes above what encloses it."""
    if not wanted.enclosed or wanted.support.only_types:
        return ()
    needed = [item for item in _needed(code, block, main, wanted) if not is_method(item)]
    found = [dedented_item(block.code, item).strip("\n") for item in needed]
    return (*_earlier("\n".join((*found, code)), blocks, block, wanted), *found)


def _earlier(text: str, blocks: Sequence[CodeBlock], block: CodeBlock, wanted: WantedDefinition) -> list[str]:
    """Constants of the blocks before ``block`` that ``text`` uses and ``block`` does not define itself."""
    own = {name for item in block.outline.items for name in defined_names(item, block.code, wanted.language)}
    found: list[str] = []
    for other in reversed(blocks[: blocks.index(block)]):
        for item in reversed(other.outline.items):
            names = set(defined_names(item, other.code, wanted.language))
            if item.kind is not ItemKind.ASSIGNMENT or not names or names & (own | wanted.document_names):
                continue
            if any(mentions(text, name) for name in names) and not mentions(other.code, wanted.key):
                part = dedented_item(other.code, item).strip("\n")
                found.insert(0, part)
                text += f"\n{part}"
                own |= names
    return found


def _needed(code: str, block: CodeBlock, main: Item, wanted: WantedDefinition) -> list[Item]:
    """The items of the block that ``code`` uses, themselves or through others of them, and the document lacks."""
    needed: dict[int, Item] = {}
    text = code
    growing = True
    while growing:
        growing = False
        for index, item in enumerate(block.outline.items):
            names = defined_names(item, block.code, wanted.language)
            if index in needed or item is main or not names or item.name == wanted.name:
                continue
            part = belongs_to(item, wanted.language)
            if part is not None and part == wanted.name and item.name not in wanted.document_names:
                pass  # what a type can do stands beside it
            elif wanted.document_names & set(names) or not any(mentions(text, name) for name in names):
                continue
            if item.kind is ItemKind.ASSIGNMENT:
                # Constants stand above what uses them; below it, and made from it, is a demo.
                value = item.range.of(block.code)
                if item.range.start > main.range.start or (wanted.name and mentions(value, wanted.name)):
                    continue
            elif item.kind not in DEFINITIONS or _is_home(item, wanted):
                continue
            needed[index] = item
            text += "\n" + item.range.of(block.code)
            growing = True
    return [item for _, item in sorted(needed.items())]


def _is_home(item: Item, wanted: WantedDefinition) -> bool:
    outside = wanted.place is not None and item.name in wanted.place.path
    return outside or (wanted.enclosed and _holds(item, wanted))


def _holds(item: Item, wanted: WantedDefinition) -> bool:
    """Whether ``item`` is the class that the wanted definition belongs to, or a definition of that name."""
    own = (item.name or "").rpartition(" ")[2]
    return own in (wanted.container, wanted.home) or any(child.name == wanted.key for child in item.children)


def with_siblings(code: str, block: CodeBlock, main: Item, siblings: Sequence[Item], wanted: WantedDefinition) -> str:
    """Return a method with the new helper methods and constants of its class that it uses. Which ones are new, the
    document's class says."""
    known = wanted.container_names
    before: list[str] = []
    after: list[str] = []
    text = code
    for child in siblings:
        names = defined_names(child, block.code, wanted.language)
        if child is main or not names or known & set(names) or child.stub:
            continue
        constant = child.kind is ItemKind.ASSIGNMENT
        if not (constant or child.kind is ItemKind.FUNCTION) or not any(mentions(text, name) for name in names):
            continue
        part = dedented_item(block.code, child)
        if constant:
            part += _ending(block.code, child)
        (before if constant and child.range.start < main.range.start else after).append(part)
        text += part
    return "\n\n".join(part.strip("\n") for part in (*before, code, *after))


def _ending(text: str, item: Item) -> str:
    """The semicolon that stands behind a field and is no part of it."""
    return ";" if text[item.range.end : item.range.end + 1] == ";" else ""


def imports_of(blocks: Sequence[CodeBlock], found: FoundDefinition, wanted: WantedDefinition) -> tuple[str, ...]:
    """Import statements of the answer that the file lacks and, where that can be told, the code uses: of a list the
    names that it uses."""
    support = wanted.support
    code = "\n".join((*found.above, found.code))
    pool = [block for block in blocks if block.fenced] or list(blocks)
    pool.extend(block for block in found.blocks if block not in pool)
    statements: dict[str, None] = {}
    for block in pool:
        for item in block.outline.items:
            if item.kind is not ItemKind.IMPORT:
                continue
            statement = one_line(item.range.of(block.code), wanted.language)
            if statement in wanted.document_imports or support.needless(statement, code):
                continue
            names = support.import_names(statement)
            if names is None:
                statements[statement] = None
                continue
            if wanted.name in names:
                continue  # the file importing from itself what it defines
            used = [name for name in names if mentions(code, name) or support.unsaid(statement, name)]
            if used:
                parts = (statement,) if len(used) == len(names) else support.taken(statement, used)
                statements.update(dict.fromkeys(parts))
    return tuple(statements)
