"""The user's comments above members stay: a model that answers a class or a file writes its own, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import Task
from forge_lsp.editing.outline import has_todo

__all__ = ["keep_documentation", "lead_comments", "speaks_of_documentation"]

_KINDS = (ItemKind.FUNCTION, ItemKind.CLASS, ItemKind.ASSIGNMENT)
_STARTS = ("//", "/*", "*")
_DOCUMENTS = re.compile(
    r"\b(?:\w*docs?|document\w*|\w*docstrings?|comment\w*|describe\w*|explain\w*|annotat\w*)\b", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LeadingLines:
    """The lines above a definition's header: numbers of its comments' lines, its first line, and its indentation."""

    first: int
    comments: tuple[int, ...]
    indent: str


def speaks_of_documentation(task: Task) -> bool:
    """Whether the user's words are about documentation: then a model may write another."""
    return _DOCUMENTS.search(task.instruction) is not None


def keep_documentation(original: str, code: str, language: Language, syntax: Syntax, *, rewritten: bool) -> str:
    """``code`` with the comments that stand above ``original``'s definitions, but for those that ask for something
    (TODO). ``rewritten``: the task speaks of documentation; then only what has none gets them back.

    Both have ``\\n`` endings. Definitions are matched by path and parameters; several of one kind are left alone.
    """
    before, after = original.split("\n"), code.split("\n")
    if not _lost(before, after, language):
        return code
    known = _unique(_leads(syntax.outline(original, language).items, original, before, language, ()))
    found = _unique(_leads(syntax.outline(code, language).items, code, after, language, ()))
    for path, new in sorted(found.items(), key=lambda pair: pair[1].first, reverse=True):
        old = known.get(path)
        if old is None or not old.comments:
            continue
        theirs = [before[number].removeprefix(old.indent) for number in old.comments]
        mine = [after[number].removeprefix(new.indent) for number in new.comments]
        if theirs == mine or has_todo("\n".join(theirs)) or (rewritten and mine):
            continue
        at = new.comments[0] if new.comments else new.first
        for number in reversed(new.comments):
            del after[number]
        after[at:at] = [new.indent + line if line else line for line in theirs]
    return "\n".join(after)


def lead_comments(item: Item, text: str, lines: Sequence[str], language: Language) -> tuple[int, Sequence[int], str]:
    """Return the number of a definition's first line, those of the comments' lines above its header, in order, and its
    indentation. ``lines`` are those of ``text``."""
    lead = _lead(item, text, lines, text.count("\n", 0, item.range.start), language)
    return lead.first, lead.comments, lead.indent


def _lost(before: Sequence[str], after: Sequence[str], language: Language) -> bool:
    """Whether a line of ``before`` that looks like a comment is missing from ``after``, in order."""
    starts = _STARTS if language.block_comments else language.comment
    remaining = iter([line.strip() for line in after])
    return any(line not in remaining for one in before if (line := one.strip()).startswith(starts))


def _leads(
    items: Sequence[Item],
    text: str,
    lines: Sequence[str],
    language: Language,
    path: tuple[object, ...],
    at: int = 0,
    number: int = 0,
) -> Iterator[tuple[tuple[object, ...], _LeadingLines]]:
    """The comments above all definitions; ``at`` is a place in line ``number``, before all of them."""
    for item in items:
        own = (*path, item.name, item.parameters)
        number += text.count("\n", at, item.range.start)
        at = item.range.start
        if item.name and item.kind in _KINDS:
            yield own, _lead(item, text, lines, number, language)
        yield from _leads(item.children, text, lines, language, own, at, number)


def _lead(item: Item, text: str, lines: Sequence[str], first: int, language: Language) -> _LeadingLines:
    """Where the comments above ``item`` stand, whose range begins in line ``first``."""
    end = text.find(item.signature, item.range.start) if item.signature else item.range.end
    last = first + text.count("\n", item.range.start, max(end, item.range.start))
    found: list[int] = []
    block = False
    for number in range(first, last + 1):
        line = lines[number].strip()
        if block:
            found.append(number)
            block = "*/" not in line
        elif line.startswith(language.comment):
            found.append(number)
        elif language.block_comments and line.startswith("/*") and (line.endswith("*/") or "*/" not in line):
            found.append(number)
            block = "*/" not in line
        elif not item.signature:
            break  # the declaration itself
    line = lines[first]
    return _LeadingLines(first=first, comments=tuple(found), indent=line[: len(line) - len(line.lstrip())])


def _unique(found: Iterator[tuple[tuple[object, ...], _LeadingLines]]) -> dict[tuple[object, ...], _LeadingLines]:
    places: dict[tuple[object, ...], list[_LeadingLines]] = {}
    for path, lead in found:
        places.setdefault(path, []).append(lead)
    return {path: one[0] for path, one in places.items() if len(one) == 1}
