; The definitions, imports and tests of a Go file: forge_lsp/core/support/context.py explains the captures.
(function_declaration name: (identifier) @name body: (_) @body) @function
(method_declaration receiver: (_) @receiver name: (field_identifier) @name body: (_) @body) @function
(type_spec name: (type_identifier) @name) @type
(type_alias name: (type_identifier) @name) @type
(field_declaration name: (field_identifier) @name) @field
(method_elem name: (field_identifier) @name) @field
(const_spec name: (identifier) @name) @value
(var_spec name: (identifier) @name) @value
(func_literal) @inner
(import_declaration) @import
