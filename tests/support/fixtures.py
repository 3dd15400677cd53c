"""Fixtures that several test packages share: name this file in ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ollama_server import OllamaServer, model_file, ollama_program

__all__ = ["ollama_server"]


@pytest.fixture(scope="session")
def ollama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OllamaServer]:
    """A real Ollama with three small models: ``smollm2:135m``, ``phi4:14b`` and ``granite3-dense:2b``.

    Two fit in memory at once, and each answers two calls at a time.
    """
    program, weights = ollama_program(), model_file()
    for found in (program, weights):
        if isinstance(found, str):
            pytest.skip(f"no real Ollama: {found}")
    assert isinstance(program, Path)
    with OllamaServer(tmp_path_factory.mktemp("ollama"), program=program) as server:
        for name in ("smollm2:135m", "phi4:14b", "granite3-dense:2b"):
            server.add_model(name)
        yield server
