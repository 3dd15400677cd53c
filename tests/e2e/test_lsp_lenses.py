"""Code lenses over a real connection: offered, pressed, switched off and on again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.support.cli import forge as forge_cli
from tests.support.raw_lsp import CAPABILITIES, RawClient, raw_client
from tests.support.real_server import COMMAND, environment

URI = "untitled:Untitled-1"
TEXT = "def add(a: int, b: int) -> int:\n    ...\n\n\n# TODO(forge): a function that subtracts\n"


def capable() -> dict[str, Any]:
    capabilities: dict[str, Any] = json.loads(json.dumps(CAPABILITIES))
    capabilities["workspace"] |= {"configuration": True, "codeLens": {"refreshSupport": True}}
    return capabilities


async def lenses(client: RawClient, uri: str = URI) -> Any:
    return await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})


async def test_a_lens_is_pressed_and_the_code_is_there(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        answer = await client.initialize()
        assert answer["capabilities"]["codeLensProvider"] == {"resolveProvider": False}
        client.open(URI, TEXT)
        stub, wish = await lenses(client)
        assert [lens["range"]["start"]["line"] for lens in (stub, wish)] == [0, 4]
        assert {lens["command"]["title"] for lens in (stub, wish)} == {"Generate with ensemble"}
        await client.request("workspace/executeCommand", stub["command"])
        await client.until(lambda: client.progress("end"))
        assert client.texts[URI] == TEXT.replace("...", "return a + b")
        assert [lens["range"]["start"]["line"] for lens in await lenses(client)] == [4]
        client.open("untitled:notes", "TODO(forge)", "markdown")
        assert await lenses(client, "untitled:notes") == []


async def test_the_loop_is_free_while_a_long_file_is_read(tmp_path: Path) -> None:
    async with raw_client(tmp_path) as client:
        await client.initialize()
        await client.command("forge.status")
        parts = (f"def f{i}(a: int) -> int:\n    b = a + {i}\n    return b\n\n\ndef g{i}(): ...\n" for i in range(3000))
        client.open(URI, "".join(parts))
        many = asyncio.create_task(lenses(client))
        await asyncio.sleep(0)  # it is on its way
        await client.command("forge.status")
        assert not many.done()  # the second question was answered before the first
        assert len(await asyncio.wait_for(many, 60)) == 3000


async def test_switched_off_and_on_in_the_editor(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"lens": {"enabled": False}}
    async with raw_client(tmp_path) as client:
        client.answers["workspace/configuration"] = lambda _: [settings]
        client.answers["workspace/codeLens/refresh"] = lambda _: None
        await client.initialize(capabilities=capable())
        client.open(URI, TEXT)
        assert await lenses(client) == []
        settings["lens"] = {"enabled": True}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        await client.message("workspace/codeLens/refresh")
        assert len(await lenses(client)) == 2
        settings["apply"] = "preview"  # has nothing to do with lenses
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        assert len(await lenses(client)) == 2
        settings["lens"] = {"enabled": False}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        await client.message("workspace/codeLens/refresh", 2)
        assert await lenses(client) == []
        assert len(client.of("workspace/codeLens/refresh")) == 2


async def test_the_real_setting(tmp_path: Path) -> None:
    """``[lens] enabled`` of the file counts, where no model is there as well; the editor's counts for more."""
    work = tmp_path / "work"
    work.mkdir()
    # nobody answers there, and `auto` then finds nothing to work with
    env = environment(tmp_path, {"lens": {"enabled": False}}, OLLAMA_HOST="http://127.0.0.1:9")
    shown = await forge_cli("config", "schema", cwd=work, env=env)
    assert shown.json["$defs"]["Lens"]["properties"]["enabled"]["default"] is True
    async with raw_client(tmp_path, command=COMMAND, environment=env) as client:
        client.answers["client/registerCapability"] = lambda _: None
        client.answers["workspace/codeLens/refresh"] = lambda _: None
        await client.initialize(capabilities=capable(), folders=[work])
        uri = (work / "a.py").as_uri()
        client.open(uri, TEXT)
        assert await lenses(client, uri) == []
        client.notify("workspace/didChangeConfiguration", {"settings": {"forge": {"lens": {"enabled": True}}}})
        await client.message("workspace/codeLens/refresh")
        assert len(await lenses(client, uri)) == 2
