"""TypeScript: version 7 as a language server, an older one of the project's own in a worker of ours."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from forge_lsp.checking.fast.checker import Checker, LanguageServer, Told
from forge_lsp.checking.fast.opener import NoSuppression, PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import LinePeer, LspPeer
from forge_lsp.checking.fast.worker import Worker
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.languages.ecmascript import TYPESCRIPT
from forge_lsp.languages.ecmascript.tsc import Compiler, compiler_path, find_compiler, is_syntax
from forge_lsp.languages.ecmascript.typescript import configured
from forge_lsp.reading import parsed_json, read_bytes

__all__ = ["TypeScriptOpener", "imported_as", "library_of", "start_server", "start_worker"]

_RUNNER = Path(__file__).with_name("runners") / "typescript.cjs"
_LANGUAGES = {
    ".tsx": "typescriptreact",
    ".jsx": "javascriptreact",
    ".json": "json",
    **dict.fromkeys((".js", ".mjs", ".cjs"), "javascript"),
}


class TypeScriptOpener(NoSuppression):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`. ``environment`` is the server's own (``PATH``)."""

    suffixes = (*TYPESCRIPT.suffixes, ".json")

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One for each workspace and compiler; older TypeScript also for each configuration."""
        source = place.source
        found = find_compiler(place, self._environment, trusted=True)
        if isinstance(found, Fault) or source is None:
            return None
        config = place.nearest("tsconfig.json")
        library = library_of(found)
        if library is None:
            if config is None:
                return None  # it would guess, and less strictly than the build gate
            key = ("typescript", source, found.command)
            return PreparedChecker(key=key, start=lambda keep: start_server(keep, source, found))
        extra, targets = configured(place, config)
        key = ("typescript", source, found.command, tuple(sorted(extra.items())), targets)
        return PreparedChecker(key=key, start=lambda keep: start_worker(keep, source, found, library, extra, targets))

    def word(self, document: PurePosixPath) -> str:
        return imported_as(document)

    def syntax(self, problem: Diagnostic) -> bool:
        return is_syntax(problem.code)


def imported_as(document: PurePosixPath) -> str:
    """The word that imports of a module hold: its name, of a folder's index the folder's."""
    stem = document.name.split(".", 1)[0]
    return document.parent.name if stem == "index" and document.parent.name else stem


def library_of(compiler: Compiler) -> Path | None:
    """The package of a TypeScript that is written in JavaScript; None for a native one."""
    for folder in Path(compiler.command[-1]).parents:
        try:
            package = parsed_json(read_bytes(folder / "package.json") or b"")
        except ValueError:
            continue
        old = package.get("name") == "typescript" and re.match(r"[1-6]\.", str(package.get("version")))
        return folder / "lib" / "typescript.js" if old and len(compiler.command) > 1 else None
    return None


async def start_server(keep: StartDaemon, source: Path, compiler: Compiler, told: Told = lambda _: True) -> Checker:
    """A native TypeScript as a language server; ``told`` says which of its diagnostics count. Raises ForgeError."""
    kept = await keep(
        (*compiler.command, "--lsp", "--stdio"),
        source=source,
        env={"PATH": compiler_path(compiler)},
        readable=compiler.readable,
    )
    server = LanguageServer(
        LspPeer(kept),
        source,
        language=lambda path: _LANGUAGES.get(path.suffix, "typescript"),
        source="tsc",
        told=told,
        code=lambda code: f"TS{code}",
    )
    try:
        async with asyncio.timeout(60):
            await server.initialize()
    except BaseException:
        await server.aclose()
        raise
    return server


async def start_worker(
    keep: StartDaemon,
    source: Path,
    compiler: Compiler,
    library: Path,
    extra: Mapping[PurePosixPath, bytes],
    targets: tuple[PurePosixPath, ...],
) -> Checker:
    """A TypeScript before 7 in a worker of ours: ``extra`` lies over the disk, the first of ``targets`` that covers a
    document is taken. Raises ForgeError."""
    kept = await keep(
        (compiler.command[0], str(_RUNNER), str(library), str(source)),
        source=source,
        env={"PATH": compiler_path(compiler)},
        readable=(*compiler.readable, _RUNNER.parent),
    )
    laid = {str(path): content.decode() for path, content in extra.items()}
    return Worker(LinePeer(kept), source="tsc", more={"targets": [str(path) for path in targets]}, laid=laid)
