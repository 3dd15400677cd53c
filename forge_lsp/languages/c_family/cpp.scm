; What only C++ has.
(class_specifier name: (_) @name body: (_) @body) @type
(alias_declaration name: (_) @name) @type
(using_declaration) @import
