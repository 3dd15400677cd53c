"""All models of the settings: made from configs, built at their first use."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, assert_never
from urllib.parse import urlsplit

from forge_lsp.core.addresses import Address, is_off_machine, ollama_address, web_address
from forge_lsp.core.errors import ForgeError, ModelError, ServerUnreachable
from forge_lsp.core.ports import ModelInfo, ModelStatus, PullProgress, StandIns
from forge_lsp.models.absent import AbsentWire
from forge_lsp.models.embedded_weights import INSTALL
from forge_lsp.models.families import families, family_of
from forge_lsp.models.gateways import beyond
from forge_lsp.models.guard import GuardedModel
from forge_lsp.models.known import KnownModels
from forge_lsp.models.slots import RetryPolicy, ServerSlots
from forge_lsp.models.thinking import ThinkingPreference
from forge_lsp.models.wire import Deadlines, ModelConfig, SelfDescribingWire, ServerConfig, ServerKind, Wire

if TYPE_CHECKING:
    from forge_lsp.models.ollama_endpoint import OllamaEndpoint

__all__ = ["Directory", "server_address", "server_url"]

_FRESH = 3.0
"""Seconds for which the answer of ``unavailable`` holds."""
_PACKAGES = {
    ServerKind.OLLAMA: ("httpx", "pip install httpx"),
    ServerKind.OPENAI: ("openai", "pip install openai"),
    ServerKind.ANTHROPIC: ("anthropic", "pip install anthropic"),
    ServerKind.EMBEDDED: ("xllamacpp", INSTALL),
}
_ANTHROPIC = "https://api.anthropic.com"
_OPENAI = "https://api.openai.com/v1"


_VARIABLES = {
    ServerKind.OLLAMA: "OLLAMA_HOST",
    ServerKind.ANTHROPIC: "ANTHROPIC_BASE_URL",
    ServerKind.OPENAI: "OPENAI_BASE_URL",
}


def server_address(server: ServerConfig, environ: Mapping[str, str]) -> Address | None:
    """Where calls to ``server`` go: its own ``url``, else its kind's variable, else its kind's default. None:
    nowhere (embedded). What is wrong with the text is told with the setting or the variable that holds it."""
    if server.kind is ServerKind.EMBEDDED:
        return None
    variable = _VARIABLES[server.kind]
    text = server.url or environ.get(variable)
    match server.kind:
        case ServerKind.OLLAMA:
            found = ollama_address(text)
        case ServerKind.ANTHROPIC:
            found = web_address(text or _ANTHROPIC)
            found = replace(found, url=found.url.removesuffix("/v1"))  # the SDK adds it itself
        case ServerKind.OPENAI:
            found = web_address(text or _OPENAI)
            bare = found.url and "/" not in found.url.partition("://")[2]
            found = replace(found, url=f"{found.url}/v1") if bare else found
        case _:
            assert_never(server.kind)
    if found.problem is None:
        return found
    where = f"servers.{server.key}.url" if server.url else variable
    return replace(found, problem=f"{where} is not an address: {found.problem}.", setting=where)


def server_url(server: ServerConfig, environ: Mapping[str, str]) -> str | None:
    """The URL of :func:`server_address`; empty where its text is no address."""
    found = server_address(server, environ)
    return found.url if found is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Availability:
    at: float
    problem: ForgeError | None
    unreachable: ServerUnreachable | None


class Directory:
    """See :class:`forge_lsp.core.ports.ModelDirectory`.

    Costs nothing to make: no SDK is imported and no connection opened before a model is used. ``environ`` holds the
    keys and the default addresses; what is learnt of models is kept in the folder ``state`` (None: it is not kept).
    Raises ValueError for a model whose server is not among ``servers``, which the settings have ruled out.
    """

    def __init__(
        self,
        *,
        servers: Sequence[ServerConfig],
        models: Sequence[ModelConfig],
        deadlines: Deadlines | None = None,
        policy: RetryPolicy | None = None,
        environ: Mapping[str, str] | None = None,
        state: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = {server.key: server for server in servers}
        self._models = {model.key: model for model in models}
        for model in models:
            if model.server not in self._servers:
                raise ValueError(f"models.{model.key}.server: there is no servers.{model.server}")
        self._deadlines = deadlines or Deadlines()
        self._policy = policy or RetryPolicy()
        self._environ = os.environ if environ is None else environ
        self._clock = clock
        self._slots: dict[str, ServerSlots] = {}
        self._endpoints: dict[str, Callable[[ModelInfo, ModelConfig], Wire]] = {}
        self._guarded: dict[str, GuardedModel] = {}
        self._known: dict[str, _Availability] = {}
        self._kept = KnownModels(state)
        self._ollama: dict[str, OllamaEndpoint] = {}
        self._spare: dict[str, ModelConfig] = {}

    def info(self, key: str) -> ModelInfo:
        """What the ensemble may know of a model, as far as it is known now. Raises KeyError."""
        if key in self._guarded:
            return self._guarded[key].info
        model = self._config(key)
        server = self._servers[model.server]
        family = family_of(model.name)
        url = server_url(server, self._environ)
        away = url is not None and server.local is not True and (server.local is False or is_off_machine(url))
        info = ModelInfo(
            key=model.key,
            name=model.name,
            server=server.key,
            provider=str(server.kind),
            context=model.context,
            paid=server.paid,
            off_machine=away,
            toy=server.kind is ServerKind.EMBEDDED and _weights(model) is None,
            priced=model.priced,
            family=family.maker,
            codes=family.coder,
        )
        gateway = url and server.local is False and not is_off_machine(url)
        return info.sent_on(beyond(url)) if url and gateway else info

    async def learn(self, seconds: float = 3.0) -> None:
        """Ask the servers where their models run and what they can do, so that :meth:`info` knows; no text is sent.

        A server that is down, or says nothing for so long, is left as it is: the calls will tell. A paid one, whose
        calls need consent in any case, is not asked before that.
        """
        models = [self.get(key) for key in self._models]
        wires = [model.wire for model in models if not model.info.paid]

        async def learn(wire: SelfDescribingWire) -> None:
            with contextlib.suppress(ModelError, TimeoutError):
                async with asyncio.timeout(seconds):
                    await wire.learn()

        async with asyncio.TaskGroup() as group:
            for wire in wires:
                if isinstance(wire, SelfDescribingWire):
                    group.create_task(learn(wire))

    def address(self, key: str) -> str:
        """Where a model's calls go, for the question to the user; ``this machine`` for the embedded one."""
        url = server_url(self._servers[self._models[key].server], self._environ)
        return "this machine" if url is None else url or "an address that is none"

    def get(self, key: str) -> GuardedModel:
        """The model of that settings key. Raises KeyError."""
        guarded = self._guarded.get(key)
        if guarded is None:
            config = self._config(key)
            server = self._servers[config.server]
            wire = self._wire(config, server)
            guarded = GuardedModel(wire, slots=self._slots_of(server), deadlines=self._deadlines)
            self._guarded[key] = guarded
        return guarded

    async def stand_ins(self) -> StandIns:
        """See :meth:`forge_lsp.core.ports.ModelDirectory.stand_ins`."""
        from forge_lsp.models.spares import spare_models

        named = [self.get(key).info for key in self._models]
        for endpoint in list(self._ollama.values()):
            server = endpoint.server
            if server.paid or server.local is False or is_off_machine(endpoint.url):
                continue
            here = [model for model in self._models.values() if model.server == server.key]
            for model in await spare_models(endpoint, here, {*self._models, *self._spare}):
                self._spare[model.key] = model
        infos = [*named, *(self.get(key).info for key in self._spare)]
        suggestion = families().suggestion([info.name for info in infos])
        command = f"ollama pull {suggestion}"
        for endpoint in self._ollama.values():
            command = endpoint.command(f"pull {suggestion}")
            break
        return StandIns(models=tuple(info for info in infos if info.chats), remedy=f"fetch another one: `{command}`")

    def _config(self, key: str) -> ModelConfig:
        return self._models[key] if key in self._models else self._spare[key]

    async def load(self, key: str) -> float:
        """Bring a model into memory; seconds it took. Raises KeyError, ModelError."""
        return await self.get(key).load()

    async def unload(self, key: str) -> None:
        """Take a model out of memory, where its server can. Raises KeyError, ModelError."""
        await self.get(key).unload()

    async def unavailable(self, key: str) -> ForgeError | None:
        """Why a call cannot succeed now; None: it can. Holds for a few seconds.

        Raises ServerUnreachable when the whole server is down, KeyError for a model that is not set.
        """
        model = self.get(key)
        known = self._known.get(key)
        if known is None or self._clock() - known.at >= _FRESH:
            known = await self._look(model)
            self._known[key] = known
        if known.unreachable is not None:
            raise ServerUnreachable(str(known.unreachable), remedy=known.unreachable.remedy)
        return known.problem

    async def _look(self, model: GuardedModel) -> _Availability:
        try:
            status = await model.wire.status()
        except ServerUnreachable as error:
            return _Availability(at=self._clock(), problem=None, unreachable=error)
        except ModelError as error:
            return _Availability(at=self._clock(), problem=error, unreachable=None)
        # The user may have started the server as the last failure told: calls need not wait for the breaker.
        self._slots_of(self._servers[model.info.server]).breaker.succeeded()
        problem = ForgeError(status.problem, remedy=status.remedy) if status.problem else None
        return _Availability(at=self._clock(), problem=problem, unreachable=None)

    async def statuses(self) -> tuple[ModelStatus, ...]:
        """Every model with where it is, in the order of the settings; a server that is down is a problem of each."""
        async with asyncio.TaskGroup() as group:
            rows = [group.create_task(_row(self.get(key))) for key in self._models]
        return tuple(row.result() for row in rows)

    async def pull(self, key: str) -> AsyncGenerator[PullProgress, None]:
        """Fetch a model where its server can. Raises KeyError, ModelError."""
        async for progress in self.get(key).wire.pull():
            yield progress
        self._known.pop(key, None)

    async def aclose(self) -> None:
        """Close all connections and child processes."""
        guarded, self._guarded = list(self._guarded.values()), {}
        self._endpoints.clear()
        self._ollama.clear()
        async with asyncio.TaskGroup() as group:
            for model in guarded:
                group.create_task(model.aclose())
        await self._kept.aclose()

    # -------------------------------------------------------------- building

    def _slots_of(self, server: ServerConfig) -> ServerSlots:
        slots = self._slots.get(server.key)
        if slots is None:
            slots = self._slots[server.key] = ServerSlots(
                parallel=server.parallel, policy=self._policy, clock=self._clock
            )
        return slots

    def _wire(self, model: ModelConfig, server: ServerConfig) -> Wire:
        info = self.info(model.key)
        package, install = _PACKAGES[server.kind]
        if find_spec(package) is None:
            missing = f"The model {info.key} needs the package {package}, which is not installed."
            return AbsentWire(info=info, problem=missing, remedy=install)
        address = server_address(server, self._environ)
        if address is not None and address.problem is not None:
            return AbsentWire(info=info, problem=address.problem, remedy=f"correct {address.setting}")
        if server.kind is ServerKind.EMBEDDED:
            from forge_lsp.models.embedded import EmbeddedWire

            # Each embedded model is a child process of its own: there is no connection to share.
            return EmbeddedWire(info=info, model_path=_weights(model), slots=server.parallel)
        make = self._endpoints.get(server.key)
        if make is None:
            make = self._endpoints[server.key] = self._endpoint(server)
        return make(info, model)

    def _endpoint(self, server: ServerConfig) -> Callable[[ModelInfo, ModelConfig], Wire]:
        """A server's connection, as what makes a wire on it."""
        address = server_address(server, self._environ)
        url, auth = (address.url, address.auth) if address is not None else ("", None)
        deadlines, env = self._deadlines, self._environ
        match server.kind:
            case ServerKind.OLLAMA:
                from forge_lsp.models.ollama import OllamaEndpoint, OllamaWire

                # Ollama's own key goes to Ollama, not to every server that speaks its language.
                own = (urlsplit(url).hostname or "").endswith("ollama.com")
                key = self._key(server.key_env or ("OLLAMA_API_KEY" if own else None))
                ollama = OllamaEndpoint(
                    server, url=url, deadlines=deadlines, key=key, auth=auth, environ=env, known=self._kept
                )
                self._ollama[server.key] = ollama
                return lambda info, model: OllamaWire(info=info, endpoint=ollama, wishes=_wishes(model))
            case ServerKind.OPENAI:
                from forge_lsp.models.openai_compatible import OpenAIEndpoint, OpenAIWire

                # OpenAI's key goes to OpenAI, not to every server that speaks its language.
                own = server.url is None
                key_env = server.key_env or ("OPENAI_API_KEY" if own else None)
                key = self._key(key_env)
                openai = OpenAIEndpoint(
                    server,
                    url=url,
                    deadlines=deadlines,
                    key=key,
                    key_env=key_env,
                    auth=auth,
                    environ=env,
                    known=self._kept,
                )
                return lambda info, model: OpenAIWire(info=info, endpoint=openai, wishes=_wishes(model))
            case ServerKind.ANTHROPIC:
                from forge_lsp.models.anthropic import AnthropicWire
                from forge_lsp.models.anthropic_endpoint import AnthropicEndpoint

                name = server.key_env or "ANTHROPIC_API_KEY"
                key = self._key(name)
                claude = AnthropicEndpoint(
                    server, url=url, deadlines=deadlines, key=key, key_env=name, auth=auth, environ=env
                )
                return lambda info, model: AnthropicWire(info=info, endpoint=claude, wishes=_wishes(model))
            case ServerKind.EMBEDDED:
                raise AssertionError("an embedded model has no connection")
            case _:
                assert_never(server.kind)

    def _key(self, name: str | None) -> str | None:
        return (self._environ.get(name) or "").strip() or None if name else None


def _weights(model: ModelConfig) -> Path | None:
    """The file of an embedded model; None: the one that comes with the extra."""
    if model.path is not None:
        return model.path
    return Path(model.name).expanduser() if model.name.lower().endswith(".gguf") else None


async def _row(model: GuardedModel) -> ModelStatus:
    try:
        return await model.wire.status()
    except ModelError as error:
        return ModelStatus(info=model.info, installed=False, problem=str(error), remedy=error.remedy)


def _wishes(model: ModelConfig) -> ThinkingPreference:
    return ThinkingPreference(always=model.think, by_purpose=model.think_for)
