; What only TypeScript has.
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
