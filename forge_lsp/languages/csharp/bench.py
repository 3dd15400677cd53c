"""C#, for the benchmark."""

from __future__ import annotations

import re

from forge_lsp.core.support import BenchSupport

__all__ = ["BENCH"]

BENCH = BenchSupport(
    body="throw new System.NotImplementedException();",
    test_marks=re.compile(r"\[\s*(?:Fact|Theory|Test|TestCase|TestMethod|DataTestMethod)\b"),
)
