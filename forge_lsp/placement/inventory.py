"""The GPUs of this machine, as NVML tells. The only file that imports pynvml.

No driver and no GPU is a normal state, not an error. GPUs are told apart by UUID: an index changes with
CUDA_VISIBLE_DEVICES and with the order of the slots.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from forge_lsp.core.ports import Finding, FindingStatus

__all__ = ["Gpu", "Inventory", "findings", "read"]

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU. Memory in bytes; ``free`` is what a load may take (total - used is more: the driver reserves some).

    ``utilisation`` is the busy share in percent, None where the driver does not tell; ``bandwidth`` the bytes a second
    that its memory can be read at; ``processes`` what computes on it: (process id, bytes, None where not told). A GPU
    that is split (MIG) is told as its parts, each with a UUID of its own and the name of its ``parent``.
    """

    uuid: str
    name: str
    total: int
    free: int
    used: int
    reserved: int = 0
    utilisation: int | None = None
    bandwidth: float | None = None
    processes: tuple[tuple[int, int | None], ...] = ()
    parent: str | None = None

    def to_json(self) -> dict[str, object]:
        """As `forge.models` and the doctor tell it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What NVML told. ``reason`` says why there are no GPUs; ``lost`` names GPUs that stopped answering."""

    gpus: tuple[Gpu, ...] = ()
    driver: str | None = None
    reason: str | None = None
    lost: tuple[str, ...] = ()


async def read() -> Inventory:
    """Ask NVML again. Runs in a thread: a driver that is waking up takes a second or more."""
    return await asyncio.to_thread(_read)


def _read() -> Inventory:
    nvml = _nvml()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError_LibraryNotFound:
        return Inventory(reason="no NVIDIA driver is installed")
    except nvml.NVMLError_DriverNotLoaded:
        return Inventory(reason="the NVIDIA driver is installed but not loaded")
    except nvml.NVMLError as error:
        return Inventory(reason=f"NVML does not start: {error}")
    try:
        gpus: list[Gpu] = []
        lost: list[str] = []
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                gpus += _gpus(nvml.nvmlDeviceGetHandleByIndex(index))
            except nvml.NVMLError as error:  # lost, without power, out of reach: the others still serve
                lost.append(f"GPU {index}: {error}")
        reason = None if gpus else "the driver knows no GPU"
        return Inventory(gpus=tuple(gpus), driver=_driver(), reason=reason, lost=tuple(lost))
    finally:
        nvml.nvmlShutdown()


def _nvml() -> Any:
    """The binding, loaded when first asked for. It is untyped and makes its error classes as it loads."""
    return import_module("pynvml")


def _driver() -> str | None:
    nvml = _nvml()
    try:
        return _text(nvml.nvmlSystemGetDriverVersion())
    except nvml.NVMLError:
        return None


def _gpus(handle: object) -> list[Gpu]:
    """The GPU itself, or its parts where it is split."""
    nvml = _nvml()
    parts: list[Gpu] = []
    try:
        split = nvml.nvmlDeviceGetMigMode(handle)[0] == nvml.NVML_DEVICE_MIG_ENABLE
        most = nvml.nvmlDeviceGetMaxMigDeviceCount(handle) if split else 0
    except nvml.NVMLError:  # most GPUs cannot be split
        return [_gpu(handle)]
    parent = _text(nvml.nvmlDeviceGetUUID(handle))
    for index in range(most):
        try:
            parts.append(_gpu(nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index), parent))
        except nvml.NVMLError_NotFound:
            continue  # the numbers of parts have gaps
    return parts if split else [_gpu(handle)]


def _gpu(handle: object, parent: str | None = None) -> Gpu:
    nvml = _nvml()
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2)
        reserved = int(memory.reserved)
    except nvml.NVMLError_NotSupported:
        memory, reserved = nvml.nvmlDeviceGetMemoryInfo(handle), 0
    try:
        utilisation: int | None = int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except nvml.NVMLError:
        utilisation = None
    return Gpu(
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        name=_text(nvml.nvmlDeviceGetName(handle)),
        total=int(memory.total),
        free=int(memory.free),
        used=int(memory.used),
        reserved=reserved,
        utilisation=utilisation,
        bandwidth=_bandwidth(handle) if parent is None else None,
        processes=_processes(handle),
        parent=parent,
    )


def _bandwidth(handle: object) -> float | None:
    """Two transfers a clock over the whole width of the bus: 9751 MHz and 384 bits are the 936 GB/s of an RTX 3090."""
    nvml = _nvml()
    try:
        clock = nvml.nvmlDeviceGetMaxClockInfo(handle, nvml.NVML_CLOCK_MEM)  # MHz
        return 2 * clock * 1e6 * nvml.nvmlDeviceGetMemoryBusWidth(handle) / 8 or None
    except nvml.NVMLError:
        return None


def _processes(handle: object) -> tuple[tuple[int, int | None], ...]:
    nvml = _nvml()
    try:
        found = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except (nvml.NVMLError, nvml.NVMLLibraryMismatchError):  # the latter: a driver older than the binding
        return ()
    return tuple((int(one.pid), one.usedGpuMemory) for one in found)


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def findings(inventory: Inventory) -> tuple[Finding, ...]:
    """Lines for the doctor: one a GPU; without one, that models run on the CPU."""
    if not inventory.gpus and not inventory.lost:
        detail = f"{inventory.reason}; local models run on the CPU"
        return (Finding(name="gpu", status=FindingStatus.ABSENT, detail=detail),)
    found = [
        Finding(
            name="gpu",
            status=FindingStatus.OK,
            detail=f"{gpu.name}: {gpu.free / GIB:.1f} of {gpu.total / GIB:.1f} GiB free ({gpu.uuid})",
            facts=gpu.to_json(),
        )
        for gpu in inventory.gpus
    ]
    remedy = "restart the machine, or reset the GPU: nvidia-smi --gpu-reset"
    found += [Finding(name="gpu", status=FindingStatus.BROKEN, detail=lost, remedy=remedy) for lost in inventory.lost]
    return tuple(found)
