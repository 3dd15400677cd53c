"""GPU memory for people: a line a GPU (name, bar, free of total), what is in it, what will hurt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forge_lsp.cli.display import stdout_console

__all__ = ["bar", "gigabytes", "print_gpus"]

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


def print_gpus(gpus: Sequence[Mapping[str, Any]]) -> None:
    """A line a GPU, under it its models and its warnings."""
    console = stdout_console()
    for gpu in gpus:
        console.print()
        console.print(bar(gpu), soft_wrap=True)
        for row in gpu.get("resident", ()):
            spilled = f", {row['spilled']:.0%} of it on the CPU" if row["spilled"] else ""
            console.print(f"  {row['name']} on {row['server']}: {gigabytes(row['size'])}{spilled}", soft_wrap=True)
        for warning in gpu.get("warnings", ()):
            console.print(f"  ! {warning}", style="yellow", soft_wrap=True)
