; The definitions, imports and tests of a Python file: forge_lsp/core/support/context.py explains the captures.
(function_definition name: (identifier) @name body: (_) @body) @function
(class_definition name: (identifier) @name body: (_) @body) @type
(expression_statement (assignment left: (identifier) @name)) @value
(assignment left: (attribute object: (identifier) @receiver attribute: (identifier) @name)) @own
(type_alias_statement left: (type) @name) @value
(import_statement) @import
(import_from_statement) @import
