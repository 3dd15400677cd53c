"""Merging the usings of C#."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_lsp.core.ports import Item
from forge_lsp.core.task import TextEdit, TextRange
from forge_lsp.editing.imports import merge_lines, missing_lines
from forge_lsp.editing.lines import Lines, leading_space

__all__ = ["merge_csharp"]


def merge_csharp(text: str, wanted: Sequence[str], items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: each after the last using that sorts before it where the file's are sorted, else after the
    last; without usings below the comment at the top."""
    if not head:
        return merge_lines(text, wanted, items, head)
    lines, missing = Lines(text), missing_lines(text, wanted, items)
    keys = [_sort_key(item.range.of(text)) for item in head]
    is_sorted = keys == sorted(keys)
    edits: list[TextEdit] = []
    for line in sorted(missing, key=_sort_key) if is_sorted else missing:
        after = [item for item, key in zip(head, keys, strict=True) if key <= _sort_key(line)] if is_sorted else head
        anchor = after[-1] if after else head[0]
        number = lines.at(anchor.range.end if after else anchor.range.start)
        indent = leading_space(lines.line(lines.at(anchor.range.start)))
        if after:
            at = lines.end(number)
            edits.append(TextEdit(range=TextRange(start=at, end=at), text=f"\n{indent}{line}"))
        else:
            at = lines.start(number)
            edits.append(TextEdit(range=TextRange(start=at, end=at), text=f"{indent}{line}\n"))
    return edits


def _sort_key(line: str) -> tuple[bool, str]:
    name = re.sub(r"^(?:global\s+)?using\s+|;.*$", "", line.strip(), flags=re.S)
    return not re.match(r"System\b", name), name
