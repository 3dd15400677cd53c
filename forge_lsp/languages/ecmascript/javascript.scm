; What JavaScript's grammar says otherwise.
(class_declaration name: (_) @name body: (_) @body) @type
(field_definition property: (_) @name) @field
