"""C#, for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.formatting import ProjectFormatter
from forge_lsp.checking.programs import programs_of
from forge_lsp.core.support import CheckingSupport, Tools
from forge_lsp.languages.csharp.fast import CSharpOpener
from forge_lsp.languages.csharp.formatter import csharp_formatter
from forge_lsp.languages.csharp.sdk import find_dotnet
from forge_lsp.languages.csharp.toolchain import CSharpToolchain, csharp_findings
from forge_lsp.languages.csharp.warm import WarmBuilds

__all__ = ["CHECKING"]


def _toolchain(tools: Tools, seconds: float) -> CSharpToolchain:
    warm = None
    if tools.ends is not None:
        warm = WarmBuilds(tools.sandbox)
        tools.ends.push_async_callback(warm.aclose)
    return CSharpToolchain(tools.sandbox, timeout=seconds, environment=tools.environment, warm=warm, runs=tools.runs)


def _variables(named: str, found: Path | None) -> Mapping[str, str] | None:
    del named
    return None if found is None else {"DOTNET_ROOT": str(programs_of(found.resolve() if found.is_file() else found))}


CHECKING = CheckingSupport(
    toolchain=_toolchain,
    formatter=lambda tools, seconds: ProjectFormatter(tools, csharp_formatter, timeout=seconds),
    findings=csharp_findings,
    opener=lambda tools, state: CSharpOpener(tools.sandbox, tools.environment, state),
    ready=lambda environment: find_dotnet(environment) is not None,
    variables=_variables,
)
