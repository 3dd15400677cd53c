"""The language server: features and commands, put together for one connection.

Nothing heavy is imported here or below: ``initialize`` is answered first, the services are built after it.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from forge_lsp.logfile import Log
from forge_lsp.lsp.names import COMMANDS, FIX_KIND, GENERATE_KIND
from forge_lsp.lsp.protocol import ForgeProtocol
from forge_lsp.lsp.serving import AfterDisconnect, serve_stdio, serve_tcp

if TYPE_CHECKING:
    from collections.abc import Callable

    from forge_lsp.core.languages import Languages
    from forge_lsp.core.task import Document, Scope, TextRange
    from forge_lsp.detached import Link
    from forge_lsp.lsp.apply import ApplyTimeouts
    from forge_lsp.lsp.commands import Commands
    from forge_lsp.lsp.session import Build, Session

__all__ = ["ForgeServer", "create_server", "run_stdio", "run_tcp"]

logger = logging.getLogger(__name__)

_KINDS = cast("list[lsp.CodeActionKind]", [GENERATE_KIND, FIX_KIND])


class ForgeServer(LanguageServer):
    """pygls' server with our protocol and one session."""

    protocol: ForgeProtocol  # pyright: ignore[reportIncompatibleVariableOverride] - set once, to this class

    def __init__(
        self, version: str, build: Build, waits: ApplyTimeouts | None, languages: Callable[[], Languages]
    ) -> None:
        super().__init__("forge-lsp", version, protocol_cls=ForgeProtocol)  # pyright: ignore[reportUnknownMemberType] - untyped *args there
        self.log = Log()
        self._version = version
        self._build = build
        self._waits = waits
        self._languages = languages
        self._begun = False
        self.outlives = False
        """Whether the process can go on once its client has gone."""

    # Made when first used, after initialize: the domain's dataclasses alone cost as much as the 50 ms we may take.

    @cached_property
    def session(self) -> Session:
        """What lives as long as the connection."""
        from forge_lsp.lsp.session import Session

        self._begun = True
        return Session(self.protocol, self._build, self.log, self._waits, languages=self._languages())

    @cached_property
    def commands(self) -> Commands:
        """The forge.* commands."""
        from forge_lsp.lsp.commands import Commands

        return Commands(self.session, self._version)

    async def execute(self, params: lsp.ExecuteCommandParams) -> object:
        """Run a command."""
        return await self.commands.execute(params)

    def at_once(self, params: lsp.ExecuteCommandParams) -> object | None:
        """Return what a command answers that has nothing to wait for, None for any other."""
        return self.commands.at_once(params)

    def cancel_progress(self, token: lsp.ProgressToken) -> None:
        """Cancel the job of a progress."""
        self.session.editor.work_done.cancel(token)

    def saved(self, uri: str) -> None:
        """The user saved a document. Returns at once."""
        if self._begun:
            self.session.saved(uri)

    def closed(self, uri: str) -> None:
        """A document was closed in the editor. Returns at once."""
        if self._begun:
            self.session.closed(uri)

    async def shut(self) -> None:
        """Handle ``shutdown``: release what is the client's, and stop all else where nothing can go on."""
        if not (self.outlives and await self.depart()):
            await self.aclose()

    async def depart(self) -> bool:
        """Part from a client that goes. True: jobs go on without it."""
        return self._begun and await self.session.depart()

    async def linger(self, stopped: asyncio.Event) -> None:
        """See the jobs through, for some minutes or until ``stopped`` is set."""
        await self.session.linger(stopped)

    async def aclose(self) -> None:
        """Stop everything that was begun."""
        if self._begun:
            await self.session.aclose()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an error outside of requests: pygls would show every one of them to the user."""
        logger.error("%s: %s", getattr(source, "__name__", source), error)


def create_server(
    *, build: Build, version: str, waits: ApplyTimeouts | None = None, languages: Callable[[], Languages] | None = None
) -> ForgeServer:
    """Return a server that is ready to run.

    ``build`` is awaited once after ``initialized`` with the editor's settings (None where it sent none), the
    workspace folders, and whether the user trusts them. It may raise a ForgeError: the user is told, and it is tried
    again when settings change. ``languages`` is asked once, after ``initialize``, for those that are known without any
    settings.
    """
    server = ForgeServer(version, build, waits, languages or _no_languages)
    protocol = server.protocol
    protocol.execute = server.execute
    protocol.at_once = server.at_once
    protocol.closing = server.shut
    protocol.cancel_progress = server.cancel_progress

    for name in COMMANDS:
        server.command(name)(_listed)

    @server.feature(lsp.INITIALIZED)
    async def initialized(_: lsp.InitializedParams) -> None:  # pyright: ignore[reportUnusedFunction] - registered
        await server.session.start()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: lsp.DidChangeConfigurationParams) -> None:  # pyright: ignore[reportUnusedFunction]
        await server.session.changed(cast("object", params.settings))

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files(params: lsp.DidChangeWatchedFilesParams) -> None:  # pyright: ignore[reportUnusedFunction]
        await server.session.files_changed([change.uri for change in params.changes])

    # Not as coroutines: these would run later, and see a text that was typed after the save.

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE, lsp.SaveOptions(include_text=False))
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction] - registered
        server.saved(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction] - registered
        server.closed(params.text_document.uri)

    options = lsp.CodeActionOptions(code_action_kinds=_KINDS, resolve_provider=False)

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, options)
    async def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command]:  # pyright: ignore[reportUnusedFunction] - registered
        return _actions(server.session, params)

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS, lsp.CodeLensOptions(resolve_provider=False))
    async def lenses(params: lsp.CodeLensParams) -> list[lsp.CodeLens]:  # pyright: ignore[reportUnusedFunction] - registered
        return await _lenses(server.session, params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())
    async def inline(params: lsp.InlineCompletionParams) -> list[lsp.InlineCompletionItem]:  # pyright: ignore[reportUnusedFunction] - registered
        return await _inline(server.session, params)

    return server


def _no_languages() -> Languages:
    from forge_lsp.core.languages import Languages

    return Languages(())


async def _listed() -> None:
    """Stands in pygls' table of commands, from which the client learns their names; ``execute`` runs them."""


