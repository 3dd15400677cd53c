"""What is known of families of models beside what their servers say: ``families.toml``, as values. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from forge_lsp.domain.ports import Thinks

__all__ = ["Family", "Table", "families", "family_of", "restricted"]

_TERMS = re.compile(r"non-?production|non-?commercial|cc[ -]by[ -]nc|research licen[cs]e", re.IGNORECASE)
_TITLE = 600
"""Characters of a licence that say what it is; further on, others are quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A row of the table. ``active``: billions of parameters that a token passes through, None where all do or nobody
    knows; ``thinks`` None: as the server says; ``schema`` False: it is known not to answer under an enforced one."""

    name: str = ""
    codes: bool = False
    thinks: Thinks | None = None
    active: float | None = None
    schema: bool = True
    restricted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All rows in their order, and the models that are suggested where nothing that is installed will do."""

    rows: tuple[tuple[re.Pattern[str], Family], ...]
    suggested: tuple[str, ...]

    def suggestion(self, installed: Iterable[str]) -> str:
        """The first suggested model that is not ``installed``, of a family that is not, where there is one."""
        names = [name.removesuffix(":latest") for name in installed]
        present = {family_of(name).name for name in names}
        missing = [name for name in self.suggested if name not in names] or list(self.suggested)
        return next((name for name in missing if family_of(name).name not in present), missing[0])


@lru_cache(maxsize=1)
def families() -> Table:
    """The table, read once."""
    text = resources.files("forge_lsp.models").joinpath("families.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    return Table(
        rows=tuple(
            (
                re.compile(str(row["match"]), re.IGNORECASE),
                Family(
                    name=str(row["family"]),
                    codes=bool(row.get("codes", False)),
                    thinks=Thinks(row["thinks"]) if "thinks" in row else None,
                    active=float(row["active"]) if "active" in row else None,
                    schema=bool(row.get("schema", True)),
                    restricted=row.get("licence") == "restricted",
                ),
            )
            for row in table["families"]
        ),
        suggested=tuple(table["suggested"]),
    )


def family_of(name: str) -> Family:
    """What is known of a model by its name. One that no row knows is a family of its own, by how its name begins:
    ``falcon`` of ``hf.co/x/Falcon3-10B``."""
    bare = name.rpartition("/")[2]
    for pattern, family in families().rows:
        if pattern.search(bare):
            return family
    found = re.match(r"[a-z]+", bare.lower())
    codes = re.search(r"code", bare, re.IGNORECASE) is not None
    return Family(name=found[0] if found else bare, codes=codes)


def restricted(name: str, licence: str = "") -> bool:
    """Whether a model's licence forbids some uses, so that it has no role unless the user names it."""
    return family_of(name).restricted or _TERMS.search(licence[:_TITLE]) is not None
