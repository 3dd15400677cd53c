"""Small programs of ours, compiled by the SDK's own compiler for the runtime that it runs on itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox, Tree
from forge_lsp.languages.csharp.sdk import dotnet_environment

__all__ = ["TIMEOUT", "Sdk", "compiled", "sdk_of"]

TIMEOUT = 180.0
"""Seconds for compiling a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """``roslyn`` holds the compiler, ``runtime`` the libraries that it runs on, of ``version``."""

    dotnet: Path
    roslyn: Path
    runtime: Path
    version: str

    @property
    def settings(self) -> Path:
        """The settings with which the compiler is run."""
        return self.roslyn / "csc.runtimeconfig.json"

    @property
    def execute(self) -> tuple[str, ...]:
        """The start of a command that runs a program on the compiler's runtime."""
        return (str(self.dotnet), "exec", "--runtimeconfig", str(self.settings))


def sdk_of(dotnet: Path) -> Sdk | None:
    """Return the newest SDK whose runtime is there."""
    for folder in sorted((dotnet.parent / "sdk").glob("*"), key=_version, reverse=True):
        roslyn = folder / "Roslyn" / "bincore"
        if not (roslyn / "csc.dll").is_file():
            continue
        runtimes = (dotnet.parent / "shared" / "Microsoft.NETCore.App").glob(f"{_version(folder)[0]}.*")
        for runtime in sorted(runtimes, key=_version, reverse=True):
            return Sdk(dotnet=dotnet, roslyn=roslyn, runtime=runtime, version=runtime.name)
    return None


async def compiled(
    sandbox: Sandbox,
    sdk: Sdk,
    environment: Mapping[str, str],
    name: str,
    text: bytes,
    *,
    libraries: Sequence[Path],
) -> bytes:
    """Return the program ``name`` that ``text`` compiles to. ``environment`` is the server's own. Raises
    EnvironmentFault."""
    source, output = PurePosixPath(f"{name}.cs"), PurePosixPath(f"{name}.dll")
    command = [*sdk.execute, str(sdk.roslyn / "csc.dll"), "-noconfig", "-nostdlib", "-nologo", "-optimize"]
    command += ["-nowarn:CS8632,CS1701,CS1702", "-deterministic", f"-out:{output}", str(source)]
    command += [f"-r:{library}" for library in libraries if library.is_file()]
    async with sandbox.open(Tree(source=None, files={source: text})) as box:
        result = await box.run(
            command,
            timeout=TIMEOUT,
            env=dotnet_environment(sdk.dotnet, environment),
            readable=(sdk.dotnet.parent,),
        )
        content = box.read(output)
    if result.code != 0 or content is None:
        words = (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-500:]
        raise EnvironmentFault(f"the SDK's compiler does not compile {source}, a program of ours: {words}")
    return content


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.name)) or (0,)
