"""Go: go/types in a small program of ours, compiled once by the user's own Go with the analyzers of its vet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from forge_lsp.checking.fast.checker import Checker
from forge_lsp.checking.fast.files import put
from forge_lsp.checking.fast.opener import CompiledOpener, PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import LinePeer
from forge_lsp.checking.fast.worker import Worker
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import CacheUse, Tree
from forge_lsp.languages.go.module import Layout, layout_of
from forge_lsp.languages.go.run import go_cache, go_environment, run_go
from forge_lsp.languages.go.tools import Go, find_go

__all__ = ["GoOpener"]

_SOURCES = Path(__file__).with_name("runners") / "gotypes"
_TOOLS = PurePosixPath("src/cmd/vendor/golang.org/x/tools")
_TIMEOUT = 180.0
"""Seconds for compiling the program, which is done once."""
_CACHE = Path("/tmp/go-cache")
"""In the sandbox, and of little use: nothing is compiled there."""
_WITH_TOOLS = "\nrequire golang.org/x/tools v0.0.0\n\nreplace golang.org/x/tools => ./tools\n"


class GoOpener(CompiledOpener):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`."""

    suffixes = (".go", "go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt")

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One for each module, or workspace of modules."""
        go = find_go(self._environment)
        source = place.source
        if go is None or source is None:
            return None
        # A build constraint, which the runner sees to, is no reason for another checker.
        layout = layout_of(place, "", go)
        key = (
            "go",
            source,
            go.program,
            go.version,
            layout.folder,
            layout.patterns,
            layout.vendored,
            bool(layout.files),
        )

        async def start(keep: StartDaemon) -> Checker:
            return await self._start(keep, source, go, layout)

        return PreparedChecker(key=key, start=start)

    def syntax(self, problem: Diagnostic) -> bool:
        return problem.message.startswith("syntax error:")

    async def _start(self, keep: StartDaemon, source: Path, go: Go, layout: Layout) -> Checker:
        program = await self._program(go)
        kept = await keep(
            (str(program), str(source)),
            source=source,
            env=go_environment(go, layout, cache=_CACHE),
            readable=(*go.readable, program.parent),
        )
        more = {"folder": str(layout.folder), "patterns": [] if layout.files else list(layout.patterns)}
        return Worker(LinePeer(kept), source="go", more=more)

    async def _program(self, go: Go) -> Path:
        """Our program, compiled by this Go; kept in the state folder. Raises EnvironmentFault."""
        version = f"go {go.version[0]}.{go.version[1]}"
        files = await asyncio.to_thread(_sources, version)
        digest = hashlib.sha256(f"{go.program}\0{go.version}".encode("utf-8", "surrogateescape"))
        for name, content in sorted(files.items()):
            digest.update(f"\0{name}\0".encode() + content)
        digest.update(await asyncio.to_thread((Path(go.environment["GOROOT"]) / "VERSION").read_bytes))
        program = self._state / f"go-{digest.hexdigest()[:16]}" / "forge-go"
        if program.is_file():
            return program
        tools = await asyncio.to_thread(_tools, Path(go.environment["GOROOT"]), version)
        content, words = await self._compiled(go, {**files, **tools}, "analyzers") if tools else (None, "")
        if content is None:  # the sources are not here, or of a shape that we do not know: without vet then
            content, words = await self._compiled(go, files, "")
        if content is None:
            raise EnvironmentFault(f"Go does not compile the fast gate: {words}")
        await asyncio.to_thread(put, program, content, mode=0o700)
        return program

    async def _compiled(self, go: Go, files: Mapping[PurePosixPath, bytes], tags: str) -> tuple[bytes | None, str]:
        tree = Tree(source=None, files=dict(files), cache=go_cache(go, CacheUse.KEEP))
        command = ("build", "-trimpath", "-ldflags=-s -w", "-tags", tags, "-o", "forge-go", ".")
        async with self._sandbox.open(tree) as box:
            result = await run_go(box, go, Layout(folder=PurePosixPath()), command, timeout=_TIMEOUT)
            content = box.read(PurePosixPath("forge-go")) if result.code == 0 else None
        return content, (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-500:]


def _sources(version: str) -> dict[PurePosixPath, bytes]:
    files = {PurePosixPath(path.name): path.read_bytes() for path in _SOURCES.glob("*.go")}
    return {**files, PurePosixPath("go.mod"): f"module forge\n\n{version}\n".encode()}


def _tools(root: Path, version: str) -> dict[PurePosixPath, bytes]:
    """What vet's analyzers are made of, as every Go that has its sources has it; empty where this one has not."""
    home = root / _TOOLS
    passes = home / "go" / "analysis" / "passes"
    if not (passes / "printf").is_dir():
        return {}
    files = {
        PurePosixPath("tools") / path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*.go")
        if not path.name.endswith("_test.go")
    }
    return {
        **files,
        PurePosixPath("tools/go.mod"): f"module golang.org/x/tools\n\n{version}\n".encode(),
        PurePosixPath("go.mod"): f"module forge\n\n{version}\n{_WITH_TOOLS}".encode(),
    }
