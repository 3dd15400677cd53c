"""Where no single name is wanted: whole blocks of an answer."""

from __future__ import annotations

from collections.abc import Sequence

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.ensemble.extraction.harvest import CodeBlock
from forge_lsp.ensemble.extraction.reshape import mentions
from forge_lsp.ensemble.extraction.surroundings import without_surroundings
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, FoundDefinition, WantedDefinition, has_imports

__all__ = ["unnamed"]


def unnamed(blocks: Sequence[CodeBlock], task: Task, wanted: WantedDefinition) -> FoundDefinition | None:
    """Whole blocks: for a file, a selection of statements, or a place where nothing stands yet. For a definition
    whose name nothing in the answer bears, there is nothing."""
    if wanted.name is not None:
        # Where there is no grammar nothing has a name, and a fence that speaks of the wanted one must do.
        blocks = [block for block in blocks if not block.outline.items and mentions(block.code, wanted.name)]
    pool = [block for block in blocks if block.fenced] or list(blocks)
    if not pool:
        return None
    names = {item.name for item in wanted.syntax.outline(wanted.original, wanted.language).items if item.name}
    main = max(
        pool, key=lambda block: (len(names & _names(block)), block.defines, not _demo(block, set()), len(block.code))
    )
    if wanted.name is None and (own := without_surroundings(main, task, wanted)) is not None:
        return FoundDefinition(code=own, blocks=(main,), note="the code around it was left out")
    chosen = [main]
    for block in pool:
        # A second block belongs to the first if it defines something new and is not a demo of it.
        held = set[str]().union(*(_names(one) for one in chosen))
        if block is not main and block.defines and main.defines and not _names(block) & held and not _demo(block, held):
            chosen.append(block)
    chosen.sort(key=pool.index)
    keeps_all = task.scope.kind is not ScopeKind.INSERTION
    keeps_imports = task.scope.kind is ScopeKind.FILE or has_imports(wanted)
    parts = [_kept(block, keeps_all=keeps_all, keeps_imports=keeps_imports) for block in chosen]
    code = "\n\n".join(part for part in parts if part.strip())
    return FoundDefinition(code=code, blocks=tuple(chosen)) if code.strip() else None


def _kept(block: CodeBlock, *, keeps_all: bool, keeps_imports: bool) -> str:
    """The block without imports (which go to the top of the file) and, at an insertion, without demos."""
    code = block.code
    for item in reversed(block.outline.items):
        demo = not keeps_all and block.defines and (item.kind is ItemKind.OTHER or _is_main(item, block))
        if demo or (item.kind is ItemKind.IMPORT and not keeps_imports):
            code = code[: item.range.start] + code[item.range.end :].lstrip("\n")
    return code.strip("\n")


def _is_main(item: Item, block: CodeBlock) -> bool:
    """``main`` beside what it shows off (at a place where more than a program was asked for)."""
    others = (other for other in block.outline.items if other.kind in DEFINITIONS)
    return item.kind is ItemKind.FUNCTION and item.name == "main" and any(other.name != "main" for other in others)


def _demo(block: CodeBlock, names: set[str]) -> bool:
    return any(mentions(block.code, name) for name in names) or any(
        item.name is not None and item.name.lower().startswith(("test", "main")) for item in block.outline.items
    )


def _names(block: CodeBlock) -> set[str]:
    return {item.name for item in block.outline.items if item.name and item.kind in DEFINITIONS}
