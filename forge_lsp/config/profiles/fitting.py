"""Which models fit which memory, and how large their contexts may be, by the planner's own estimates. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from forge_lsp.config.profiles.fitness import Installed, traits
from forge_lsp.placement.footprint import footprint
from forge_lsp.placement.plan import Device, Footprint
from forge_lsp.placement.rig import SPARE
from forge_lsp.placement.timing import REFERENCE, call_seconds

__all__ = [
    "CONTEXTS",
    "USUAL",
    "AvailableModel",
    "ServerDevices",
    "bounded",
    "context_at",
    "fits",
    "roomy",
    "takes",
    "together",
    "writing_seconds",
]

CONTEXTS = (32_768, 16_384, 8_192, 4_096)
"""Context lengths that are chosen from, in tokens."""
USUAL = 8_192
"""Where it is not known what fits."""
_ANSWER = 1_000
"""Tokens of an answer that models are compared by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDevices:
    """An Ollama server and the devices that its models may be on; () where nobody tells its memory."""

    server: str
    devices: tuple[Device, ...] = ()

    @property
    def known(self) -> tuple[Device, ...]:
        """The devices whose memory bounds what fits. A machine without a GPU that we can see may have one all the
        same, so the memory of its CPU bounds nothing."""
        return tuple(device for device in self.devices if device.uuid != "cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableModel:
    """A model, and the settings keys of the servers that have it."""

    model: Installed
    servers: tuple[str, ...]


def bounded(place: ServerDevices) -> ServerDevices:
    """The place with half of the machine's memory as a bound, where no GPU is seen: for what is yet to be fetched."""
    if place.known or not place.devices:
        return place
    return replace(
        place,
        devices=tuple(replace(one, uuid="memory", name="CPU memory", free=one.total // 2) for one in place.devices),
    )


@cache
def takes(model: Installed, context: int, key: str = "") -> Footprint:
    """What a model takes at a context, one call at a time."""
    made = footprint(key, name=model.name, size=model.size, info=dict(model.facts) or None, context=context)
    known = traits(model)
    return replace(made, active=min(made.active, known.active / known.total))


def fits(model: Installed, context: int, devices: Sequence[Device]) -> bool:
    """Whether one of the devices holds the model alone; True where none is known."""
    return not devices or any(takes(model, context).bytes + SPARE <= device.free for device in devices)


def context_at(model: Installed, devices: Sequence[Device], most: int = CONTEXTS[0]) -> int | None:
    """The largest context up to ``most`` tokens, and up to what the model was trained for, at which it fits one of the
    devices; None where it fits none. Where no device is known, the usual one."""
    trained = model.context or CONTEXTS[0]
    if not devices:
        return min(USUAL, trained)
    allowed = [size for size in CONTEXTS if size <= min(most, trained)] or [trained]
    return next((size for size in allowed if fits(model, size, devices)), None)


def roomy(models: Sequence[Installed], devices: Sequence[Device]) -> list[Installed]:
    """As many of the models, in their order, as the devices hold together at the usual context; all where no device is
    known."""
    if not devices:
        return list(models)
    held: list[Installed] = []
    for model in models:
        if together([*held, model], devices):
            held.append(model)
    return held


def together(models: Sequence[Installed], devices: Sequence[Device]) -> bool:
    """Whether the models can be in memory at the same time: the larger first, each where most is left."""
    left = [device.free for device in devices]
    for size in sorted((takes(model, USUAL).bytes for model in models), reverse=True):
        at = max(range(len(left)), key=lambda number: left[number], default=None)
        if at is None or size + SPARE > left[at]:
            return False
        left[at] -= size
    return True


def writing_seconds(model: Installed, devices: Sequence[Device]) -> float:
    """How long an answer takes, on the fastest device; a mixture of experts reads its active share alone."""
    bandwidth = max((device.bandwidth for device in devices), default=REFERENCE)
    made = takes(model, USUAL)
    return call_seconds(int(made.weights * made.active), _ANSWER, bandwidth=bandwidth)
