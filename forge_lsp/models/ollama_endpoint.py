"""One Ollama server over HTTP: its connections, its lists, what its models can do, and what its failures mean.

The ``ollama`` package is not used: it drops the fields that tell a cloud model (``remote_host``), has no arguments
for ``truncate`` and ``shift``, and its import builds a client from the environment's proxies and certificates.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from forge_lsp.domain.addresses import OLLAMA_PORT, is_off_machine
from forge_lsp.domain.errors import BrokenStream, ModelError, ModelFault, ModelMissing, Unauthorised
from forge_lsp.models.capabilities import Capabilities, from_show, remote_place
from forge_lsp.models.faults import connection_failed, connection_lost, prompt_too_long, says_too_long, sentence
from forge_lsp.models.lazy import imported
from forge_lsp.models.network import Route, route_to
from forge_lsp.models.wire import Busy, Deadlines, ServerConfig

if TYPE_CHECKING:
    import httpx

__all__ = ["Lists", "OllamaEndpoint", "Row", "full_name"]

_FRESH = 1.0
"""Seconds for which a look at the server's lists serves all its models."""
_LOOK = 5.0
"""Seconds that a look at the server's lists may take: it makes no model call."""
_SHOWS = 4
"""Descriptions of models that are asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A model in one of the server's lists; sizes in bytes. ``place``: where the server sends its calls on to."""

    size: int | None = None
    size_vram: int | None = None
    context: int | None = None
    digest: str = ""
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """What a server has, by full name: on its disk, and in memory."""

    installed: Mapping[str, Row]
    resident: Mapping[str, Row]


