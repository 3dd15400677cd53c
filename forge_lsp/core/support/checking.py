"""How files of a language are compiled, tested and formatted."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CheckingSupport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckingSupport:
    """How files of a language are compiled, tested and formatted."""
