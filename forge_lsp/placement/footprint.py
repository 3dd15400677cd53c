"""How much memory a model takes, from what its Ollama server tells about it. Pure.

The estimate is W + KV + C + O: weights, KV cache, compute buffers of llama.cpp with flash attention, and the runner's
own share (CUDA context). What Ollama's scheduler predicts before a load is another number: file + KV at 16 bits, all
layers full, the head size taken from the embedding. Both formulas were read from the sources of llama.cpp and Ollama
(about 0.33); bytes throughout.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from forge_lsp.placement.plan import GIB, Footprint

__all__ = ["BATCH", "OVERHEAD", "Shape", "footprint", "guessed", "largest_context", "shape"]

BATCH = 512
"""``num_batch`` of every call."""
OVERHEAD = int(0.45 * GIB)
"""What a runner takes whatever its model."""

CACHE_BYTES: Mapping[str, float] = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Bytes of one value in the KV cache (OLLAMA_KV_CACHE_TYPE); blocks of 32 values carry a scale of two bytes."""

_PERIOD: Mapping[str, int] = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "cohere2": 4, "gptoss": 2, "gpt-oss": 2}
"""Every how many layers one sees the whole context, the others only their window; fixed in llama.cpp by architecture
(``set_swa_pattern``), not written in the file."""

_VOCABULARY = 262_144
"""Where the server does not tell: the largest in use, so that the estimate errs on the safe side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the formulas need of a model. ``kv_heads`` has one number a layer; ``full`` says which layers see the whole
    context (None: all). ``missing`` names what the server did not tell and was assumed."""

    embedding: int
    heads: int
    kv_heads: tuple[int, ...]
    key_length: int
    value_length: int
    vocabulary: int
    window: int = 0
    full: tuple[bool, ...] | None = None
    missing: tuple[str, ...] = ()


def shape(info: Mapping[str, object]) -> Shape | None:
    """The ``model_info`` of `/api/show`; None where it lacks the number of layers or of heads, or their size.

    Without ``verbose`` lists of more than five entries come as null: then heads are taken as many as there are for the
    queries (no sharing), every layer sees the whole context, and the vocabulary is the largest in use. All three make
    the estimate larger.
    """
    arch = str(info.get("general.architecture", ""))

    def number(name: str) -> int | None:
        value = info.get(f"{arch}.{name}")
        if isinstance(value, Sequence) and not isinstance(value, str):
            return max((int(one) for one in cast("Sequence[float]", value)), default=None)
        return int(value) if isinstance(value, (int, float)) else None

    layers, embedding, heads = number("block_count"), number("embedding_length"), number("attention.head_count")
    if not layers or not embedding or not heads:
        return None
    missing: list[str] = []
    each = info.get(f"{arch}.attention.head_count_kv")
    if isinstance(each, Sequence) and len(cast("Sequence[float]", each)) == layers:
        kv_heads = tuple(int(one) for one in cast("Sequence[float]", each))
    else:
        shared = number("attention.head_count_kv")
        if shared is None:
            missing.append("head_count_kv")
        kv_heads = (heads if shared is None else shared,) * layers
    interval = number("full_attention_interval") or 1
    # Of a hybrid model only every so many layers keep a cache; the others have a state of a few megabytes.
    kv_heads = tuple(count if (layer + 1) % interval == 0 else 0 for layer, count in enumerate(kv_heads))
    key_length = number("attention.key_length") or embedding // heads
    vocabulary = _vocabulary(info, arch)
    if vocabulary is None:
        missing.append("vocab_size")
    window = number("attention.sliding_window") or 0
    full = _full(info, arch, layers) if window else None
    return Shape(
        embedding=embedding,
        heads=heads,
        kv_heads=kv_heads,
        key_length=key_length,
        value_length=number("attention.value_length") or key_length,
        vocabulary=vocabulary or _VOCABULARY,
        window=window if full else 0,
        full=full,
        missing=tuple(missing),
    )


def _vocabulary(info: Mapping[str, object], arch: str) -> int | None:
    size, tokens = info.get(f"{arch}.vocab_size"), info.get("tokenizer.ggml.tokens")
    if isinstance(size, int) and size > 0:
        return size
    return len(cast("Sequence[object]", tokens)) or None if isinstance(tokens, Sequence) else None


def _full(info: Mapping[str, object], arch: str, layers: int) -> tuple[bool, ...] | None:
    """Which layers see everything: told as a list or a period, else known by architecture, else all (None)."""
    told = info.get(f"{arch}.attention.sliding_window_pattern")
    if isinstance(told, Sequence) and len(cast("Sequence[object]", told)) == layers:
        return tuple(not local for local in cast("Sequence[object]", told))
    period = told if isinstance(told, int) and told > 0 else _PERIOD.get(arch)
    return None if period is None else tuple((layer + 1) % period == 0 for layer in range(layers))


