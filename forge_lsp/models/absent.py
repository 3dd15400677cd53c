"""The wire of a model that cannot be reached as it is set: no client package, or an address that is none."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from forge_lsp.core.errors import ModelFault
from forge_lsp.core.ports import ChatRequest, ModelInfo, ModelStatus, PullProgress
from forge_lsp.models.wire import Chunk

__all__ = ["AbsentWire"]


@dataclass(eq=False, kw_only=True)
class AbsentWire:
    """Stands for a model that cannot be called: whatever is asked of it, it says why, and the remedy."""

    batches = False

    info: ModelInfo
    problem: str
    remedy: str

    def _error(self) -> ModelFault:
        return ModelFault(self.problem, remedy=self.remedy)

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
