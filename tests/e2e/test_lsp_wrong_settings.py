"""A settings file that is wrong: shown in the file itself, from the save on until it is right."""

from __future__ import annotations

from pathlib import Path

from tests.support.raw_lsp import raw_client
from tests.support.real_server import COMMAND, environment


async def test_a_typo_is_shown_in_the_file_until_it_is_right(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    file = work / "forge.toml"
    file.write_text("[accept]\nscroe = 7\n")
    env = environment(tmp_path, {}, OLLAMA_HOST="http://127.0.0.1:9")
    async with raw_client(tmp_path, command=COMMAND, environment=env) as client:
        await client.initialize(folders=[work])
        told = await client.message("textDocument/publishDiagnostics")
        assert told["uri"] == file.as_uri()
        (one,) = told["diagnostics"]
        assert one["range"]["start"] == {"line": 1, "character": 0}
        assert one["message"] == "accept.scroe: unknown key; did you mean score?"
        file.write_text("[accept]\nscore = 7\n")
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 2}]})
        told = await client.message("textDocument/publishDiagnostics", 2)
        assert told == {"uri": file.as_uri(), "diagnostics": []}
