"""Languages that a client's own selectors do not have: those of settings and of packages.

A client says in ``initializationOptions.languages`` which identifiers it selects by itself. For all others it is asked,
by ``client/registerCapability``, to tell of their documents and to ask for actions in them, where it can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import cast

from lsprotocol import types as lsp

from forge_lsp.core.languages import Language, Languages
from forge_lsp.lsp.names import FIX_KIND, GENERATE_KIND

__all__ = ["Registrar", "change_registrations", "covered", "registrations"]


def covered(options: object) -> frozenset[str] | None:
    """Return the identifiers that a client selects by itself; None: it does not say, and is not asked for others."""
    if isinstance(options, Sequence) and not isinstance(options, str):
        return frozenset(one for one in cast("Sequence[object]", options) if isinstance(one, str))
    return None


def registrations(
    languages: Iterable[Language], own: frozenset[str], client: lsp.TextDocumentClientCapabilities | None
) -> tuple[lsp.Registration, ...]:
    """Return what to register for ``languages`` that are not among ``own``; nothing where the client takes none."""
    others = [one for one in languages if own.isdisjoint((one.id, *one.names))]
    sync = None if client is None else client.synchronization
    if not others or client is None or sync is None or not sync.dynamic_registration:
        return ()
    at: list[lsp.DocumentFilter] = []
    for one in others:
        for name in (one.id, *one.names):
            at += [lsp.TextDocumentFilterLanguage(scheme=scheme, language=name) for scheme in ("file", "untitled")]
        at += [lsp.TextDocumentFilterPattern(scheme="file", pattern=f"**/*{suffix}") for suffix in one.suffixes]
    kinds = cast("list[lsp.CodeActionKind]", [GENERATE_KIND, FIX_KIND])
    found: dict[str, object] = {
        lsp.TEXT_DOCUMENT_DID_OPEN: lsp.TextDocumentRegistrationOptions(document_selector=at),
        lsp.TEXT_DOCUMENT_DID_CHANGE: lsp.TextDocumentChangeRegistrationOptions(
            document_selector=at, sync_kind=lsp.TextDocumentSyncKind.Incremental
        ),
        lsp.TEXT_DOCUMENT_DID_SAVE: lsp.TextDocumentSaveRegistrationOptions(document_selector=at, include_text=False),
        lsp.TEXT_DOCUMENT_DID_CLOSE: lsp.TextDocumentRegistrationOptions(document_selector=at),
    }
    if client.code_action is not None and client.code_action.dynamic_registration:
        found[lsp.TEXT_DOCUMENT_CODE_ACTION] = lsp.CodeActionRegistrationOptions(
            document_selector=at, code_action_kinds=kinds, resolve_provider=False
        )
    if client.code_lens is not None and client.code_lens.dynamic_registration:
        found[lsp.TEXT_DOCUMENT_CODE_LENS] = lsp.CodeLensRegistrationOptions(
            document_selector=at, resolve_provider=False
        )
    if client.inline_completion is not None and client.inline_completion.dynamic_registration:
        found[lsp.TEXT_DOCUMENT_INLINE_COMPLETION] = lsp.InlineCompletionRegistrationOptions(document_selector=at)
    return tuple(
        lsp.Registration(id=f"forge-languages-{method}", method=method, register_options=options)
        for method, options in found.items()
    )


def change_registrations(
    client: lsp.WorkspaceClientCapabilities | None, languages: Languages
) -> tuple[lsp.Registration, ...]:
    """Return what to register to hear of changed settings and files; nothing where the client takes none."""
    wanted: dict[str, object] = {}
    change = None if client is None else client.did_change_configuration
    watch = None if client is None else client.did_change_watched_files
    if change is not None and change.dynamic_registration:
        wanted[lsp.WORKSPACE_DID_CHANGE_CONFIGURATION] = lsp.DidChangeConfigurationRegistrationOptions(section="forge")
    if watch is not None and watch.dynamic_registration:
        code = ",".join(sorted(set(languages.suffixes)))
        globs = ["**/forge.toml", *([f"**/*{{{code}}}"] if code else [])]
        watchers = [lsp.FileSystemWatcher(glob_pattern=glob) for glob in globs]
        wanted[lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES] = lsp.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
    return tuple(
        lsp.Registration(id=f"forge-{method}", method=method, register_options=options)
        for method, options in wanted.items()
    )


class Registrar:
    """Keeps what is registered with a client at what is wanted. ``ask`` sends a request, and never fails."""

    def __init__(self, ask: Callable[[str, object], Awaitable[object]]) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._now: tuple[lsp.Registration, ...] = ()

    async def update(self, wanted: tuple[lsp.Registration, ...]) -> None:
        """Take back what was registered before where it differs, and register ``wanted``."""
        async with self._lock:
            if wanted == self._now:
                return
            gone = [lsp.Unregistration(id=one.id, method=one.method) for one in self._now]
            if gone:
                params = lsp.UnregistrationParams(unregisterations=gone)
                await self._ask(lsp.CLIENT_UNREGISTER_CAPABILITY, params)
            self._now = wanted
            if wanted:
                await self._ask(lsp.CLIENT_REGISTER_CAPABILITY, lsp.RegistrationParams(registrations=wanted))
