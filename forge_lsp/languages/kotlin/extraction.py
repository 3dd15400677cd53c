"""Kotlin, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport, in_braces
from forge_lsp.languages.kotlin.texts import IMPORT, typed
from forge_lsp.reading import table_beside

__all__ = ["EXTRACTION"]

_PACKAGES: Mapping[str, list[str]] = table_beside(__file__, "names.toml")


def _import_names(statement: str) -> list[str] | None:
    match = IMPORT.fullmatch(statement.strip())
    if match is None:
        return None
    if match["star"]:
        return _PACKAGES.get(match["name"])
    return [match["alias"] or match["name"].rpartition(".")[2].strip("`")]


def _under_signature(original: str, item: Item, body: str) -> str | None:
    """A value behind ``=`` becomes statements where the header says its type."""
    if item.body is None or not item.body.of(original).startswith("=") or not typed(item.signature or ""):
        return in_braces(original, item, body)
    return f"{original[: item.body.start].rstrip()} {{\n{body}\n}}{original[item.body.end :]}"


_MODIFIERS = (
    "public|private|protected|internal|abstract|final|open|sealed|data|enum|annotation|inner|value|inline|suspend|"
    "override|operator|infix|tailrec|external|const|lateinit|companion|expect|actual|noinline|crossinline|vararg"
)
EXTRACTION = ExtractionSupport(
    starts=re.compile(
        rf"\s*(?:@\w|/[/*]|(?:(?:{_MODIFIERS})\s+)*(?:fun|class|interface|object|val|var|typealias|init|constructor|"
        r"import|package)\b|[A-Za-z_]\w*(?:\.\w+)*\s*[(={<]|(?:return|if|when|for|while|throw|try)\b)"
    ),
    import_names=_import_names,
    under_signature=_under_signature,
)
