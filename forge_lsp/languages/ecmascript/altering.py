"""What JavaScript text changes that others stand on, and the comparisons it answers by itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from forge_lsp.languages.ecmascript.reading import Token, closing
from forge_lsp.languages.ecmascript.texts import plain
from forge_lsp.reading import table_beside

__all__ = ["ASSIGNS", "BUILTIN", "BUILTINS", "EQUAL", "SELF", "built_in", "of_builtin", "of_equality"]

BUILTIN = "the code changes what belongs to JavaScript itself ({name})"
EQUAL = "a value of the code answers every comparison by itself (`{name}`)"
BUILTINS = frozenset(table_beside(__file__, "names.toml")["builtins"])
_PROTOTYPED = BUILTINS - {"assert", "console", "globalThis", "global", "window", "self"}
_DEFINING = frozenset(("defineProperty", "defineProperties", "setPrototypeOf", "assign", "set", "deleteProperty"))
ASSIGNS = re.compile(r"(?:[-+*/%&|^<>?]{0,3})=")
SELF = frozenset(("valueOf", "toJSON", "equals", "isEqual", "toPrimitive", "hasInstance"))


@lru_cache(maxsize=4)
def built_in(tokens: tuple[Token, ...]) -> frozenset[str]:
    """The names under which a text has node's own modules."""
    found: set[str] = set()
    for index, token in enumerate(tokens):
        if token.kind != "string" or not index or not _NODES.match(plain(token.text)):
            continue
        if tokens[index - 1].text == "from":
            found.add(tokens[index - 2].text)
        elif tokens[index - 1].text == "(" and index > 3 and tokens[index - 3].text == "=":
            found.add(tokens[index - 4].text)
    return frozenset(found)


_NODES = re.compile(
    r"node:|(?:assert|fs|path|util|events|stream|module|timers|buffer|child_process|process|os|url|async_hooks)(?:/|$)"
)


def of_builtin(tokens: Sequence[Token], index: int, name: str) -> Iterator[str]:
    texts = [token.text for token in tokens[index : index + 9]] + [""] * 9
    if texts[1] == "." and texts[2] in _DEFINING and name in ("Object", "Reflect"):
        target = texts[4]
        if target in BUILTINS and texts[5] in (",", ".", ")"):
            yield BUILTIN.format(name=target)
        return
    at = 1
    if name in _PROTOTYPED and texts[1] == "." and texts[2] == "prototype":
        at = 3
    path = name
    while texts[at] == ".":
        path += f".{texts[at + 1]}"
        at += 2
        if at >= 8:
            return
    if texts[at] == "[":
        end = closing(tokens, index + at) + 1
        if end < len(tokens) and tokens[end].text == "=":
            yield BUILTIN.format(name=path)
    elif ASSIGNS.fullmatch(texts[at]) and at > 1 and name != "console":
        if not (name == "Error" and texts[2] in ("stackTraceLimit",)):
            yield BUILTIN.format(name=path)
    elif (ASSIGNS.fullmatch(texts[at]) and at > 2) or (at == 3 and texts[at] == ";"):
        yield BUILTIN.format(name=path)


def of_equality(tokens: Sequence[Token], index: int, name: str, *, member: bool) -> Iterator[str]:
    """A comparison of the code's own that does not look at the value it belongs to."""
    if name == "Proxy":
        if index + 1 < len(tokens) and tokens[index + 1].text == "(":
            inside = tokens[index + 1 : closing(tokens, index + 1)]
            for at, token in enumerate(inside):
                asked = at and inside[at - 1].text in (".", "?.")
                if token.text in ("get", "has", "getOwnPropertyDescriptor") and not asked and at + 2 < len(inside):
                    first = next((each.text for each in inside[at + 1 : at + 4] if each.kind == "name"), "")
                    if sum(each.text == first for each in inside[at + 1 :]) < 2:
                        yield EQUAL.format(name=name)
                        return
        return
    if member and (index < 2 or tokens[index - 2].text != "Symbol"):
        return
    # `valueOf() {`, `valueOf: () =>`, `valueOf = function () {`, `[Symbol.toPrimitive](hint) {`
    at = index + 1
    while at < len(tokens) and tokens[at].text in ("]", ":", "=", "async", "function"):
        at += 1
    if at >= len(tokens):
        return
    end = closing(tokens, at) if tokens[at].text == "(" else at
    body = end + 1
    if body < len(tokens) and tokens[body].text == ":":  # the type of what it gives
        body = next(
            (later for later in range(body, len(tokens)) if tokens[later].text in ("{", "=>", ";")), len(tokens)
        )
    if body >= len(tokens) or tokens[body].text not in ("{", "=>"):
        return
    arrow = tokens[body].text == "=>"
    start = body + 1 if arrow else body
    stop = closing(tokens, start) + 1 if tokens[start].text in ("{", "(") else start + 8
    parameters = {token.text for token in tokens[at : end + 1] if token.kind == "name"}
    if not arrow:
        parameters.add("this")
    if not any(token.text in parameters for token in tokens[start:stop]):
        yield EQUAL.format(name=name)
