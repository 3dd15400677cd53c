"""Where the .NET SDK is, and what it needs to know and to read in a box."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.checking.versions import home_of

__all__ = ["INSTALL", "Dotnet", "dotnet_environment", "dotnet_of", "find_dotnet", "readable_of"]

INSTALL = "install the .NET SDK: https://dotnet.microsoft.com/download"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dotnet:
    """The SDK: its program, its variables, and the folders that it reads."""

    program: Path
    environment: Mapping[str, str]
    readable: Sequence[Path]


def dotnet_of(environment: Mapping[str, str]) -> Dotnet | None:
    """Return the SDK that :func:`find_dotnet` finds; ``environment`` is the server's own."""
    found = find_dotnet(environment)
    if found is None:
        return None
    return Dotnet(
        program=found, environment=dotnet_environment(found, environment), readable=readable_of(found, environment)
    )


def find_dotnet(environment: Mapping[str, str]) -> Path | None:
    """The ``dotnet`` of ``DOTNET_ROOT``, else of PATH."""
    root = environment.get("DOTNET_ROOT")
    if root and (Path(root) / "dotnet").is_file():
        return Path(root) / "dotnet"
    found = shutil.which("dotnet", path=environment.get("PATH", ""))
    return Path(found).resolve() if found else None


def dotnet_environment(dotnet: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What ``dotnet`` needs to know in a box."""
    kept = {
        "DOTNET_ROOT": str(dotnet.parent),
        "DOTNET_NOLOGO": "1",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        "DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1",
        "DOTNET_GENERATE_ASPNET_CERTIFICATE": "false",
        "DOTNET_CLI_UI_LANGUAGE": "en",
        "MSBUILDDISABLENODEREUSE": "1",
    }
    if environment.get("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT") == "1" or not _has_icu():
        kept["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
    if environment.get("RestoreSources"):
        kept["RestoreSources"] = environment["RestoreSources"]
    packages = _packages(environment)
    if packages is not None:
        kept["NUGET_PACKAGES"] = str(packages)
    return kept


def _packages(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("NUGET_PACKAGES")
    folder = Path(named) if named else home_of(environment) / ".nuget" / "packages"
    return folder if folder.is_dir() else None


def readable_of(dotnet: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders that ``dotnet`` reads: the SDK, the user's packages, and sources of packages on this machine."""
    folders = [dotnet.parent]
    packages = _packages(environment)
    if packages is not None:
        folders.append(packages)
    for source in environment.get("RestoreSources", "").split(";"):
        if source.startswith("/") and Path(source).is_dir():
            folders.append(Path(source))
    return tuple(folders)


def _has_icu() -> bool:
    folders = (Path("/usr/lib"), Path("/usr/lib64"), *Path("/usr/lib").glob("*-linux-*"))
    return any(any(folder.glob("libicuuc.so.*")) for folder in folders)
