"""Java, for what is found in answers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.core.support import ExtractionSupport
from forge_lsp.reading import table_beside

__all__ = ["EXTRACTION"]

_PACKAGES: Mapping[str, list[str]] = table_beside(__file__, "names.toml")


def _import_names(statement: str) -> list[str] | None:
    match = re.fullmatch(r"import\s+(?:static\s+)?(?:([\w.]+)\.\*|[\w.]*?(\w+))\s*;", statement)
    if match is None:
        return None
    return [match[2]] if match[2] else _PACKAGES.get(match[1])


EXTRACTION = ExtractionSupport(import_names=_import_names, only_types=True)
