"""The names that clients know, and that ``initialize`` is answered with."""

from __future__ import annotations

__all__ = ["COMMANDS", "FIX_KIND", "GENERATE_KIND", "GENERATE_TITLE"]

GENERATE_KIND = "refactor.rewrite.forge"
FIX_KIND = "quickfix.forge"
GENERATE_TITLE = "Generate with ensemble"

COMMANDS = (
    "forge.generate",
    "forge.follow",
    "forge.resume",
    "forge.result",
    "forge.apply",
    "forge.taken",
    "forge.discard",
    "forge.alternatives",
    "forge.answer",
    "forge.keepExample",
    "forge.cancel",
    "forge.status",
    "forge.report",
    "forge.history",
    "forge.models",
)
