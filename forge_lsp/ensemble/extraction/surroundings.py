"""What an answer repeats of the text around its place: a model that was asked for a few lines may write the whole
function or file. Where what is new cannot be told from what was there, the answer is no answer."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.ensemble.extraction.elisions import elided_lines
from forge_lsp.ensemble.extraction.harvest import CodeBlock, normal
from forge_lsp.ensemble.extraction.places import all_places
from forge_lsp.ensemble.extraction.reshape import dedented_item
from forge_lsp.ensemble.extraction.wanted import DEFINITIONS, WantedDefinition

__all__ = ["without_surroundings"]

_TELLING = 8
"""Characters of a line that is not repeated by chance."""


def without_surroundings(block: CodeBlock, task: Task, wanted: WantedDefinition) -> str | None:
    """Return the code of a block for a selection or a place, without what stands around that in the document; None
    where it repeats nothing. Raises ExtractionFailed where it does, and what is new cannot be told."""
    if task.scope.kind is ScopeKind.FILE:
        return None
    if task.scope.kind is ScopeKind.INSERTION and (added := _added(block, task, wanted)) is not None:
        return added
    text = task.document.text
    head = _lines(text[: task.scope.range.start])
    tail = _lines(text[task.scope.range.end :])
    lines = block.code.split("\n")
    full = [number for number, line in enumerate(lines) if line.strip()]
    said = [lines[number].strip() for number in full]
    before = _overlap(head, said)
    behind = [size for size in range(1, min(len(tail), len(said) - before) + 1) if said[-size:] == tail[:size]]
    own = _lines(task.original)
    after = max((size for size in behind if _tells(tail[:size], own[-1:])), default=0)
    if not (before and (after or _from_start(before, head, wanted) or _tells(said[:before], own[:1]))):
        before = 0
    if not (after and (before or after > 1 or _tells(tail[:after], own[-1:]))):
        after = 0
    if before:
        after = _best(lines, full, before, [0, *behind], wanted)
    if before + after >= len(said) or not (before or after):
        if _repeats(block, task, wanted):
            raise ExtractionFailed(
                "the answer repeats code from around the place, and what belongs there is not clear from it; answer "
                "with the lines alone that are to stand there"
            )
        return None
    return textwrap.dedent("\n".join(lines[full[before] : full[len(said) - after - 1] + 1]))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in normal(text).split("\n") if line.strip()]


def _overlap(head: Sequence[str], said: Sequence[str]) -> int:
    """How many lines ``said`` begins with that ``head`` ends with; 0 where they say nothing."""
    sizes = [size for size in range(1, min(len(head), len(said)) + 1) if list(head[-size:]) == list(said[:size])]
    return max((size for size in sizes if any(_words(line) for line in said[:size])), default=0)


def _words(line: str) -> bool:
    return sum(character.isalnum() for character in line) > 1


def _tells(lines: Sequence[str], own: Sequence[str]) -> bool:
    """Whether lines are repeated, and not by chance: several, or a long one that the place did not have itself."""
    words = [line for line in lines if _words(line)]
    return len(words) > 1 or any(len(line) >= _TELLING and line not in own for line in words)


def _from_start(before: int, head: Sequence[str], wanted: WantedDefinition) -> bool:
    """Whether what is repeated begins with the file, or with a definition of it."""
    return before == len(head) or any(name in head[-before] for name in wanted.document_names if len(name) > 1)


def _best(
    lines: Sequence[str], full: Sequence[int], before: int, sizes: Sequence[int], wanted: WantedDefinition
) -> int:
    """How many lines at the end are to go: as many as leave code that parses."""

    def wrong(size: int) -> tuple[int, int]:
        if before + size >= len(full):
            return 1_000, 0
        code = textwrap.dedent("\n".join(lines[full[before] : full[len(full) - size - 1] + 1]))
        return len(wanted.syntax.outline(f"{code}\n", wanted.language).errors), -size

    return min(sizes, key=wrong)


def _repeats(block: CodeBlock, task: Task, wanted: WantedDefinition) -> bool:
    """Whether the block defines what the document defines elsewhere."""
    known = _known(task, wanted, None)
    return any(item.kind in DEFINITIONS and known(item) for item in block.outline.items)


def _known(task: Task, wanted: WantedDefinition, home: str | None) -> Callable[[Item], bool]:
    """Whether an item stands for one of the document's: by its name, or, where a name may be borne by several, by its
    header."""
    text, language = task.document.text, wanted.language
    found: set[tuple[str, str]] = set()
    for place in all_places(wanted.syntax.outline(text, language).items, text, language):
        owner = next((one.name for one in reversed(place.owners) if one.name), None)
        if owner == home and not task.scope.range.start <= place.item.range.start < task.scope.range.end:
            found.add((place.item.name or "", _header(place.item, wanted)))
    return lambda item: (item.name or "", _header(item, wanted)) in found


def _header(item: Item, wanted: WantedDefinition) -> str:
    if wanted.support.redefines or item.kind is not ItemKind.FUNCTION:
        return ""
    return "".join((item.signature or "").split())


def _added(block: CodeBlock, task: Task, wanted: WantedDefinition) -> str | None:
    """The definitions of a block that are new, where others of it are the document's."""
    home = task.scope.container.rsplit(".", 1)[-1] if task.scope.container else None
    items: Sequence[Item] = block.outline.items
    if home is not None:
        places = all_places(items, block.code, wanted.language)
        owner = next((p.item for p in places if p.item.kind is ItemKind.CLASS and p.name == home), None)
        if owner is None:
            return None
        items = owner.children
    known = _known(task, wanted, home)
    if home is None and not any(known(item) for item in items if item.kind in DEFINITIONS):
        return None
    kinds = (*DEFINITIONS, ItemKind.ASSIGNMENT)
    new = [item for item in items if item.kind in kinds and item.name and not known(item)]
    parts: list[str] = []
    for item in new:
        code = dedented_item(block.code, item)
        after = block.code[item.range.end : item.range.end + 1]
        elided = elided_lines(code, task.document.text, wanted.language, wanted.syntax)
        if elided and elided[-1] < code.count("\n", 0, code.find(item.signature or "")):
            code = "\n".join(line for number, line in enumerate(code.split("\n")) if number not in elided)
        parts.append(code.strip("\n") + (after if after in (";", ",") else ""))
    if not parts:
        raise ExtractionFailed("the answer repeats the document's definitions and adds none to them")
    return ("\n" * ((wanted.language.gap if home is None else 1) + 1)).join(parts)
