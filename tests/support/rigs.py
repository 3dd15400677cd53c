"""The user's rig, and rigs made up by chance, for the planner's tests and its benchmark."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forge_lsp.placement.footprint import footprint
from forge_lsp.placement.plan import GIB, Device, Footprint, ModelNeed, Step
from forge_lsp.placement.timing import TimedRow, steps

__all__ = ["SHOWN", "chance", "device", "rows", "user_needs", "user_steps"]

THREE_GPU = Path(__file__).parents[2] / "forge_lsp" / "config" / "profiles" / "three-gpu.toml"


def _shown(arch: str, size: float, sizes: Sequence[int], **more: int) -> tuple[int, dict[str, object]]:
    layers, heads, kv_heads, head, embedding, vocabulary = sizes
    info: dict[str, object] = {
        "general.architecture": arch,
        f"{arch}.block_count": layers,
        f"{arch}.embedding_length": embedding,
        f"{arch}.attention.head_count": heads,
        f"{arch}.attention.head_count_kv": kv_heads,
        f"{arch}.attention.key_length": head,
        f"{arch}.attention.value_length": head,
        f"{arch}.vocab_size": vocabulary,
    }
    return int(size * 1e9), info | {f"{arch}.attention.{name}": value for name, value in more.items()}


SHOWN: dict[str, tuple[int, dict[str, object]]] = {
    "phi4:14b": _shown("phi3", 9.1, (40, 40, 10, 128, 5120, 100352)),
    "gemma3:12b": _shown("gemma3", 8.1, (48, 16, 8, 256, 3840, 262208), sliding_window=1024),
    "qwen2.5-coder:7b": _shown("qwen2", 4.7, (28, 28, 4, 128, 3584, 152064)),
    "deepseek-coder:6.7b": _shown("llama", 3.8, (32, 32, 32, 128, 4096, 32256)),
    "deepseek-coder:1.3b": _shown("llama", 0.8, (24, 16, 16, 128, 2048, 32256)),
    "granite3-dense:2b": _shown("granite", 1.6, (40, 32, 8, 64, 2048, 49155)),
    "llama3.1:8b": _shown("llama", 4.9, (32, 32, 8, 128, 4096, 128256)),
    "codestral:22b": _shown("llama", 13, (56, 48, 8, 128, 6144, 32768)),
}
"""What `/api/tags` (bytes) and `/api/show` (``model_info``) tell of the rig's local models."""


def device(number: int, gib: float, *, reserved: float = 0.3, **more: Any) -> Device:
    """A GPU of so many GiB, all free but what the driver keeps."""
    total = int(gib * GIB)
    return Device(
        uuid=f"GPU-{number}",
        name=f"GPU {number}",
        kind="cuda",
        total=total,
        free=total - int(reserved * GIB),
        **{"bandwidth": 936e9, **more},
    )


def _profile() -> dict[str, Any]:
    return tomllib.loads(THREE_GPU.read_text())


def user_needs(*, parallel: bool = False, gpus: bool = True) -> tuple[ModelNeed, ...]:
    """The eight local models of the profile, each given the GPU that the user drew it on. ``parallel``: with as many
    slots as the profile's servers answer calls."""
    tree = _profile()
    needs: list[ModelNeed] = []
    for key, model in tree["models"].items():
        server = model["server"]
        if tree["servers"][server]["kind"] != "ollama":
            continue
        size, info = SHOWN[model["name"]]
        slots = tree["servers"][server].get("parallel", 1) if parallel else 1
        made = footprint(
            key, name=model["name"], size=size, info=info, context=model.get("context", 8192), parallel=slots
        )
        gpu = f"GPU-{server.removeprefix('gpu')}" if gpus else None
        needs.append(ModelNeed(key=key, name=model["name"], footprint=made, server=server, parallel=slots, gpu=gpu))
    return tuple(needs)


def rows() -> tuple[TimedRow, ...]:
    """The profile's schedule."""
    return tuple(
        TimedRow(
            attempts=tuple(row["attempts"]),
            strategy=row["thinking"]["strategy"],
            thinkers=tuple(row["thinking"]["models"]),
            generator=row["generator"]["model"],
            members=tuple(row["panel"]["members"]),
        )
        for row in _profile()["schedule"]
    )


def user_steps(needs: Sequence[ModelNeed]) -> tuple[Step, ...]:
    """The ten attempts."""
    return steps(rows(), {need.key: need.footprint for need in needs})


def chance(rng: random.Random) -> tuple[tuple[Device, ...], tuple[ModelNeed, ...], tuple[Step, ...]]:
    """A rig by chance: one to eight GPUs of 8 to 48 GB and four speeds, two to twenty models, a schedule of the
    strategies that there are."""
    devices = tuple(
        device(
            number,
            rng.choice((8, 12, 16, 24, 24, 32, 48)),
            reserved=rng.uniform(0.2, 1.5),
            bandwidth=rng.choice((360e9, 504e9, 936e9, 1008e9)),
        )
        for number in range(rng.randint(1, 8))
    )
    needs: list[ModelNeed] = []
    for number in range(rng.randint(2, 20)):
        weights = rng.choice((0.8, 1.6, 3.8, 4.7, 4.9, 8.1, 9.1, 13.0, 19.0)) * rng.uniform(0.9, 1.1) * 1e9
        kv = int(weights * rng.uniform(0.1, 1.0))
        made = Footprint(
            key=f"m{number}",
            weights=int(weights),
            kv=kv,
            compute=int(rng.uniform(0.1, 0.6) * GIB),
            overhead=int(0.45 * GIB),
            predicted=int(weights + kv * rng.uniform(0.7, 2.0)),
        )
        needs.append(ModelNeed(key=made.key, name=made.key, footprint=made, server="any"))
    keys = [need.key for need in needs]
    made_rows: list[TimedRow] = []
    attempt = 1
    for _ in range(rng.randint(1, 5)):
        attempts = tuple(range(attempt, attempt + rng.randint(1, 2)))
        attempt = attempts[-1] + 1
        strategy = rng.choice(("none", "solo", "duo", "trio", "debate", "vote"))
        thinkers = {"none": 0, "solo": 1, "duo": 2, "trio": 3, "debate": 3, "vote": 5}[strategy]
        made_rows.append(
            TimedRow(
                attempts=attempts,
                strategy=strategy,
                thinkers=tuple(rng.sample(keys, min(thinkers, len(keys)))),
                generator=rng.choice((*keys, "paid")),
                members=tuple(rng.sample(keys, min(rng.randint(0, 5), len(keys)))),
            )
        )
    return devices, tuple(needs), steps(made_rows, {need.key: need.footprint for need in needs})
