"""An editor without a screen: what `forge-lsp demo` drives, so that it goes the way of a real editor.

It starts a server as a child over stdio, opens files, presses the light bulb, applies the edits it is sent, and
refuses what a careful editor refuses (an edit for another version).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast
from uuid import uuid4

from cattrs import Converter
from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter
from pygls.workspace import TextDocument

__all__ = ["Editor", "converter"]


class Editor:
    """One editor, one workspace folder, one server.

    ``on_progress`` gets (message, percentage) of each work-done report; ``settings`` are the ``forge.*`` settings that
    the server may ask for.
    """

    def __init__(
        self,
        *,
        folder: Path,
        settings: Mapping[str, object] | None = None,
        on_progress: Callable[[str, int | None], None],
    ) -> None:
        self._folder = folder
        self._settings = dict(settings or {})
        self._on_progress = on_progress
        self._documents: dict[str, TextDocument] = {}
        self._client = LanguageClient("forge-lsp-demo", "1", converter_factory=converter)
        self._stderr = bytearray()
        self._drain: asyncio.Task[None] | None = None
        self.applied = 0
        self._register()

    def _register(self) -> None:
        client = self._client

        def progress(params: types.ProgressParams) -> None:
            # The protocol leaves the value open, so that it arrives as plain JSON.
            value = cast("Mapping[str, object]", params.value)
            message = str(value.get("message") or value.get("title") or "")
            percentage = value.get("percentage")
            self._on_progress(message, percentage if isinstance(percentage, int) else None)

        def configuration(params: types.ConfigurationParams) -> list[object]:
            return [self._settings if item.section == "forge" else None for item in params.items]

        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            return self._apply(params)  # pygls marks what it registers, which a bound method does not bear

        def nothing(_: object) -> None:
            return None

        client.feature(types.PROGRESS)(progress)
        client.feature(types.WORKSPACE_CONFIGURATION)(configuration)
        client.feature(types.WORKSPACE_APPLY_EDIT)(apply)
        client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)(nothing)
        for method in (types.WINDOW_SHOW_MESSAGE_REQUEST, types.WINDOW_SHOW_MESSAGE, types.WINDOW_LOG_MESSAGE):
            client.feature(method)(nothing)

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        changes = params.edit.document_changes or []
        for change in changes:
            if not isinstance(change, types.TextDocumentEdit):
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="only text edits")
            document = self._documents.get(change.text_document.uri)
            if document is None or change.text_document.version != document.version:
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="another version")
            edits = sorted(change.edits, key=lambda edit: _start(_range(edit)), reverse=True)
            for edit in edits:
                document.apply_change(types.TextDocumentContentChangePartial(range=_range(edit), text=_text(edit)))
            self._client.text_document_did_change(
                types.DidChangeTextDocumentParams(
                    text_document=types.VersionedTextDocumentIdentifier(uri=document.uri, version=self._bump(document)),
                    content_changes=[types.TextDocumentContentChangeWholeDocument(text=document.source)],
                )
            )
            self.applied += 1
        return types.ApplyWorkspaceEditResult(applied=True)

    @staticmethod
    def _bump(document: TextDocument) -> int:
        document.version = (document.version or 0) + 1
        return document.version

    async def start(self, command: Sequence[str], env: Mapping[str, str]) -> types.InitializeResult:
        """Start the server and shake hands. Raises TimeoutError when it does not answer within 60 s."""
        # pygls leaves start_io's arguments untyped; they go to asyncio.create_subprocess_exec.
        await self._client.start_io(  # pyright: ignore[reportUnknownMemberType]
            command[0], *command[1:], env=dict(env), cwd=str(self._folder)
        )
        self._drain = asyncio.create_task(self._read_stderr())
        async with asyncio.timeout(60):
            result = await self._client.initialize_async(
                types.InitializeParams(
                    capabilities=_capabilities(),
                    process_id=None,
                    root_uri=self._folder.as_uri(),
                    workspace_folders=[types.WorkspaceFolder(uri=self._folder.as_uri(), name=self._folder.name)],
                )
            )
        self._client.initialized(types.InitializedParams())
        return result

    async def _read_stderr(self) -> None:
        """Keep the child's complaints, so that a full pipe never stops it and a failure can be explained."""
        server = self._client._server  # pyright: ignore[reportPrivateUsage]  # pygls has no other way to the child
        if server is None or server.stderr is None:
            return
        while chunk := await server.stderr.read(4096):
            self._stderr += chunk
            del self._stderr[:-20_000]

    @property
    def complaints(self) -> str:
        """The last of what the server wrote to standard error."""
        return self._stderr.decode(errors="replace")

    def open(self, path: Path, language: str) -> str:
        """Open a file; answers its URI."""
        uri = path.as_uri()
        text = path.read_text(encoding="utf-8")
        self._documents[uri] = TextDocument(uri, text, version=1, language_id=language)
        self._client.text_document_did_open(
            types.DidOpenTextDocumentParams(
                text_document=types.TextDocumentItem(uri=uri, language_id=language, version=1, text=text)
            )
        )
        return uri

    def text(self, uri: str) -> str:
        """Return a buffer's text as it is now."""
        return self._documents[uri].source

    async def light_bulb(self, uri: str, line: int) -> list[types.CodeAction]:
        """Return the code actions at the start of a line (counted from 0)."""
        position = types.Position(line=line, character=0)
        async with asyncio.timeout(30):
            found = await self._client.text_document_code_action_async(
                types.CodeActionParams(
                    text_document=types.TextDocumentIdentifier(uri=uri),
                    range=types.Range(start=position, end=position),
                    context=types.CodeActionContext(diagnostics=[]),
                )
            )
        return [action for action in found or [] if isinstance(action, types.CodeAction)]

    async def execute(self, command: str, argument: Mapping[str, object], *, progress: bool = False) -> object:
        """Run a server command; with ``progress`` the answer comes when the job has ended."""
        answer: object = await self._client.workspace_execute_command_async(
            types.ExecuteCommandParams(
                command=command, arguments=[dict(argument)], work_done_token=str(uuid4()) if progress else None
            )
        )
        return answer

    async def close(self) -> None:
        """Shut the server down as an editor does, and make sure that it is gone."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(5):
                await self._client.shutdown_async(None)
                self._client.exit(None)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(5):
                await self._client.stop()
        if self._drain is not None:
            self._drain.cancel()
            await asyncio.gather(self._drain, return_exceptions=True)


def converter() -> Converter:
    """pygls' converter, fixed: lsprotocol reads every code action that has a command as a bare Command."""
    made = default_converter()

    def read(value: Mapping[str, object], _: object) -> types.Command | types.CodeAction:
        bare = isinstance(value.get("command"), str)
        return made.structure(value, types.Command if bare else types.CodeAction)

    made.register_structure_hook(types.Command | types.CodeAction, read)
    return made


def _range(edit: object) -> types.Range:
    if isinstance(edit, types.TextEdit | types.AnnotatedTextEdit):
        return edit.range
    raise TypeError(f"not a plain text edit: {edit!r}")


def _text(edit: object) -> str:
    if isinstance(edit, types.TextEdit | types.AnnotatedTextEdit):
        return edit.new_text
    raise TypeError(f"not a plain text edit: {edit!r}")


def _start(span: types.Range) -> tuple[int, int]:
    return span.start.line, span.start.character


def _capabilities() -> types.ClientCapabilities:
    return types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(
            apply_edit=True,
            configuration=True,
            workspace_folders=True,
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
        ),
        window=types.WindowClientCapabilities(work_done_progress=True),
        text_document=types.TextDocumentClientCapabilities(
            code_action=types.CodeActionClientCapabilities(
                code_action_literal_support=types.ClientCodeActionLiteralOptions(
                    code_action_kind=types.ClientCodeActionKindOptions(value_set=["refactor", "quickfix"])
                )
            )
        ),
    )
