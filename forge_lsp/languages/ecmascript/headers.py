"""The form of a definition stays in JavaScript and TypeScript: what is exported, assigned, a method or a member of an
object stays so, whatever form a model answers in. A file's kind (CommonJS, modules) never changes by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.lines import normalised

__all__ = ["keep_form"]

_EXPORT = re.compile(r"export\s+(?:default\s+)?")
_DECLARED = re.compile(
    r"(?P<export>export\s+(?:default\s+)?)?(?P<async>async\s+)?function\s*+(?P<star>\*)?+\s*+(?P<name>[\w$]++)?+\s*+"
    r"(?P<rest>[(<].*)",
    re.S,
)
_FUNCTION = re.compile(
    r"(?P<async>async\s+)?function\s*+(?P<star>\*)?+\s*+(?P<name>[\w$]++)?+\s*+(?P<rest>[(<].*)", re.S
)
_ARROW = re.compile(r"(?P<async>async\b\s*)?(?P<rest>[(<].*|[\w$]+)\s*=>", re.S)
_METHOD = re.compile(
    r"(?P<words>(?:(?:public|private|protected|static|override|readonly|abstract|declare|async|get|set)\s++)*)"
    r"(?P<star>\*)?\s*+(?P<name>#?[\w$]++|\[[^\]]*\]|'[^']*'|\"[^\"]*\")\s*+(?P<rest>[(<].*)",
    re.S,
)
_MEMBER = re.compile(
    r"(?P<left>(?:[\w$]+|'[^']*'|\"[^\"]*\"|\[[^\]]*\])\s*:\s*)(?P<value>(?:async\b\s*)?(?:function\b|[(<]|[\w$]+\s*=>).*)",
    re.S,
)
_VARIABLE = re.compile(r"(?:export\s+(?:default\s+)?)?(?:const|let|var)\s+[\w$]+\s*")
_WRAPPED = re.compile(
    r"(?:export\s+(?:default\s+)?)?(?:const|let|var)\s+[\w$]+\s*(?::[^=]+)?=\s*[\w$.]+(?:<[^()=]*>)?\("
    r"\s*(?=(?:async\b\s*)?(?:function\b|\(|[\w$]+\s*=>))"
)
_OWN_THIS = re.compile(r"\b(?:arguments|new\.target)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A function's header taken apart. ``left`` is what a value is assigned to, the sign included; ``words`` are a
    method's modifiers without ``async``; ``rest`` runs from the type parameters to the type of the result."""

    kind: str
    rest: str
    export: str = ""
    left: str = ""
    words: str = ""
    name: str | None = None
    is_async: bool = False
    star: bool = False
    arrow: bool = False


def keep_form(task: Task, code: str, syntax: Syntax) -> str:
    """``code`` in the form that the definition has in the document; what cannot be brought to it stays as it is."""
    scope, language = task.scope, task.document.language
    if scope.kind is not ScopeKind.DEFINITION:
        return code
    original = dedent(normalised(task.original))
    olds = [item for item in syntax.outline(original, language).items if item.name == scope.name]
    news = [item for item in syntax.outline(code, language).items if item.name == scope.name]
    if len(olds) != 1 or len(news) != 1:
        return code
    old, new = olds[0], news[0]
    ending = _separator(original[old.range.end :])
    after = code[new.range.end :]
    if ending and not _separator(after):
        code = code[: new.range.end] + ending + after
    if (
        old.kind is ItemKind.FUNCTION
        and new.kind is ItemKind.FUNCTION
        and old.body is not None
        and new.body is not None
    ):
        found = _function(original, old, code, new)
    elif (
        old.kind is ItemKind.ASSIGNMENT
        and new.kind is ItemKind.FUNCTION
        and _WRAPPED.match(original, _head(original, old))
    ):
        return _wrapped(original, old, code, new, task, syntax)
    else:
        found = _exported(original, old, code, new)
    ends = old.range.of(original).endswith(";") and not ending
    if found == code and ends and not new.range.of(code).endswith(";") and not _separator(after):
        return code[: new.range.end] + ";" + after  # a field: as a statement it holds its semicolon
    return found


