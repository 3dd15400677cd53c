"""Model servers: one wire format a file, and the guard around them all. Use :class:`Directory` from
``forge_lsp.models.directory``."""
