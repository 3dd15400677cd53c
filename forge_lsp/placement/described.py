"""What the installed models of a server are made of, asked once for each digest in a process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from forge_lsp.placement import ollama_api
from forge_lsp.placement.footprint import shape

__all__ = ["described"]

_AT_ONCE = 4
_TOLD = 20.0
"""Seconds for a model's whole description: the list of its tokens alone is megabytes."""
_HEARD: dict[str, Mapping[str, object]] = {}
"""``model_info`` by digest."""


async def described(url: str, names: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """``model_info`` of each model by its name as the server lists it; {} for one that is not told. Where its heads are
    left out for their length, the whole description is asked for: they are gigabytes of estimate."""
    rows = cast("list[Mapping[str, Any]]", (await ollama_api.get(url, "/api/tags") or {}).get("models") or [])
    digests = {str(row.get("name") or row.get("model") or ""): str(row.get("digest") or "") for row in rows}
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> Mapping[str, object]:
        digest = digests.get(name, "")
        if digest and digest in _HEARD:
            return _HEARD[digest]
        async with gate:
            info = await ollama_api.model_info(url, name)
            form = shape(info)
            if form is not None and "head_count_kv" in form.missing:
                body = {"model": name, "verbose": True}
                whole = await ollama_api.get(url, "/api/show", body=body, timeout=_TOLD)
                info = cast("Mapping[str, object]", (whole or {}).get("model_info") or info)
        if digest and info:
            _HEARD[digest] = info
        return info

    found = await asyncio.gather(*(one(name) for name in names))
    return dict(zip(names, found, strict=True))
