"""The way from the light bulb to code that compiles, with the capabilities of real editors."""

from __future__ import annotations

import ast
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

ROOT = Path(__file__).parents[2]
EDITORS = ["visual-studio-code", "neovim", "emacs"]


@pytest.fixture(params=EDITORS)
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LanguageClient]:
    environment = {**os.environ, "FORGE_FAKE_STATE": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    config = ClientServerConfig(
        server_command=[sys.executable, "-m", "tests.support.fake_services"], server_env=environment
    )
    client = await config.start()
    assert isinstance(client, LanguageClient)
    capabilities = client_capabilities(request.param)
    folder = lsp.WorkspaceFolder(uri=tmp_path.as_uri(), name="work")

    @client.feature(lsp.CLIENT_REGISTER_CAPABILITY)
    def registered(_: lsp.RegistrationParams) -> None:
        return None

    @client.feature(lsp.WORKSPACE_APPLY_EDIT)
    def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
        client.edits.append(params)
        (change,) = params.edit.document_changes or ()
        assert isinstance(change, lsp.TextDocumentEdit)
        changes = [
            lsp.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text)
            for edit in reversed(change.edits)
            if isinstance(edit, lsp.TextEdit)
        ]
        document = lsp.VersionedTextDocumentIdentifier(uri=change.text_document.uri, version=2)
        client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))
        return lsp.ApplyWorkspaceEditResult(applied=True)

    client.edits = []
    await client.initialize_session(
        lsp.InitializeParams(capabilities=capabilities, workspace_folders=[folder], root_uri=folder.uri)
    )
    yield client
    await client.shutdown_session()
    await client.stop()


async def test_light_bulb_to_edit(client: Any, tmp_path: Path) -> None:
    text = "NAME = '😀漢'\n\n\ndef add(a: int, b: int) -> int:\n    '''😀'''\n    ...\n"
    path = tmp_path / "a.py"
    path.write_text(text)
    uri = path.as_uri()
    item = lsp.TextDocumentItem(uri=uri, language_id="python", version=1, text=text)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
    at = lsp.Range(lsp.Position(5, 4), lsp.Position(5, 4))
    diagnostic = lsp.Diagnostic(range=at, message="Function must return\n a value")
    actions = await client.text_document_code_action_async(
        lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), at, lsp.CodeActionContext([diagnostic]))
    )
    assert [action.title for action in actions] == [
        "Fix with ensemble: Function must return a value",
        "Generate with ensemble",
    ]
    # lsprotocol reads a code action that has a command as a Command, whose name is then the whole object as text
    command = ast.literal_eval(actions[1].command)
    command["arguments"][0]["task"] = (
        "{\"code\": \"def add(a: int, b: int) -> int:\\n    '''😀'''\\n    return a + b\"}"
    )
    answer = await client.workspace_execute_command_async(
        lsp.ExecuteCommandParams(command=command["command"], arguments=command["arguments"])
    )
    assert set(answer) == {"jobId"}
    async with asyncio.timeout(20):
        while not any(isinstance(value, lsp.WorkDoneProgressEnd) for value in _values(client)):
            await client.wait_for_notification(lsp.PROGRESS)
    values = _values(client)
    assert isinstance(values[0], lsp.WorkDoneProgressBegin)
    assert isinstance(values[-1], lsp.WorkDoneProgressEnd)
    percentages = [value.percentage for value in values[:-1]]
    assert percentages == sorted(percentages)
    assert percentages[0] < percentages[-1]
    assert all(value.message for value in values)
    assert values[-1].message.startswith("accepted")
    assert values[-1].message.endswith("applied")
    (edit,) = client.edits
    (change,) = edit.edit.document_changes
    assert change.text_document == lsp.OptionalVersionedTextDocumentIdentifier(uri=uri, version=1)
    (one,) = change.edits
    lines = text.split("\n")
    assert (one.range.start, one.range.end) == (lsp.Position(5, 4), lsp.Position(5, 7))
    lines[5] = lines[5][:4] + one.new_text + lines[5][7:]
    compile("\n".join(lines), "a.py", "exec")
    assert lines[5] == "    return a + b"


def _values(client: LanguageClient) -> list[Any]:
    return [value for values in client.progress_reports.values() for value in values]
