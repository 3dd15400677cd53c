"""Java, for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.formatting import ProjectFormatter
from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.java.fast import JavaOpener, fast_jdk
from forge_lsp.languages.java.formatter import java_formatter
from forge_lsp.languages.java.toolchain import JavaToolchain, java_findings

__all__ = ["CHECKING"]


def _variables(named: str, found: Path | None) -> Mapping[str, str] | None:
    del named
    return None if found is None else {"JAVA_HOME": str(found.resolve().parent.parent if found.is_file() else found)}


CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: JavaToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    formatter=lambda tools, seconds: ProjectFormatter(tools, java_formatter, timeout=seconds),
    findings=java_findings,
    opener=lambda tools, state: JavaOpener(tools.sandbox, tools.environment, state),
    ready=lambda environment: fast_jdk(environment) is not None,
    variables=_variables,
)
