"""Forgeries and odd honest answers that are kept as text, one file a language in ``forgeries/``.

A section begins with ``=== table: channel``; lines that begin with ``import`` come first where the answer needs some.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.proofs import Forgery, Project

__all__ = ["answers"]

PROJECTS: tuple[Project, ...] = ()
_FOLDER = Path(__file__).parent / "forgeries"
_SECTION = re.compile(r"^=== (?P<table>[\w-]+): (?P<channel>.+)\n(?P<code>(?:(?!=== ).*\n)*)", re.M)


def answers(language: str, table: str) -> tuple[Forgery, ...]:
    """Return the answers of one table. Raises ValueError for a table that is not there."""
    text = (_FOLDER / f"{language}.txt").read_text("utf-8")
    found = tuple(_answer(match) for match in _SECTION.finditer(text) if match["table"] == table)
    if not found:
        raise ValueError(f"{language}.txt has no table {table}")
    return found


def _answer(match: re.Match[str]) -> Forgery:
    lines = match["code"].rstrip("\n").split("\n")
    imports = [line for line in lines if re.match(r'import (?:[\w.]+ )?"', line)]
    code = [line for line in lines if line not in imports]
    return Forgery(channel=match["channel"], code="\n".join(code), imports=tuple(imports))
