"""Ruby, for the checks."""

from __future__ import annotations

from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.ruby.toolchain import RubyToolchain, ruby_findings

__all__ = ["CHECKING"]

CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: RubyToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    findings=ruby_findings,
)
