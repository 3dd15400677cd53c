"""C and C++, for what is done to texts."""

from __future__ import annotations

from dataclasses import replace

from forge_lsp.core.support import EditingSupport
from forge_lsp.editing.headers import keep_header
from forge_lsp.languages.c_family.imports import imported_files, imports_itself, merge_c
from forge_lsp.languages.c_family.outline import outline_c

__all__ = ["CPP_EDITING", "C_EDITING"]

CPP_EDITING = EditingSupport(
    grammars={"cpp": ("tree_sitter_cpp", "language")},
    outline=outline_c,
    string_nodes=("string_literal", "raw_string_literal"),
    keep=keep_header,
    merge_imports=merge_c,
    imports_itself=imports_itself,
    imported_files=imported_files,
)
# A .h may hold either language, and editors call it C.
C_EDITING = replace(CPP_EDITING, grammars={"c": ("tree_sitter_c", "language"), **CPP_EDITING.grammars})
