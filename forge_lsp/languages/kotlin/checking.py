"""Kotlin, for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.kotlin.toolchain import KotlinToolchain, kotlin_findings

__all__ = ["CHECKING"]


def _variables(named: str, found: Path | None) -> Mapping[str, str] | None:
    del named
    return None if found is None else {"KOTLIN_HOME": str(found.resolve().parent.parent if found.is_file() else found)}


CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: KotlinToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    findings=kotlin_findings,
    variables=_variables,
)