class _Refusal(Exception):
    """The server says no: an HTTP status (-1: in the middle of a stream) and its words."""

    def __init__(self, *, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class OllamaEndpoint:
    """One Ollama server: its client, made at the first use and shared by its models."""

    def __init__(
        self,
        server: ServerConfig,
        *,
        url: str,
        deadlines: Deadlines,
        key: str | None = None,
        auth: tuple[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.server = server
        self.url = url
        self._deadlines = deadlines
        self._key = key
        self._auth = auth
        self._environ = environ
        self._route = Route()
        self._client: httpx.AsyncClient | None = None
        self._lists: tuple[float, Lists] | None = None
        self._looking = asyncio.Lock()
        self._shown: dict[tuple[str, str], Capabilities] = {}
        self._showing = asyncio.Semaphore(_SHOWS)

    async def _http(self) -> httpx.AsyncClient:
        """The client. Its deadlines other than ``connect`` are the guard's. Raises ServerUnreachable."""
        await imported("httpx")
        if self._client is None:
            import httpx

            self._route = route_to(self.url, self._environ)
            headers = {"accept": "application/json"}
            if self._key:
                headers["authorization"] = f"Bearer {self._key}"
            self._client = httpx.AsyncClient(
                base_url=self.url,
                timeout=httpx.Timeout(None, connect=self._deadlines.connect),
                headers=headers,
                auth=None if self._key or self._auth is None else httpx.BasicAuth(*self._auth),
                **self._route.arguments(),
            )
        return self._client

    # ------------------------------------------------------------------ requests

    async def ask(self, path: str, body: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        """A JSON object by GET, or by POST of ``body``. Raises what :meth:`fault` understands."""
        client = await self._http()
        answer = await (client.get(path) if body is None else client.post(path, json=body))
        if answer.status_code != 200:
            raise _Refusal(status=answer.status_code, words=_words(answer.text))
        return _object(answer.content)

    async def lines(self, path: str, body: Mapping[str, object]) -> AsyncGenerator[Mapping[str, Any], None]:
        """The JSON objects of a stream, as they come. To close it closes the connection."""
        client = await self._http()
        async with client.stream("POST", path, json=body) as answer:
            if answer.status_code != 200:
                raise _Refusal(status=answer.status_code, words=_words((await answer.aread()).decode(errors="replace")))
            rest = b""
            async for piece in answer.aiter_bytes():
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield _line(line)
            if rest.strip():
                yield _line(rest)

    async def lists(self, *, fresh: bool = False) -> Lists:
        """What is installed and what is in memory, at most ``_FRESH`` old, or as it is now. Raises ServerUnreachable,
        ModelFault."""
        asked = time.monotonic()
        try:
            async with asyncio.timeout(_LOOK), self._looking:
                oldest = asked if fresh else time.monotonic() - _FRESH
                if self._lists is None or self._lists[0] <= oldest:
                    began = time.monotonic()
                    lists = Lists(installed=await self._rows("/api/tags"), resident=await self.resident())
                    self._lists = (began, lists)
                return self._lists[1]
        except TimeoutError:
            raise self.unreachable() from None

    async def resident(self) -> Mapping[str, Row]:
        """What is in memory right now, by full name. Raises ServerUnreachable, ModelFault."""
        return await self._rows("/api/ps")

    async def _rows(self, path: str) -> Mapping[str, Row]:
        try:
            rows = cast("list[Mapping[str, Any]]", (await self.ask(path)).get("models") or [])
            return {full_name(str(row.get("model") or row.get("name") or "")): _row(row) for row in rows}
        except Exception as error:
            if isinstance(error, _Refusal) and error.status == 404:  # every Ollama has its lists
                raise self._stranger() from error
            raise self.fault(error, "the list of models") from error

    async def capabilities(self, name: str, *, fresh: bool = False) -> Capabilities:
        """What a model can do, asked once for each digest; ``fresh``: where it runs is looked up now.

        A model that the server sends on is not asked about: even that would leave the machine. Raises ModelError.
        """
        row = (await self.lists(fresh=fresh)).installed.get(full_name(name))
        place = self.place(name, row)
        if place is not None:
            return Capabilities(place=place)
        if row is None:
            return Capabilities()
        known = self._shown.get((name, row.digest))
        if known is None:
            try:
                async with asyncio.timeout(_LOOK), self._showing:
                    known = from_show(name, await self.ask("/api/show", {"model": name}))
            except TimeoutError:
                raise self.unreachable() from None
            except Exception as error:
                fault = self.fault(error, name)
                if not isinstance(fault, ModelFault):
                    raise fault from error
                known = Capabilities()  # a server that cannot describe its models may still run them
            self._shown[(name, row.digest)] = known
        return known

    def place(self, name: str, row: Row | None) -> str | None:
        """Where a model's calls go beyond this server; None: nowhere. A name with an own tag ``cloud`` is sent on
        whether or not it is listed."""
        return row.place if row is not None and row.place is not None else remote_place(name, {})

    # ------------------------------------------------------------------ failures

    def unreachable(self) -> ModelError:
        """Nothing answers here."""
        remedy = f"check the url of servers.{self.server.key}"
        if not is_off_machine(self.url):
            remedy = f"start it with `{self.command('serve')}`, or {remedy}"
        return connection_failed(self.server.key, self.url, remedy=remedy, told=self._route.told)

    def command(self, words: str) -> str:
        """The ``ollama`` command line that reaches this server."""
        usual = {f"http://127.0.0.1:{OLLAMA_PORT}", f"http://localhost:{OLLAMA_PORT}"}
        return f"ollama {words}" if self.url in usual else f"OLLAMA_HOST={self.url} ollama {words}"

    def missing(self, name: str) -> ModelMissing:
        """The server does not have the model."""
        return ModelMissing(
            f"The Ollama server {self.server.key} does not have the model {name}.", remedy=self.command(f"pull {name}")
        )

    def fault(self, error: Exception, name: str, *, context: int = 0) -> ModelError:
        """Any failure of a request, as one of our errors. ``name`` is the model's."""
        import httpx

        if isinstance(error, ModelError):
            return error
        if isinstance(error, _Refusal):
            return self._refusal(error.status, self._said(error.words), name, context)
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, ConnectionError)):
            return self.unreachable()
        if isinstance(error, httpx.TransportError):
            return connection_lost(f"the Ollama server {self.server.key}", name)
        if isinstance(error, (ValueError, TypeError, AttributeError, KeyError, httpx.HTTPError, httpx.InvalidURL)):
            return self._stranger()
        raise error

    def _stranger(self) -> ModelFault:
        return ModelFault(f"What answers at {self.url} does not speak Ollama's language.")

    def could_not_pull(self, error: ModelFault, name: str) -> ModelFault:
        """A pull that the server gave up, with its own words."""
        cause = error.__cause__
        words = self._said(cause.words) if isinstance(cause, _Refusal) else str(error)
        return ModelFault(
            f"{name} could not be pulled by the Ollama server {self.server.key}: {words}",
            remedy=f"check the name and the server's network, then `{self.command(f'pull {name}')}`",
        )

    def _said(self, words: str) -> str:
        said = sentence(words, secret=self._key)
        return sentence(said, secret=self._auth[1]) if self._auth is not None else said

    def _refusal(self, status: int, words: str, name: str, context: int) -> ModelError:
        place = f"the Ollama server {self.server.key}"
        match status:
            case 404:
                return self.missing(name)
            case 401 | 403:
                what = "user and password were" if self._auth is not None and not self._key else "key was"
                return Unauthorised(f"The {what} refused by {place}.", remedy=self._key_remedy())
            case 407:
                return ModelFault(f"The proxy refused the call to {place} ({self._route.told}): {words}")
            case 429 | 503:
                return Busy(f"No place is free on {place}: {words}")
            case 499:
                return BrokenStream(f"The call to {name} was given up by {place}.")
            case _ if says_too_long(words):
                return prompt_too_long(name, context)
            case _:
                return ModelFault(f"{name} failed on {place}: {words}")

    def _key_remedy(self) -> str:
        server = self.server
        if server.key_env:
            return f"set a valid key in {server.key_env}"
        return (
            f"name the variable that holds the key as servers.{server.key}.key_env, or write user:password@ in its url"
        )

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def full_name(name: str) -> str:
    """Ollama's own full form of a model's name: the tag is ``latest`` unless said."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _row(row: Mapping[str, Any]) -> Row:
    name = str(row.get("model") or row.get("name") or "")

    def number(key: str) -> int | None:
        value = row.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    found = Row(size=number("size"), size_vram=number("size_vram"), context=number("context_length"))
    return replace(found, digest=str(row.get("digest") or ""), place=remote_place(name, row))


def _object(content: bytes) -> Mapping[str, Any]:
    found: object = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # what answers is no Ollama: fault() says so
    return cast("Mapping[str, Any]", found)


def _line(line: bytes) -> Mapping[str, Any]:
    found = _object(line)
    if found.get("error"):
        raise _Refusal(status=-1, words=str(found["error"]))
    return found


def _words(text: str) -> str:
    """The server's own words of an error's body."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return text
    error = cast("Mapping[str, object]", found).get("error") if isinstance(found, dict) else None
    return str(error) if error else text
