"""Go, for what is found in answers."""

from __future__ import annotations

import re

from forge_lsp.core.support import ExtractionSupport

__all__ = ["EXTRACTION"]


def _assigned(statement: str) -> list[str]:
    """The names of a group (``const (``)."""
    group = re.match(r"(?:const|var)\s*\(", statement)
    return re.findall(r"^\s*(\w+)", statement[group.end() :], re.M) if group is not None else []


def _on_one_line(statement: str) -> str:
    return re.sub(r"\(\s*(.*?)\s*\)", r"\1", statement, flags=re.DOTALL)


EXTRACTION = ExtractionSupport(
    on_one_line=_on_one_line,
    assigned=_assigned,
    receiver=re.compile(r"func\s*\(\s*(?:\w+\s+)?\*?\s*(\w+)"),
)
