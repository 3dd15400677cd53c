"""Rust, for what is found in answers."""

from __future__ import annotations

import re

from forge_lsp.core.support import ExtractionSupport

__all__ = ["EXTRACTION"]

# Traits give methods to other types, so that code may use them without saying their name.
_TRAITS = frozenset(
    {"Read", "Write", "BufRead", "Seek", "FromStr", "Hash", "Hasher", "BuildHasher", "Borrow", "BorrowMut", "ToOwned"}
    | {"TryFrom", "TryInto", "FromIterator", "IntoIterator", "Any", "Error", "Add", "Sub", "Mul", "Div", "Rem", "Neg"}
    | {"Deref", "DerefMut", "Index", "IndexMut", "Pow", "Zero", "One", "Rng", "Future", "Iterator", "Itertools"}
)


def _import_names(statement: str) -> list[str] | None:
    """Of the standard library alone: what other crates bring in may be a trait."""
    match = re.fullmatch(r"use\s+(?:std|core|alloc)::(.*?)\s*;", statement, re.S)
    if match is None or "*" in match[1]:
        return None
    names: list[str] = []
    for part in re.split(r"[,{}]", match[1]):
        words = part.strip().rpartition("::")[2].split()
        if len(words) == 3 and words[1] == "as":
            names.append(words[2])
        elif len(words) == 1 and words[0] != "self":
            names.append(words[0])
        elif words == ["self"]:
            names.append(re.split(r"::\s*\{", match[1])[0].rpartition("::")[2].strip())
    return None if not names or any(name in _TRAITS or name == "_" for name in names) else names


# The type that an ``impl`` is for.
EXTRACTION = ExtractionSupport(import_names=_import_names, part=re.compile(r"impl (?:.* )?(.*)", re.S))
