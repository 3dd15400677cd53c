"""One Ollama server: its connections, its lists, what its models can do, and what its failures mean.

The list of installed models and their descriptions are asked for without the package: it drops the fields that tell
a cloud model (``remote_host``, ``remote_model``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, cast

from forge_lsp.core.addresses import OLLAMA_PORT, full_name, is_off_machine
from forge_lsp.core.errors import BrokenStream, ModelError, ModelFault, ModelMissing, Unauthorised
from forge_lsp.models.capabilities import Capabilities, LearntCapabilities, from_show, remote_place
from forge_lsp.models.faults import connection_failed, connection_lost, prompt_too_long, says_too_long, sentence
from forge_lsp.models.known import KnownModels
from forge_lsp.models.network import Route, route_to
from forge_lsp.models.ollama_sdk import OllamaClient, OllamaRefusal, imported_sdk
from forge_lsp.models.wire import Busy, Deadlines, ServerConfig

__all__ = ["ListedModel", "ModelLists", "OllamaEndpoint"]

_FRESH = 1.0
"""Seconds for which a look at the server's lists serves all its models."""
_LOOK = 5.0
"""Seconds that a look at the server's lists may take: it makes no model call."""
_SHOWS = 4
"""Descriptions of models that are asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model in one of the server's lists; sizes in bytes. ``place``: where the server sends its calls on to."""

    size: int | None = None
    size_vram: int | None = None
    context: int | None = None
    digest: str = ""
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLists:
    """What a server has, by full name: on its disk, and in memory."""

    installed: Mapping[str, ListedModel]
    resident: Mapping[str, ListedModel]


