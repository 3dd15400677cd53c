"""How code of a language is parsed and brought into a document."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EditingSupport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditingSupport:
    """How code of a language is parsed and brought into a document."""
