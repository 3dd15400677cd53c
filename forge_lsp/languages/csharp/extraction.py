"""C#, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport
from forge_lsp.reading import table_beside

__all__ = ["EXTRACTION"]

_NAMESPACES: Mapping[str, list[str]] = table_beside(__file__, "names.toml")


def _import_names(statement: str) -> list[str] | None:
    match = re.fullmatch(r"using\s+([\w.]+)\s*;", statement)
    return _NAMESPACES.get(match[1]) if match is not None else None


def _under_signature(original: str, item: Item, body: str) -> str | None:
    """An expression behind ``=>`` becomes statements."""
    if item.body is None or "(" not in (item.signature or ""):
        return None
    inside, rest = item.body.of(original), original[item.body.end :]
    if not inside.startswith(("{", "=>")):
        return None
    rest = rest.lstrip().removeprefix(";") if inside.startswith("=>") else rest
    return f"{original[: item.body.start].rstrip()}\n{{\n{body}\n}}{rest}"


EXTRACTION = ExtractionSupport(import_names=_import_names, only_types=True, under_signature=_under_signature)
