"""What Go's compiler says is missing, as names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from forge_lsp.checking.rules import patterns_beside
from forge_lsp.core.checks import Cause

__all__ = ["cause_of", "lacking", "named"]

_LACKS = patterns_beside(__file__)["lacks"]


def named(message: str) -> list[str]:
    """Return the names that an error of the compiler complains of."""
    matches = (pattern.search(message) for pattern in _LACKS)
    return [match["name"] for match in matches if match is not None]


def lacking(message: str, names: Sequence[str], *, imports: Mapping[str, str], path: str) -> list[str]:
    """Return the names for want of which something does not compile.

    ``names`` are what the scope defines and the type that it belongs to (none: it may define anything). ``imports``
    are those of the file at fault, ``path`` is the import path of the scope's package: what another package or another
    type lacks is told with its name before it, and so is nobody's who brings the bare name.
    """
    for pattern in _LACKS:
        match = pattern.search(message)
        if match is None:
            continue
        found = match.groupdict()
        name, package, owner = match["name"], found.get("package"), found.get("type")
        if package is not None and imports.get(package, path) != path:
            return [f"{package}.{name}"]
        return [f"{owner}.{name}" if owner is not None and names and owner not in names else name]
    return [name for name in names[:1] if re.search(rf"\b{re.escape(name)}\b", message)]


def cause_of(missing: Sequence[str], names: Sequence[str]) -> Cause:
    """Return whether it is the scope that should define what is missing."""
    awaited = missing if not names else [name for name in missing if name in names]
    return Cause.SCOPE if awaited else Cause.ELSEWHERE
