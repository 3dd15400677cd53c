"""Models in the memory of the GPU that needs them next, by the plan: loaded ahead, swapped, never taken from a user.

One :class:`Dock` a device does the moves, one after the other, in this process and (by file locks) among all of them.
What the plan says of an attempt's stage is the aim; what is in memory, and who uses it, decides how to get there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from forge_lsp.domain.events import Stage
from forge_lsp.gpus.claims import Claims
from forge_lsp.gpus.dock import Berth, Dock, Mover
from forge_lsp.gpus.plan import Plan
from forge_lsp.gpus.plan import Stage as PlanStage

__all__ = ["ManagedResidency", "make_docks"]

_STAGES: Mapping[Stage, PlanStage] = {Stage.THINK: "think", Stage.GENERATE: "generate", Stage.REVIEW: "panel"}


class ManagedResidency:
    """A :class:`~forge_lsp.domain.ports.Residency` for servers with a GPU of their own.

    ``docks`` by device, as the plan names them. ``timeout`` in seconds: how long a stage waits for models that others
    use and for loads; then it goes on and the servers do as they can.
    """

    def __init__(self, plan: Plan, docks: Mapping[str, Dock], *, timeout: float = 300.0) -> None:
        self._plan = plan
        self._docks = docks
        self._timeout = timeout
        self._begun = False

    @property
    def plan(self) -> Plan:
        """What it goes by."""
        return self._plan

    def foresee(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> None:
        """See :class:`~forge_lsp.domain.ports.Residency`."""
        wanted = self._by_device(keys)
        for device in self._docks:
            needed = wanted.get(device, ())
            self._docks[device].foresee(needed, self._aim(attempt, stage, device, needed))

    @asynccontextmanager
    async def hold(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> AsyncGenerator[Sequence[str], None]:
        """See :class:`~forge_lsp.domain.ports.Residency`."""
        wanted = self._by_device(keys)
        if not self._begun:
            self._begun = True
            for device, base in self._plan.base.items():
                if device in self._docks and device not in wanted:
                    self._docks[device].foresee((), base)
        async with AsyncExitStack() as stack:
            remarks = await asyncio.gather(
                *(
                    self._docks[device].hold(
                        stack, needed, self._aim(attempt, stage, device, needed), timeout=self._timeout
                    )
                    for device, needed in wanted.items()
                )
            )
            yield [remark for told in remarks for remark in told]

    async def aclose(self) -> None:
        """Stop looking ahead. A load that is under way goes on: its server ends it."""
        await asyncio.gather(*(dock.aclose() for dock in self._docks.values()))

    def _aim(self, attempt: int, stage: Stage, device: str, needed: Sequence[str]) -> tuple[str, ...]:
        """What the plan has in memory here at that stage; where the job strays from the plan, what it needs."""
        planned = self._plan.at(attempt, _STAGES[stage]).get(device, ()) if stage in _STAGES else ()
        return planned if set(needed) <= set(planned) else tuple(needed)

    def _by_device(self, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for key in keys:
            device = self._plan.placement.get(key)
            if device is not None and device in self._docks:
                found.setdefault(device, []).append(key)
        return {device: tuple(dict.fromkeys(each)) for device, each in found.items()}


def make_docks(
    plan: Plan, berths: Mapping[str, Berth], *, mover: Mover, claims: Claims, timeout: float = 300.0
) -> dict[str, Dock]:
    """A dock for every device of the plan that has a server of its own."""
    return {
        device.uuid: Dock(device, plan, berths[device.uuid], mover=mover, claims=claims, timeout=timeout)
        for device in plan.devices
        if device.uuid in berths
    }
