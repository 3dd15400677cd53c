"""Models that an Ollama server has and no setting names: they may stand in for one that gives no usable answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from forge_lsp.core.addresses import full_name
from forge_lsp.core.errors import ModelError
from forge_lsp.models.families import restricted
from forge_lsp.models.ollama_endpoint import OllamaEndpoint
from forge_lsp.models.wire import ModelConfig

__all__ = ["spare_models"]

_CONTEXT = 8192
"""Tokens of context of a model that no setting names."""
_SMALLEST_CONTEXT = 4096
"""One with less room than this cannot hold a task and its answer."""


async def spare_models(
    endpoint: OllamaEndpoint, named: Sequence[ModelConfig], taken: Collection[str]
) -> list[ModelConfig]:
    """The models of a server that are not among ``named``, which holds those that the settings name there; ``taken``
    are settings keys in use.

    Left out are models that run elsewhere, do not answer instructions, have a licence that forbids some uses, or are
    larger than every model that the settings name there: those fit this machine. Raises nothing.
    """
    try:
        installed = (await endpoint.lists()).installed
        set_for = {full_name(model.name) for model in named}
        sizes = [row.size or 0 for name, row in installed.items() if name in set_for and row.place is None]
        found: list[ModelConfig] = []
        for name, row in installed.items():
            key = name.removesuffix(":latest")
            if name in set_for or key in taken or row.place is not None or (row.size or 0) > max(sizes, default=0):
                continue
            able = await endpoint.capabilities(name)
            context = min(_CONTEXT, able.context or _CONTEXT)
            if (
                able.chats
                and able.place is None
                and context >= _SMALLEST_CONTEXT
                and not restricted(name, able.licence)
            ):
                found.append(ModelConfig(key=key, server=endpoint.server.key, name=name, context=context))
    except ModelError:
        return []
    return found
