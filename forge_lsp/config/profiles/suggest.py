"""What to fetch for the GPUs that are there: the ladder that would be made if everything suggested were installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from forge_lsp.config.profiles.fitness import Installed, traits
from forge_lsp.config.profiles.fitting import AvailableModel, ServerDevices, takes
from forge_lsp.config.profiles.ladder import ModelLadder, ladder_of
from forge_lsp.core.codec import projected
from forge_lsp.core.errors import SettingsError
from forge_lsp.reading import text_beside

__all__ = ["FILE", "Catalogue", "Suggested", "catalogue", "suggested"]

FILE = "suggestions.toml"
"""Beside the user's own settings file it takes the place of the package's list."""
_ENOUGH = 6
"""Models of a suggestion, at most: three writers, and others to think and review with them."""
_FIRST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What may be suggested. ``source`` says where the list is from, ``date`` of when it is."""

    date: str
    source: str
    models: tuple[Installed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """A model worth fetching. ``first``: with these alone the ladder has two families that write."""

    model: Installed
    server: str
    context: int
    bytes: int
    why: str
    first: bool


def catalogue(own: Path | None = None) -> Catalogue:
    """The user's list where there is one at ``own``, else the package's. Raises SettingsError for one that is wrong."""
    import tomllib

    if own is not None and own.is_file():
        source, text = str(own), own.read_text(encoding="utf-8", errors="replace")
    else:
        source, text = "forge-lsp", text_beside(__file__, FILE)
    try:
        told = tomllib.loads(text)
        rows = cast("Sequence[Mapping[str, object]]", told["model"])
        models = tuple(
            Installed(name=str(row["name"]), size=int(float(cast("float", row["gb"])) * 1e9), context=131_072)
            for row in rows
        )
        if not models or any(model.size <= 0 for model in models):
            raise ValueError("every model needs a size above 0")
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        wanted = 'it needs date = "YYYY-MM-DD" and [[model]] entries with name and gb'
        raise SettingsError((f"{source}: {error}; {wanted}",)) from None
    return Catalogue(date=str(told.get("date", "not told")), source=source, models=models)


def suggested(
    known: Catalogue, offers: Sequence[AvailableModel], places: Sequence[ServerDevices]
) -> tuple[tuple[Suggested, ...], ModelLadder]:
    """What to fetch beside what is installed (``offers``), the most useful first, and the ladder of all of it.

    Raises ValueError where nothing on the list can write.
    """
    have = {offer.model.name for offer in offers}
    everywhere = tuple(place.server for place in places)
    new = tuple(AvailableModel(model=one, servers=everywhere) for one in known.models if one.name not in have)
    ladder = ladder_of((*offers, *new), tuple(places))
    chosen = [entry for entry in ladder.entries if entry.model.name not in have][:_ENOUGH]
    chosen = [entry for entry in chosen if "no single GPU" not in entry.why]
    makers = {traits(entry.model).maker for entry in ladder.entries if entry.model.name in have}
    needed = max(0, _FIRST - len(makers))
    found: list[Suggested] = []
    for number, entry in enumerate(chosen):
        size = takes(entry.model, entry.context).bytes
        found.append(projected(Suggested, entry, bytes=size, first=number < needed))
    return tuple(found), ladder
