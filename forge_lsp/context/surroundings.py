"""What the text around a scope speaks of: the evidence for what the code to be written will use."""

from __future__ import annotations

import re
from collections import Counter

from forge_lsp.context.reading import Definition, FileRead, Kind
from forge_lsp.context.words import names_in, parts_of
from forge_lsp.context.worth import Around
from forge_lsp.core.task import Task
from forge_lsp.editing.lines import Lines

__all__ = ["around", "enclosing", "scope_lines", "simple_name"]

_NEAR = 12  # lines
_TICKED = re.compile(r"`([^`\n]+)`")


def simple_name(name: str | None) -> str:
    """The last part of a scope's name or container: C++'s ``A::f``, Rust's ``impl T for U``, C#'s dotted ones."""
    if not name:
        return ""
    last = name.rpartition("::")[2]
    if last.startswith("impl "):
        last = last.removeprefix("impl ").rpartition(" for ")[2]
    last = re.split(r"[<\[(]", last)[0]
    return last.rpartition(".")[2].strip().lstrip("#~")


def scope_lines(task: Task) -> tuple[int, int]:
    """First and last line of the scope, from 0."""
    return Lines(task.document.text).of(task.scope.range)


def enclosing(task: Task, read: FileRead) -> Definition | None:
    """The definition that the scope is, or lies in."""
    first, last = scope_lines(task)
    found = [d for d in read.definitions if d.first <= last and d.last >= first and d.kind is Kind.FUNCTION]
    named = [d for d in found if d.name == simple_name(task.scope.name) and d.line >= first]
    return named[0] if named else None


def around(task: Task, read: FileRead) -> Around:
    """What stands around the scope of ``task``; ``read`` is its document."""
    first, last = scope_lines(task)
    own = enclosing(task, read)
    container = own.container if own is not None else simple_name(task.scope.container)
    name = simple_name(task.scope.name) or container
    lines = read.lines
    imports = {n for start, end in read.imports for n in range(start, end + 1)}
    outside = [n for n in range(len(lines)) if not first <= n <= last and n not in imports]
    members = [
        n
        for d in read.definitions
        if container and d.container == container
        for n in range(d.line, d.last + 1)
        if not first <= n <= last
    ]
    document = names_in(lines[n] for n in outside)
    scope = names_in(lines[first : last + 1])
    for ticked in _TICKED.findall(task.instruction):
        scope.update(names_in([ticked]))
    scope.pop(name, None)
    for word in task.document.language.context().standard:
        scope.pop(word, None)
    imported = frozenset(names_in(lines[n] for n in imports))
    holders = [d for d in read.definitions if d.kind is not Kind.FUNCTION and d.name == container]
    bases = frozenset(names_in(lines[n] for d in holders for n in range(d.line, d.header + 1))) - {container}
    words = [name, container, *(word for word in scope)]
    return Around(
        name=name,
        container=container,
        scope=scope,
        members=names_in(lines[n] for n in sorted(set(members))),
        near=names_in(lines[n] for n in outside if first - _NEAR <= n <= last + _NEAR),
        document=document,
        imported=imported,
        unused=imported - set(document) - set(scope),
        bases=bases,
        parts=frozenset(part for word in words for part in parts_of(word)) | _told(task.instruction),
        line=first,
    )


def _told(instruction: str) -> frozenset[str]:
    return frozenset(part for word in Counter(re.findall(r"\w+", instruction)) for part in parts_of(word))
