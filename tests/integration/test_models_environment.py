"""Every wire to a local server, under an environment that would break the HTTP libraries and the SDKs."""

from __future__ import annotations

import pytest

from forge_lsp.models.wire import ServerKind
from tests.integration.models_room import ask, model_on
from tests.support.faulty_ollama import FakeOllama
from tests.support.messages_server import MessagesServer
from tests.support.openai_server import OpenAIServer
from tests.support.scripted_http import Script, ScriptedServer

VARIABLES = [
    ("ALL_PROXY", "socks5://127.0.0.1:1080"),
    ("all_proxy", "socks4://127.0.0.1:1080"),
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("http_proxy", "not a url"),
    ("HTTP_PROXY", "http://[::1"),
    ("HTTPS_PROXY", "ftp://x"),
    ("no_proxy", "::1,fd00::/8"),
    ("NO_PROXY", "[::1"),
    ("SSL_CERT_FILE", "/nowhere.pem"),
    ("SSL_CERT_FILE", "/dev/null"),
    ("SSL_CERT_DIR", "/nowhere"),
    ("REQUESTS_CA_BUNDLE", "/nowhere.pem"),
    ("SSLKEYLOGFILE", "/nowhere/keys.log"),
    ("OLLAMA_HOST", "http://u:p@h:port"),
    ("OLLAMA_API_KEY", "line\nbreak"),
    ("OPENAI_BASE_URL", "http://[::1"),
    ("OPENAI_ORG_ID", "caf\u00e9"),
    ("OPENAI_PROJECT_ID", "line\nbreak"),
    ("OPENAI_CUSTOM_HEADERS", "no colon"),
    ("OPENAI_LOG", "debug"),
    ("ANTHROPIC_BASE_URL", "nonsense://"),
    ("ANTHROPIC_AUTH_TOKEN", "line\nbreak"),
    ("ANTHROPIC_CUSTOM_HEADERS", "no colon"),
    ("ANTHROPIC_PROFILE", "nobody"),
]


def scripted(kind: ServerKind) -> tuple[ScriptedServer, str]:
    """A server that says hello, and the path under which its API is."""
    script = Script.say("hello")
    match kind:
        case ServerKind.OPENAI:
            return OpenAIServer(answer=script), "/v1"
        case ServerKind.ANTHROPIC:
            return MessagesServer(answer=script), ""
        case _:
            return FakeOllama(answer=script, models=["local"]), ""


@pytest.mark.parametrize("kind", [ServerKind.OLLAMA, ServerKind.OPENAI, ServerKind.ANTHROPIC])
@pytest.mark.parametrize(("variable", "value"), VARIABLES)
async def test_a_local_call_is_made_as_without_it(
    kind: ServerKind, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    server, path = scripted(kind)
    async with server:
        environ = {variable: value, "ANTHROPIC_API_KEY": "sk-test"}
        async with model_on(kind, server.url + path, "local", environ=environ) as (model, directory):
            await directory.learn()
            assert await directory.unavailable("m") is None
            assert (await model.complete(ask())).completions[0].text == "hello"
            for exchange in server.exchanges:
                assert value.split("\n")[0] not in "\n".join(exchange.headers.values())
