"""Languages that settings describe, read by themselves: for where the settings as a whole come to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from pydantic import ValidationError

from forge_lsp.config.tree import NewLanguage
from forge_lsp.core.languages import Language

__all__ = ["described"]


def described(tables: Mapping[str, object]) -> tuple[Language, ...]:
    """Return the languages of a raw table ``language``, without those that are described wrongly: whoever reads the
    settings as a whole says so."""
    found: list[Language] = []
    for key, table in tables.items():
        with suppress(ValidationError):
            found.append(NewLanguage.model_validate(table).named(key))
    return tuple(found)
