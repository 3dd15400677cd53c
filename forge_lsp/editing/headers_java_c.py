"""The user's headers stay in Java, C and C++: a stub's modifiers and types are its contract."""

from __future__ import annotations

from textwrap import dedent

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.java import JAVA

__all__ = ["keep_header"]

_KEPT = (JAVA, C, CPP)


def keep_header(task: Task, code: str, syntax: Syntax) -> str:
    """``code`` with the header of the stub that it replaces, where the parameters have the same names.

    Other names were chosen for a body that uses them: that header stays, and the compiler decides.
    """
    scope, language = task.scope, task.document.language
    if language not in _KEPT or scope.kind is not ScopeKind.DEFINITION:
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
