"""Rust, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from forge_lsp.core.support import ExtractionSupport
from forge_lsp.languages.rust.imports import leaves_of
from forge_lsp.reading import table_beside

__all__ = ["EXTRACTION"]

_TRAITS = frozenset(table_beside(__file__, "names.toml")["traits"])


def _import_names(statement: str) -> list[str] | None:
    if not statement.startswith("use "):
        return None  # ``pub use`` is for others
    return [leaf.name for leaf in leaves_of(statement)] or None


def _unsaid(statement: str, name: str) -> bool:
    """Whether a name may be a trait's: of the standard library that is known, of other crates by its first letter."""
    if name in ("*", "_") or name in _TRAITS or name.endswith("Ext"):
        return True
    return re.match(r"use\s+(?:::)?(?:std|core|alloc)\b", statement) is None and name[:1].isupper()


def _taken(statement: str, used: Collection[str]) -> Sequence[str]:
    return [f"use {leaf};" for leaf in leaves_of(statement) if leaf.name in used]


_VALUE = re.compile(r"match\b.*\}|if\b.*\belse\b.*\}|(?!(?:let|if|for|while|loop)\b).*[^;}\s]\s*", re.S)
# The type that an ``impl`` is for.
EXTRACTION = ExtractionSupport(
    import_names=_import_names, unsaid=_unsaid, value=_VALUE, taken=_taken, part=re.compile(r"impl (?:.* )?(.*)", re.S)
)
