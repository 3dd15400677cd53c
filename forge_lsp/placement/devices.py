"""The devices that models can be placed on: the GPUs that NVML tells, else Apple's unified memory, else the CPU."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from forge_lsp.placement.inventory import Inventory
from forge_lsp.placement.plan import GIB, Device
from forge_lsp.placement.timing import REFERENCE

__all__ = ["apple", "configured", "cpu", "devices", "imagined"]

UNIFIED = 0.75
"""Share of unified memory that the GPU of an Apple machine may take (``iogpu.wired_limit_mb`` raises it)."""
RESERVED = 0.3 * GIB
"""What the driver of a GPU keeps for itself."""
_CPU_BANDWIDTH = 40e9
"""Bytes a second of two channels of ordinary memory."""
_APPLE: Mapping[str, float] = {"Ultra": 800e9, "Max": 400e9, "Pro": 200e9}
"""Bytes a second, by the last word of the chip's name."""


async def devices(inventory: Inventory) -> tuple[Device, ...]:
    """What this machine has. One device at least: without a GPU it is the machine's own memory."""
    if inventory.gpus:
        return tuple(
            Device(
                uuid=gpu.uuid,
                name=gpu.name,
                kind="cuda",
                total=gpu.total,
                free=gpu.free,
                bandwidth=gpu.bandwidth or REFERENCE / 2,
            )
            for gpu in inventory.gpus
        )
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return (apple(await _sysctl("hw.memsize"), await _sysctl("machdep.cpu.brand_string")),)
    return (await asyncio.to_thread(cpu),)


def imagined(gib: Sequence[float]) -> tuple[Device, ...]:
    """GPUs that are not here, by their memory in GiB: each as fast as an RTX 3090, and empty."""
    return tuple(
        Device(
            uuid=f"GPU-{number}",
            name=f"{size:g} GB",
            kind="cuda",
            total=int(size * GIB),
            free=int(size * GIB - RESERVED),
            bandwidth=REFERENCE,
        )
        for number, size in enumerate(gib)
    )


def configured(memory: Mapping[str, int]) -> tuple[Device, ...]:
    """GPUs that only the settings tell of: bytes by UUID. What is free is not known, nor whether it is a GPU at all."""
    return tuple(
        Device(
            uuid=uuid,
            name=uuid,
            kind="cpu",
            total=size,
            free=max(0, int(size - RESERVED)),
            bandwidth=REFERENCE / 2,
        )
        for uuid, size in memory.items()
    )


def apple(memsize: str, chip: str) -> Device:
    """From ``sysctl hw.memsize`` (bytes) and ``machdep.cpu.brand_string``. Nobody tells what is free of it."""
    total = int(memsize)
    words = chip.split() or [""]
    return Device(
        uuid="apple",
        name=chip or "Apple GPU",
        kind="apple",
        total=total,
        free=int(total * UNIFIED),
        bandwidth=_APPLE.get(words[-1], 100e9),
    )


def cpu(read: Callable[[], str] | None = None) -> Device:
    """The memory of the machine. ``read`` gives the text of /proc/meminfo; where there is none, half is taken to be
    free."""
    try:
        text = read() if read else Path("/proc/meminfo").read_text(encoding="ascii")
        fields = {line.split(":")[0]: int(line.split()[1]) << 10 for line in text.splitlines() if ":" in line}
        total, free = fields["MemTotal"], fields["MemAvailable"]
    except (OSError, KeyError, ValueError, IndexError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        free = total // 2
    return Device(uuid="cpu", name="CPU", kind="cpu", total=total, free=free, bandwidth=_CPU_BANDWIDTH)


async def _sysctl(name: str) -> str:
    process = await asyncio.create_subprocess_exec("sysctl", "-n", name, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode().strip()
