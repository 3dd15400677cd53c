"""Rust, for what is done to texts."""

from __future__ import annotations

import re

from forge_lsp.core.support import EditingSupport
from forge_lsp.languages.rust.headers import keep_headers
from forge_lsp.languages.rust.imports import imported_files, imports_itself, merge_rust
from forge_lsp.languages.rust.outline import outline_rust

__all__ = ["EDITING"]


EDITING = EditingSupport(
    grammars={"rust": ("tree_sitter_rust", "language")},
    outline=outline_rust,
    string_nodes=("string_literal", "raw_string_literal"),
    quotes='"',  # 'a is a lifetime
    module=re.compile(r"(?:pub(?:\([^)]*\))?\s+)?mod\b"),
    keep=keep_headers,
    merge_imports=merge_rust,
    imports_itself=imports_itself,
    imported_files=imported_files,
)
