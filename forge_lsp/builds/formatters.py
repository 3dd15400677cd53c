"""The formatters of this machine, by language."""

from __future__ import annotations

import os
from collections.abc import Mapping

from forge_lsp.builds.c_family.formatter import c_family_formatter
from forge_lsp.builds.csharp.formatter import csharp_formatter
from forge_lsp.builds.formatting import Find, Formatters
from forge_lsp.builds.go.formatter import go_formatter
from forge_lsp.builds.java.formatter import java_formatter
from forge_lsp.builds.javascript.formatter import javascript_formatter
from forge_lsp.builds.python.formatter import python_formatter
from forge_lsp.builds.rust.formatter import rust_formatter
from forge_lsp.domain.ports import Sandbox
from forge_lsp.domain.task import Language

__all__ = ["formatters"]

_FINDERS: Mapping[Language, Find] = {
    Language.PYTHON: python_formatter,
    Language.CSHARP: csharp_formatter,
    Language.TYPESCRIPT: javascript_formatter,
    Language.JAVASCRIPT: javascript_formatter,
    Language.GO: go_formatter,
    Language.RUST: rust_formatter,
    Language.JAVA: java_formatter,
    Language.C: c_family_formatter,
    Language.CPP: c_family_formatter,
}


def formatters(sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str] | None = None) -> Formatters:
    """The formatters of projects, run in ``sandbox``. ``timeout`` in seconds, for one run; ``environment`` is the
    server's own unless given."""
    known = os.environ if environment is None else environment
    return Formatters(sandbox, environment=known, finders=_FINDERS, timeout=timeout)
