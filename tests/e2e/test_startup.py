"""What the real process imports before it answers ``initialize``."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "anthropic",
    "fastapi",
    "genai_prices",
    "httpx",
    "httpx2",
    "merge3",
    "ollama",
    "openai",
    "platformdirs",
    "pydantic",
    "pydantic_core",
    "pynvml",
    "rich",
    "sqlite3",
    "tree_sitter",
    "xllamacpp",
}
OURS_LATER = {"forge_lsp.app", "forge_lsp.checking", "forge_lsp.ensemble", "forge_lsp.models", "forge_lsp.config"}


@pytest.mark.parametrize("arguments", [[], ["--stdio"]], ids=["bare", "--stdio"])
def test_initialize_is_answered_before_anything_heavy_is_imported(arguments: list[str]) -> None:
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
    ).encode()
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "forge_lsp", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        # The pipes must not fill up, so that all is read at the end; `initialized` is never sent.
        out, err = server.communicate(b"Content-Length: %d\r\n\r\n%b" % (len(body), body), timeout=60)
    assert b'"capabilities"' in out
    imported = {
        line.rpartition("|")[2].strip() for line in err.decode().splitlines() if line.startswith("import time:")
    }
    assert "pygls.lsp.server" in imported, "the list of imports was not read"
    assert not {name for name in imported if name.partition(".")[0] in HEAVY}
    assert not imported & OURS_LATER
