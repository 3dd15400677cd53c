"""Kotlin, for the benchmark."""

from __future__ import annotations

import re

from forge_lsp.core.support import BenchSupport

__all__ = ["BENCH"]

BENCH = BenchSupport(
    body='TODO("not implemented")',
    test_marks=re.compile(r"@(?:Test|ParameterizedTest|RepeatedTest)\b"),
)
