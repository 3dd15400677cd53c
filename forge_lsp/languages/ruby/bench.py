"""Ruby, for the benchmark."""

from __future__ import annotations

import re

from forge_lsp.core.support import BenchSupport

__all__ = ["BENCH"]

BENCH = BenchSupport(body="raise NotImplementedError", indent="  ", test_names=re.compile(r"test_\w*[?!]?"))
