"""What the models are shown of the code around a task. docs/context.md is its page."""

from forge_lsp.context.gathering import Context, ContextConfig

__all__ = ["Context", "ContextConfig"]
