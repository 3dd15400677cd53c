"""The user's headers stay: who wrote a stub wrote its contract, its modifiers and its types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import dedent

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.lines import normalised

__all__ = ["keep_header", "keep_headers"]


def keep_header(task: Task, code: str, syntax: Syntax) -> str:
    """``code`` with the header of the stub that it replaces, where the parameters have the same names.

    Other names were chosen for a body that uses them: that header stays, and the compiler decides.
    """
    scope, language = task.scope, task.document.language
    if scope.kind is not ScopeKind.DEFINITION:
        return code
    theirs = _function(dedent(normalised(task.original)), scope.name, language, syntax)
    found = _function(code, scope.name, language, syntax)
    if theirs is None or found is None or not theirs.stub or found.body is None or theirs.body is None:
        return code
    header, own = theirs.signature, found.signature
    if not header or not own or theirs.parameters != found.parameters or header.split() == own.split():
        return code
    at = code.rfind(own, found.range.start, found.body.start)
    return code if at < 0 else code[:at] + header + code[at + len(own) :]


def _function(text: str, name: str | None, language: Language, syntax: Syntax) -> Item | None:
    items = syntax.outline(text, language).items
    return next((item for item in items if item.kind is ItemKind.FUNCTION and item.name == name and item.body), None)


def keep_headers(
    task: Task,
    code: str,
    syntax: Syntax,
    *,
    fit: Callable[[str, str, Sequence[str]], str | None],
    receiver: Callable[[str], str | None] = lambda _: None,
) -> str:
    """``code`` with the headers of the stubs that it replaces, matched by name and by what encloses them.

    Where parameters bear other names its own header stays: the body speaks of them. ``fit`` brings the user's header to
    a body by the one that came with it and the names of the parameters; None: the body needs its own. ``receiver`` is
    the type that a header outside of every type belongs to; a function that lost it is known by its name alone.
    """
    original, language = dedent(normalised(task.original)), task.document.language
    functions = _functions(syntax.outline(original, language).items, "", receiver)
    known = {key: item for key, item in functions if item.stub}
    if not known:
        return code
    changes: list[tuple[int, int, str]] = []
    for (home, name), found in _functions(syntax.outline(code, language).items, "", receiver):
        theirs, lost = known.get((home, name)), 0
        if theirs is None and not home:
            methods = [item for (_, called), item in known.items() if called == name and receiver(item.signature or "")]
            theirs, lost = (methods[0], 1) if len(methods) == 1 else (None, 0)
        if theirs is None or not theirs.signature or not found.signature or found.body is None:
            continue
        names = (theirs.parameters or ())[lost:]
        header = fit(theirs.signature, found.signature, names) if names == (found.parameters or ()) else None
        if header is None or _plain(header) == _plain(found.signature):
            continue
        at = code.rfind(found.signature, found.range.start, found.body.start + 1)
        if at >= 0:
            changes.append((at, at + len(found.signature), header))
    for start, end, header in sorted(changes, reverse=True):
        code = code[:start] + header + code[end:]
    return code


def _functions(
    items: Sequence[Item], home: str, receiver: Callable[[str], str | None]
) -> Iterator[tuple[tuple[str, str], Item]]:
    for item in items:
        if item.kind is ItemKind.FUNCTION and item.name:
            yield (home or receiver(item.signature or "") or "", item.name), item
        elif item.kind is ItemKind.CLASS:
            yield from _functions(item.children, item.name or home, receiver)


def _plain(signature: str) -> str:
    return re.sub(r",?\s*\)", ")", re.sub(r"\s+", " ", signature)).replace("( ", "(")
