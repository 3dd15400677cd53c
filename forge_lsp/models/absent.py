"""The wire of a model whose client package is not installed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from forge_lsp.domain.errors import ModelFault
from forge_lsp.domain.ports import ChatRequest, ModelInfo, ModelStatus, PullProgress
from forge_lsp.models.wire import Chunk

__all__ = ["AbsentWire"]


class AbsentWire:
    """Stands for a model whose client package is not installed: whatever is asked of it, it names the remedy."""

    batches = False

    def __init__(self, *, info: ModelInfo, package: str, install: str) -> None:
        self._info = info
        self._package = package
        self._install = install

    @property
    def info(self) -> ModelInfo:
        return self._info

    def _error(self) -> ModelFault:
        return ModelFault(
            f"The model {self._info.key} needs the package {self._package}, which is not installed.",
            remedy=self._install,
        )

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
