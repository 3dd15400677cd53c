"""Ruby, for the gathering of context."""

from __future__ import annotations

import re

from forge_lsp.core.support import ContextSupport

__all__ = ["CONTEXT"]

CONTEXT = ContextSupport(
    queries={
        "ruby": """
        (method name: (_) @name body: (_) @body) @function
        (method name: (_) @name !body) @function
        (singleton_method name: (_) @name body: (_) @body) @function
        (singleton_method name: (_) @name !body) @function
        (class name: (_) @name body: (_) @body) @type
        (class name: (_) @name !body) @type
        (module name: (_) @name body: (_) @body) @type
        (assignment left: (constant) @name right: (call block: (do_block body: (_) @body))) @type
        (assignment left: (constant) @name) @value
        (call method: (identifier) @_attr arguments: (argument_list (simple_symbol) @name @field)
            (#match? @_attr "^attr_(reader|writer|accessor)$"))
        (call !receiver method: (identifier) @_require
            (#match? @_require "^(require|require_relative|autoload)$")) @import
        (call !receiver method: (identifier) @callee block: (_)) @test
        """
    },
    defines=re.compile(
        r"^[ \t]*(?:(?:private|public|protected|module_function)[ \t]+)?def[ \t]+(?:self\.)?([A-Za-z_]\w*)|"
        r"^[ \t]*(?:class|module)[ \t]+(?:\w+::)*([A-Z]\w*)|^[ \t]*([A-Z]\w*)[ \t]*=[^=~]|"
        r"\battr_(?:reader|writer|accessor)[ \t]+:(\w+)",
        re.M,
    ),
    lead=re.compile(r"\s*#"),
    owner=frozenset({"self"}),
    is_test=re.compile(r"\bdef\s+test_"),
    constructors=frozenset({"initialize"}),
)
