"""JavaScript: node's own parser in a worker, and TypeScript, where there is one, for names and calls."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import forge_lsp.languages.ecmascript
from forge_lsp.checking.fast.checker import Checker, CheckRequest
from forge_lsp.checking.fast.opener import NoSuppression, PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import LinePeer
from forge_lsp.checking.fast.worker import Worker
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place, project_files
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.fast_typescript import imported_as, library_of, start_server, start_worker
from forge_lsp.languages.ecmascript.node import node_of
from forge_lsp.languages.ecmascript.tsc import Compiler, find_compiler, is_syntax
from forge_lsp.languages.ecmascript.words import (
    CONFIG,
    MOST_FILES,
    READ,
    configuration,
    has_node_types,
    said,
    tells,
)

__all__ = ["JavaScriptOpener"]

_RUNNER = Path(__file__).with_name("runners") / "javascript.mjs"
_MODULES = Path(forge_lsp.languages.ecmascript.__path__[0]) / "runners"
_TIMEOUT = 60.0
_OWN = "tsconfig.json"
"""The name that a language server looks for first."""
_CONFIGS = (_OWN, "jsconfig.json")


class JavaScriptOpener(NoSuppression):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`. ``environment`` is the server's own (``PATH``)."""

    suffixes = (*JAVASCRIPT.suffixes, *TYPESCRIPT.suffixes, ".json")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One for each workspace and compiler."""
        node = node_of(place, self._environment)
        source = place.source
        if node is None or source is None:
            return None
        found = find_compiler(place, self._environment, trusted=True)
        compiler = None if isinstance(found, Fault) else found
        key = ("javascript", source, node, compiler.command if compiler is not None else None)
        return PreparedChecker(key=key, start=lambda keep: _start(keep, source, node, compiler))

    def word(self, document: PurePosixPath) -> str:
        return imported_as(document)

    def syntax(self, problem: Diagnostic) -> bool:
        return problem.code == "SyntaxError" or is_syntax(problem.code)


async def _start(keep: StartDaemon, source: Path, node: Path, compiler: Compiler | None) -> Checker:
    files = await asyncio.to_thread(lambda: [name for name, _ in project_files(source, READ, JAVASCRIPT)][:MOST_FILES])
    async with AsyncExitStack() as opened:
        kept = await keep(
            (str(node), "--experimental-vm-modules", "--no-warnings", str(_RUNNER), str(_MODULES), str(source)),
            source=source,
            readable=(*readable_for(node), _RUNNER.parent, _MODULES),
        )
        peer = LinePeer(kept)
        opened.push_async_callback(peer.aclose)
        async with asyncio.timeout(_TIMEOUT):
            await peer.ask({"open": files})
        modules = Worker(peer, source="node")
        types = await _start_types(keep, source, compiler) if compiler is not None else None
        opened.pop_all()
        return _JavaScriptChecker(modules, types)
    raise AssertionError("nothing of the stack suppresses")


async def _start_types(keep: StartDaemon, source: Path, compiler: Compiler) -> _Types:
    library = library_of(compiler)
    typed = await asyncio.to_thread(has_node_types, source)
    if library is not None:
        checker = await start_worker(keep, source, compiler, library, {}, (PurePosixPath(CONFIG),))
        return _Types(checker, CONFIG, typed=typed)
    # The server looks for configurations beside the document and above it: ours lies over the first, and the project's
    # own, which may be for something else, lead there.
    leading = await asyncio.to_thread(_leading, source)
    return _Types(await start_server(keep, source, compiler, told=_told), _OWN, typed=typed, laid=leading)


def _leading(source: Path) -> dict[PurePosixPath, str]:
    """For each folder's configuration, one that leads to ours in the root."""
    nested = [PurePosixPath(name) for name, _ in project_files(source, _CONFIGS, JAVASCRIPT)]
    return {
        path: json.dumps({"extends": os.path.relpath(_OWN, path.parent)})
        for path in nested
        if path.name in _CONFIGS and path.parent != PurePosixPath(".")
    }


def _told(item: Mapping[str, Any]) -> bool:
    return tells(f"TS{item.get('code')}")


class _Types:
    """TypeScript over JavaScript, by a configuration of ours that lies in memory under the name ``config``."""

    def __init__(
        self, checker: Checker, config: str, *, typed: bool, laid: Mapping[PurePosixPath, str] | None = None
    ) -> None:
        self._checker = checker
        self._config = config
        self._typed = typed
        self._laid = dict(laid or {})

    @property
    def alive(self) -> bool:
        return self._checker.alive

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        await self._checker.changed(files)

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...]:
        ours = configuration(question.document, self._config, typed=self._typed)
        laid = {**self._laid, **{path: content.decode() for path, content in ours.items()}}
        ending = JAVASCRIPT.suffixes
        dependents = {path: text for path, text in question.dependents.items() if path.name.endswith(ending)}
        asked = replace(question, others={**question.others, **laid}, dependents=dependents)
        found = await self._checker.problems(asked)
        return tuple(problem for problem in found or () if tells(problem.code))

    async def aclose(self) -> None:
        await self._checker.aclose()


class _JavaScriptChecker:
    def __init__(self, modules: Worker, types: _Types | None) -> None:
        self._modules = modules
        self._types = types

    @property
    def alive(self) -> bool:
        return self._modules.alive and (self._types is None or self._types.alive)

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        await self._modules.changed(files)
        if self._types is not None:
            await self._types.changed(files)

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...] | None:
        if self._types is None:
            parsed, typed = await self._modules.problems(question), ()
        else:
            parsed, typed = await asyncio.gather(self._modules.problems(question), self._types.problems(question))
        return None if parsed is None else said(str(question.document), question.text, parsed, typed)[0]

    async def aclose(self) -> None:
        await self._modules.aclose()
        if self._types is not None:
            await self._types.aclose()
