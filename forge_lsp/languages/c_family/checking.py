"""C and C++, for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from forge_lsp.checking.formatting import ProjectFormatter
from forge_lsp.checking.gate import Fault
from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.compilers import find_compiler
from forge_lsp.languages.c_family.fast import CFamilyOpener
from forge_lsp.languages.c_family.formatter import c_family_formatter
from forge_lsp.languages.c_family.toolchain import CFamilyToolchain, findings

__all__ = ["CPP_CHECKING", "C_CHECKING"]


def _support(language: Language, variable: str) -> CheckingSupport:
    def variables(named: str, found: Path | None) -> Mapping[str, str] | None:
        del named
        return None if found is None else {variable: str(found)} if found.is_file() else {}

    return CheckingSupport(
        toolchain=lambda tools, seconds: CFamilyToolchain(
            tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
        ),
        formatter=lambda tools, seconds: ProjectFormatter(tools, c_family_formatter, timeout=seconds),
        findings=partial(findings, language),
        opener=lambda tools, state: CFamilyOpener(language, tools.environment),  # noqa: ARG005
        ready=lambda environment: not isinstance(find_compiler(language, environment), Fault),
        variables=variables,
    )


C_CHECKING, CPP_CHECKING = _support(C, "CC"), _support(CPP, "CXX")
