"""A GPU's memory as a line: name, bar, free of total."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["bar", "gigabytes"]

_WIDTH = 24


def gigabytes(size: object) -> str:
    """Bytes as ``9.1 GB``."""
    return f"{size / 1e9:.1f} GB" if isinstance(size, int | float) else "?"


def bar(gpu: Mapping[str, object], *, width: int = _WIDTH) -> str:
    """One line of a row of ``forge.models``' ``gpus``: ``RTX 3090  [######......]  18.2 GB of 24.0 GB free``."""
    total, free = gpu.get("total"), gpu.get("free")
    if not isinstance(total, int) or not isinstance(free, int) or total <= 0:
        return str(gpu.get("name") or gpu.get("uuid") or "")
    used = round(width * (total - free) / total)
    drawn = "#" * used + "." * (width - used)
    return f"{gpu.get('name')}  [{drawn}]  {gigabytes(free)} of {gigabytes(total)} free  {gpu.get('uuid')}"
