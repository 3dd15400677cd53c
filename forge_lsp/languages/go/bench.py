"""Go, for the benchmark."""

from __future__ import annotations

import re

from forge_lsp.core.support import BenchSupport

__all__ = ["BENCH"]


def _without_idle_imports(text: str) -> str:
    """Go refuses imports that nothing uses: those that only the tests which are gone used go, too."""
    code = re.sub(r"(?s)\bimport\s*(?:\([^)]*\)|\"[^\"]*\")", "", text)

    def kept(found: re.Match[str]) -> str:
        name = found["alias"] or found["path"].rpartition("/")[2]
        return found[0] if name in "._" or re.search(rf"\b{re.escape(name)}\.", code) else ""

    line = r"(?m)^[ \t]*(?:import[ \t]+)?(?:(?P<alias>[\w.]+)[ \t]+)?\"(?P<path>[^\"\n]+)\"[ \t]*\n"
    end = re.search(r"(?m)^(?:func|var|const|type)\b", text)
    head = len(text) if end is None else end.start()
    return re.sub(line, kept, text[:head]) + text[head:]


BENCH = BenchSupport(
    body='panic("not implemented")',
    indent="\t",
    test_names=re.compile(r"(?:Test|Fuzz|Example)\w*"),
    without_idle_imports=_without_idle_imports,
)
