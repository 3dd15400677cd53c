"""What a model can do, as its server tells: whether it chats, how it thinks, where it runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast
from urllib.parse import urlsplit

from forge_lsp.core.addresses import masked, names_cloud
from forge_lsp.core.ports import ThinkingSupport
from forge_lsp.models.families import family_of
from forge_lsp.models.naming import active_parameters, named_base, named_special

__all__ = [
    "CLOUD",
    "LEVELS",
    "AnswerForm",
    "Capabilities",
    "LearntCapabilities",
    "from_show",
    "place_name",
    "remote_place",
]

CLOUD = "https://ollama.com"
"""Where an Ollama server sends calls to models of Ollama's cloud on to."""

LEVELS: Mapping[str, int] = {"low": 1_024, "medium": 3_072, "high": 8_192}
"""Tokens that a model may think, by level. Nothing beyond is useful for a function's worth of code; most models of
the year think some 500 to 3,000 tokens about one."""

_TEMPLATE = 500
"""Characters of a chat template that are kept."""

_LEVELS_ONLY = re.compile(r"gpt-?oss", re.IGNORECASE)
_INFILL = re.compile(r"<[^<>]*(fim|pre|suf|mid|repo_name|file_sep)[^<>]*>", re.IGNORECASE)


class AnswerForm(StrEnum):
    """How an answer that has to follow a JSON schema is asked for: by a schema that the server enforces, as any JSON
    with the schema told in words, or in words alone. The first that a model can do is used."""

    SCHEMA = "schema"
    JSON = "json"
    PROSE = "prose"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntCapabilities:
    """What the answers of a model have shown, whatever its server says of it.

    ``thinks``: it thinks though nothing said so; ``always``: also where it is told not to; ``form``: the strictest form
    that it answers in; ``empty``: it answered nothing where a schema was enforced; ``written``: the most tokens that an
    answer with its thoughts took.
    """

    thinks: bool = False
    always: bool = False
    form: AnswerForm = AnswerForm.SCHEMA
    empty: bool = False
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What is known of a model: by its server, by the table of families, and by its answers.

    ``chats``: it answers instructions; a base, embedding or transcription model does not. ``switch``: it takes a
    parameter for thinking. ``place``: where its server sends the text on to, None: it runs there itself. ``family``
    and ``licence`` are empty where they are not told; ``context`` is what it was trained for, in tokens. ``size`` is
    that of its files in bytes (0: not told), ``parameters`` how many it has and ``active`` how many a token passes
    through, both in billions (None: not told); ``codes``: it was trained to write code before all. ``template`` is the
    beginning of its chat template. ``learnt`` is what its answers have shown.
    """

    chats: bool = True
    thinks: ThinkingSupport = ThinkingSupport.NO
    switch: bool = False
    place: str | None = None
    family: str = ""
    licence: str = ""
    context: int | None = None
    size: int = 0
    parameters: float | None = None
    active: float | None = None
    codes: bool = False
    template: str = ""
    learnt: LearntCapabilities = field(default_factory=LearntCapabilities)


def remote_place(name: str, row: Mapping[str, object]) -> str | None:
    """Where an Ollama server sends calls to a model on to, by its row in a list, its description or its name; None:
    it runs on the server."""
    host = row.get("remote_host")
    if isinstance(host, str) and host.strip():
        # A host may be written with a user; where the text goes is told without.
        return masked(host.strip())
    return CLOUD if row.get("remote_model") or names_cloud(name) else None


def from_show(name: str, shown: Mapping[str, object]) -> Capabilities:
    """What ``/api/show`` says of a model. Servers before 0.6.4 tell no capabilities: the template and the name do."""
    told = shown.get("capabilities")
    can = {str(one) for one in cast("Sequence[object]", told)} if isinstance(told, list) else None
    template = str(shown.get("template") or "")
    details = _table(shown.get("details"))
    family = str(details.get("family") or "")
    known = family_of(name)
    info = _table(shown.get("model_info"))
    parameters = _billions(info.get("general.parameter_count"))
    switch = can is not None and "thinking" in can
    if switch:
        leveled = _LEVELS_ONLY.search(f"{name} {family}") is not None or ".ThinkLevel" in template
        thinks = ThinkingSupport.LEVELS if leveled else ThinkingSupport.SWITCH
    else:
        # A template that opens the thought by itself, of a model that its server takes for one that does not think.
        opens = template.rstrip().endswith(("<think>", "<think>\\n"))
        thinks = ThinkingSupport.ALWAYS if opens or known.thinks is ThinkingSupport.ALWAYS else ThinkingSupport.NO
    return Capabilities(
        chats=_chats(name, can, template, str(shown.get("modelfile") or "")),
        thinks=thinks,
        switch=switch,
        place=remote_place(name, shown),
        family=family,
        licence=str(shown.get("license") or "")[:2_000],
        context=_context(info),
        parameters=parameters,
        active=active_parameters(name, info, parameters),
        codes=known.coder,
        template=template[:_TEMPLATE],
        learnt=LearntCapabilities() if known.schema else LearntCapabilities(form=AnswerForm.PROSE),
    )


def _billions(value: object) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return round(float(cast("float", value)) / 1e9, 2) if number else None


def _chats(name: str, can: set[str] | None, template: str, modelfile: str) -> bool:
    if named_special(name) or (can and "completion" not in can):
        return False
    if can and can & {"tools", "thinking"}:
        return True
    if named_base(name):
        return False
    if not template or "RENDERER" in modelfile or any(word in template for word in (".Messages", ".System", ".Role")):
        return True  # without a template nothing is known that speaks against it
    # What is left of a template that only hands the prompt on, or completes code around a cursor, is nothing.
    return bool(_INFILL.sub("", re.sub(r"\{\{.*?\}\}", "", template, flags=re.DOTALL)).strip()) or not can


def _context(model_info: Mapping[str, object]) -> int | None:
    found = [value for key, value in model_info.items() if key.endswith(".context_length") and isinstance(value, int)]
    return found[0] if found else None


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def place_name(place: str) -> str:
    """The host of a place, for people: ``ollama.com`` of ``https://ollama.com:443``."""
    return place if " " in place else urlsplit(place).hostname or place
