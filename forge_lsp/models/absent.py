"""The wire of a model that cannot be reached as it is set: no client package, or an address that is none."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from forge_lsp.core.errors import ModelFault
from forge_lsp.core.ports import ChatRequest, ModelInfo, ModelStatus, PullProgress
from forge_lsp.models.wire import Chunk

__all__ = ["AbsentWire"]


class AbsentWire:
    """Stands for a model that cannot be called: whatever is asked of it, it says why, and the remedy."""

    batches = False

    def __init__(self, *, info: ModelInfo, problem: str, remedy: str) -> None:
        self._info = info
        self._problem = problem
        self._remedy = remedy

    @property
    def info(self) -> ModelInfo:
        return self._info

    def _error(self) -> ModelFault:
        return ModelFault(self._problem, remedy=self._remedy)

    async def load(self) -> None:
        raise self._error()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:  # noqa: ARG002 - the contract's name
        raise self._error()
        yield  # an async generator, as the contract says

    async def status(self) -> ModelStatus:
        raise self._error()

    async def pull(self) -> AsyncGenerator[PullProgress, None]:
        raise self._error()
        yield  # an async generator, as the contract says

    async def aclose(self) -> None:
        return
