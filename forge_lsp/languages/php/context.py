"""PHP, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={
        "php": """
        (function_definition name: (name) @name body: (_) @body) @function
        (method_declaration name: (name) @name body: (_) @body) @function
        (method_declaration name: (name) @name !body) @function
        (class_declaration name: (name) @name body: (_) @body) @type
        (interface_declaration name: (name) @name body: (_) @body) @type
        (trait_declaration name: (name) @name body: (_) @body) @type
        (enum_declaration name: (name) @name body: (_) @body) @type
        (property_element name: (variable_name (name) @name)) @field
        (property_promotion_parameter name: (variable_name (name) @name)) @field
        (enum_case name: (name) @name) @field
        (const_element . (name) @name) @value
        (assignment_expression left: (member_access_expression object: (variable_name) @receiver
            name: (name) @name)) @own
        (anonymous_function) @inner
        (arrow_function) @inner
        (namespace_use_declaration) @import
        (expression_statement (require_once_expression)) @import
        (expression_statement (require_expression)) @import
        (expression_statement (include_once_expression)) @import
        (expression_statement (include_expression)) @import
        """
    },
    defines=re.compile(
        r"\b(?:function[ \t]+&?|class[ \t]+|interface[ \t]+|trait[ \t]+|enum[ \t]+|const[ \t]+|case[ \t]+)"
        r"([A-Za-z_]\w*)|\b(?:public|protected|private|readonly|static|var)\b[^;{(=\n]*\$([A-Za-z_]\w*)|"
        r"\bdefine\(\s*['\"](\w+)",
        re.M,
    ),
    lead=re.compile(r"\s*(?:#|//|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"$this"}),
    is_test=re.compile(r"\bfunction\s+test|#\[\\?(?:\w+\\)*Test\b|@test\b"),
    folder_is_package=True,
    constructors=frozenset({"__construct"}),
)
