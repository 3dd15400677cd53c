"""Whether a server on loopback answers itself, or sends the text on: by what it lists and by its headers.

A gateway (LiteLLM, a swapping proxy with peers, a router) has a local address and foreign models. What it says of
itself is believed; one that says nothing is taken for what its address says, and ``servers.*.local`` decides both.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from forge_lsp.core.addresses import full_name, is_off_machine, names_cloud
from forge_lsp.models.capabilities import CLOUD, remote_place
from forge_lsp.models.lazy import imported
from forge_lsp.models.network import route_to
from forge_lsp.reading import table_beside

__all__ = ["Gateway", "beyond", "marked", "place_of"]

_FRESH = 30.0
"""Seconds for which what a server said of itself holds."""
_LOOK = 3.0
"""Seconds that asking it may take."""

_HEADERS = re.compile(
    r"x-litellm-|x-portkey-|helicone-|x-openrouter-|x-bifrost-|x-kong-|cf-ray$|cf-aig-|openai-organization$"
    r"|openai-processing-ms$|anthropic-organization-id$|x-request-upstream|x-upstream"
)
_PROVIDERS = frozenset[str](table_beside(__file__, "environment.toml")["providers"])
_ELSEWHERE = re.compile(r"remote|peer|upstream|proxied", re.IGNORECASE)


def beyond(url: str) -> str:
    """The place of what a gateway sends on, where it does not say to whom."""
    return f"{url}, which sends it on"


def marked(headers: Mapping[str, str]) -> bool:
    """Whether a server's headers are those of a gateway or of a provider behind it."""
    return any(_HEADERS.match(name.lower()) for name in headers)


def place_of(url: str, name: str, headers: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> str | None:
    """Where calls to a model go beyond the server at ``url``, by its ``/v1/models`` and ``/api/tags``; None: nowhere
    that it says."""
    if marked(headers):
        return beyond(url)
    names = {name, full_name(name)}
    for row in rows:
        if names.isdisjoint(str(row.get(key)) for key in ("id", "name", "model")):
            continue
        ollama = remote_place("", row)
        if ollama is not None:
            return ollama
        if str(row.get("owned_by") or "").lower() in _PROVIDERS or _says_elsewhere(row):
            return beyond(url)
    return CLOUD if names_cloud(name) else None


def _says_elsewhere(row: Mapping[str, object], depth: int = 0) -> bool:
    """Whether a listed model is said to be another machine's (a peer, a remote), in its own fields or its notes."""
    for key, value in row.items():
        if _ELSEWHERE.search(key) and value not in (None, False, "", 0, [], {}):
            return True
        if isinstance(value, dict) and depth < 3 and _says_elsewhere(cast("Mapping[str, object]", value), depth + 1):
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    at: float
    headers: Mapping[str, str]
    rows: Sequence[Mapping[str, object]]


class Gateway:
    """What one OpenAI- or Anthropic-compatible server says of where its models run.

    ``url`` is what calls are sent to, ``listing`` where its models are listed. It is asked only where it is on
    loopback and the user has not said what it is.
    """

    def __init__(self, *, url: str, listing: str, local: bool | None, headers: Mapping[str, str] | None = None) -> None:
        self._url = url
        self._listing = listing
        self._asks = local is None and not is_off_machine(url)
        self._headers = dict(headers or {})
        self._said: _Said | None = None
        self._caught = False
        self._asking = asyncio.Lock()

    async def place(self, name: str) -> str | None:
        """Where calls to a model go beyond the server. Raises nothing: a server that is down is told by the call."""
        if not self._asks:
            return None
        if self._caught:
            return beyond(self._url)
        async with self._asking:
            if self._said is None or time.monotonic() - self._said.at >= _FRESH:
                self._said = await self._ask() or self._said
        said = self._said
        return place_of(self._url, name, said.headers if said else {}, said.rows if said else ())

    def heard(self, headers: Mapping[str, str]) -> bool:
        """Headers of an answer. True: only they show that the server is a gateway."""
        if self._asks and not self._caught and marked(headers):
            self._caught = True
            return True
        return False

    async def _ask(self) -> _Said | None:
        await imported("httpx")
        import httpx

        rows: list[Mapping[str, object]] = []
        headers: dict[str, str] = {}
        root = re.sub(r"(/v1)?/models$", "", self._listing)
        reached = False
        try:
            async with httpx.AsyncClient(timeout=_LOOK, **route_to(self._url).arguments()) as client:
                for path, key in ((self._listing, "data"), (f"{root}/api/tags", "models")):
                    answer = await client.get(path, headers=self._headers)
                    reached = True
                    headers |= dict(answer.headers)
                    rows += _rows(answer, key)
        except httpx.HTTPError:
            if not reached:
                return None
        return _Said(at=time.monotonic(), headers=headers, rows=rows)


def _rows(answer: object, key: str) -> list[Mapping[str, object]]:
    import httpx

    assert isinstance(answer, httpx.Response)
    if answer.status_code != 200:
        return []
    try:
        found: object = answer.json()
    except ValueError:
        return []
    listed = cast("Mapping[str, object]", found).get(key) if isinstance(found, dict) else None
    entries = cast("list[object]", listed) if isinstance(listed, list) else []
    return [cast("Mapping[str, object]", row) for row in entries if isinstance(row, dict)]
