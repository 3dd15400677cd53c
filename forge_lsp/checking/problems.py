"""What tools have against a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from forge_lsp.core.attempt import Diagnostic, Severity

__all__ = ["problem_at", "problem_in", "problem_of"]


def problem_at(
    file: str, line: int, column: int = 0, *, code: str, message: str, source: str, end: tuple[int, int] = (0, 0)
) -> Diagnostic:
    """Return an error; ``end`` is the line and the column of its end, 0 where they are not known."""
    return Diagnostic(
        file=file,
        line=line,
        column=column,
        end_line=end[0],
        end_column=end[1],
        severity=Severity.ERROR,
        code=code,
        message=message,
        source=source,
    )


def problem_of(match: re.Match[str], file: str, source: str) -> Diagnostic:
    """Return the error of a line that a tool wrote, by the groups ``line``, ``column``, ``code`` and ``message``."""
    line, column = int(match["line"] or 0), int(match["column"] or 0)
    return problem_at(file, line, column, code=match["code"], message=match["message"], source=source)


def problem_in(answer: Mapping[str, Any], source: str) -> Diagnostic:
    """Return an error as our own programs write it in JSON."""
    end = int(answer.get("end_line") or 0), int(answer.get("end_column") or 0)
    code, message = str(answer["code"]), str(answer["message"])
    column = int(answer.get("column") or 0)
    return problem_at(
        str(answer["file"]), int(answer["line"]), column, code=code, message=message, source=source, end=end
    )
