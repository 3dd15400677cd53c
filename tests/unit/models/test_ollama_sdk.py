"""Ollama's client: imported apart from the environment, and kept from what it cannot read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from forge_lsp.models.network import Route
from forge_lsp.models.ollama_sdk import OllamaClient, OllamaRefusal, imported_sdk
from tests.support.scripted_http import Exchange, Responder, ScriptedServer

BROKEN = {
    "ALL_PROXY": "socks4://127.0.0.1:1",
    "http_proxy": "http://[::1",
    "no_proxy": "[::1",
    "SSL_CERT_FILE": "/nowhere.pem",
    "SSL_CERT_DIR": "/nowhere",
    "SSLKEYLOGFILE": "/nowhere/keys.log",
    "OLLAMA_HOST": "http://u:p@h:port",
    "OLLAMA_API_KEY": "sk-of-another-server",
}
SCRIPT = """
import os, sys
{before}
from forge_lsp.models.ollama_sdk import import_sdk
assert "ollama" not in sys.modules
environ = dict(os.environ)
try:
    import_sdk()
except ImportError as error:
    print("failed", error.name)
else:
    print("imported", sys.modules["ollama"].__name__)
assert dict(os.environ) == environ
"""


NOT_INSTALLED = """
class Finder:
    def find_spec(self, name, *_):
        if name == "ollama":
            raise ImportError(name=name)
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "said"), [("", "imported ollama"), (NOT_INSTALLED, "failed ollama")], ids=["imported", "not installed"]
)
@pytest.mark.parametrize("variables", [{name: value} for name, value in BROKEN.items()] + [BROKEN], ids="+".join)
def test_no_variable_is_read_or_lost_by_the_import(before: str, said: str, variables: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(before=before)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr


class Odd(ScriptedServer):
    """Answers every request with one status and one body."""

    def __init__(self, *, status: int, body: bytes) -> None:
        super().__init__()
        self._status = status
        self._body = body

    async def handle(self, exchange: Exchange, responder: Responder) -> None:
        await responder.begin(status=self._status, kind="application/x-ndjson")
        await responder.write(self._body.decode())


async def chat(server: Odd) -> str:
    """What the client reads of a chat."""
    await imported_sdk()
    client = OllamaClient(url=server.url, connect=5, key=None, auth=None, route=Route(verify=False))
    try:
        parts = client.chat(model="m", messages=[{"role": "user", "content": "hi"}])
        return "".join([part.message.content or "" async for part in parts])
    finally:
        await client.aclose()


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "\u00e9", "\\u2028"])
async def test_a_line_ends_where_json_lines_end(character: str) -> None:
    said = f'{{"message": {{"role": "assistant", "content": "a{character}b"}}, "done": false}}\n\n'
    async with Odd(status=200, body=(said * 2).encode()) as server:
        assert await chat(server) == f"a{json.loads(said)['message']['content'][1:-1]}b" * 2


@pytest.mark.parametrize("body", ["null", "[]", '"busy"', "12", "", '{"error": "busy"}', "<p>busy</p>"])
async def test_a_refusal_is_one_whatever_its_body_is(body: str) -> None:
    async with Odd(status=503, body=body.encode()) as server:
        with pytest.raises(OllamaRefusal) as caught:
            await chat(server)
    assert caught.value.status == 503
    assert caught.value.words in (body, "busy")


async def test_an_error_in_the_middle_keeps_its_words() -> None:
    async with Odd(status=200, body=b'{"error": "out of memory"}\n') as server:
        with pytest.raises(OllamaRefusal, match="out of memory") as caught:
            await chat(server)
    assert caught.value.status == -1


async def test_no_key_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-of-another-server")
    async with Odd(status=200, body=b"") as server:
        await chat(server)
        (exchange,) = server.exchanges
    assert "authorization" not in {name.lower() for name in exchange.headers}
