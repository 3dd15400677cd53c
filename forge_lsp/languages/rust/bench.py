"""Rust, for the benchmark."""

from __future__ import annotations

import re

from forge_lsp.core.support import BenchSupport

__all__ = ["BENCH"]

BENCH = BenchSupport(body="todo!()", test_marks=re.compile(r"#\[(?:\w+::)*(?:test|rstest)\b"), tests_inside=True)
