"""The editor's ``forge.*`` settings, in the shapes in which editors send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

__all__ = ["INITIALIZATION_ONLY", "chosen_python", "from_change", "from_initialization", "merged"]

INITIALIZATION_ONLY = frozenset({"jobEvents", "logLevel", "trusted", "python"})
"""Keys of ``initializationOptions`` that concern the connection, and are not settings."""


def from_initialization(options: object) -> dict[str, object]:
    """The settings in ``initializationOptions``: its ``forge`` table, or its own keys."""
    table = _table(options)
    if "forge" in table:
        return _without_null(_table(table["forge"]))
    return _without_null({key: value for key, value in table.items() if key not in INITIALIZATION_ONLY})


def from_change(settings: object) -> dict[str, object] | None:
    """The settings that ``workspace/didChangeConfiguration`` carries, or None: then they are to be asked for."""
    table = _table(settings)
    if "forge" not in table:
        return None
    return _without_null(_table(table["forge"]))


def chosen_python(settings: object) -> dict[str, object]:
    """The interpreter that the user chose in the editor, as a setting of ours: where editors and their plugins keep it
    (``python.pythonPath``, ``python.defaultInterpreterPath``)."""
    table = _table(_table(settings).get("python"))
    for key in ("pythonPath", "defaultInterpreterPath", "interpreterPath"):
        value = table.get(key)
        if isinstance(value, str) and value.strip() not in ("", "python", "python3"):
            return {"check": {"python": {"interpreter": value.strip()}}}
    return {}


def merged(lower: Mapping[str, object], upper: object) -> dict[str, object]:
    """``upper`` laid over ``lower``: tables merge, everything else is replaced."""
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
