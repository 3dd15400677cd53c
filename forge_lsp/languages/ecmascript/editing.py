"""TypeScript and JavaScript, for what is done to texts."""

from __future__ import annotations

from dataclasses import replace

from forge_lsp.core.ports import Item
from forge_lsp.core.support import EditingSupport
from forge_lsp.languages.ecmascript.headers import keep_form
from forge_lsp.languages.ecmascript.imports import imported_files, imports_itself, merge_ecmascript
from forge_lsp.languages.ecmascript.outline import outline_ecmascript

__all__ = ["JAVASCRIPT_EDITING", "TYPESCRIPT_EDITING"]

JAVASCRIPT_EDITING = EditingSupport(
    grammars={"javascript": ("tree_sitter_javascript", "language")},
    outline=outline_ecmascript,
    string_nodes=("template_string", "string"),
    same_quotes=True,
    semicolons=False,
    keep=keep_form,
    merge_imports=merge_ecmascript,
    imports_itself=imports_itself,
    imported_files=imported_files,
)


def _is_overload(item: Item, _text: str) -> bool:
    return item.body is None


TYPESCRIPT_EDITING = replace(
    JAVASCRIPT_EDITING,
    overload=_is_overload,
    # The language id does not tell .ts from .tsx: <T>x is a cast in one and an element in the other.
    grammars={
        "typescript": ("tree_sitter_typescript", "language_typescript"),
        "tsx": ("tree_sitter_typescript", "language_tsx"),
    },
)
