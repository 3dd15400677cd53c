; The definitions, imports and tests that C and C++ have in common: forge_lsp/core/support/context.py explains the captures.
(function_definition declarator: (_) @name body: (_) @body) @function
(declaration declarator: (function_declarator) @name) @function
(declaration declarator: (pointer_declarator (function_declarator)) @name) @function
(declaration declarator: (init_declarator declarator: (_) @name)) @value
(declaration declarator: (identifier) @name) @value
(struct_specifier name: (_) @name body: (_) @body) @type
(union_specifier name: (_) @name body: (_) @body) @type
(enum_specifier name: (_) @name body: (_) @body) @type
(type_definition declarator: (_) @name) @type
(enumerator name: (_) @name) @field
(field_declaration declarator: (_) @name) @field
(preproc_def name: (_) @name) @value
(preproc_function_def name: (_) @name) @value
(preproc_include) @import
