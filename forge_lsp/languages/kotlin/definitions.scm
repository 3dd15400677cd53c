; The definitions, imports and tests of a Kotlin file: forge_lsp/core/support/context.py explains the captures.
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
