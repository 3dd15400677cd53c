"""Go, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={
        "go": """
        (function_declaration name: (identifier) @name body: (_) @body) @function
        (method_declaration receiver: (_) @receiver name: (field_identifier) @name body: (_) @body) @function
        (type_spec name: (type_identifier) @name) @type
        (type_alias name: (type_identifier) @name) @type
        (field_declaration name: (field_identifier) @name) @field
        (method_elem name: (field_identifier) @name) @field
        (const_spec name: (identifier) @name) @value
        (var_spec name: (identifier) @name) @value
        (func_literal) @inner
        (import_declaration) @import
        """
    },
    defines=re.compile(
        r"\n(?:func[ \t]+(?:\([^)\n]*\)[ \t]*)?|type[ \t]+|var[ \t]+|const[ \t]+|\t)([A-Za-z_]\w*)(?=[\[(\s,=])"
    ),
    lead=re.compile(r"\s*(?://|/\*|\*)"),
    is_test=re.compile(r"\bfunc\s+(?:Test|Example|Fuzz)"),
    folder_is_package=True,
)
