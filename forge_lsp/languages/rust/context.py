"""Rust, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={
        "rust": """
        (function_item name: (_) @name body: (_) @body) @function
        (function_signature_item name: (_) @name) @function
        (struct_item name: (type_identifier) @name) @type
        (enum_item name: (type_identifier) @name) @type
        (union_item name: (type_identifier) @name) @type
        (trait_item name: (type_identifier) @name body: (_) @body) @type
        (type_item name: (type_identifier) @name) @value
        (associated_type name: (type_identifier) @name) @value
        (impl_item type: (_) @name body: (_) @body) @part
        (const_item name: (identifier) @name) @value
        (static_item name: (identifier) @name) @value
        (field_declaration name: (field_identifier) @name) @field
        (enum_variant name: (identifier) @name) @field
        (macro_definition name: (identifier) @name) @value
        (use_declaration) @import
        """
    },
    defines=re.compile(
        r"\b(?:fn|struct|enum|union|trait|type|const|static|macro_rules!)[ \t]+([A-Za-z_]\w*)|"
        r"^[ \t]+(?:pub(?:\([^)\n]*\))?[ \t]+)?([A-Za-z_]\w*)(?=[ \t]*(?:: |,$|\(|\{$))",
        re.M,
    ),
    lead=re.compile(r"\s*(?:///|//|#\[|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"self", "Self"}),
    is_test=re.compile(r"#\[(?:\w+::)*test\b"),
    folder_is_package=False,
    constructors=frozenset({"new", "default"}),
)
