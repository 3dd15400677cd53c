"""Which ready profile fits what is there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_lsp.config.profiles.fitness import Installed, why_unfit

__all__ = ["AvailableModels", "Installed", "choose", "lack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableModels:
    """What :func:`choose` looks at.

    ``rig_answers``: all servers of the three-gpu profile do; ``rig_missing`` are its local models that are not
    installed, and ``stand_ins`` says who would take their places, "" where not every place can be filled. ``servers``
    holds what the other Ollama servers have, by settings key, those with a model that can write alone. ``ollama`` is
    what the one at OLLAMA_HOST has (None: it does not answer).
    """

    rig_answers: bool = False
    rig_missing: tuple[str, ...] = ()
    stand_ins: str = ""
    servers: tuple[str, ...] = ()
    ollama: tuple[Installed, ...] | None = None
    ollama_url: str = "http://127.0.0.1:11434"
    embedded: bool = False
    cloud_key: bool = False


def choose(there: AvailableModels) -> tuple[str | None, str]:
    """A profile's name and a sentence that says why; the name is None where nothing answers."""
    writers = [model for model in there.ollama or () if why_unfit(model) is None]
    if there.rig_answers and not there.rig_missing:
        return "three-gpu", "three Ollama servers answer and have the profile's models"
    if there.rig_answers and there.stand_ins:
        return "three-gpu", f"three Ollama servers answer; {there.stand_ins}"
    rig = f" (three-gpu lacks {', '.join(there.rig_missing)})" if there.rig_answers else ""
    if len(there.servers) > 1:
        return "local", f"{len(there.servers)} Ollama servers answer: {', '.join(there.servers)}{rig}"
    if writers:
        count = f"{len(writers)} usable model{'' if len(writers) == 1 else 's'}"
        return "one-gpu", f"Ollama answers at {there.ollama_url} and has {count}{rig}"
    if there.servers:
        return "local", f"the Ollama server {there.servers[0]} answers"
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
    named = [f"{model.name}: {why_unfit(model)}" for model in installed]
    return f"has no model that writes code unasked ({'; '.join(named)})" if named else "has no model that writes text"
