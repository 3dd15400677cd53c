"""Python, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={
        "python": """
        (function_definition name: (identifier) @name body: (_) @body) @function
        (class_definition name: (identifier) @name body: (_) @body) @type
        (expression_statement (assignment left: (identifier) @name)) @value
        (assignment left: (attribute object: (identifier) @receiver attribute: (identifier) @name)) @own
        (type_alias_statement left: (type) @name) @value
        (import_statement) @import
        (import_from_statement) @import
        """
    },
    defines=re.compile(
        r"\n[ \t]*+(?:(?:async[ \t]++)?def[ \t]++|class[ \t]++|type[ \t]++|self\.)?([A-Za-z_]\w*+)"
        r"[ \t]*+(?:[(:\[]|=(?!=))"
    ),
    lead=re.compile(r"\s*(?:@|#)"),
    owner=frozenset({"self", "cls"}),
    is_test=re.compile(r"\bdef\s+test"),
    constructors=frozenset({"__init__", "__new__", "__post_init__"}),
)
