"""Examples in plain words, as Python reads them: ``add(2, 3) == 5``, ``div(1, 0) raises ValueError``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from forge_lsp.checking.examples import prose
from forge_lsp.checking.examples.prose import CallExpectation

__all__ = ["CallExpectation", "promises"]


def promises(lines: Iterable[str]) -> Iterator[CallExpectation]:
    """Yield the promises in some lines of prose, in order; values are Python's literals, exceptions are named."""
    for promise in prose.promises(lines, is_call=_is_call, is_value=_is_literal):
        if promise.raises != "":
            yield promise


def _is_call(text: str) -> bool:
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(isinstance(node, ast.Call) for node in ast.walk(tree))


def _is_literal(text: str) -> bool | None:
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    if text.startswith("(") and not isinstance(value, tuple):
        return None  # `("Venus")`: who writes brackets may mean a tuple of one
    return True