@dataclass(eq=False, repr=False)
class OllamaEndpoint:
    """One Ollama server: its client, made at the first use and shared by its models."""

    server: ServerConfig
    _: KW_ONLY
    url: str
    deadlines: Deadlines
    key: str | None = None
    auth: tuple[str, str] | None = None
    environ: Mapping[str, str] | None = None
    known: KnownModels | None = None

    def __post_init__(self) -> None:
        self._route = Route()
        self._client: OllamaClient | None = None
        self._lists: tuple[float, ModelLists] | None = None
        self._looking = asyncio.Lock()
        self._shown: dict[tuple[str, str], Capabilities] = {}
        self._showing = asyncio.Semaphore(_SHOWS)
        self._kept = self.known or KnownModels(None)

    async def client(self) -> OllamaClient:
        """The client. Its deadlines other than ``connect`` are the guard's. Raises ServerUnreachable."""
        await imported_sdk()
        if self._client is None:
            self._route = route_to(self.url, self.environ)
            self._client = OllamaClient(
                url=self.url, connect=self.deadlines.connect, key=self.key, auth=self.auth, route=self._route
            )
        return self._client

    # ------------------------------------------------------------------ lists

    async def lists(self, *, fresh: bool = False) -> ModelLists:
        """What is installed and what is in memory, at most ``_FRESH`` old, or as it is now. Raises ServerUnreachable,
        ModelFault."""
        asked = time.monotonic()
        try:
            async with asyncio.timeout(_LOOK), self._looking:
                oldest = asked if fresh else time.monotonic() - _FRESH
                if self._lists is None or self._lists[0] <= oldest:
                    began = time.monotonic()
                    lists = ModelLists(installed=await self._installed(), resident=await self.resident())
                    self._lists = (began, lists)
                return self._lists[1]
        except TimeoutError:
            raise self.unreachable() from None

    async def _installed(self) -> Mapping[str, ListedModel]:
        try:
            # Not by the package's ``list``, which drops where a cloud model's calls are sent on to.
            rows = cast("list[Mapping[str, Any]]", (await (await self.client()).ask("/api/tags")).get("models") or [])
            return {full_name(str(row.get("model") or row.get("name") or "")): _row(row) for row in rows}
        except Exception as error:
            raise self._unlisted(error) from error

    async def resident(self) -> Mapping[str, ListedModel]:
        """What is in memory right now, by full name. Raises ServerUnreachable, ModelFault."""
        try:
            return {
                full_name(row.model or row.name or ""): ListedModel(
                    size=row.size, size_vram=row.size_vram, context=row.context_length, digest=row.digest or ""
                )
                for row in (await (await self.client()).resident()).models
            }
        except Exception as error:
            raise self._unlisted(error) from error

    def _unlisted(self, error: Exception) -> ModelError:
        if isinstance(error, OllamaRefusal) and error.status == 404:  # every Ollama has its lists
            return self._stranger()
        return self.fault(error, "the list of models")

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
        known = self._shown.get((name, row.digest)) or await self._kept.get(row.digest)
        if known is None:
            try:
                async with asyncio.timeout(_LOOK), self._showing:
                    known = from_show(name, await (await self.client()).ask("/api/show", {"model": name}))
                known = replace(known, size=row.size or 0)
                self._kept.put(row.digest, name, known)
            except TimeoutError:
                raise self.unreachable() from None
            except Exception as error:
                fault = self.fault(error, name)
                if not isinstance(fault, ModelFault):
                    raise fault from error
                known = Capabilities()  # a server that cannot describe its models may still run them
        self._shown[(name, row.digest)] = known
        return known

    def keep(self, name: str, learnt: LearntCapabilities) -> None:
        """Remember what the answers of a model have shown, for this process and those after it."""
        for (shown, digest), able in list(self._shown.items()):
            if shown == name and (self._lists is None or self._digest(name) == digest):
                self._shown[(shown, digest)] = after = replace(able, learnt=learnt)
                self._kept.put(digest, name, after)

    def _digest(self, name: str) -> str:
        row = self._lists[1].installed.get(full_name(name)) if self._lists is not None else None
        return row.digest if row is not None else ""

    def place(self, name: str, row: ListedModel | None) -> str | None:
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
        if isinstance(error, OllamaRefusal):
            return self._refusal(error.status, self._said(error.words), name, context)
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, ConnectionError)):
            return self.unreachable()
        if isinstance(error, httpx.TransportError):
            return connection_lost(f"the Ollama server {self.server.key}", name)
        if isinstance(error, (ValueError, TypeError, AttributeError, KeyError, httpx.HTTPError, httpx.InvalidURL)):
            return self._stranger()
        raise error

    def _stranger(self) -> ModelFault:
        return ModelFault(f"What answers at {self.url} does not speak Ollama's protocol.")

    def could_not_pull(self, error: ModelFault, name: str) -> ModelFault:
        """A pull that the server gave up, with its own words."""
        cause = error.__cause__
        words = self._said(cause.words) if isinstance(cause, OllamaRefusal) else str(error)
        return ModelFault(
            f"{name} could not be pulled by the Ollama server {self.server.key}: {words}",
            remedy=f"check the name and the server's network, then `{self.command(f'pull {name}')}`",
        )

    def _said(self, words: str) -> str:
        said = sentence(words, secret=self.key)
        return sentence(said, secret=self.auth[1]) if self.auth is not None else said

    def _refusal(self, status: int, words: str, name: str, context: int) -> ModelError:
        place = f"the Ollama server {self.server.key}"
        match status:
            case 404:
                return self.missing(name)
            case 401 | 403:
                what = "user and password were" if self.auth is not None and not self.key else "key was"
                return Unauthorised(f"The {what} refused by {place}.", remedy=self._key_remedy())
            case 407:
                return ModelFault(f"The proxy refused the call to {place} ({self._route.told}): {words}")
            case 429 | 503:
                return Busy(f"No capacity is free on {place}: {words}")
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


def _row(row: Mapping[str, Any]) -> ListedModel:
    name = str(row.get("model") or row.get("name") or "")

    def number(key: str) -> int | None:
        value = row.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    found = ListedModel(size=number("size"), size_vram=number("size_vram"), context=number("context_length"))
    return replace(found, digest=str(row.get("digest") or ""), place=remote_place(name, row))
