"""The plan: which model sits on which GPU, what is in memory at each stage, what is swapped when. Pure data.

placement.py makes it, fleet.py starts servers by it, residency.py loads and unloads by it. Sizes in bytes, times in
seconds. Models are named by their settings keys, devices by their UUIDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, cast

from forge_lsp.core.codec import camel

__all__ = [
    "GIB",
    "Device",
    "DeviceKind",
    "Footprint",
    "ModelNeed",
    "Move",
    "Plan",
    "PlannedStage",
    "Problem",
    "Stage",
    "Step",
    "Turn",
]

GIB = 1 << 30

DeviceKind = Literal["cuda", "apple", "cpu"]
Stage = Literal["think", "generate", "panel"]

#: The models that are called while they are in memory together, in the order in which they are called.
Turn = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where models can be: a GPU, the unified memory of an Apple machine, or the memory of the CPU.

    ``free`` is what loads may take now. ``bandwidth`` is how fast its memory is read, ``load_bandwidth`` how fast
    weights come into it, both in bytes a second.
    """

    uuid: str
    name: str
    kind: DeviceKind
    total: int
    free: int
    bandwidth: float = 500e9
    load_bandwidth: float = 2e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What one model takes, in bytes: weights, KV cache, compute buffers, and the runner's own share.

    ``predicted`` is what Ollama's scheduler expects before it loads. ``measured`` is what it took when it was last
    loaded whole (``size_vram`` of `/api/ps`). ``guess`` says what the estimate lacked, None where it lacked nothing.
    ``installed``: its server has the model. ``active``: the share of the weights that is read for one token, less than
    1 for a mixture of experts.
    """

    key: str
    weights: int
    kv: int
    compute: int
    overhead: int
    predicted: int
    measured: int | None = None
    guess: str | None = None
    installed: bool = True
    active: float = 1.0

    @property
    def estimate(self) -> int:
        """The sum of the parts."""
        return self.weights + self.kv + self.compute + self.overhead

    @property
    def bytes(self) -> int:
        """What to reckon with: measured once seen, else the estimate."""
        return self.estimate if self.measured is None else self.measured


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNeed:
    """A model that the schedule calls.

    ``server`` is the settings key of its server; ``parallel`` how many calls it answers at once, which ``footprint``
    holds already. ``gpu`` is the device that the settings give it, None where they give none. ``movable``: whether we
    may place it; one that is not stays on ``gpu``.
    """

    key: str
    name: str
    footprint: Footprint
    server: str
    parallel: int = 1
    gpu: str | None = None
    movable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage of the attempts that do the same in it.

    ``rounds`` run one after another; the models of a round are called at once, each taking the seconds that it is
    mapped to on the reference device (timing.py). ``elsewhere``: seconds that pass in calls which no device of ours
    answers; ``after``: between this stage and the next (the compile check after ``generate``).
    """

    attempts: tuple[int, ...]
    stage: Stage
    rounds: tuple[Mapping[str, float], ...]
    elsewhere: float = 0.0
    after: float = 0.0

    @property
    def models(self) -> tuple[str, ...]:
        """Every model of ours that is called, each once."""
        return tuple(dict.fromkeys(key for group in self.rounds for key in group))


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """On one device: first ``unload``, wait until their memory is free, then ``load``, in this order.

    ``seconds`` is what it takes, ``hidden`` how much of it passes while the stage before is at work: it may begin
    as soon as nothing in ``unload`` is in use any more, and not before the stage ``overlaps`` begins (None: not before
    its own stage). ``before`` is the number of the turn (from 0) on this device that waits for it.
    """

    device: str
    unload: tuple[str, ...]
    load: tuple[str, ...]
    seconds: float
    hidden: float = 0.0
    overlaps: tuple[int, Stage] | None = None
    before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStage:
    """One stage of one attempt, as planned.

    ``resident``: what is in memory on each device when the stage begins, after the moves before turn 0.
    ``turns``: the models of this stage on each device that it uses; one turn where they fit together, else several,
    with moves between them. ``seconds`` is the stage's expected length, ``waiting`` the part of it that loads cost.
    """

    attempt: int
    stage: Stage
    resident: Mapping[str, tuple[str, ...]]
    turns: Mapping[str, tuple[Turn, ...]]
    moves: tuple[Move, ...] = ()
    seconds: float = 0.0
    waiting: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What does not fit, or will hurt, with its numbers, and what to do about it.

    ``kind``: ``overcommit`` (what the settings put on a device is more than it holds; ``over`` is by how many bytes),
    ``nowhere`` (a model fits no device), ``turns`` (models of one stage cannot be in memory together), ``order`` (they
    fit, but Ollama would evict whatever the order), ``licence``, ``guess``, ``slow``.
    """

    kind: str
    text: str
    remedy: str | None = None
    device: str | None = None
    models: tuple[str, ...] = ()
    over: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where every model is, and when.

    ``placement``: device of each model that could be placed. ``base``: what is loaded on each device before the first
    attempt, in load order. ``scenes``: every stage of every attempt, in order. ``max_loaded``:
    OLLAMA_MAX_LOADED_MODELS of the server on each device. ``optimal``: whether the search looked at everything.
    ``cost``: seconds of all stages; ``headroom``: the least free memory on any device at any time, in bytes.
    """

    devices: tuple[Device, ...]
    needs: tuple[ModelNeed, ...]
    placement: Mapping[str, str]
    base: Mapping[str, tuple[str, ...]]
    scenes: tuple[PlannedStage, ...]
    max_loaded: Mapping[str, int]
    problems: tuple[Problem, ...] = ()
    optimal: bool = True
    cost: float = 0.0
    headroom: int = 0

    @property
    def loads(self) -> int:
        """Loads of one job that goes through all attempts, those of ``base`` onto empty servers included."""
        moved = sum(len(move.load) for scene in self.scenes for move in scene.moves)
        return moved + sum(len(keys) for keys in self.base.values())

    @property
    def evictions(self) -> int:
        """Models that have to leave memory in one job."""
        return sum(len(move.unload) for scene in self.scenes for move in scene.moves)

    def scene(self, attempt: int, stage: Stage) -> PlannedStage | None:
        """A stage as planned; attempts beyond the schedule do what the last one with this stage does."""
        found = [scene for scene in self.scenes if scene.stage == stage and scene.attempt <= attempt]
        return found[-1] if found else None

    def at(self, attempt: int, stage: Stage) -> Mapping[str, tuple[str, ...]]:
        """What is in memory on each device when a stage begins; ``base`` where the plan has no such stage."""
        scene = self.scene(attempt, stage)
        return self.base if scene is None else scene.resident

    def need(self, key: str) -> ModelNeed:
        """Raises KeyError."""
        for need in self.needs:
            if need.key == key:
                return need
        raise KeyError(key)

    def to_json(self) -> dict[str, object]:
        """The whole plan as one JSON object; keys in camelCase, bytes and seconds as numbers."""
        whole = cast("dict[str, object]", _json(self))
        return {**whole, "loads": self.loads, "evictions": self.evictions}


def _json(value: Any) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        told = {camel(one.name): _json(getattr(value, one.name)) for one in fields(value)}
        if isinstance(value, Footprint):
            told |= {"estimate": value.estimate, "bytes": value.bytes}
        return told
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (tuple, list)):
        return [_json(item) for item in cast("tuple[object, ...]", value)]
    return round(value, 3) if isinstance(value, float) else value
