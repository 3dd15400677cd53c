"""What every request passes before the application sees it: Host, Origin, token, rate, size. Plain ASGI, so that a
body is refused before it is parsed, and a client that vanishes is still noticed by who waits for it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fastapi.responses import Response

from forge_lsp.http.access import Access
from forge_lsp.http.bucket import Bucket
from forge_lsp.http.problems import problem
from forge_lsp.reading import table_beside

__all__ = ["API", "RequestGuard", "RequestLimits"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

API = "/api/"
_HEADERS: Mapping[str, str] = table_beside(__file__, "headers.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """``body`` bytes a request may have, and ``body_seconds`` to send it; ``rate`` requests a second on average,
    ``burst`` at once."""

    body: int = 1 << 20
    body_seconds: float = 30.0
    rate: float = 50.0
    burst: int = 300


class _TooLarge(Exception):
    pass


class RequestGuard:
    """Wraps an ASGI application. What lies under ``/api/`` needs the token; the rest is the same for everybody."""

    def __init__(self, app: Application, *, access: Access, limits: RequestLimits) -> None:
        self._app = app
        self._access = access
        self._limits = limits
        self._bucket = Bucket(rate=limits.rate, burst=limits.burst)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {bytes(name).lower() for name, _ in message["headers"]}
                more = [(key.encode(), value.encode()) for key, value in _HEADERS.items() if key.encode() not in given]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            try:
                async with asyncio.timeout(self._limits.body_seconds):
                    body = await self._body(scope, receive)
            except _TooLarge:
                refusal = problem(413, f"the body is larger than {self._limits.body} bytes")
            except TimeoutError:
                refusal = problem(408, f"the body did not arrive within {self._limits.body_seconds:g} seconds")
            else:
                if body is not None:
                    await self._app(scope, _replay(body, receive), hardened)
                return
        await refusal(scope, receive, hardened)

    def _refusal(self, scope: MutableMapping[str, Any]) -> Response | None:
        hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
        if len(hosts) != 1 or not self._access.allows_host(hosts[0]):
            return problem(403, "the Host header is not an address of this server")
        if len(origins) > 1 or not self._access.allows_origin(origins[0] if origins else None, hosts[0]):
            return problem(403, "requests of other sites' pages are refused")
        if not str(scope["path"]).startswith(API):
            return None
        tokens = _values(scope, b"authorization")
        if not self._access.allows_token(tokens[0] if len(tokens) == 1 else None):
            return problem(
                401,
                "a bearer token is needed",
                remedy="send `Authorization: Bearer TOKEN`; the token is FORGE_HTTP_TOKEN's, "
                "else that of the file http-token in the state folder",
                headers={"WWW-Authenticate": 'Bearer realm="forge-lsp"'},
            )
        if wait := self._bucket.take():
            return problem(429, "too many requests", headers={"Retry-After": str(math.ceil(wait))})
        return None

    async def _body(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes | None:
        """The whole body; None: the client went away. Raises _TooLarge, once the client had a chance to send the
        rest: many do not read an answer before."""
        limit = self._limits.body
        declared = _values(scope, b"content-length")
        too_large = bool(declared) and (not declared[0].isdecimal() or int(declared[0][:18]) > limit)
        chunks: list[bytes] = []
        size = 0
        while True:
            try:
                async with asyncio.timeout(1.0 if too_large else None):
                    message = await receive()
            except TimeoutError:
                if too_large:
                    raise _TooLarge from None
                raise
            if message["type"] == "http.disconnect":
                return None
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                too_large = True
                chunks.clear()
            if not too_large:
                chunks.append(chunk)
            if not message.get("more_body", False) or size > 16 * limit:
                if too_large:
                    raise _TooLarge
                return b"".join(chunks)


def _values(scope: MutableMapping[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that tells a body that was read already; what comes after it is the client's going away."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
