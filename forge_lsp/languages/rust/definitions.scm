; The definitions, imports and tests of a Rust file: forge_lsp/core/support/context.py explains the captures.
(function_item name: (_) @name body: (_) @body) @function
(function_signature_item name: (_) @name) @function
(struct_item name: (type_identifier) @name) @type
(enum_item name: (type_identifier) @name) @type
(union_item name: (type_identifier) @name) @type
(trait_item name: (type_identifier) @name body: (_) @body) @type
(type_item name: (type_identifier) @name) @value
(associated_type name: (type_identifier) @name) @value
(impl_item type: (_) @name body: (_) @body) @part
(const_item name: (identifier) @name) @value
(static_item name: (identifier) @name) @value
(field_declaration name: (field_identifier) @name) @field
(enum_variant name: (identifier) @name) @field
(macro_definition name: (identifier) @name) @value
(use_declaration) @import
