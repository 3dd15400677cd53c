"""Machines of all kinds as devices."""

from __future__ import annotations

from forge_lsp.placement.devices import apple, cpu, devices, imagined
from forge_lsp.placement.inventory import Gpu, Inventory
from forge_lsp.placement.plan import GIB


async def test_gpus_come_as_nvml_tells_them() -> None:
    gpu = Gpu(uuid="GPU-a", name="x", total=24 * GIB, free=20 * GIB, used=4 * GIB, bandwidth=936e9)
    [found] = await devices(Inventory(gpus=(gpu,)))
    assert (found.uuid, found.kind, found.free, found.bandwidth) == ("GPU-a", "cuda", 20 * GIB, 936e9)


async def test_without_a_gpu_the_machines_own_memory_is_the_device() -> None:
    [found] = await devices(Inventory(reason="no NVIDIA driver is installed"))
    assert found.kind in ("cpu", "apple")
    assert 0 < found.free <= found.total


def test_unified_memory_leaves_the_system_its_quarter() -> None:
    found = apple(str(64 * GIB), "Apple M2 Max")
    assert (found.kind, found.free, found.bandwidth) == ("apple", 48 * GIB, 400e9)
    assert apple(str(16 * GIB), "Apple M1").bandwidth == 100e9


def test_what_is_available_is_free() -> None:
    found = cpu(lambda: "MemTotal:       1024 kB\nMemFree:         1 kB\nMemAvailable:    512 kB\n")
    assert (found.total, found.free) == (1 << 20, 1 << 19)


def test_a_machine_that_does_not_tell_has_half() -> None:
    found = cpu(lambda: "")
    assert found.free == found.total // 2


def test_imagined_gpus_keep_the_drivers_share() -> None:
    found = imagined((24, 12))
    assert [one.uuid for one in found] == ["GPU-0", "GPU-1"]
    assert found[1].total == 12 * GIB
    assert 11.5 * GIB < found[1].free < 12 * GIB
