"""PHP, for the checks."""

from __future__ import annotations

from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.php.toolchain import PhpToolchain, php_findings

__all__ = ["CHECKING"]

CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: PhpToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    findings=php_findings,
)
