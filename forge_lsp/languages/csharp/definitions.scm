; The definitions, imports and tests of a C# file: forge_lsp/core/support/context.py explains the captures.
(class_declaration name: (_) @name body: (_)? @body) @type
(struct_declaration name: (_) @name body: (_)? @body) @type
(interface_declaration name: (_) @name body: (_)? @body) @type
(record_declaration name: (_) @name body: (_)? @body) @type
(enum_declaration name: (_) @name body: (_) @body) @type
(delegate_declaration name: (_) @name) @type
(method_declaration name: (_) @name body: (_)? @body) @function
(constructor_declaration name: (_) @name body: (_)? @body) @function
(property_declaration name: (_) @name) @field
(field_declaration (variable_declaration (variable_declarator name: (_) @name))) @field
(event_field_declaration (variable_declaration (variable_declarator name: (_) @name))) @field
(enum_member_declaration name: (_) @name) @field
(lambda_expression) @inner
(using_directive) @import
