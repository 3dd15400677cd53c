"""Java, for what is found in answers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.core.support import ExtractionSupport

__all__ = ["EXTRACTION"]

_PACKAGES: Mapping[str, list[str]] = tomllib.loads(Path(__file__).with_name("names.toml").read_text("utf-8"))


def _import_names(statement: str) -> list[str] | None:
    match = re.fullmatch(r"import\s+(?:static\s+)?(?:([\w.]+)\.\*|[\w.]*?(\w+))\s*;", statement)
    if match is None:
        return None
    return [match[2]] if match[2] else _PACKAGES.get(match[1])


EXTRACTION = ExtractionSupport(import_names=_import_names, only_types=True)
