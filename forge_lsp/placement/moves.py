"""Which models have to go and come, and in which order, for others to be in a device's memory. Decided, not done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from forge_lsp.placement.plan import Device, Plan
from forge_lsp.placement.rig import Rig

__all__ = ["MemoryState", "Moves", "ResidentModel", "Swap"]


class ResidentModel(Protocol):
    """A model in a server's memory; bytes, of which ``size_vram`` are on the GPU."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def size_vram(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryState:
    """What is in memory: ours by key; ``free`` bytes for loads, ``lost`` of them less than the plan reckons with."""

    ours: Mapping[str, ResidentModel]
    free: int
    alone: bool
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What goes, and then what comes, in this order."""

    gone: tuple[str, ...]
    order: tuple[str, ...]


class Moves:
    """For one device, as ``plan`` has it. ``names``: what its server calls each model, by settings key."""

    def __init__(self, device: Device, plan: Plan, names: Mapping[str, str]) -> None:
        needs = tuple(need for need in plan.needs if plan.placement.get(need.key) == device.uuid)
        self._rig = Rig(devices=(device,), needs=needs, steps=())
        self._numbers = {need.key: number for number, need in enumerate(self._rig.needs)}
        self._keys = {name: key for key, name in names.items()}

    def seen(self, rows: Sequence[ResidentModel], now: int | None) -> MemoryState:
        """What the server's rows say; ``now``: bytes that are free on the GPU (None: nobody knows)."""
        ours = {self._keys[row.name]: row for row in rows if row.name in self._keys}
        foreign = sum(row.size_vram for row in rows if row.name not in self._keys)
        free = self._rig.free[0] - foreign - sum(self._size(key) for key in ours if key in self._numbers)
        lost = 0 if now is None else max(0, free - now)
        return MemoryState(ours=ours, free=free - lost, alone=not foreign, lost=lost)

    def change(
        self, needed: Sequence[str], aim: Sequence[str], seen: MemoryState, held: Mapping[str, int]
    ) -> Swap | None:
        """What to move so that as much of ``needed`` as fits together is there; None: it is. What is in ``aim`` goes
        last, and before that what is ``held`` (by how many)."""
        group = self._fitting(needed)
        missing = [key for key in group if key not in seen.ours]
        if not missing:
            return None
        here = [key for key in seen.ours if key in self._numbers]
        spare = [key for key in here if key not in group]
        spare.sort(key=lambda key: (key in aim, held.get(key, 0) > 0, -self._size(key)))
        wanted = sorted(self._numbers[key] for key in missing)
        for count in range(len(spare) + 1):
            gone = spare[:count]
            room = seen.free + sum(self._size(key) for key in gone)
            order = self._rig.order(wanted, room, empty=len(gone) == len(here) and seen.alone)
            if order is not None:
                return Swap(gone=tuple(gone), order=self._named(order))
        # What stays is in the way of the rule itself: all of it goes, and comes back in the right order.
        order = self._rig.together(self._mask(group), 0)
        return Swap(gone=tuple(here), order=self._named(order or tuple(wanted)))

    def extras(self, aim: Sequence[str], seen: MemoryState) -> Swap | None:
        """What the plan has here beyond what is needed at once: it comes where nothing has to go for it."""
        here = [key for key in seen.ours if key in self._numbers]
        missing = sorted(self._numbers[key] for key in aim if key in self._numbers and key not in seen.ours)
        order = self._rig.order(missing, seen.free, empty=not here and seen.alone) if missing else None
        return Swap(gone=(), order=self._named(order)) if order else None

    def _fitting(self, needed: Sequence[str]) -> list[str]:
        """As many of a stage's models as can be there together; the others take their turn when they are called."""
        mask = 0
        for key in needed:
            if key in self._numbers and self._rig.together(mask | 1 << self._numbers[key], 0) is not None:
                mask |= 1 << self._numbers[key]
        return [key for key in needed if key in self._numbers and mask >> self._numbers[key] & 1]

    def _size(self, key: str) -> int:
        return self._rig.size[self._numbers[key]]

    def _mask(self, keys: Iterable[str]) -> int:
        mask = 0
        for key in keys:
            mask |= 1 << self._numbers[key]
        return mask

    def _named(self, order: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._rig.needs[number].key for number in order)