def footprint(
    key: str,
    *,
    name: str,
    size: int | None,
    info: Mapping[str, object] | None,
    context: int,
    parallel: int = 1,
    batch: int = BATCH,
    cache: str = "f16",
    measured: int | None = None,
) -> Footprint:
    """What a model takes. ``size``: bytes of its file (`/api/tags`), None where it is not installed; ``info``: the
    ``model_info`` of `/api/show`. What is missing is reckoned from the name and marked in ``guess``."""
    form = shape(info) if info else None
    if size is None or form is None:
        told = guessed(key, name=name, context=context, parallel=parallel, size=size)
        return replace(told, measured=measured)
    cells = context * parallel
    width = CACHE_BYTES[cache]
    per_head = form.key_length * width + form.value_length * width
    seen = min(cells, form.window + batch)
    full = form.full or (True,) * len(form.kv_heads)
    kv = sum((cells if whole else seen) * heads * per_head for heads, whole in zip(form.kv_heads, full, strict=True))
    head = form.embedding // form.heads
    predicted = size + 2 * len(form.kv_heads) * max(form.kv_heads) * head * cells * 2
    return Footprint(
        key=key,
        weights=size,
        kv=int(kv),
        compute=4 * batch * (form.vocabulary + form.embedding) + 2 * batch * cells,
        overhead=OVERHEAD,
        predicted=predicted,
        measured=measured,
        guess=f"the server does not tell {', '.join(form.missing)}" if form.missing else None,
        active=_active(info or {}),
    )


def _active(info: Mapping[str, object]) -> float:
    """The share of the weights that one token reads, by the experts that the server tells of."""
    arch = str(info.get("general.architecture", ""))
    names = ("expert_count", "expert_used_count", "embedding_length", "expert_feed_forward_length", "block_count")
    told = [info.get(f"{arch}.{name}") for name in names]
    total = info.get("general.parameter_count")
    experts, used, *sizes = [float(one) if isinstance(one, int | float) else 0.0 for one in told]
    each = 3 * math.prod(sizes)  # gate, up and down
    if not isinstance(total, int | float) or not experts or not used or not 0 < each * experts < total:
        return 1.0
    return 1 - each * (experts - used) / total


_PARAMETERS = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_QUANTISED = (("fp16", 2.0), ("f16", 2.0), ("bf16", 2.0), ("q8", 1.07), ("q6", 0.83), ("q5", 0.72), ("q3", 0.5))
_USUAL = 0.65
"""Bytes a parameter at Q4_K_M, what most tags are, over the parameters that the tag names (they round down)."""


def guessed(key: str, *, name: str, context: int, parallel: int = 1, size: int | None = None) -> Footprint:
    """A model of which only the name, and perhaps the size of its file, is known: the tag's parameter count gives the
    weights; layers grow with its cube root (30 at 7b); keys and values are shared by half as many heads as is common
    among older models and twice as many as among newer ones."""
    tag = name.lower()
    found = _PARAMETERS.search(tag)
    billions = float(found[2]) * int(found[1] or 1) / (1 if found[3] == "b" else 1000) if found else 8.0
    why = "not installed, reckoned from the tag" if found else "not installed, and the tag names no size: taken as 8b"
    if size is not None:
        why = "the server does not tell its layers"
        billions = billions if found else size / 1e9 / _USUAL
    each = next((width for mark, width in _QUANTISED if mark in tag), _USUAL)
    layers = max(8, round(16 * billions ** (1 / 3)))
    cells = context * parallel
    kv = layers * cells * 16 * 128 * 2 * 2
    weights = int(billions * 1e9 * each) if size is None else size
    return Footprint(
        key=key,
        weights=weights,
        kv=kv,
        compute=4 * BATCH * (_VOCABULARY // 2 + 128 * layers) + 2 * BATCH * cells,
        overhead=OVERHEAD,
        predicted=weights + kv,
        guess=why,
        installed=size is not None,
    )


def largest_context(need: Footprint, *, context: int, room: int) -> int | None:
    """The largest context, halved again and again down to 2048, at which a model fits ``room`` bytes; None: none.

    Only the cache and the part of the buffers that grows with the context shrink; as the latter is small, it is left.
    """
    while context > 2048:
        context //= 2
        need = replace(need, kv=need.kv // 2, measured=None)
        if need.estimate <= room:
            return context
    return None
