"""Ollama's own wire format, through the ``ollama`` package. The only file that imports it.

Read from Ollama's sources (0.17 to 0.33) and measured on 0.17.4; what it does that one would not expect:

- A difference in ``num_ctx`` or ``num_batch`` reloads the model, so these are the same in every call of a model.
- A prompt that does not fit is cut silently, and a generation that reaches the end of the context forgets the
  prompt's beginning, unless ``truncate`` and ``shift`` are false.
- A stream may end without ``done`` (the client raises nothing then: the guard notices), and an error after the
  first chunk is a line of an HTTP 200.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from forge_lsp.domain.errors import (
    BrokenStream,
    ModelError,
    ModelFault,
    ModelMissing,
    Unauthorised,
)
from forge_lsp.domain.ports import ChatRequest, FinishReason, ModelInfo, ModelStatus, PullProgress, Usage
from forge_lsp.models.addresses import OLLAMA_PORT, is_off_machine, without_userinfo
from forge_lsp.models.faults import connection_failed, connection_lost, prompt_too_long, says_too_long, sentence
from forge_lsp.models.lazy import imported
from forge_lsp.models.prompt import plain_messages
from forge_lsp.models.wire import Busy, Chunk, Deadlines, Finished, ServerConfig, TextDelta, Waiting

if TYPE_CHECKING:
    from ollama import AsyncClient

__all__ = ["BATCH", "OllamaEndpoint", "OllamaWire"]

BATCH = 512
"""``num_batch`` of every call: tokens of a prompt that are evaluated at once."""
_FRESH = 1.0
"""Seconds for which a look at the server's lists serves all its models."""
_LOOK = 5.0
"""Seconds that a look at the server's lists may take: it makes no model call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A model in one of the server's lists; sizes in bytes."""

    size: int | None = None
    size_vram: int | None = None
    context: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lists:
    installed: Mapping[str, _Row]
    resident: Mapping[str, _Row]


class OllamaEndpoint:
    """One Ollama server: its client, made at the first use and shared by its models."""

    def __init__(self, server: ServerConfig, *, url: str, deadlines: Deadlines, key: str | None = None) -> None:
        self.server = server
        self.url = url
        self._deadlines = deadlines
        self._key = key
        self._client: AsyncClient | None = None
        self._lists: tuple[float, _Lists] | None = None
        self._looking = asyncio.Lock()

    def client(self) -> AsyncClient:
        """The client. Its deadlines other than ``connect`` are the guard's."""
        if self._client is None:
            import httpx

            self._client = _client_class()(
                self.url,
                timeout=httpx.Timeout(None, connect=self._deadlines.connect),
                headers={"authorization": f"Bearer {self._key}"} if self._key else None,
                # A redirect could lead a local call off the machine, and so could a proxy of the environment.
                follow_redirects=False,
                trust_env=is_off_machine(self.url),
            )
        return self._client

    async def lists(self) -> _Lists:
        """What is installed and what is in memory, at most ``_FRESH`` old. Raises ServerUnreachable, ModelFault."""
        await imported("ollama")
        try:
            async with asyncio.timeout(_LOOK), self._looking:
                if self._lists is None or time.monotonic() - self._lists[0] >= _FRESH:
                    lists = _Lists(installed=await self._installed(), resident=await self.resident())
                    self._lists = (time.monotonic(), lists)
                return self._lists[1]
        except TimeoutError:
            raise self.unreachable() from None

    async def _installed(self) -> Mapping[str, _Row]:
        try:
            tags = await self.client().list()
        except Exception as error:
            raise self.fault(error, "the list of models") from error
        return {_full(row.model or ""): _Row(size=row.size) for row in tags.models}

    async def resident(self) -> Mapping[str, _Row]:
        """What is in memory right now, by full name. Raises ServerUnreachable, ModelFault."""
        try:
            running = await self.client().ps()
        except Exception as error:
            raise self.fault(error, "the list of models") from error
        return {
            _full(row.model or row.name or ""): _Row(size=row.size, size_vram=row.size_vram, context=row.context_length)
            for row in running.models
        }

    def unreachable(self) -> ModelError:
        """Nothing answers here."""
        shown = without_userinfo(self.url)
        remedy = f"check the url of servers.{self.server.key}"
        if not is_off_machine(self.url):
            remedy = f"start it with `{self.command('serve')}`, or {remedy}"
        return connection_failed(self.server.key, shown, remedy=remedy)

    def command(self, words: str) -> str:
        """The ``ollama`` command line that reaches this server."""
        usual = {f"http://127.0.0.1:{OLLAMA_PORT}", f"http://localhost:{OLLAMA_PORT}"}
        shown = without_userinfo(self.url)
        return f"ollama {words}" if shown in usual else f"OLLAMA_HOST={shown} ollama {words}"

    def missing(self, name: str) -> ModelMissing:
        """The server does not have the model."""
        return ModelMissing(
            f"The Ollama server {self.server.key} does not have the model {name}.", remedy=self.command(f"pull {name}")
        )

    def fault(self, error: Exception, name: str, *, context: int = 0) -> ModelError:
        """Any failure of the client, as one of our errors. ``name`` is the model's."""
        import httpx
        import ollama

        if isinstance(error, ModelError):
            return error
        if isinstance(error, ollama.ResponseError):
            return self._refusal(error.status_code, sentence(error.error, secret=self._key), name, context)
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError)):
            return self.unreachable()
        if isinstance(error, httpx.TransportError):
            return connection_lost(f"the Ollama server {self.server.key}", name)
        if isinstance(error, (ValueError, TypeError, AttributeError, KeyError)):
            # The client parses each line without looking whether it is Ollama's.
            return ModelFault(f"What answers at {without_userinfo(self.url)} does not speak Ollama's language.")
        raise error

    def _refusal(self, status: int, words: str, name: str, context: int) -> ModelError:
        place = f"the Ollama server {self.server.key}"
        match status:
            case 404:
                return self.missing(name)
            case 401 | 403:
                return Unauthorised(f"The key was refused by {place}.", remedy=_key_remedy(self.server))
            case 429 | 503:
                return Busy(f"No place is free on {place}: {words}")
            case 499:
                return BrokenStream(f"The call to {name} was given up by {place}.")
            case _ if says_too_long(words):
                return prompt_too_long(name, context)
            case _:
                return ModelFault(f"{name} failed on {place}: {words}")

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


