"""Which models a directory offers where one that is set gives no usable answers, over real HTTP."""

from __future__ import annotations

from forge_lsp.models.directory import Directory
from forge_lsp.models.wire import ModelConfig, ServerConfig, ServerKind
from tests.support.faulty_ollama import FakeOllama

SIZES = {"qwen3-coder:30b": 18_000, "gpt-oss:20b": 13_000, "granite4:3b": 2_000, "qwen3.6:35b": 24_000}


async def test_what_is_installed_beside_the_settings_may_stand_in() -> None:
    remote = {"gpt-oss:120b-cloud": "https://ollama.com:443"}
    names = [*SIZES, *remote, "nomic-embed-text:latest", "codestral:22b", "starcoder2:3b", "hf.co/x/y:latest"]
    shows = {
        "starcoder2:3b": {"capabilities": ["completion"], "template": "<fim_prefix>{{ .Prompt }}"},
        "hf.co/x/y:latest": {"capabilities": ["completion", "tools"], "license": "CC-BY-NC 4.0"},
    }
    async with FakeOllama(models=names, remote=remote, shows=shows, sizes=SIZES) as server:
        directory = Directory(
            servers=[ServerConfig(key="s", kind=ServerKind.OLLAMA, url=server.url)],
            models=[
                ModelConfig(key="coder", server="s", name="qwen3-coder:30b"),
                ModelConfig(key="oss", server="s", name="gpt-oss:20b"),
            ],
            environ={},
        )
        try:
            await directory.learn()
            found = await directory.stand_ins()
            again = await directory.stand_ins()
            assert directory.get("granite4:3b").info.server == "s"
        finally:
            await directory.aclose()
    # Not what is larger than all that is set, runs elsewhere, does not chat, or may not be used for everything.
    assert [(info.key, info.family, info.codes) for info in found.models] == [
        ("coder", "qwen", True),
        ("oss", "openai", False),
        ("granite4:3b", "ibm", False),
    ]
    assert again == found
    assert found.remedy == f"fetch another one: `OLLAMA_HOST={server.url} ollama pull gemma3:4b`"
    assert not server.chats
    assert not [one for one in server.to("/api/show") if one.body["model"] in remote]
