"""Java, for what is done to texts."""

from __future__ import annotations

from forge_lsp.core.ports import Syntax
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.headers import keep_header
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.java.imports import fit_java_file, imports_itself, merge_java
from forge_lsp.languages.java.outline import outline_java

__all__ = ["EDITING"]


def _keep(task: Task, code: str, syntax: Syntax) -> str:
    if task.scope.kind is not ScopeKind.FILE:
        return keep_header(task, code, syntax)
    stem = task.document.path.stem if task.document.path is not None else None
    return fit_java_file(normalised(task.original), code, stem, syntax)


EDITING = EditingSupport(
    grammars={"java": ("tree_sitter_java", "language")},
    outline=outline_java,
    string_nodes=("string_literal",),
    keep=_keep,
    merge_imports=merge_java,
    imports_itself=imports_itself,
)
