"""C#: Roslyn in a small program of ours, compiled by the SDK's own compiler, over the arguments of a real build."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.fast.checker import Checker
from forge_lsp.checking.fast.files import put
from forge_lsp.checking.fast.opener import CompiledOpener, PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import opened_peer
from forge_lsp.checking.fast.worker import Worker
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.languages.csharp.building import ProjectBuild
from forge_lsp.languages.csharp.projects import ProjectDescription, projects_of
from forge_lsp.languages.csharp.roslyn import TIMEOUT, Sdk, compiled, sdk_of
from forge_lsp.languages.csharp.sdk import Dotnet, dotnet_of
from forge_lsp.reading import SOURCE, read_bytes, table_beside

__all__ = ["CSharpOpener"]

_SOURCE = Path(__file__).with_name("runners") / "Roslyn.cs"
_LIBRARIES: Sequence[str] = table_beside(__file__, "runners/libraries.toml")["roslyn"]


class CSharpOpener(CompiledOpener):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`."""

    suffixes = (".cs",)

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One for the document's project and those that refer to it, as their files say now."""
        dotnet = dotnet_of(self._environment)
        project = place.nearest("*.csproj")
        source = place.source
        if dotnet is None or project is None or source is None:
            return None
        sdk = sdk_of(dotnet.program)
        if sdk is None:
            return None
        projects = projects_of(place, project)
        digest = hashlib.sha256()
        for path in projects:
            settings = (path, *(folder / "Directory.Build.props" for folder in path.parents))
            digest.update("\0".join(place.text(file) or "" for file in settings).encode("utf-8", "replace"))
            digest.update(read_bytes(source / path.parent / "obj" / "project.assets.json", most=SOURCE) or b"")
        key = ("csharp", source, dotnet.program, projects, digest.hexdigest())

        async def start(keep: StartDaemon) -> Checker:
            return await self._start(keep, source, place, dotnet, sdk, projects)

        return PreparedChecker(key=key, start=start)

    def syntax(self, problem: Diagnostic) -> bool:
        return re.fullmatch(r"CS1(?:00[1-9]|01\d|02[0-6]|51[3-9]|52\d)", problem.code) is not None

    async def _start(
        self,
        keep: StartDaemon,
        source: Path,
        place: Place,
        dotnet: Dotnet,
        sdk: Sdk,
        projects: tuple[PurePosixPath, ...],
    ) -> Checker:
        build = ProjectBuild(
            sandbox=self._sandbox,
            timeout=TIMEOUT,
            dotnet=dotnet,
            place=place,
            projects=projects,
            extra={},
            restored={},
        )
        program, described = await asyncio.gather(self._program(sdk), build.describe())
        kept = await keep(
            (*sdk.execute, str(program), str(sdk.roslyn), str(source)),
            source=source,
            env={**dotnet.environment, "DOTNET_TieredPGO": "0", "DOTNET_gcServer": "0"},
            readable=(*dotnet.readable, program.parent),
        )
        peer, _ = await opened_peer(kept, [_opened(one) for one in described], seconds=TIMEOUT)
        return Worker(peer, source="dotnet")

    async def _program(self, sdk: Sdk) -> Path:
        """Our program, compiled for this SDK; kept in the state folder. Raises EnvironmentFault."""
        text = await asyncio.to_thread(_SOURCE.read_bytes)
        name = hashlib.sha256(text + str(sdk).encode()).hexdigest()[:16]
        program = self._state / f"roslyn-{name}" / "forge-roslyn.dll"
        if program.is_file():
            return program
        libraries = [sdk.runtime / f"{name}.dll" for name in _LIBRARIES]
        libraries += [sdk.roslyn / "Microsoft.CodeAnalysis.dll", sdk.roslyn / "Microsoft.CodeAnalysis.CSharp.dll"]
        content = await compiled(self._sandbox, sdk, self._environment, "forge-roslyn", text, libraries=libraries)
        await asyncio.to_thread(put, program, content)
        return program


def _opened(one: ProjectDescription) -> dict[str, object]:
    return {
        "name": str(one.project),
        "folder": str(one.project.parent),
        "arguments": list(one.arguments),
        "generated": {str(path): text for path, text in one.generated.items()},
        "references": [str(path) for path in one.references],
    }
