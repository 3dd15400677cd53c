"""Rust, for what is done to texts."""

from __future__ import annotations

import re
from textwrap import dedent

from forge_lsp.core.ports import Syntax
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import Task
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.rust.headers import keep_headers
from forge_lsp.languages.rust.imports import merge_rust
from forge_lsp.languages.rust.neighbours import imported_files, imports_itself
from forge_lsp.languages.rust.outline import outline_rust

__all__ = ["EDITING"]


def _keep(task: Task, code: str, syntax: Syntax) -> str:
    return keep_headers(dedent(normalised(task.original)), code, task.document.language, syntax)


EDITING = EditingSupport(
    grammars={"rust": ("tree_sitter_rust", "language")},
    outline=outline_rust,
    string_nodes=("string_literal", "raw_string_literal"),
    quotes='"',  # 'a is a lifetime
    module=re.compile(r"(?:pub(?:\([^)]*\))?\s+)?mod\b"),
    keep=_keep,
    merge_imports=merge_rust,
    imports_itself=imports_itself,
    imported_files=imported_files,
)
