"""C#, for what is done to texts."""

from forge_lsp.core.support import EditingSupport
from forge_lsp.languages.csharp.imports import merge_csharp
from forge_lsp.languages.csharp.outline import outline_csharp

__all__ = ["EDITING"]

EDITING = EditingSupport(
    grammars={"csharp": ("tree_sitter_c_sharp", "language")},
    outline=outline_csharp,
    string_nodes=(
        "string_literal",
        "verbatim_string_literal",
        "raw_string_literal",
        "interpolated_string_expression",
    ),
    merge_imports=merge_csharp,
)
