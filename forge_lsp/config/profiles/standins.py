"""Newer models for the three-gpu profile's: who stands in for whom, said aloud. Pure but for the package's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import cast

from forge_lsp.config.profiles.fitness import Installed, why_unfit
from forge_lsp.config.profiles.ladder import key_of
from forge_lsp.config.sources import Table
from forge_lsp.reading import table_beside

__all__ = ["equivalents", "offered", "stand_ins", "with_stand_ins"]


@cache
def equivalents() -> Mapping[str, tuple[str, ...]]:
    """Newer models by the profile's settings keys, the better first."""
    table = table_beside(__file__, "equivalents.toml")
    return {key: tuple(names) for key, names in table["models"].items()}


def stand_ins(
    models: Mapping[str, Mapping[str, object]], installed: Mapping[str, Sequence[Installed]]
) -> dict[str, str] | None:
    """Who takes the place of each model that is not installed, by settings key; None where one place stays empty.

    ``models`` are the profile's local ones, ``installed`` what each of their servers has. Nobody takes two places.
    """
    having = {
        server: {one.name.removesuffix(":latest"): one for one in has if not one.remote}
        for server, has in installed.items()
    }
    taken = {str(entry["name"]) for entry in models.values()}
    found: dict[str, str] = {}
    for key, entry in models.items():
        here = having[str(entry["server"])]
        if str(entry["name"]) in here:
            continue
        newer = (name for name in equivalents().get(key, ()) if name.removesuffix(":latest") in here)
        name = next((one for one in newer if one not in taken and _fit(here[one.removesuffix(":latest")])), None)
        if name is None:
            return None
        found[key] = name
        taken.add(name)
    return found


def _fit(model: Installed) -> bool:
    return why_unfit(model) is None


def offered(models: Mapping[str, Mapping[str, object]], taken: Mapping[str, str]) -> str:
    """In words: who stands in for whom."""
    named = [f"{name} for {models[key]['name']}" for key, name in taken.items()]
    return f"standing in for models that are not installed: {', '.join(named)}"


def with_stand_ins(values: Table, taken: Mapping[str, str]) -> Table:
    """The profile's table with other models in it, each under a settings key of its own name."""
    keys = {key: key_of(name) for key, name in taken.items()}

    def renamed(value: object) -> object:
        if isinstance(value, str):
            return keys.get(value, value)
        if isinstance(value, list):
            return [renamed(one) for one in cast("list[object]", value)]
        if isinstance(value, dict):
            table = cast("dict[str, object]", value)
            return {key: renamed(one) if key in ("models", "model", "members") else one for key, one in table.items()}
        return value

    models = cast("Mapping[str, Table]", values["models"])
    rows = [
        {part: renamed(entry) for part, entry in row.items()} for row in cast("Sequence[Table]", values["schedule"])
    ]
    return {
        **values,
        "models": {
            keys.get(key, key): {**entry, "name": taken[key]} if key in taken else entry
            for key, entry in models.items()
        },
        "schedule": rows,
        "reviewers": {
            keys.get(key, key): entry for key, entry in cast("Mapping[str, Table]", values["reviewers"]).items()
        },
    }
