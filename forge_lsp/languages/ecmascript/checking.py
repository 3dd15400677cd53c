"""TypeScript and JavaScript, for the checks."""

from __future__ import annotations

import shutil
from pathlib import PurePosixPath

from forge_lsp.checking.formatting import ProjectFormatter
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.ecmascript.fast_javascript import JavaScriptOpener
from forge_lsp.languages.ecmascript.fast_typescript import TypeScriptOpener
from forge_lsp.languages.ecmascript.formatter import javascript_formatter
from forge_lsp.languages.ecmascript.toolchain import JavaScriptToolchain, javascript_findings
from forge_lsp.languages.ecmascript.tsc import find_compiler
from forge_lsp.languages.ecmascript.typescript import TypeScriptToolchain, typescript_findings

__all__ = ["JAVASCRIPT_CHECKING", "TYPESCRIPT_CHECKING"]

_NOWHERE = Place(source=None, document=PurePosixPath("a.ts"))

JAVASCRIPT_CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: JavaScriptToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    formatter=lambda tools, seconds: ProjectFormatter(tools, javascript_formatter, timeout=seconds),
    findings=javascript_findings,
    opener=lambda tools, state: JavaScriptOpener(tools.environment),  # noqa: ARG005
    ready=lambda environment: shutil.which("node", path=environment.get("PATH", "")) is not None,
)
TYPESCRIPT_CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: TypeScriptToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    formatter=JAVASCRIPT_CHECKING.formatter,
    findings=typescript_findings,
    opener=lambda tools, state: TypeScriptOpener(tools.environment),  # noqa: ARG005
    ready=lambda environment: not isinstance(find_compiler(_NOWHERE, environment, trusted=False), Fault),
)
