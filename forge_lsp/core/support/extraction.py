"""How code of a language is found in a model's answer."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ExtractionSupport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionSupport:
    """How code of a language is found in a model's answer."""
