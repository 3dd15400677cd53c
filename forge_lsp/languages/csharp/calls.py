"""Calls of a scope laid into the text of its document, each a method by itself. Pure.

They stand in the innermost type that holds the scope, where private members can be reached, between ``#line``
directives: the errors of a call name the call, those of the text the lines of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from forge_lsp.checking.examples.answers import AskedCall
from forge_lsp.checking.examples.written import same_name
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.languages.csharp.declared import Callable

__all__ = ["CALLS", "END", "method_of", "with_calls"]

CALLS = "forge-calls.cs"
"""The file by which the compiler's errors name calls: the line is the call's place among them, counted from 1."""
END = "/**/"
"""Ends the call of the scope itself: what stands behind it is applied to its result."""
_DECLARES = re.compile(r"var\s+(?P<name>\w+)\s*=")
_MEMBER = re.compile(r"(?<=\.)(?P<name>[A-Za-z_]\w*)")
_SPAN = re.compile(r"(?:\w+\.)*(?:ReadOnly)?(?:Span|Memory)<(?P<item>.*)>$")


def method_of(id_: str) -> str:
    """Return the method that makes a call, by the call's id."""
    return f"C_{id_}"


def with_calls(text: str, scope: Callable, calls: Sequence[AskedCall], *, name: str, document: PurePosixPath) -> str:
    """Return ``text`` with a static class ``name`` in it that has a method for each of the ``calls``."""
    holders = scope.found.holders
    if not holders:
        return _of_program(text, scope, calls, name=name, document=document)
    if scope.generic:
        place = holders[0].range.end
    else:
        body = holders[-1].body
        place = body.end - 1 if body is not None else holders[-1].range.end
    return text[:place] + _class(scope, calls, name, text.count("\n", 0, place) + 1, document) + text[place:]


def _of_program(text: str, scope: Callable, calls: Sequence[AskedCall], *, name: str, document: PurePosixPath) -> str:
    """A program's functions as members of a class, its statements left out: they would be run."""
    top = [item for item in scope.found.top if item.kind not in (ItemKind.IMPORT, ItemKind.COMMENT, ItemKind.CLASS)]
    functions = [item for item in top if item.kind is ItemKind.FUNCTION]
    begin, end = top[0].range.start, functions[-1].range.end
    edits = [(item.range.start, item.range.end, "") for item in top if item not in functions]
    edits += [(place, place, "static ") for item in functions if (place := _unmarked(item, text)) is not None]
    edits.append((begin, begin, f"internal static class {name}Program {{ static void Main() {{ }} "))
    edits.append((end, end, _class(scope, calls, name, text.count("\n", 0, end) + 1, document) + "}"))
    for start, stop, new in sorted(edits, key=lambda edit: (edit[0], edit[1] > edit[0]), reverse=True):
        gone = "\n" * text.count("\n", start, stop)
        text = text[:start] + new + gone + text[stop:]
    return text


def _unmarked(item: Item, text: str) -> int | None:
    """Where the header of a function begins that is not said to be static."""
    header = item.signature or ""
    if re.match(r"(?:\w+\s+)*?static\b", header):
        return None
    return text.find(header, item.range.start, item.range.end) if header else None


def _class(scope: Callable, calls: Sequence[AskedCall], name: str, line: int, document: PurePosixPath) -> str:
    parts = [f"\n#pragma warning disable\n#line 1 {_quoted(CALLS)}\ninternal static class {name} {{ "]
    for number, call in enumerate(calls, 1):
        body = " ".join(one.replace("\n", " ") for one in _statements(call, scope))
        # A comment in a call ends with its line, a brace too many with its method.
        parts.append(f"#line {number} {_quoted(CALLS)}\ninternal static object {method_of(call.id)}() {{ {body}")
        parts.append(f"\n#line {number} {_quoted(CALLS)}\n}}\n")
    parts[0] = parts[0].replace("{ ", "{\n")
    return "".join(parts) + f"}}\n#pragma warning restore\n#line {line} {_quoted(document.name)}\n"


def _statements(call: AskedCall, scope: Callable) -> Iterator[str]:
    declared: set[str] = set()
    for step in call.steps:
        known = _DECLARES.match(step)
        again = known is not None and known["name"] in declared
        declared |= {known["name"]} if known is not None else set()
        yield _as_named(step.removeprefix("var ") if again else step, scope)
    value = _as_named(call.call, scope)
    whole = value.endswith(END)
    if whole and scope.result.kind == "void" and not _awaited(scope):
        yield f"{value}; return null;"
        return
    span = _SPAN.match(scope.result.text)
    if whole and span is not None:
        value += ".ToString()" if span["item"] == "char" else ".ToArray()"
    yield f"return (object)({value});"


def _awaited(scope: Callable) -> bool:
    return scope.result.text.rpartition(".")[2] in ("Task", "ValueTask")


def _as_named(text: str, scope: Callable) -> str:
    """Code with the members of the scope's type by their names: ``s.push(1)`` calls ``Push``."""

    def name(match: re.Match[str]) -> str:
        own = scope.members
        if match["name"] in own:
            return match[0]
        return next((one for one in own if same_name(one, match["name"])), match[0])

    return _MEMBER.sub(name, text)


def _quoted(name: str) -> str:
    return f'"{name}"'
