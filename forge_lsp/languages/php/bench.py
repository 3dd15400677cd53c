"""PHP, for the benchmark."""

from __future__ import annotations

import re

from forge_lsp.core.support import BenchSupport

__all__ = ["BENCH"]

BENCH = BenchSupport(
    body="throw new \\LogicException('not implemented');",
    test_names=re.compile(r"test\w*"),
    test_marks=re.compile(r"#\[\\?(?:\w+\\)*Test\b|\*\s*@test\b"),
)
