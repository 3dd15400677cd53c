"""Which ready profile fits what is there, and how one Ollama server's models take the roles. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Installed", "Surroundings", "choose", "lack", "one_gpu"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A model that an Ollama server has: its tag and its size in bytes.

    ``remote``: the server sends its calls on to another place. ``chats``: it answers instructions. ``licence`` is its
    text or name, empty where it is not told; ``context`` what it was trained for, in tokens.
    """

    name: str
    size: int
    remote: bool = False
    chats: bool = True
    licence: str = ""
    context: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What :func:`choose` looks at.

    ``rig`` holds the models of each server of the three-gpu profile that answers, by settings key; ``missing`` of
    that profile's local models which are not installed. ``ollama`` is what the one server at OLLAMA_HOST has (None:
    it does not answer). ``largest`` bounds what fits, in bytes (None: not known).
    """

    rig_answers: bool = False
    rig_missing: tuple[str, ...] = ()
    ollama: tuple[Installed, ...] | None = None
    ollama_url: str = "http://127.0.0.1:11434"
    embedded: bool = False
    cloud_key: bool = False
    largest: int | None = None


def choose(there: Surroundings) -> tuple[str | None, str]:
    """A profile's name and a sentence that says why; the name is None where nothing answers."""
    writers = [model for model in there.ollama or () if _writes(model)]
    if there.rig_answers and not there.rig_missing:
        return "three-gpu", "three Ollama servers answer and have the profile's models"
    if writers:
        rig = f" (three-gpu lacks {', '.join(there.rig_missing)})" if there.rig_answers else ""
        count = f"{len(writers)} usable model{'' if len(writers) == 1 else 's'}"
        return "one-gpu", f"Ollama answers at {there.ollama_url} and has {count}{rig}"
    state = lack(there.ollama) if there.ollama is not None else "does not answer"
    why = f"Ollama at {there.ollama_url} {state}"
    if there.embedded:
        return "embedded", f"{why}; the embedded model is installed"
    if there.cloud_key:
        return "cloud", f"{why}, the embedded model is not installed; ANTHROPIC_API_KEY is set"
    return None, f"{why}, the embedded model is not installed and ANTHROPIC_API_KEY is not set"


def lack(installed: Sequence[Installed]) -> str:
    """Why none of a server's models can take a role unasked."""
    remote = [model.name for model in installed if model.remote and model.chats]
    if remote:
        return f"has only models that run elsewhere ({', '.join(remote)}), which are not used unless you name them"
    names = ", ".join(model.name for model in installed)
    return f"has no model that writes text (it has {names})" if names else "has no model that writes text"


#: Families that were trained to write code, best first among equals in size; the rest think and review.
_CODE = re.compile(r"code|coder|starcoder|devstral|codestral|stable-code|granite-code", re.IGNORECASE)
#: Models that do not chat, where the server does not tell.
_NOT_WRITERS = re.compile(r"embed|minilm|bge-|rerank|whisper|clip|guard", re.IGNORECASE)
#: Models that see first, and write where nothing else does.
_SEERS = re.compile(r"vision|[-.:\d]vl\b|-v\b|llava|moondream", re.IGNORECASE)
#: Licences that forbid production use keep a model out of every default but the profile that names it.
_RESTRICTED = re.compile(r"codestral", re.IGNORECASE)
_RESTRICTED_TERMS = re.compile(r"non-?production|non-?commercial|cc[ -]by[ -]nc|research licen[cs]e", re.IGNORECASE)
_TITLE = 600
"""Characters of a licence that say what it is; further on, others are quoted."""
_BESIDE_SHARE, _BESIDE = 1.08, 1_200_000_000
"""What a model takes in memory at the usual context beside its file: a share of it, and bytes."""
_SECOND = 0.4
"""Share of the first writer's size that the second must have to be worth an attempt."""


def _writes(model: Installed) -> bool:
    """Whether a model may have a role unasked: one that runs elsewhere never has."""
    return model.chats and not model.remote and not _NOT_WRITERS.search(model.name)


def _free(model: Installed) -> bool:
    """Whether its licence lets it be used for any purpose."""
    return not (_RESTRICTED.search(model.name) or _RESTRICTED_TERMS.search(model.licence[:_TITLE]))


def _fits(model: Installed, largest: int | None) -> bool:
    return largest is None or model.size * _BESIDE_SHARE + _BESIDE <= largest


def _family(model: Installed) -> str:
    """What a model's name begins with, its version and its size aside: ``qwen`` of ``hf.co/x/Qwen3-Coder-30B``."""
    found = re.match(r"[a-z]+", model.name.rpartition("/")[2].lower())
    return found[0] if found else model.name


def one_gpu(installed: Sequence[Installed], *, largest: int | None = None) -> dict[str, object]:
    """The one-gpu profile's models, schedule and reviewers from what a server has.

    ``largest``: bytes of memory that a model has to fit with its context (None: not known, all fit; where none fits,
    the smallest are taken). The largest code model generates, after two attempts one of another family does if there
    is one of some size, the next two review, the largest general one thinks; where there is only one model it does
    everything. Raises ValueError where nothing can write.
    """
    able = [model for model in installed if _writes(model)]
    able = [model for model in able if not _SEERS.search(model.name)] or able
    able = [model for model in able if _free(model)] or able
    if not able:
        raise ValueError("no installed model writes")
    fitting = [model for model in able if _fits(model, largest)]
    if not fitting:
        least = min(model.size for model in able)
        fitting = [model for model in able if model.size == least]
    fitting.sort(key=lambda model: (-model.size, model.name))
    coders = [model for model in fitting if _CODE.search(model.name)]
    general = [model for model in fitting if not _CODE.search(model.name)]
    generator = (coders or fitting)[0]
    thinker = (general or [generator])[0]
    others = [model for model in [*coders, *general] if model is not generator]
    second = next(
        (one for one in others if _family(one) != _family(generator) and one.size >= _SECOND * generator.size),
        generator,
    )
    reviewers = others[:2] or [generator]
    critic = next((model for model in others if model is not thinker), generator)
    names = list(dict.fromkeys(model.name for model in (generator, thinker, critic, second, *reviewers)))
    keys = {name: _key(name) for name in names}
    wider = list(dict.fromkeys([*(model.name for model in reviewers), thinker.name]))[:3]

    def row(attempts: list[int], strategy: str, thinkers: list[Installed], writer: Installed) -> dict[str, object]:
        kind, members = ("simple", [one.name for one in reviewers]) if strategy == "solo" else ("moderate", wider)
        return {
            "attempts": attempts,
            "thinking": {"strategy": strategy, "models": [keys[one.name] for one in thinkers]},
            "generator": {"model": keys[writer.name]},
            "panel": {"kind": kind, "members": [keys[name] for name in members]},
        }

    later = [row([3, 4], "duo", [thinker, critic], second), row([5, 6], "duo", [thinker, critic], generator)]
    if second is generator:
        later = [row([3, 4, 5, 6], "duo", [thinker, critic], generator)]
    aspects = ("quality", "logic", "patterns", "security", "architecture")
    return {
        "models": {keys[name]: {"server": "ollama", "name": name} for name in names},
        "schedule": [row([1, 2], "solo", [thinker], generator), *later],
        "reviewers": {keys[name]: {"aspect": aspects[i % 5], "weight": 0.2} for i, name in enumerate(names)},
    }


def _key(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name.removesuffix(":latest")).strip("-")
