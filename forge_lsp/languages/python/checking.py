"""Python, for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_lsp.checking.formatting import ProjectFormatter
from forge_lsp.checking.versions import CHOSEN
from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.python.fast import PythonOpener
from forge_lsp.languages.python.formatter import python_formatter
from forge_lsp.languages.python.interpreters import program
from forge_lsp.languages.python.toolchain import PythonToolchain, python_findings

__all__ = ["CHECKING"]


def _variables(named: str, found: Path | None) -> Mapping[str, str]:
    del found  # a folder of the workspace counts, too, and that is not known yet
    return {CHOSEN: named}


CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: PythonToolchain(
        tools.sandbox,
        timeout=seconds,
        environment=tools.environment,
        interpreter=tools.environment.get(CHOSEN),
        runs=tools.runs,
    ),
    formatter=lambda tools, seconds: ProjectFormatter(tools, python_formatter, timeout=seconds),
    findings=python_findings,
    opener=lambda tools, state: PythonOpener(tools.environment, tools.environment.get(CHOSEN)),  # noqa: ARG005
    ready=lambda environment: program("ruff") is not None and program("ty") is not None,  # noqa: ARG005
    variables=_variables,
)
