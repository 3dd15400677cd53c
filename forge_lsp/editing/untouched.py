"""The last look at an edit: what stands outside the scope, imports apart, is what it was before."""

from __future__ import annotations

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import ItemKind, Syntax
from forge_lsp.core.task import Scope
from forge_lsp.editing.lines import BOM, Lines

__all__ = ["check_untouched"]


def check_untouched(before: str, after: str, scope: Scope, language: Language, syntax: Syntax) -> None:
    """Raises ExtractionFailed where a line of ``before`` outside of ``scope`` and of the imports is missing from
    ``after``, or stands elsewhere: such an edit is wrong, whatever the answer was."""
    head, tail = before[: scope.range.start], before[scope.range.end :]
    if len(after) >= len(head) + len(tail) and after.startswith(head) and after.endswith(tail):
        return
    lines = Lines(before)
    imports: set[int] = set()
    for item in syntax.outline(before, language).items:
        if item.kind is ItemKind.IMPORT:
            first, last = lines.of(item.range)
            imports.update(range(first, last + 1))
    remaining = iter([line.strip(BOM).rstrip() for line in _all(Lines(after))])
    for number, line in enumerate(_all(lines)):
        inside = lines.start(number) >= scope.range.start and lines.end(number) <= scope.range.end
        if inside or number in imports or not line.strip(BOM).strip():
            continue
        if line.strip(BOM).rstrip() not in remaining:
            raise ExtractionFailed(
                f"putting the answer in place would have changed line {number + 1}, which is outside of what was "
                "asked for; this is an error of forge-lsp, and the answer was not used"
            )


def _all(lines: Lines) -> list[str]:
    return [lines.line(number) for number in range(len(lines))]
