"""Keeps the models that the plan wants next in GPU memory: loaded ahead, swapped, never evicted while in use.

One :class:`GpuMemoryManager` for each device loads and unloads, one model after the other, within this process and (by
file locks) across processes. The plan's stage is the target; what is in memory, and in use, decides how it is reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from forge_lsp.core.events import Stage
from forge_lsp.placement.claims import Claims
from forge_lsp.placement.memory_manager import DeviceServer, GpuMemoryManager, ModelLoader
from forge_lsp.placement.plan import Plan
from forge_lsp.placement.plan import Stage as PlanStage

__all__ = ["ManagedResidency", "make_managers"]

_STAGES: Mapping[Stage, PlanStage] = {Stage.THINK: "think", Stage.GENERATE: "generate", Stage.REVIEW: "panel"}


class ManagedResidency:
    """A :class:`~forge_lsp.core.ports.Residency` for servers with a GPU of their own.

    ``managers`` are by device, as the plan names them. ``timeout`` is how many seconds a stage waits for loads and for
    models that others use; after that it goes on, and the servers load on demand.
    """

    def __init__(self, plan: Plan, managers: Mapping[str, GpuMemoryManager], *, timeout: float = 300.0) -> None:
        self.plan = plan
        """The plan that it follows."""
        self._managers = managers
        self._timeout = timeout
        self._begun = False

    def foresee(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> None:
        """See :class:`~forge_lsp.core.ports.Residency`."""
        wanted = self._by_device(keys)
        for device in self._managers:
            needed = wanted.get(device, ())
            self._managers[device].foresee(needed, self._aim(attempt, stage, device, needed))

    @asynccontextmanager
    async def hold(self, keys: Sequence[str], *, attempt: int, stage: Stage) -> AsyncGenerator[Sequence[str], None]:
        """See :class:`~forge_lsp.core.ports.Residency`."""
        wanted = self._by_device(keys)
        if not self._begun:
            self._begun = True
            for device, base in self.plan.base.items():
                if device in self._managers and device not in wanted:
                    self._managers[device].foresee((), base)
        async with AsyncExitStack() as stack:
            remarks = await asyncio.gather(
                *(
                    self._managers[device].hold(
                        stack, needed, self._aim(attempt, stage, device, needed), timeout=self._timeout
                    )
                    for device, needed in wanted.items()
                )
            )
            yield [remark for each in remarks for remark in each]

    async def aclose(self) -> None:
        """Stop loading ahead. The servers finish loads that are under way."""
        await asyncio.gather(*(manager.aclose() for manager in self._managers.values()))

    def _aim(self, attempt: int, stage: Stage, device: str, needed: Sequence[str]) -> tuple[str, ...]:
        """Return what the plan has in memory at that stage, or what is needed where the job departs from the plan."""
        planned = self.plan.at(attempt, _STAGES[stage]).get(device, ()) if stage in _STAGES else ()
        return planned if set(needed) <= set(planned) else tuple(needed)

    def _by_device(self, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for key in keys:
            device = self.plan.placement.get(key)
            if device is not None and device in self._managers:
                found.setdefault(device, []).append(key)
        return {device: tuple(dict.fromkeys(each)) for device, each in found.items()}


def make_managers(
    plan: Plan, servers: Mapping[str, DeviceServer], *, loader: ModelLoader, claims: Claims, timeout: float = 300.0
) -> dict[str, GpuMemoryManager]:
    """Return a memory manager for each device of the plan that has a server of its own, by device."""
    return {
        device.uuid: GpuMemoryManager(device, plan, servers[device.uuid], loader=loader, claims=claims, timeout=timeout)
        for device in plan.devices
        if device.uuid in servers
    }
