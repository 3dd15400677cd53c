"""What an Ollama server says of itself: its version, what it has in memory, what a model is made of.

Plain HTTP. Calls of models go through the models room; this only looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["Loaded", "get", "loaded", "model_info", "sizes", "version"]

_LOOK = 3.0
"""Seconds a look may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model in a server's memory. Bytes; ``size_vram`` of ``size`` are on a GPU (0 on a CPU). ``context`` in tokens,
    None where the server does not tell (before 0.10)."""

    name: str
    digest: str
    size: int
    size_vram: int
    context: int | None = None


async def get(
    url: str, path: str, *, body: Mapping[str, object] | None = None, timeout: float = _LOOK
) -> Mapping[str, Any] | None:
    """A JSON object by GET, or by POST of ``body``; None where nothing answers that speaks Ollama's language within
    ``timeout`` seconds."""
    import httpx

    try:
        # No proxy, and no redirect that could lead off the machine. Certificates are loaded for nothing without TLS.
        secure = url.startswith("https:")
        async with httpx.AsyncClient(trust_env=False, timeout=timeout, verify=secure) as client:
            answer = await (client.get(url + path) if body is None else client.post(url + path, json=body))
            found: object = answer.json() if answer.status_code == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError):
        return None
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else None


async def version(url: str) -> str | None:
    """The server's version, such as ``0.17.4``; None where no Ollama answers."""
    found = (await get(url, "/api/version") or {}).get("version")
    return found if isinstance(found, str) else None


async def loaded(url: str) -> tuple[Loaded, ...] | None:
    """What is in memory, in the server's order; None where no Ollama answers."""
    found = await get(url, "/api/ps")
    if found is None:
        return None
    rows = cast("list[Mapping[str, Any]]", found.get("models") or [])
    return tuple(
        Loaded(
            name=str(row.get("name") or row.get("model") or ""),
            digest=str(row.get("digest") or ""),
            size=int(row.get("size") or 0),
            size_vram=int(row.get("size_vram") or 0),
            context=row.get("context_length"),
        )
        for row in rows
    )


async def sizes(url: str) -> Mapping[str, int]:
    """Bytes of each installed model's files, by full name; {} where no Ollama answers."""
    rows = cast("list[Mapping[str, Any]]", (await get(url, "/api/tags") or {}).get("models") or [])
    return {str(row.get("name") or row.get("model") or ""): int(row.get("size") or 0) for row in rows}


async def model_info(url: str, name: str) -> Mapping[str, object]:
    """``model_info`` of a model, lists over five entries left out; {} where it is not told."""
    found = (await get(url, "/api/show", body={"model": name}) or {}).get("model_info")
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}
