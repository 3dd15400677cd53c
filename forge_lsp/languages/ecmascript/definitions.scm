; The definitions, imports and tests that TypeScript and JavaScript have in common: forge_lsp/core/support/context.py explains the captures.
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
