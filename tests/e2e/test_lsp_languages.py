"""Languages of the user's settings, with the real server: the client is asked to tell of their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from forge_lsp.languages.registry import BUILT_IN
from tests.support.raw_lsp import CAPABILITIES, raw_client
from tests.support.real_server import COMMAND, environment

TEXT = "defmodule A do\n  # TODO: add\nend\n"


async def test_a_language_of_settings_has_code_actions(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    elixir = {"suffixes": [".ex"], "names": ["ex"]}
    # there is no model either: what is written where has nothing to do with that
    env = environment(tmp_path, {"language": {"elixir": elixir}}, OLLAMA_HOST="http://127.0.0.1:9")
    capabilities: dict[str, Any] = json.loads(json.dumps(CAPABILITIES))
    capabilities["textDocument"]["synchronization"] = {"dynamicRegistration": True}
    capabilities["textDocument"]["codeAction"]["dynamicRegistration"] = True
    async with raw_client(tmp_path, command=COMMAND, environment=env) as client:
        client.answers["client/registerCapability"] = lambda _: None
        options = {"languages": [name for one in BUILT_IN for name in (one.id, *one.names)]}
        await client.initialize(capabilities=capabilities, options=options, folders=[work])
        told = await client.message("client/registerCapability")
        methods = {one["method"]: one["registerOptions"]["documentSelector"] for one in told["registrations"]}
        assert {"textDocument/didOpen", "textDocument/didChange", "textDocument/codeAction"} <= set(methods)
        for selector in methods.values():
            assert {"scheme": "file", "pattern": "**/*.ex"} in selector
            assert {"scheme": "file", "language": "ex"} in selector
            assert not [one for one in selector if one.get("language") in options["languages"]]
        uri = (work / "a.ex").as_uri()
        client.open(uri, TEXT, "plaintext")
        params = {"textDocument": {"uri": uri}, "range": client.cursor(uri, "TODO"), "context": {"diagnostics": []}}
        (action,) = await client.request("textDocument/codeAction", params)
        assert action["title"] == "Generate with ensemble"
