; The definitions, imports and tests of a Ruby file: forge_lsp/core/support/context.py explains the captures.
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
