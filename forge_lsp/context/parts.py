"""The parts of what is shown: one for each file, under their headings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from forge_lsp.context.choosing import Sheet
from forge_lsp.context.workspace import Source
from forge_lsp.editing.fitting import fenced
from forge_lsp.editing.markers import comment

__all__ = ["Part", "closed", "folder_of", "names_of", "runs", "sections"]

_BLANK = 1  # tokens of what is shown between definitions though nobody chose it: a blank line


@dataclass(frozen=True, slots=True)
class Part:
    """What is shown of one file, and that file; a section of its own where it has no ``source``."""

    text: str
    file: str | None = None
    source: Source | None = None


def folder_of(source: Source) -> str:
    """The folder whose files are shown together; a file whose name no comment can hold is shown by itself."""
    if not source.name.isprintable():
        return source.name
    return (source.name.rpartition("/")[0] or ".") + "/"


def sections(parts: Iterable[Part]) -> Iterator[str]:
    """Each part under its heading; files of one folder and language under one, each named by a comment."""
    grouped: dict[tuple[str, str], list[tuple[Source, str]]] = {}
    for part in parts:
        if part.source is None:
            yield part.text
        else:
            grouped.setdefault((folder_of(part.source), part.source.language.id), []).append((part.source, part.text))
    for (folder, language), found in grouped.items():
        if len(found) == 1:
            yield f"## {found[0][0].name}\n\n{fenced(found[0][1], language)}"
            continue
        named = [f"{comment(one.language, one.name.rpartition('/')[2])}\n{text}" for one, text in found]
        yield f"## {folder}\n\n{fenced(chr(10).join(named), language)}"


def closed(sheet: Sheet) -> set[int]:
    """The kept lines, and those between them whose note would take as much room as they do."""
    kept = set(sheet.kept)
    costs = sheet.costs
    previous = -1
    for number in sorted(sheet.kept):
        most = _BLANK if number in sheet.begins else sheet.gap + 2
        # Each line takes a token at least.
        if previous + 1 < number <= previous + 1 + most and sum(costs[previous + 1 : number]) <= most:
            kept.update(range(previous + 1, number))
        previous = number
    return kept


def runs(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Lines from 0 as first and last of each run, from 1."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number + 1, number + 1))
    return tuple(found)


def names_of(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.file for part in parts if part.file))
