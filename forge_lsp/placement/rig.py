"""Models, devices and steps as numbers, so that thousands of placements can be weighed; and the rule of admission.

Models are bits of an ``int``, bit 0 the largest. Internal to the planner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from forge_lsp.placement.plan import GIB, Device, ModelNeed, Step
from forge_lsp.placement.timing import REFERENCE

__all__ = ["OPEN", "SPARE", "Hiding", "Rig", "StageNumbers", "bits"]

SPARE = GIB
"""Bytes that stay free after a load, by the rule of admission."""

#: What a load can hide behind: seconds in any case, seconds more where none of these models goes, and these models.
Hiding = tuple[float, float, int]
OPEN: Hiding = (0.0, 0.0, 0)
"""Nothing: the load is waited for."""

#: So many models' sizes are summed up beforehand, every subset of them.
_MODELS = 7
_PART = (1 << _MODELS) - 1


def _subsets(sizes: Sequence[int]) -> list[int]:
    """Return the sum of each subset, by its mask."""
    sums = [0] * (1 << _MODELS)
    for number, size in enumerate(sizes):
        bit = 1 << number
        sums[bit : bit * 2] = [one + size for one in sums[:bit]]
    return sums


def bits(mask: int) -> list[int]:
    """Return the set bits, lowest first: models, the largest first."""
    found: list[int] = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNumbers:
    """A stage of one attempt. ``calls``: of each round the models in the order of the settings, the same as bits, and
    those that later rounds call; ``least``: seconds that it and the check after it take on any placement."""

    step: int
    attempt: int
    mask: int
    calls: tuple[tuple[tuple[int, ...], int, int], ...]
    least: float
    after: float


@dataclass(slots=True)
class Rig:
    """What is placed, and where it could be. ``needs`` come larger first."""

    devices: tuple[Device, ...]
    needs: tuple[ModelNeed, ...]
    steps: tuple[Step, ...]
    size: list[int] = field(init=False)
    claim: list[int] = field(init=False)
    free: list[int] = field(init=False)
    speed: list[float] = field(init=False)
    stages: list[StageNumbers] = field(init=False)
    masks: list[int] = field(init=False)
    hiding: list[Hiding] = field(init=False)
    next_use: list[list[int]] = field(init=False)
    next_use_after: list[list[int]] = field(init=False)
    latest_first: list[list[int]] = field(init=False)
    by_first_use: list[int] = field(init=False)
    _sums: list[list[int]] = field(init=False)
    _orders: list[dict[int, tuple[int, ...] | None]] = field(init=False)

    def __post_init__(self) -> None:
        order = sorted(self.needs, key=lambda need: (-need.footprint.bytes, need.key))
        self.needs = tuple(order)
        self.size = [need.footprint.bytes for need in order]
        self._sums = [_subsets(self.size[first : first + _MODELS]) for first in range(0, len(order), _MODELS)]
        # Ollama evicts when what it predicts is more than 80% of what is free: so much must be free.
        self.claim = [-(-need.footprint.predicted * 5 // 4) for need in order]
        self.free = [device.free for device in self.devices]
        self.speed = [REFERENCE / device.bandwidth for device in self.devices]
        self.stages = self._stages()
        self.masks = [stage.mask for stage in self.stages]
        self.hiding = [OPEN, *((stage.after, stage.least, stage.mask) for stage in self.stages)]
        self.next_use = [self._uses(model) for model in range(len(order))]
        # The same by stage, of the stages that follow it.
        self.next_use_after = [[uses[at + 1] for uses in self.next_use] for at in range(len(self.stages))]
        # Of each stage all models, those that the stages behind it use the latest first.
        self.latest_first = [
            sorted(range(len(order)), key=lambda model: -later[model]) for later in self.next_use_after
        ]
        self.by_first_use = sorted(range(len(order)), key=lambda model: (self.next_use[model][0], model))
        alike: dict[int, dict[int, tuple[int, ...] | None]] = {free: {0: ()} for free in self.free}
        self._orders = [alike[free] for free in self.free]

    def _stages(self) -> list[StageNumbers]:
        index = {need.key: number for number, need in enumerate(self.needs)}
        fastest = min(self.speed, default=1.0)
        numbered: list[StageNumbers] = []
        for number, step in enumerate(self.steps):
            rounds = tuple(tuple(index[key] for key in each if key in index) for each in step.rounds)
            longest = sum(max((s for key, s in each.items() if key in index), default=0.0) for each in step.rounds)
            calls: list[tuple[tuple[int, ...], int, int]] = []
            mask = 0
            for each in reversed(rounds):
                whole = sum(1 << model for model in each)
                calls.insert(0, (each, whole, mask))
                mask |= whole
            numbered += [
                StageNumbers(
                    step=number,
                    attempt=attempt,
                    mask=mask,
                    calls=tuple(calls),
                    least=longest * fastest + step.elsewhere,
                    after=step.after,
                )
                for attempt in step.attempts
            ]
        # One attempt after the other, its stages in the order of the steps.
        numbered.sort(key=lambda stage: (stage.attempt, stage.step))
        return numbered

    def _uses(self, model: int) -> list[int]:
        """Return for each stage the next one, itself included, that uses a model; the next job counts as well."""
        count = len(self.stages)
        table = [0] * (count + 1)
        after = 4 * count + 1
        first = next((at for at, stage in enumerate(self.stages) if stage.mask >> model & 1), None)
        following = after if first is None else count + first
        table[count] = following
        for at in range(count - 1, -1, -1):
            if self.stages[at].mask >> model & 1:
                following = at
            table[at] = following
        return table

    @property
    def everything(self) -> int:
        """All models."""
        return (1 << len(self.needs)) - 1

    def bytes(self, mask: int) -> int:
        """Return the bytes that models take together."""
        total = 0
        for sums in self._sums:
            total += sums[mask & _PART]
            mask >>= _MODELS
        return total

    def fits_alone(self, model: int, device: int) -> bool:
        """Return whether a model can be loaded onto an empty device."""
        return self.size[model] + SPARE <= self.free[device]

    def together(self, mask: int, device: int) -> tuple[int, ...] | None:
        """Return an order of loading models onto an empty device in which Ollama evicts none, or None."""
        orders = self._orders[device]
        if mask not in orders:
            free = self.free[device]
            orders[mask] = self.order(bits(mask), free, empty=True) if self.bytes(mask) + SPARE <= free else None
        return orders[mask]

    def order(self, models: Sequence[int], free: int, *, empty: bool) -> tuple[int, ...] | None:
        """Return an order of loading models into ``free`` bytes, beside others unless ``empty``, or None.

        A load asks for claim <= free, unless it is the first, and size + SPARE <= free; then free shrinks by size. The
        larger first is what Ollama's users are told; where that fails, the order by (claim - size), largest first, is
        tried behind each possible first one. No other can succeed where these fail: it is the rule of earliest due
        dates (Jackson 1955), a load's due date being total - claim + size and its length being size.
        """
        if len(models) == 1:
            (model,) = models
            return (model,) if self.size[model] + SPARE <= free and (empty or self.claim[model] <= free) else None
        if sum([self.size[model] for model in models]) + SPARE > free:
            return None
        if self._goes(models, free, empty):
            return tuple(models)
        due = sorted(models, key=lambda model: self.size[model] - self.claim[model])
        if self._goes(due, free, empty):
            return tuple(due)
        if empty:
            for first in models:
                queue = [first, *(model for model in due if model != first)]
                if self._goes(queue, free, empty):
                    return tuple(queue)
        return None

    def _goes(self, models: Sequence[int], free: int, empty: bool) -> bool:
        size, claim = self.size, self.claim
        for model in models:
            if not empty and claim[model] > free:
                return False
            free -= size[model]
            empty = False
        return free >= SPARE