class OllamaWire:
    """One model on an Ollama server (see :class:`~forge_lsp.models.wire.Wire`)."""

    batches = False

    def __init__(self, *, info: ModelInfo, endpoint: OllamaEndpoint) -> None:
        self._info = info
        self._endpoint = endpoint
        self._options: Mapping[str, object] = {"num_ctx": info.context, "num_batch": BATCH}
        self._thinks: bool | None = None

    @property
    def info(self) -> ModelInfo:
        return self._info

    async def load(self) -> None:
        await imported("ollama")
        row = (await self._endpoint.resident()).get(_full(self._info.name))
        if row is not None and row.context in (None, self._info.context):
            return
        # Empty messages load and answer nothing. It is streamed, so that closing it is noticed.
        async for _ in self._chat([], self._options):
            pass

    async def unload(self) -> None:
        """Take the model out of memory once it is idle; see :class:`~forge_lsp.models.wire.Unloads`."""
        await imported("ollama")
        if _full(self._info.name) not in await self._endpoint.resident():
            return  # to ask would load it
        async for _ in self._chat([], self._options, keep_alive=0):
            pass

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        messages = plain_messages(request)
        options = {**self._options, "temperature": request.temperature, "num_predict": request.max_tokens}
        if request.seed is not None:
            options["seed"] = request.seed
        if request.stop:
            options["stop"] = list(request.stop)
        # A model thinks by default, which a schema and a bounded answer leave no room for. One that cannot think
        # refuses the parameter.
        think = False if request.schema is not None and await self._can_think() else None
        async with aclosing(self._chat(messages, options, schema=request.schema, think=think)) as parts:
            async for part in parts:
                if part.message.content or part.message.thinking:
                    yield TextDelta(index=0, text=part.message.content or "")
                elif not part.done:
                    yield Waiting()
                if part.done:
                    yield self._finished(part)
                    return

    def _finished(self, part: Any) -> Finished:
        prompt = int(part.prompt_eval_count or 0)
        if prompt >= self._info.context:
            # A server that does not know ``truncate`` has cut the prompt to exactly the context.
            raise prompt_too_long(self._info.name, self._info.context)
        return Finished(
            index=0,
            reason=FinishReason.LENGTH if part.done_reason == "length" else FinishReason.STOP,
            usage=Usage(input_tokens=prompt, output_tokens=int(part.eval_count or 0)),
            load_seconds=(part.load_duration or 0) / 1e9,
        )

    async def _chat(
        self,
        messages: list[dict[str, str]],
        options: Mapping[str, object],
        *,
        schema: Mapping[str, object] | None = None,
        think: bool | None = None,
        keep_alive: float | str | None = None,
    ) -> AsyncGenerator[Any, None]:
        try:
            # The client's types know neither an empty list of options nor a schema that is any mapping.
            client: Any = self._endpoint.client()
            answer = cast(
                "AsyncGenerator[Any, None]",
                await client.chat(
                    model=self._info.name,
                    messages=messages,
                    stream=True,
                    options=options,
                    format=dict(schema) if schema is not None else None,
                    think=think,
                    keep_alive=self._endpoint.server.keep_alive if keep_alive is None else keep_alive,
                ),
            )
            async with aclosing(answer) as parts:
                async for part in parts:
                    yield part
        except Exception as error:
            raise self._endpoint.fault(error, self._info.name, context=self._info.context) from error

    async def _can_think(self) -> bool:
        if self._thinks is None:
            try:
                shown = await self._endpoint.client().show(self._info.name)
            except Exception as error:
                raise self._endpoint.fault(error, self._info.name) from error
            self._thinks = "thinking" in (shown.capabilities or ())
        return self._thinks

    async def status(self) -> ModelStatus:
        lists = await self._endpoint.lists()
        name = _full(self._info.name)
        installed, resident = lists.installed.get(name), lists.resident.get(name)
        missing = None if installed else self._endpoint.missing(self._info.name)
        return ModelStatus(
            info=self._info,
            installed=installed is not None,
            resident=resident is not None,
            size=(resident or installed or _Row()).size,
            size_vram=resident.size_vram if resident else None,
            problem=str(missing) if missing else None,
            remedy=missing.remedy if missing else None,
        )

    async def pull(self) -> AsyncGenerator[PullProgress, None]:
        name = self._info.name
        done = False
        await imported("ollama")
        try:
            answer = cast("AsyncGenerator[Any, None]", await self._endpoint.client().pull(name, stream=True))
            async with aclosing(answer) as parts:
                async for part in parts:
                    done = done or part.status == "success"
                    yield PullProgress(status=part.status or "", completed=part.completed or 0, total=part.total or 0)
        except Exception as error:
            fault = self._endpoint.fault(error, name)
            if isinstance(fault, ModelFault):
                raise ModelFault(
                    f"{name} could not be pulled by the Ollama server {self._endpoint.server.key}: "
                    f"{sentence(getattr(error, 'error', error))}",
                    remedy=f"check the name and the server's network, then `{self._endpoint.command(f'pull {name}')}`",
                ) from error
            raise fault from error
        if not done:
            raise BrokenStream(
                f"The pull of {name} stopped before its end.", remedy=self._endpoint.command(f"pull {name}")
            )

    async def aclose(self) -> None:
        await self._endpoint.aclose()


def _full(name: str) -> str:
    """Ollama's own full form of a model's name: the tag is ``latest`` unless said."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _key_remedy(server: ServerConfig) -> str:
    if server.key_env:
        return f"set a valid key in {server.key_env}"
    return f"name the variable that holds the key as servers.{server.key}.key_env"


def _client_class() -> type[AsyncClient]:
    """The client, sending two parameters of ``/api/chat`` that its ``chat`` has no arguments for.

    Should a later version not come by ``_request`` any more, they are not sent, and a cut prompt is still noticed
    by its count of tokens.
    """
    import ollama

    class Client(ollama.AsyncClient):
        async def _request(self, cls: Any, *args: Any, stream: bool = False, **kwargs: Any) -> Any:
            if args[1:] == ("/api/chat",) and isinstance(kwargs.get("json"), dict):
                kwargs["json"] |= {"truncate": False, "shift": False}
            return await super()._request(cls, *args, stream=stream, **kwargs)  # type: ignore[reportUnknownMemberType]  # untyped arguments

    return Client