def _wrapped(original: str, old: Item, code: str, new: Item, task: Task, syntax: Syntax) -> str:
    """A function in the call that the document hands it to (``memo(function F() {})``).

    Raises ExtractionFailed where the call has more arguments, or another first one.
    """
    start = _head(original, old)
    opened = _WRAPPED.match(original, start)
    whole = original[start : old.range.end]
    closed = re.search(r"\)\s*;?\s*\Z", whole)
    assert opened is not None, "the call was seen"
    if closed is not None:
        value = whole[opened.end() - start : closed.start()]
        inner = f"const {old.name} = {value};\n"
        items = syntax.outline(inner, task.document.language)
        if not items.errors and len(items.items) == 1 and items.items[0].kind is ItemKind.FUNCTION:
            repaired = _function(inner, items.items[0], code, new)
            found = next(
                item for item in syntax.outline(repaired, task.document.language).items if item.name == old.name
            )
            text = found.range.of(repaired)
            text = text[text.index("=") + 1 :].strip().rstrip(";") if text.startswith("const") else text
            return repaired[: found.range.start] + opened[0] + text + closed[0] + repaired[found.range.end :]
    raise ExtractionFailed(
        f"`{old.name}` is made by a call, and the answer holds a function alone; write the whole statement"
    )


def _separator(after: str) -> str:
    return after.lstrip(" \t")[:1] if after.lstrip(" \t")[:1] in (",", ";") else ""


def _exported(original: str, old: Item, code: str, new: Item) -> str:
    """A class, a type or a constant with the document's ``export`` or without."""
    at, theirs = _head(code, new), _EXPORT.match(original, _head(original, old))
    mine = _EXPORT.match(code, at)
    want, have = theirs[0] if theirs else "", mine[0] if mine else ""
    if want.split() == have.split() or (want and old.kind is ItemKind.ASSIGNMENT and "default" in want):
        return code
    return code[:at] + want + code[at + len(have) :]


def _head(text: str, item: Item) -> int:
    """Where the statement begins, behind comments and decorators."""
    if item.signature:
        at = text.rfind(item.signature, item.range.start, item.range.end)
        return item.range.start if at < 0 else at
    match = re.compile(r"(?:\s*(?://[^\n]*|/\*.*?\*/))*\s*", re.S).match(text, item.range.start)
    return match.end() if match is not None else item.range.start


def _function(original: str, old: Item, code: str, new: Item) -> str:
    theirs, mine = _form(old.signature or ""), _form(new.signature or "")
    at = code.rfind(new.signature or "\0", new.range.start, new.range.end)
    if theirs is None or mine is None or at < 0 or new.body is None or old.body is None:
        return code
    body, tail = new.body.of(code), code[new.body.end : new.range.end]
    name = theirs.name or old.name or ""
    if theirs.kind == "declaration":
        found = _as_declaration(theirs, mine, name, body, tail, new.signature or "")
    elif theirs.kind == "value":
        found = _as_value(theirs, mine, old.name or "", body, original[old.body.end : old.range.end])
    else:
        found = _as_method(theirs, mine, body)
    return code if found is None else code[:at] + found + code[new.range.end :]


def _as_declaration(theirs: _Form, mine: _Form, name: str, body: str, tail: str, signature: str) -> str | None:
    typed = mine.kind == "value" and ":" in mine.left
    if typed or (mine.arrow and re.search(r"\bthis\b", body)):
        bare = _EXPORT.sub("", signature, count=1) if _EXPORT.match(signature) else signature
        if "default" in theirs.export:
            return f"{bare} {body}{tail}\n{theirs.export.strip()} {name};"
        return f"{theirs.export}{bare} {body}{tail}"
    if mine.kind == "declaration" and mine.export.split() == theirs.export.split() and mine.name == theirs.name:
        return None
    named = f" {theirs.name}" if theirs.name else ""
    return f"{theirs.export}{_asynchronous(mine)}function{'*' if mine.star else ''}{named}{mine.rest} {_block(body)}"


