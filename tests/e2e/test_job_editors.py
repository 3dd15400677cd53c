"""The main job through the real server, with the capabilities of real editors: from light bulb to code that runs."""

from __future__ import annotations

import asyncio
import doctest
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec, TextDocument
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

from forge_lsp.lsp.editor import converter
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import (
    COMMAND,
    MODELS,
    ScriptedModels,
    environment,
    events,
    fenced,
    forge,
    generate,
    open_file,
    part_of,
    prompt,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script

ENCODINGS = {"visual-studio-code": "utf-16", "neovim": "utf-8", "emacs": "utf-32"}
"""What each editor is best served with."""
TEXT = '''NAME = "😀漢e\u0301"


def is_even(number: int) -> bool:
    """Whether it divides by two. 😀

    >>> is_even(2)
    True
    >>> is_even(7)
    False
    """
    ...


print(NAME)
'''
HEAD = "def is_even(number: int) -> bool:\n"
CLUMSY = HEAD + "    if number % 2 == 0:\n        return True\n    return False"
NEAT = HEAD + "    return number % 2 == 0"
BROKEN = HEAD + "    return nubmer % 2 == 0"
PANEL = {
    "granite": {"aspect": "patterns", "weight": 0.2},
    "gemma3": {"aspect": "logic", "weight": 0.8},
}


def runs(text: str) -> doctest.TestResults:
    """Compile a document, run it, and run the examples in its docstrings."""
    module = types.ModuleType("written")
    exec(compile(text, "written.py", "exec"), module.__dict__)
    return doctest.testmod(module)


@pytest.fixture
async def ollama() -> AsyncIterator[FakeOllama]:
    """Models that think, write clumsily and then neatly, and are hard to please."""
    scripted = ScriptedModels(
        {
            "generate": [Script.say(fenced(CLUMSY)), Script.say(fenced(NEAT))],
            "review@granite3-dense:2b": [Script.say(verdict(5)), Script.say(verdict(9))],
            "review@gemma3:12b": [Script.say(verdict(7.5, "Return the comparison itself.")), Script.say(verdict(8))],
        }
    )
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as server:
        yield server


class EditorWithFile:
    """An editor as pytest-lsp simulates it, whose documents take the edits that it is sent."""

    def __init__(self, client: LanguageClient, documents: dict[str, TextDocument]) -> None:
        self.client: Any = client
        self.documents = documents
        self.edits: list[lsp.WorkspaceEdit] = []
        client.feature(lsp.WORKSPACE_APPLY_EDIT)(self._apply())
        client.feature(lsp.CLIENT_REGISTER_CAPABILITY)(self._registered())

    @staticmethod
    def _registered() -> Any:
        def registered(_: lsp.RegistrationParams) -> None:
            return None

        return registered

    def _apply(self) -> Any:
        def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
            self.edits.append(params.edit)
            (change,) = params.edit.document_changes or ()
            assert isinstance(change, lsp.TextDocumentEdit)
            document = self.documents[change.text_document.uri]
            if change.text_document.version != document.version:
                return lsp.ApplyWorkspaceEditResult(applied=False)
            changes: list[lsp.TextDocumentContentChangeEvent] = []
            for edit in sorted(change.edits, key=lambda one: (one.range.start.line, one.range.start.character))[::-1]:
                assert isinstance(edit, lsp.TextEdit)
                changes.append(lsp.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text))
                document.apply_change(changes[-1])
            document.version += 1
            identifier = lsp.VersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
            self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, changes))
            return lsp.ApplyWorkspaceEditResult(applied=True)

        return apply

    @property
    def progress(self) -> list[Any]:
        """Begin, reports and end, in order."""
        return [value for values in self.client.progress_reports.values() for value in values]

    async def command(self, name: str, **arguments: object) -> Any:
        return await self.client.workspace_execute_command_async(lsp.ExecuteCommandParams(name, [arguments]))


def make_client() -> LanguageClient:
    client = LanguageClient(converter_factory=converter)
    register_lsp_features(client)
    return client


@pytest.fixture(params=[*ENCODINGS])
async def editor(request: pytest.FixtureRequest, tmp_path: Path, ollama: FakeOllama) -> AsyncIterator[EditorWithFile]:
    panel = ("granite", "gemma3")
    rows = (row(1, thinking=["phi4"], panel=panel), row(2, thinking=["phi4", "gemma3"], panel=panel))
    env = environment(tmp_path, settings(ollama.url, *rows, reviewers=PANEL))
    config = ClientServerConfig(server_command=[*COMMAND], client_factory=make_client, server_env=env)
    client = await config.start()
    assert isinstance(client, LanguageClient)
    work = tmp_path / "work"
    work.mkdir()
    path = work / "even.py"
    path.write_text(TEXT, encoding="utf-8")
    codec = PositionCodec(lsp.PositionEncodingKind(ENCODINGS[request.param]))
    document = TextDocument(path.as_uri(), TEXT, version=1, language_id="python", position_codec=codec)
    editor = EditorWithFile(client, {document.uri: document})
    folder = lsp.WorkspaceFolder(uri=work.as_uri(), name="work")
    answer = await client.initialize_session(
        lsp.InitializeParams(
            capabilities=client_capabilities(request.param), workspace_folders=[folder], root_uri=folder.uri
        )
    )
    assert (answer.capabilities.position_encoding or "utf-16") == ENCODINGS[request.param]
    item = lsp.TextDocumentItem(uri=document.uri, language_id="python", version=1, text=TEXT)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
    yield editor
    await client.shutdown_session()
    await client.stop()


