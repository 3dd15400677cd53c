"""Kotlin, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={
        "kotlin": """
        (class_declaration name: (identifier) @name [(class_body) (enum_class_body)]? @body) @type
        (object_declaration name: (identifier) @name (class_body)? @body) @type
        (companion_object name: (identifier) @name (class_body) @body) @type
        (type_alias (identifier) @name) @type
        (function_declaration name: (identifier) @name (function_body)? @body) @function
        (property_declaration (variable_declaration (identifier) @name)) @value
        (class_parameter (identifier) @name) @field
        (enum_entry (identifier) @name) @field
        (lambda_literal) @inner
        (object_literal) @inner
        (import) @import
        """
    },
    defines=re.compile(
        r"\b(?:class|interface|object|typealias)[ \t]+([A-Za-z_]\w*)|"
        r"\b(?:fun|val|var)[ \t]+(?:<[^>\n]*>[ \t]*)?(?:[\w<>?,. *]+\.)?([A-Za-z_]\w*)|"
        r"^[ \t]+([A-Z][A-Z0-9_]+)(?=[ \t]*[(,;])",
        re.M,
    ),
    lead=re.compile(r"\s*(?:@|//|/\*|\*)"),
    lead_tells=False,
    owner=frozenset({"this"}),
    is_test=re.compile(r"@(?:\w+\.)*(?:Test|ParameterizedTest|RepeatedTest)\b"),
    folder_is_package=True,
    extends=re.compile(r"\bfun[ \t]+(?:<[^>\n]*>[ \t]*)?\w[\w<>?,. *]*\.\w+[ \t]*\("),
    space=re.compile(r"^[ \t]*package[ \t]+([\w.]+)", re.M),
    opened=re.compile(r"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+)\.\*", re.M),
)
