"""TypeScript and JavaScript, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["JAVASCRIPT_CONTEXT", "TYPESCRIPT_CONTEXT"]

_BOTH = """
    (function_declaration name: (identifier) @name body: (_) @body) @function
    (generator_function_declaration name: (identifier) @name body: (_) @body) @function
    (method_definition name: (_) @name body: (_) @body) @function
    (variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body)) @function
    (variable_declarator name: (identifier) @name value: (function_expression body: (_) @body)) @function
    (variable_declarator name: (identifier) @name) @value
    (assignment_expression left: (member_expression object: (this) @receiver property: (_) @name)) @own
    (assignment_expression left: (member_expression property: (property_identifier) @name)
        right: (function_expression body: (_) @body)) @function
    (arrow_function) @inner
    (function_expression) @inner
    (import_statement) @import
    (export_statement source: (_)) @import
    (call_expression function: (identifier) @callee arguments: (_)) @test
    (call_expression function: (member_expression object: (identifier) @callee) arguments: (_)) @test
"""
_TYPES = """
    (function_signature name: (identifier) @name) @function
    (class_declaration name: (_) @name body: (_) @body) @type
    (abstract_class_declaration name: (_) @name body: (_) @body) @type
    (interface_declaration name: (_) @name body: (_) @body) @type
    (type_alias_declaration name: (_) @name) @type
    (enum_declaration name: (_) @name body: (_) @body) @type
    (method_signature name: (_) @name) @field
    (abstract_method_signature name: (_) @name) @field
    (public_field_definition name: (_) @name) @field
    (property_signature name: (_) @name) @field
    (enum_assignment name: (_) @name) @field
    (enum_body (property_identifier) @name @field)
"""
_CLASSES = """
    (class_declaration name: (_) @name body: (_) @body) @type
    (field_definition property: (_) @name) @field
"""
_WORDS = r"function\*?|class|interface|type|enum|const|let|var|namespace"
_MEMBER = r"(?:(?:public|private|protected|static|readonly|abstract|async|get|set|override|declare)[ \t]+)*"
_DEFINES = re.compile(
    rf"\b(?:{_WORDS})[ \t]+([A-Za-z_$][\w$]*)|"
    rf"^[ \t]+{_MEMBER}#?([A-Za-z_$][\w$]*)(?=[?!]?(?:[ \t]*[:(<]|[ \t]*=[^=>]))|"
    r"\bthis\.([A-Za-z_$][\w$]*)[ \t]*=[^=]|\.([A-Za-z_$][\w$]*)[ \t]*=[ \t]*(?:async[ \t]+)?function\b",
    re.M,
)

TYPESCRIPT_CONTEXT = ContextSupport(
    queries={"typescript": _BOTH + _TYPES, "tsx": _BOTH + _TYPES},
    defines=_DEFINES,
    lead=re.compile(r"\s*(?:@|//|/\*|\*)"),
    owner=frozenset({"this"}),
    constructors=frozenset({"constructor"}),
)
JAVASCRIPT_CONTEXT = ContextSupport(
    queries={"javascript": _BOTH + _CLASSES},
    defines=_DEFINES,
    lead=re.compile(r"\s*(?:@|//|/\*|\*)"),
    owner=frozenset({"this"}),
    constructors=frozenset({"constructor"}),
)