async def test_from_the_light_bulb_to_code_that_runs(editor: EditorWithFile, ollama: FakeOllama) -> None:
    (document,) = editor.documents.values()
    line = TEXT.split("\n").index("    ...")
    at = lsp.Range(lsp.Position(line, 4), lsp.Position(line, 4))
    actions = await editor.client.text_document_code_action_async(
        lsp.CodeActionParams(lsp.TextDocumentIdentifier(document.uri), at, lsp.CodeActionContext([]))
    )
    (action,) = actions
    assert isinstance(action, lsp.CodeAction)
    assert (action.title, action.kind) == ("Generate with ensemble", "refactor.rewrite.forge")
    assert action.command is not None
    answer = await editor.command(action.command.command, **action.command.arguments[0])
    assert set(answer) == {"jobId"}
    async with asyncio.timeout(60):
        while not any(isinstance(value, lsp.WorkDoneProgressEnd) for value in editor.progress):
            await editor.client.wait_for_notification(lsp.PROGRESS)

    # one progress: begin, percentages that never fall, end
    begin, *reports, end = editor.progress
    assert isinstance(begin, lsp.WorkDoneProgressBegin)
    assert isinstance(end, lsp.WorkDoneProgressEnd)
    assert begin.cancellable
    assert all(isinstance(value, lsp.WorkDoneProgressReport) and value.message for value in reports)
    percentages = [value.percentage for value in (begin, *reports)]
    assert percentages == sorted(percentages)
    assert 0 == percentages[0] < percentages[-1] < 100
    messages = [value.message for value in reports]
    for message in (
        "attempt 1/2 · thinking (solo: phi4)",
        "attempt 1/2 · generating (coder)",
        "attempt 1/2 · checking (1 candidate)",
        "attempt 1/2 · checking: it compiles; 2 checks that failed before pass now",
        "attempt 1/2 · reviewing (simple: granite, gemma3)",
        "attempt 1/2 · reviewing: score 7.0",
        "attempt 1/2 · score 7.0, retry",
        "attempt 2/2 · thinking (duo: phi4, gemma3)",
        "attempt 2/2 · score 8.2, accept",
    ):
        assert message in messages
    assert end.message.startswith("accepted · proven · score 8.2 · 2 attempts · ")
    assert end.message.endswith(" · applied")

    # one versioned edit, which holds no more than what differs
    (edit,) = editor.edits
    (change,) = edit.document_changes or ()
    assert isinstance(change, lsp.TextDocumentEdit)
    assert change.text_document == lsp.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=1)
    (one,) = change.edits
    assert isinstance(one, lsp.TextEdit)
    assert one.range.start.line == line
    assert document.source == TEXT.replace("    ...\n", "    return number % 2 == 0\n")
    assert runs(document.source) == (0, 2)

    # the second attempt knew what the first one lacked
    first, second = [exchange.body for exchange in ollama.chats if part_of(exchange.body) == "generate"]
    assert "Return the comparison itself." not in prompt(first)
    assert "Return the comparison itself." in prompt(second)
    assert [part_of(exchange.body) for exchange in ollama.chats].count("refine") == 1

    # what is kept
    job = {"jobId": answer["jobId"]}
    (kept,) = await editor.command("forge.history")
    assert (kept["jobId"], kept["outcome"], kept["applied"]) == (answer["jobId"], "accepted", True)
    result = await editor.command("forge.result", **job)
    assert "return number % 2 == 0" in result["code"]
    assert "😀" in result["code"]
    report = await editor.command("forge.report", **job)
    for words in ("# Accepted: ", "Return the comparison itself.", "even.py", "2 proof", "| 2 | duo: phi4, gemma3"):
        assert words in report


async def test_what_does_not_compile_is_not_reviewed_and_the_next_attempt_is_told(tmp_path: Path) -> None:
    scripted = ScriptedModels(
        {
            "generate": [Script.say(fenced(BROKEN)), Script.say(fenced(NEAT))],
            "review": Script.say(verdict(8.2)),
        }
    )
    async with (
        FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama,
        forge(tmp_path, settings(ollama.url)) as client,
    ):
        uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
        outcome = await generate(client, uri)
        assert (outcome["outcome"], outcome["score"], outcome["attemptCount"]) == ("accepted", 8.2, 2)
        assert runs(client.texts[uri]) == (0, 2)
        assert [part_of(exchange.body) for exchange in ollama.chats] == ["generate", "generate", "review"]
        second = prompt(ollama.chats[1].body)
        assert "nubmer" in second
        assert "The compiler refused an earlier answer" in second
        finished = events(client, "attempt.finished")
        assert [(event["decision"], event["compiled"], event["score"]) for event in finished] == [
            ("retry", False, None),
            ("accept", True, 8.2),
        ]


async def test_what_fails_an_example_that_another_passes_is_never_accepted(tmp_path: Path) -> None:
    yes, no = (Script.say(fenced(HEAD + f"    return {value}")) for value in (True, False))
    scripted = ScriptedModels({"generate": [yes, no, yes, no], "review": Script.say(verdict(10))})
    rows = (row(1, 2, samples=2),)
    async with (
        FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama,
        forge(tmp_path, settings(ollama.url, *rows)) as client,
    ):
        uri = open_file(client, tmp_path / "work" / "even.py", TEXT)
        outcome = await generate(client, uri)
        assert (outcome["outcome"], outcome["applied"], outcome["attemptCount"]) == ("exhausted", False, 2)
        assert "does not meet 1 example" in outcome["reason"]
        assert client.of("workspace/applyEdit") == []
        assert client.texts[uri] == TEXT
        # no panel saw it, and the second attempt was told which example it was
        parts = [part_of(exchange.body) for exchange in ollama.chats]
        assert parts == ["generate"] * 4
        known = prompt(ollama.chats[-1].body).partition("What is known from earlier")[2]
        assert "is_even(2)" in known or "is_even(7)" in known