def _actions(session: Session, params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command]:
    from forge_lsp.core.errors import BadRequest
    from forge_lsp.lsp.actions import code_actions, never

    editor = session.editor
    text_document = editor.protocol.client_capabilities.text_document
    capabilities = None if text_document is None else text_document.code_action
    try:
        document, present = editor.documents.document(params.text_document.uri)
    except BadRequest:
        return never(editor.documents.why_not_written(params.text_document.uri), capabilities)  # not a language of ours
    services = session.services

    def scope_at(span: TextRange) -> Scope | None:
        return None if services is None else _scope(services.scoping.scope, document, span)

    examples = tuple(session.examples.values())
    return code_actions(params, document, editor.documents.index(present), capabilities, scope_at, examples)


async def _lenses(session: Session, uri: str) -> list[lsp.CodeLens]:
    from forge_lsp.core.errors import BadRequest
    from forge_lsp.lsp.lenses import code_lenses
    from forge_lsp.lsp.protocol import Refusal

    try:
        services = await session.ready(despite_problem=True)
        if not services.lens():
            return []
        document, present = session.editor.documents.document(uri)
    except (BadRequest, Refusal):
        return []  # not a language of ours, or no server to speak of, which has been told

    def find() -> list[lsp.CodeLens]:
        return code_lenses(uri, services.scoping.unfinished(document), session.editor.documents.index(present))

    return await asyncio.to_thread(find)


async def _inline(session: Session, params: lsp.InlineCompletionParams) -> list[lsp.InlineCompletionItem]:
    from forge_lsp.lsp.inline import inline_completions

    if session.services is None:
        return []
    return await inline_completions(session.services, session.editor, params)


def _scope(find: Any, document: Document, span: TextRange) -> Scope | None:
    from forge_lsp.core.errors import BadRequest

    try:
        return cast("Scope", find(document, span))
    except BadRequest:
        return None


def run_stdio(server: ForgeServer, link: Link | None = None) -> int:
    """Serve on standard input and output; returns the process' return code. Takes over descriptors 0 and 1. ``link``:
    to the process that the client started, where this is another."""
    going_on = None if link is None else AfterDisconnect(link=link, depart=server.depart, linger=server.linger)
    server.outlives = link is not None and link.outlives
    try:
        return serve_stdio(server.protocol, server.aclose, going_on)
    finally:
        server.log.close()


def run_tcp(server: ForgeServer, host: str, port: int) -> int:
    """Serve one client on ``host:port``; returns the process' return code."""
    try:
        return serve_tcp(server.protocol, host, port, server.aclose)
    finally:
        server.log.close()
