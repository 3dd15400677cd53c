"""Kotlin, for what is done to texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_lsp.core.ports import Syntax
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.headers import keep_headers
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.kotlin.imports import fit_file, imports_itself, merge_kotlin
from forge_lsp.languages.kotlin.outline import outline_kotlin, repaired
from forge_lsp.languages.kotlin.texts import LITERAL, typed

__all__ = ["EDITING"]


def _keep(task: Task, code: str, syntax: Syntax) -> str:
    if task.scope.kind is ScopeKind.FILE:
        return fit_file(normalised(task.original), code)
    return keep_headers(task, code, syntax, fit=_fit)


def _fit(theirs: str, own: str, names: Sequence[str]) -> str | None:
    """The user's header; None where it leaves the type to an expression, and what came with a body says one."""
    del names
    return None if typed(own) and not typed(theirs) else theirs


EDITING = EditingSupport(
    grammars={"kotlin": ("tree_sitter_kotlin", "language")},
    repaired=repaired,
    outline=outline_kotlin,
    strings=re.compile(rf'("""(?:(?!""").)*(?:"{{3,}}|\Z))|(?:{LITERAL.pattern})', re.S),
    quotes='"',
    semicolons=False,
    keep=_keep,
    merge_imports=merge_kotlin,
    imports_itself=imports_itself,
)
