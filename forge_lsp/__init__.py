"""forge-lsp: a language server that writes code by committee and proves it before you see it."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
