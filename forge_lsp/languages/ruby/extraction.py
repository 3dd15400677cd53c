"""Ruby, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport
from forge_lsp.reading import table_beside

__all__ = ["EXTRACTION"]

_DEFINE: Mapping[str, list[str]] = table_beside(__file__, "names.toml")


def _import_names(statement: str) -> list[str] | None:
    found = re.fullmatch(r"""require\s*\(?\s*["']([\w/]+)["']\s*\)?\s*(?:#.*)?""", statement)
    return _DEFINE.get(found[1]) if found is not None else None


def _assigned(statement: str) -> list[str]:
    """The names on the left (``A, B = 1, 2``)."""
    target = re.match(r"([\w\s,*@$]*?)\s*(?:\|\||&&)?=[^=~>]", statement)
    return re.findall(r"[A-Za-z_]\w*", target[1]) if target is not None else []


def _under_signature(original: str, item: Item, body: str) -> str | None:
    if item.body is None or not re.match(r"\s*(?:=|;|\n|end\b|#)", item.body.of(original)):
        return None
    return f"{original[: item.body.start].rstrip()}\n{body}\nend{original[item.body.end :]}"


_VALUE = re.compile(
    r"(?:case|begin)\b.*|if\b.*\belse\b.*|"
    r"(?!(?:if|unless|while|until|puts|p|raise|return)\b)(?!.*\s(?:if|unless)\s)(?![\w@.]+\s*(?:\|\||&&|[-+*/])?=[^=~>]).*",
    re.S,
)
EXTRACTION = ExtractionSupport(
    starts=re.compile(
        r"\s*(?:(?:def|class|module|require|require_relative|include|extend|attr_\w+)\s+[\w:\"'(<]|"
        r"(?:private|public|protected|module_function|private_class_method)\s+def\b|#\s*frozen_string_literal|"
        r"[A-Za-z_@$]\w*(?:\s*,\s*\w+)*\s*(?:\|\||&&|[-+*/])?=[^=~>])"
    ),
    import_names=_import_names,
    assigned=_assigned,
    redefines=True,
    value=_VALUE,
    under_signature=_under_signature,
)
