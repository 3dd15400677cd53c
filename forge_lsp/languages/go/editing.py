"""Go, for what is done to texts."""

from __future__ import annotations

import re

from forge_lsp.core.ports import Syntax
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.go.headers import fits, keep_headers, keep_receiver
from forge_lsp.languages.go.imports import fit_go, imported_files, imports_itself, merge_go, without_idle_go_imports
from forge_lsp.languages.go.outline import outline_go

__all__ = ["EDITING"]


def _keep(task: Task, code: str, syntax: Syntax) -> str:
    whole = task.scope.kind is ScopeKind.FILE or "package " in task.original
    code = fit_go(normalised(task.document.text) if whole else None, code, syntax)
    return keep_headers(task, keep_receiver(task, code, syntax), syntax)


EDITING = EditingSupport(
    grammars={"go": ("tree_sitter_go", "language")},
    outline=outline_go,
    string_nodes=("raw_string_literal",),
    semicolons=False,
    clause=re.compile(r"^package[ \t]+\w+.*$", re.M),
    keep=_keep,
    fits=fits,
    merge_imports=merge_go,
    drop_imports=without_idle_go_imports,
    imports_itself=imports_itself,
    imported_files=imported_files,
)
