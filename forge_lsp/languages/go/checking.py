"""Go, for the checks."""

from __future__ import annotations

from forge_lsp.checking.formatting import ProjectFormatter
from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.go.fast import GoOpener
from forge_lsp.languages.go.formatter import go_formatter
from forge_lsp.languages.go.toolchain import GoToolchain, go_findings
from forge_lsp.languages.go.tools import find_go

__all__ = ["CHECKING"]

CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: GoToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    formatter=lambda tools, seconds: ProjectFormatter(tools, go_formatter, timeout=seconds),
    findings=go_findings,
    opener=lambda tools, state: GoOpener(tools.sandbox, tools.environment, state),
    ready=lambda environment: find_go(environment) is not None,
)
