"""Python, for the benchmark."""

from __future__ import annotations

import re

from forge_lsp.core.support import BenchSupport
from forge_lsp.languages.python.extraction import DOCSTRING

__all__ = ["BENCH"]

BENCH = BenchSupport(
    body="raise NotImplementedError",
    docstring=DOCSTRING,
    test_names=re.compile(r"test\w*"),
    filler="pass",
)
