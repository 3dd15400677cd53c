"""What is known of families of models beside what their servers say: ``families.toml``, as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from forge_lsp.core.ports import ThinkingSupport
from forge_lsp.reading import table_beside

__all__ = ["Family", "Table", "families", "family_of", "restricted", "short_name"]

_TERMS = re.compile(r"non-?production|non-?commercial|cc[ -]by[ -]nc|research licen[cs]e", re.IGNORECASE)
_TITLE = 600
"""Characters of a licence that say what it is; further on, others are quoted."""
_VENDOR = re.compile(r"^(mistralai|qwen|google|openai|nvidia|microsoft|meta-llama|ibm-granite|deepseek-ai|zai-org)_")
"""Makers whose names converters put before a model's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What a model's name tells: the row of its family, as far as it goes for a model of its size.

    ``maker``: who trained it. ``code`` and ``plan``: what a parameter is worth for writing, and for thinking and
    reviewing. ``coder``: it was trained to write code. ``active``: billions of parameters that one token uses, None
    where all do or nobody knows; ``thinks`` None: as the server says; ``schema`` False: it is known not to answer
    under an enforced one; ``unfit``: why it does no work here.
    """

    maker: str
    code: float = 0.6
    plan: float = 0.6
    coder: bool = False
    thinks: ThinkingSupport | None = None
    active: float | None = None
    schema: bool = True
    restricted: bool = False
    unfit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    match: re.Pattern[str]
    later: re.Pattern[str]
    family: Family
    active: Mapping[str, float] = field(default_factory=dict[str, float])
    sizes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All rows in their order, and the models that are suggested where nothing that is installed will do."""

    rows: tuple[_Row, ...]
    suggested: tuple[str, ...]

    def suggestion(self, installed: Iterable[str]) -> str:
        """The first suggested model that is not ``installed``, of a maker that is not, where there is one."""
        names = [name.removesuffix(":latest") for name in installed]
        present = {family_of(name).maker for name in names}
        missing = [name for name in self.suggested if name not in names] or list(self.suggested)
        return next((name for name in missing if family_of(name).maker not in present), missing[0])


@lru_cache(maxsize=1)
def families() -> Table:
    """The table, read once."""
    table = table_beside(__file__, "families.toml")
    return Table(rows=tuple(_row(row) for row in table["family"]), suggested=tuple(table["suggested"]))


def _row(row: Mapping[str, Any]) -> _Row:
    return _Row(
        match=re.compile(row["match"]),
        later=re.compile(rf"(?<![a-z0-9])(?:{row['match']})"),
        family=Family(
            maker=row["maker"],
            code=row["code"],
            plan=row["plan"],
            coder=row.get("coder", False),
            thinks=ThinkingSupport(row["thinks"]) if "thinks" in row else None,
            schema=row.get("schema", True),
            restricted=row.get("restricted", False),
            unfit=row.get("unfit"),
        ),
        active=row.get("active", {}),
        sizes=tuple(row.get("sizes", ())),
    )


def short_name(name: str) -> str:
    """A model's name without its registry and namespace, in small letters: ``qwen3-coder-30b:q4`` of
    ``hf.co/x/Qwen3_Coder-30B:Q4``."""
    return _VENDOR.sub("", name.rpartition("/")[2].lower()).replace("_", "-").removesuffix(":latest")


@lru_cache(maxsize=1_000)
def family_of(name: str) -> Family:
    """What is known of a model by its name. One that no row knows has a maker of its own, by how its name begins:
    ``falcon`` of ``hf.co/x/Falcon3-10B``."""
    bare = short_name(name)
    sizes = re.findall(r"(?<![a-z0-9.])\d+(?:\.\d+)?b(?![a-z0-9])", bare)
    rows = families().rows
    row = next((one for one in rows if one.match.match(bare)), None)
    row = row or next((one for one in rows if one.later.search(bare)), None)
    if row is None:
        letters = re.match(r"[a-z]+", bare)
        return Family(maker=letters[0] if letters else bare, coder="code" in bare)
    return replace(
        row.family,
        active=next((row.active[size] for size in (*sizes, "") if size in row.active), None),
        restricted=row.family.restricted and (not row.sizes or not set(row.sizes).isdisjoint(sizes)),
    )


def restricted(name: str, licence: str = "") -> bool:
    """Whether a model's licence forbids some uses, so that it has no role unless the user names it."""
    return family_of(name).restricted or "codestral" in name.lower() or _TERMS.search(licence[:_TITLE]) is not None
