"""Java, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={
        "java": """
        (class_declaration name: (_) @name body: (_) @body) @type
        (interface_declaration name: (_) @name body: (_) @body) @type
        (enum_declaration name: (_) @name body: (_) @body) @type
        (record_declaration name: (_) @name body: (_) @body) @type
        (annotation_type_declaration name: (_) @name body: (_) @body) @type
        (method_declaration name: (_) @name body: (_) @body) @function
        (method_declaration name: (_) @name !body) @function
        (constructor_declaration name: (_) @name body: (_) @body) @function
        (field_declaration declarator: (variable_declarator name: (_) @name)) @field
        (constant_declaration declarator: (variable_declarator name: (_) @name)) @field
        (enum_constant name: (_) @name) @field
        (lambda_expression) @inner
        (object_creation_expression (class_body)) @inner
        (import_declaration) @import
        """
    },
    defines=re.compile(
        r"\b(?:new|return|throw|else|case|yield|assert|instanceof)[ \t]+[A-Za-z_]\w*|"
        r"\b(?:class|interface|enum|record)[ \t]+([A-Za-z_]\w*)|[\w>\]][ \t]+([A-Za-z_]\w*)(?=[ \t]*(?:\(|=[^=]|;))|"
        r"^[ \t]+([A-Z][A-Z0-9_]+)(?=[ \t]*[(,;])",
        re.M,
    ),
    lead=re.compile(r"\s*(?:@|//|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"this"}),
    is_test=re.compile(r"@(?:\w+\.)*(?:Test|ParameterizedTest|RepeatedTest)\b|\bvoid\s+test"),
    folder_is_package=True,
    typed_values=True,
    space=re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.M),
    opened=re.compile(r"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+)\.\*", re.M),
)
