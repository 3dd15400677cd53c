"""The formatters of this machine, by language."""

from __future__ import annotations

import os
from collections.abc import Mapping

from forge_lsp.checking.formatting import Find, Formatters
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.formatter import c_family_formatter
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.csharp.formatter import csharp_formatter
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.formatter import javascript_formatter
from forge_lsp.languages.go import GO
from forge_lsp.languages.go.formatter import go_formatter
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.formatter import java_formatter
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.formatter import python_formatter
from forge_lsp.languages.rust import RUST
from forge_lsp.languages.rust.formatter import rust_formatter

__all__ = ["formatters"]

_FINDERS: Mapping[Language, Find] = {
    PYTHON: python_formatter,
    CSHARP: csharp_formatter,
    TYPESCRIPT: javascript_formatter,
    JAVASCRIPT: javascript_formatter,
    GO: go_formatter,
    RUST: rust_formatter,
    JAVA: java_formatter,
    C: c_family_formatter,
    CPP: c_family_formatter,
}


def formatters(sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str] | None = None) -> Formatters:
    """The formatters of projects, run in ``sandbox``. ``timeout`` in seconds, for one run; ``environment`` is the
    server's own unless given."""
    known = os.environ if environment is None else environment
    return Formatters(sandbox, environment=known, finders=_FINDERS, timeout=timeout)
