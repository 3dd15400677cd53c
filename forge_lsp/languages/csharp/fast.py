"""C#: Roslyn in a small program of ours, compiled by the SDK's own compiler, over the arguments of a real build."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.checking.fast.checker import Checker
from forge_lsp.checking.fast.files import put
from forge_lsp.checking.fast.opener import AsItIs, Keep, Prepared
from forge_lsp.checking.fast.peers import LinePeer
from forge_lsp.checking.fast.worker import Worker
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox, Tree
from forge_lsp.languages.csharp.building import ProjectBuild
from forge_lsp.languages.csharp.projects import Described, projects_of
from forge_lsp.languages.csharp.sdk import dotnet_environment, find_dotnet, readable_of
from forge_lsp.reading import SOURCE, read_bytes

__all__ = ["CSharpOpener"]

_SOURCE = Path(__file__).with_name("runners") / "Roslyn.cs"
_TIMEOUT = 180.0
"""Seconds for what is done once: the arguments of the projects, and compiling the program."""
_LIBRARIES = (
    *("System.Private.CoreLib", "System.Runtime", "System.Collections", "System.Collections.Immutable"),
    *("System.Console", "System.Linq", "System.Memory", "System.Runtime.Loader", "System.Runtime.Extensions"),
    *("System.Text.Json", "System.Text.Encoding.Extensions", "System.Threading", "netstandard"),
)


class CSharpOpener(AsItIs):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`. ``state`` is a folder of ours for the compiled program;
    ``environment`` the server's own."""

    suffixes = (".cs",)

    def __init__(self, sandbox: Sandbox, environment: Mapping[str, str], state: Path) -> None:
        self._sandbox = sandbox
        self._environment = environment
        self._state = state / "fast"

    def prepare(self, place: Place) -> Prepared | None:
        """One for the document's project and those that refer to it, as their files say now."""
        dotnet = find_dotnet(self._environment)
        project = place.nearest("*.csproj")
        source = place.source
        if dotnet is None or project is None or source is None:
            return None
        sdk = _sdk(dotnet)
        if sdk is None:
            return None
        projects = projects_of(place, project)
        digest = hashlib.sha256()
        for path in projects:
            settings = (path, *(folder / "Directory.Build.props" for folder in path.parents))
            digest.update("\0".join(place.text(file) or "" for file in settings).encode("utf-8", "replace"))
            digest.update(read_bytes(source / path.parent / "obj" / "project.assets.json", most=SOURCE) or b"")
        key = ("csharp", source, dotnet, projects, digest.hexdigest())

        async def start(keep: Keep) -> Checker:
            return await self._start(keep, source, place, dotnet, sdk, projects)

        return Prepared(key=key, start=start)

    def word(self, document: PurePosixPath) -> None:
        """Roslyn knows what depends on what."""
        del document

    def syntax(self, problem: Diagnostic) -> bool:
        return re.fullmatch(r"CS1(?:00[1-9]|01\d|02[0-6]|51[3-9]|52\d)", problem.code) is not None

    async def _start(
        self, keep: Keep, source: Path, place: Place, dotnet: Path, sdk: _Sdk, projects: tuple[PurePosixPath, ...]
    ) -> Checker:
        build = ProjectBuild(
            sandbox=self._sandbox,
            timeout=_TIMEOUT,
            dotnet=dotnet,
            environment=dotnet_environment(dotnet, self._environment),
            readable=readable_of(dotnet, self._environment),
            place=place,
            projects=projects,
            extra={},
            restored={},
        )
        program, described = await asyncio.gather(self._program(dotnet, sdk), build.describe())
        kept = await keep(
            (*_exec(dotnet, sdk), str(program), str(sdk.roslyn), str(source)),
            source=source,
            env={**dotnet_environment(dotnet, self._environment), "DOTNET_TieredPGO": "0", "DOTNET_gcServer": "0"},
            readable=(*readable_of(dotnet, self._environment), program.parent),
        )
        peer = LinePeer(kept)
        try:
            async with asyncio.timeout(_TIMEOUT):
                await peer.ask({"open": [_opened(one) for one in described]})
        except BaseException:
            await peer.aclose()
            raise
        return Worker(peer, source="dotnet")

    async def _program(self, dotnet: Path, sdk: _Sdk) -> Path:
        """Our program, compiled for this SDK; kept in the state folder. Raises EnvironmentFault."""
        text = await asyncio.to_thread(_SOURCE.read_bytes)
        name = hashlib.sha256(text + str(sdk).encode()).hexdigest()[:16]
        program = self._state / f"roslyn-{name}" / "forge-roslyn.dll"
        if program.is_file():
            return program
        libraries = [sdk.runtime / f"{name}.dll" for name in _LIBRARIES]
        libraries += [sdk.roslyn / "Microsoft.CodeAnalysis.dll", sdk.roslyn / "Microsoft.CodeAnalysis.CSharp.dll"]
        command = [*_exec(dotnet, sdk), str(sdk.roslyn / "csc.dll"), "-noconfig", "-nostdlib", "-nologo", "-optimize"]
        command += ["-nowarn:CS8632,CS1701,CS1702", "-deterministic", "-out:forge-roslyn.dll", "Roslyn.cs"]
        command += [f"-r:{library}" for library in libraries if library.is_file()]
        async with self._sandbox.open(Tree(source=None, files={PurePosixPath("Roslyn.cs"): text})) as box:
            result = await box.run(
                command,
                timeout=_TIMEOUT,
                env=dotnet_environment(dotnet, self._environment),
                readable=(dotnet.parent,),
            )
            content = box.read(PurePosixPath("forge-roslyn.dll"))
        if result.code != 0 or content is None:
            words = (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-500:]
            raise EnvironmentFault(f"the SDK's compiler does not compile the fast gate of C#: {words}")
        await asyncio.to_thread(put, program, content)
        return program


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sdk:
    """``roslyn`` holds the compiler, ``runtime`` the libraries that it runs on, of ``version``."""

    roslyn: Path
    runtime: Path
    version: str


def _sdk(dotnet: Path) -> _Sdk | None:
    """The newest SDK whose runtime is there."""
    for folder in sorted((dotnet.parent / "sdk").glob("*"), key=_version, reverse=True):
        roslyn = folder / "Roslyn" / "bincore"
        if not (roslyn / "csc.dll").is_file():
            continue
        runtimes = (dotnet.parent / "shared" / "Microsoft.NETCore.App").glob(f"{_version(folder)[0]}.*")
        for runtime in sorted(runtimes, key=_version, reverse=True):
            return _Sdk(roslyn=roslyn, runtime=runtime, version=runtime.name)
    return None


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.name)) or (0,)


def _exec(dotnet: Path, sdk: _Sdk) -> tuple[str, ...]:
    return (str(dotnet), "exec", "--runtimeconfig", str(sdk.roslyn / "csc.runtimeconfig.json"))


def _opened(one: Described) -> dict[str, object]:
    return {
        "name": str(one.project),
        "folder": str(one.project.parent),
        "arguments": list(one.arguments),
        "generated": {str(path): text for path, text in one.generated.items()},
        "references": [str(path) for path in one.references],
    }
