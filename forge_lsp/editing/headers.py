"""The user's headers stay: who wrote a stub wrote its contract, its modifiers and its types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import dedent

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.lines import normalised

__all__ = ["keep_header", "keep_headers", "keep_words"]

_MAY_BEGIN = re.compile(r"^@|[({:]|\b(?:class|def|module|struct|trait|impl|interface|enum|object|record)\b")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_ABOUT = re.compile(
    r"\b(?:header|signature|visib\w*|modifier\w*|access\w*|sync\w*|async\w*|param\w*|argument\w*|types?|typed|typing"
    r"|annotation\w*|declar\w*|export\w*)\b",
    re.I,
)


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


def keep_words(task: Task, code: str, syntax: Syntax) -> str:
    """``code`` with the headers that its functions and classes had, where its own say less and nothing else: a model
    that answers without modifiers and types left them out. Not where the user's words speak of them.

    They are matched by what encloses them, name and parameters; several of one kind are left alone.
    """
    language = task.document.language
    if _ABOUT.search(task.instruction):
        return code
    original = normalised(task.original)
    lines = {line.strip() for line in code.split("\n")}
    if all(line in lines for one in original.split("\n") if (line := one.strip()) and _MAY_BEGIN.search(line)):
        return code  # a long file is not read once more where no header differs
    original = dedent(original)
    fits = language.editing().fits
    known = _alone(syntax.outline(original, language).items, original)
    changes: list[tuple[int, int, str]] = []
    for key, (at, end, body) in _alone(syntax.outline(code, language).items, code).items():
        if key not in known or body is None:
            continue
        start, stop, inside = known[key]
        theirs, own = original[start:stop], code[at:end]
        if inside is None or not _says_less(own, theirs, task.instruction) or not fits(theirs, own):
            continue
        gap, mine = original[stop:inside], code[end:body]
        changes.append((at, body, theirs + (gap if not gap.strip() and not mine.strip() else mine)))
    for start, end, header in sorted(changes, reverse=True):
        code = code[:start] + header + code[end:]
    return code


def _alone(items: Sequence[Item], text: str) -> dict[tuple[object, ...], tuple[int, int, int | None]]:
    """Where the header of each function and class begins and ends, and where its body begins."""
    found: dict[tuple[object, ...], list[tuple[int, int, int | None]]] = {}

    def walk(items: Sequence[Item], path: tuple[object, ...]) -> None:
        for item in items:
            if item.kind in (ItemKind.FUNCTION, ItemKind.CLASS) and item.name and item.signature:
                stop = item.body.start if item.body is not None else item.range.end
                at = text.rfind(item.signature, item.range.start, max(stop, item.range.start + len(item.signature)))
                line = max(text.rfind("\n", 0, at) + 1, item.range.start)
                if at >= 0:
                    start = at - len(text[line:at].lstrip())
                    place = (start, at + len(item.signature), item.body.start if item.body is not None else None)
                    found.setdefault((*path, item.kind, item.name, item.parameters), []).append(place)
            if item.kind is ItemKind.CLASS:
                walk(item.children, (*path, item.name))

    walk(items, ())
    return {key: places[0] for key, places in found.items() if len(places) == 1}


def _says_less(own: str, theirs: str, words: str) -> bool:
    """Whether ``own`` is ``theirs`` without some of its words, of which the user does not speak."""
    mine, full = _TOKEN.findall(own), _TOKEN.findall(theirs)
    if len(mine) >= len(full):
        return False
    left: list[str] = []
    rest = iter(mine)
    wanted = next(rest, None)
    for token in full:
        if token == wanted:
            wanted = next(rest, None)
        else:
            left.append(token)
    if "*" in left or "&" in left:
        return False  # a generator, a pointer: the body depends on it
    spoken = {word.lower() for word in re.findall(r"\w+", words)}
    return wanted is None and not any(token.lower() in spoken for token in left if token.isidentifier())
