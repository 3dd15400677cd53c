"""The user's signatures stay, in Go and Rust: who wrote a stub wrote its contract.

A model that drops a ``pub``, a receiver or a lifetime, or has another type in a stub's header, gets the user's header
back. Where parameters bear other names, or results that a bare ``return`` may give, its own header stays: the body
speaks of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.languages.go import GO
from forge_lsp.languages.rust import RUST

__all__ = ["keep_headers", "receiver_type"]

_RECEIVER = re.compile(r"func\s*\(\s*(?:\w+\s+)?\*?\s*(?P<type>\w+)")
_RESULTS = re.compile(r"\)\s*\((?P<results>[^()]*)\)\s*$")


def receiver_type(signature: str | None) -> str | None:
    """The type that a Go method belongs to; None for a function."""
    match = _RECEIVER.match(signature or "")
    return match["type"] if match is not None else None


def keep_headers(original: str, code: str, language: Language, syntax: Syntax) -> str:
    """``code`` with the headers of the stubs of ``original``, matched by name and by what encloses them."""
    known = {key: item for key, item in _functions(syntax.outline(original, language).items, "") if item.stub}
    if not known:
        return code
    changes: list[tuple[int, int, str]] = []
    for (home, name), found in _functions(syntax.outline(code, language).items, ""):
        theirs = known.get((home, name))
        lost = False
        if theirs is None and language is GO and not home:
            homes = [item for (where, called), item in known.items() if called == name and where]
            theirs, lost = (homes[0], True) if len(homes) == 1 else (None, False)
        if theirs is None or not theirs.signature or not found.signature or found.body is None:
            continue
        names = (theirs.parameters or ())[1:] if lost else theirs.parameters or ()
        if names != (found.parameters or ()) or _plain(theirs.signature) == _plain(found.signature):
            continue
        if language is GO and _named_results(found.signature) != _named_results(theirs.signature):
            continue
        header = theirs.signature
        if language is RUST:
            if ("async " in header) != ("async " in found.signature):
                continue
            header = _with_mut(header, found.signature, names)
            if _plain(header) == _plain(found.signature):
                continue
        at = code.rfind(found.signature, found.range.start, found.body.start + 1)
        if at >= 0:
            changes.append((at, at + len(found.signature), header))
    for start, end, header in sorted(changes, reverse=True):
        code = code[:start] + header + code[end:]
    return code


def _functions(items: Sequence[Item], home: str) -> Iterator[tuple[tuple[str, str], Item]]:
    for item in items:
        if item.kind is ItemKind.FUNCTION and item.name:
            yield (home or receiver_type(item.signature) or "", item.name), item
        elif item.kind is ItemKind.CLASS:
            yield from _functions(item.children, item.name or home)


def _plain(signature: str) -> str:
    return re.sub(r",?\s*\)", ")", re.sub(r"\s+", " ", signature)).replace("( ", "(")


def _named_results(signature: str) -> list[str]:
    match = _RESULTS.search(signature)
    parts = [part.split() for part in match["results"].split(",")] if match is not None else []
    return [
        part[0] for part in parts if len(part) > 1 and part[0] not in ("chan", "func", "map", "struct", "interface")
    ]


def _with_mut(header: str, found: str, names: Sequence[str]) -> str:
    """The header with the ``mut`` that the body needs: it says nothing to callers."""
    for name in names:
        pattern = rf"\bmut\s+{re.escape(name)}\b"
        if name == "self":
            if re.search(r"\(\s*mut\s+self\b", found) and not re.search(r"\(\s*mut\s+self\b", header):
                header = re.sub(r"\(\s*self\b", "(mut self", header, count=1)
        elif re.search(pattern, found) and not re.search(pattern, header):
            header = re.sub(rf"\b{re.escape(name)}(?=\s*:)", f"mut {name}", header, count=1)
    return header
