"""How fit an installed model is for writing, thinking and reviewing, and why one has no part at all. Pure.

What a model is worth is ``strength * sqrt(active * total) ** 0.35``, with billions of parameters and the strength of
its family (families.toml): a mixture of experts lies between a dense model of its active and one of its total
parameters, and five times the parameters are worth about 1.8 times as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from forge_lsp.models.families import family_of, restricted, short_name
from forge_lsp.models.naming import (
    active_parameters,
    named_base,
    named_for_pictures,
    named_parameters,
    named_special,
)

__all__ = ["Facts", "Installed", "ModelTraits", "facts_of", "traits", "why_unfit"]

Facts = tuple[tuple[str, object], ...]
"""What a server tells of a model's make (``model_info`` of `/api/show`), as pairs that can be hashed."""

_GROWTH = 0.35
"""Exponent of the parameters: qwen2.5-coder's results from 1.5b to 32b grow about so."""
_BYTES = 0.6
"""Bytes a parameter at the usual quantisation, where neither server nor name tell how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A model that an Ollama server has: its tag and its size in bytes.

    ``remote``: the server sends its calls on to another place. ``chats``: it answers instructions. ``licence`` is its
    text or name, empty where it is not told; ``context`` what it was trained for, in tokens; ``facts`` what it is
    made of.
    """

    name: str
    size: int
    remote: bool = False
    chats: bool = True
    licence: str = ""
    context: int | None = None
    facts: Facts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTraits:
    """``maker``: who trained it, which tells families apart. ``total`` and ``active``: billions of parameters, all and
    those that one token uses. ``write`` and ``plan``: what it is worth for writing, and for thinking and reviewing.
    ``coder``: it was made to write code."""

    maker: str
    total: float
    active: float
    write: float
    plan: float
    coder: bool

    @property
    def size(self) -> str:
        """``30.5b``, or ``30.5b, 3.3b active`` for a mixture of experts."""
        whole = f"{self.total:.3g}b"
        return whole if self.active > 0.9 * self.total else f"{whole}, {self.active:.2g}b active"


@cache
def traits(model: Installed) -> ModelTraits:
    """What a model is worth, by its server's facts, else its name, else its size."""
    facts, family = dict(model.facts), family_of(model.name)
    total = _total(model, facts)
    active = min(active_parameters(model.name, facts, total) or total, total)
    worth = (active * total) ** 0.5
    return ModelTraits(
        maker=family.maker,
        total=total,
        active=active,
        write=family.code * worth**_GROWTH,
        plan=family.plan * worth**_GROWTH,
        coder=family.coder,
    )


def why_unfit(model: Installed) -> str | None:
    """Why a model has no part unless the user names it; None: it may have one."""
    name = short_name(model.name)
    if model.remote:
        return "it runs elsewhere, and is not called unless you name it"
    if named_for_pictures(name):
        return "it was made to look at pictures"
    if not model.chats or named_special(name) or named_base(name):
        return "it does not answer instructions (a base, embedding or other special model)"
    if unfit := family_of(model.name).unfit:
        return unfit
    return "its licence restricts its use" if restricted(model.name, model.licence) else None


def _total(model: Installed, facts: Mapping[str, object]) -> float:
    told = facts.get("general.parameter_count")
    if isinstance(told, int | float) and told > 0:
        return told / 1e9
    return named_parameters(model.name) or max(model.size, 1) / 1e9 / _BYTES


def facts_of(info: Mapping[str, object]) -> Facts:
    """What the fitness and the planner need of a ``model_info``; lists of numbers as tuples, all else left out."""
    kept: list[tuple[str, object]] = []
    for key, value in info.items():
        if key.startswith("tokenizer") and key != "tokenizer.ggml.tokens":
            continue
        if isinstance(value, str | int | float):
            kept.append((key, value))
        elif isinstance(value, list):
            items = cast("list[object]", value)
            if key == "tokenizer.ggml.tokens":
                kept.append((f"{info.get('general.architecture', '')}.vocab_size", len(items)))
            elif items and all(isinstance(one, int | float) for one in items):
                kept.append((key, tuple(items)))
    return tuple(sorted(dict(kept).items()))