def _as_value(theirs: _Form, mine: _Form, name: str, body: str, tail: str) -> str | None:
    if mine.kind == "value" and "".join(mine.left.split()) == "".join(theirs.left.split()):
        return None
    recursive = re.search(rf"(?<![\w$.]){re.escape(name)}\s*\(", body) is not None and not _VARIABLE.match(theirs.left)
    arrow = mine.arrow
    if mine.kind != "value":
        arrow = theirs.arrow and not mine.star and not recursive and _OWN_THIS.search(body) is None
    if arrow:
        return f"{theirs.left}{_asynchronous(mine)}{mine.rest} => {body}{tail}"
    named = f" {mine.name or name}" if recursive else f" {theirs.name}" if theirs.name else " "
    star = "*" if mine.star else ""
    return f"{theirs.left}{_asynchronous(mine)}function{star}{named}{mine.rest} {_block(body)}{tail}"


def _as_method(theirs: _Form, mine: _Form, body: str) -> str | None:
    if mine.kind == "method" and set(theirs.words.split()) <= set(mine.words.split()):
        return None
    words = mine.words if mine.kind == "method" and not theirs.words else theirs.words
    star = "*" if mine.star else ""
    return f"{words}{_asynchronous(mine)}{star}{theirs.name}{mine.rest} {_block(body)}"


def _asynchronous(form: _Form) -> str:
    return "async " if form.is_async else ""


def _block(body: str) -> str:
    """A function's body in braces; an arrow function may have an expression instead."""
    if body.startswith("{"):
        return body
    return f"{{\n  return {body.strip()};\n}}"


def _form(signature: str) -> _Form | None:
    text = signature.strip()
    found = _DECLARED.fullmatch(text)
    if found is not None:
        return _Form(
            kind="declaration",
            export=found["export"] or "",
            name=found["name"],
            rest=found["rest"].strip(),
            is_async=bool(found["async"]),
            star=bool(found["star"]),
        )
    at = _assignment(text)
    member = _MEMBER.fullmatch(text) if at is None else None
    if at is not None or member is not None:
        left, value = (
            (text[:at], text[at:]) if at is not None else (member["left"], member["value"]) if member else ("", "")
        )
        return _value(left, value.strip())
    method = _METHOD.fullmatch(text)
    if method is None:
        return None
    words = [word for word in method["words"].split() if word != "async"]
    return _Form(
        kind="method",
        words="".join(f"{word} " for word in words),
        name=method["name"],
        rest=method["rest"].strip(),
        is_async="async" in method["words"].split(),
        star=bool(method["star"]),
    )


def _value(left: str, value: str) -> _Form | None:
    found, arrow = _FUNCTION.fullmatch(value), False
    if found is None:
        found, arrow = _ARROW.fullmatch(value), True
    if found is None:
        return None
    rest = found["rest"].strip()
    return _Form(
        kind="value",
        left=left,
        rest=rest if rest.startswith(("(", "<")) else f"({rest})",
        name=None if arrow else found["name"],
        is_async=bool(found["async"]),
        star=not arrow and bool(found["star"]),
        arrow=arrow,
    )


def _assignment(text: str) -> int | None:
    """Where the value of an assignment starts: behind the first ``=`` that is in no brackets and no arrow."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if (
            character == "="
            and not depth
            and text[at + 1 : at + 2] not in ("=", ">")
            and text[at - 1 : at] not in ("=", "!", "<", ">")
        ):
            match = re.compile(r"\s*").match(text, at + 1)
            return match.end() if match is not None else at + 1
    return None
