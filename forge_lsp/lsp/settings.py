"""The editor's ``forge.*`` settings, in the shapes in which editors send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from forge_lsp.core.languages import Languages

__all__ = ["INITIALIZATION_ONLY", "chosen_programs", "from_change", "from_initialization", "merged"]

INITIALIZATION_ONLY = frozenset({"foundJobs", "jobEvents", "languages", "logLevel", "questions", "trusted"})
"""Keys of ``initializationOptions`` that concern the connection, and are not settings."""


def from_initialization(options: object, languages: Languages) -> dict[str, object]:
    """Return the settings in ``initializationOptions``: its ``forge`` table, or its own keys; without what other
    plugins keep of ``languages``."""
    table = _table(options)
    if "forge" in table:
        return _without_null(_table(table["forge"]))
    others = {key.partition(".")[0] for language in languages for key in language.editor_keys}
    left_out = others | INITIALIZATION_ONLY
    return _without_null({key: value for key, value in table.items() if key not in left_out})


def from_change(settings: object) -> dict[str, object] | None:
    """Return the settings that ``workspace/didChangeConfiguration`` carries, or None: then they are to be asked for."""
    table = _table(settings)
    if "forge" not in table:
        return None
    return _without_null(_table(table["forge"]))


def chosen_programs(settings: object, languages: Languages) -> dict[str, object]:
    """Return the programs that the user chose in the editor for ``languages``, as settings of ours. A language's own
    name chooses none: it is what editors have before a choice."""
    check: dict[str, object] = {}
    for language in languages:
        for place in language.editor_keys:
            section, _, key = place.partition(".")
            value = _table(_table(settings).get(section)).get(key)
            if isinstance(value, str) and value.strip() not in ("", language.id, *language.names):
                check.setdefault(language.id, {"interpreter": value.strip()})
    return {"check": check} if check else {}


def merged(lower: Mapping[str, object], upper: object) -> dict[str, object]:
    """Return ``upper`` laid over ``lower``: tables merge, everything else is replaced."""
    result = dict(lower)
    for key, value in _without_null(_table(upper)).items():
        tables = isinstance(result.get(key), Mapping) and isinstance(value, Mapping)
        result[key] = merged(_table(result[key]), cast("object", value)) if tables else value
    return result


def _table(value: object) -> dict[str, object]:
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else {}


def _without_null(table: Mapping[str, object]) -> dict[str, object]:
    """TOML has no null: editors send it for what the user did not set."""
    return {
        key: _without_null(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }
