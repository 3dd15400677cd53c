"""Rust, for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from forge_lsp.checking.formatting import ProjectFormatter
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.core.support import CheckingSupport
from forge_lsp.languages.rust.fast import RustOpener
from forge_lsp.languages.rust.formatter import rust_formatter
from forge_lsp.languages.rust.toolchain import RustToolchain, rust_findings
from forge_lsp.languages.rust.tools import find_cargo

__all__ = ["CHECKING"]

_NOWHERE = Place(source=None, document=PurePosixPath("a.rs"))


def _variables(named: str, found: Path | None) -> Mapping[str, str] | None:
    if found is not None:
        return {}
    # Of its toolchains rustup knows the names.
    return {"RUSTUP_TOOLCHAIN": named} if "/" not in named else None


CHECKING = CheckingSupport(
    toolchain=lambda tools, seconds: RustToolchain(
        tools.sandbox, timeout=seconds, environment=tools.environment, runs=tools.runs
    ),
    formatter=lambda tools, seconds: ProjectFormatter(tools, rust_formatter, timeout=seconds),
    findings=rust_findings,
    opener=lambda tools, state: RustOpener(tools.sandbox, tools.environment),  # noqa: ARG005
    ready=lambda environment: not isinstance(find_cargo(_NOWHERE, environment), Fault),
    variables=_variables,
)
