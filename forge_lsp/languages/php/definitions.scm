; The definitions, imports and tests of a PHP file: forge_lsp/core/support/context.py explains the captures.
(function_definition name: (name) @name body: (_) @body) @function
(method_declaration name: (name) @name body: (_) @body) @function
(method_declaration name: (name) @name !body) @function
(class_declaration name: (name) @name body: (_) @body) @type
(interface_declaration name: (name) @name body: (_) @body) @type
(trait_declaration name: (name) @name body: (_) @body) @type
(enum_declaration name: (name) @name body: (_) @body) @type
(property_element name: (variable_name (name) @name)) @field
(property_promotion_parameter name: (variable_name (name) @name)) @field
(enum_case name: (name) @name) @field
(const_element . (name) @name) @value
(assignment_expression left: (member_access_expression object: (variable_name) @receiver
    name: (name) @name)) @own
(anonymous_function) @inner
(arrow_function) @inner
(namespace_use_declaration) @import
(expression_statement (require_once_expression)) @import
(expression_statement (require_expression)) @import
(expression_statement (include_once_expression)) @import
(expression_statement (include_expression)) @import
