"""The headers of Go's stubs stay, and their receivers. Not where results have names: a bare ``return`` gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from forge_lsp.core.ports import ItemKind, Syntax
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing import headers

__all__ = ["fits", "keep_headers", "keep_receiver"]

_RECEIVER = re.compile(r"func\s*+\(\s*+(?:\w++\s++(?=[\w*]))?\*?\s*+(?P<type>\w++)")
_METHOD = re.compile(r"func\s*\([^()]*\)\s*(?=\w)")
_RESULTS = re.compile(r"\)\s*\((?P<results>[^()]*)\)\s*$")


def fits(theirs: str, own: str) -> bool:
    """Whether both give their results the same names."""
    return _named_results(own) == _named_results(theirs)


def _fit(theirs: str, found: str, _names: Sequence[str]) -> str | None:
    return theirs if fits(theirs, found) else None


def _receiver(signature: str) -> str | None:
    match = _RECEIVER.match(signature)
    return match["type"] if match is not None else None


def _named_results(signature: str) -> list[str]:
    match = _RESULTS.search(signature)
    parts = [part.split() for part in match["results"].split(",")] if match is not None else []
    return [
        part[0] for part in parts if len(part) > 1 and part[0] not in ("chan", "func", "map", "struct", "interface")
    ]


def keep_receiver(task: Task, code: str, syntax: Syntax) -> str:
    """``code`` with the receiver of the method that it replaces, where it has lost it."""
    scope, language = task.scope, task.document.language
    lost = _METHOD.match(scope.signature or "")
    if scope.kind is not ScopeKind.DEFINITION or lost is None:
        return code
    found = [item for item in syntax.outline(code, language).items if item.name == scope.name]
    if len(found) != 1 or not found[0].signature or found[0].kind is not ItemKind.FUNCTION:
        return code
    if _receiver(found[0].signature) is not None or found[0].parameters != (scope.parameters or ("",))[1:]:
        return code
    at = code.rfind(found[0].signature, found[0].range.start, found[0].range.end)
    return code if at < 0 else f"{code[:at]}{lost[0]}{code[at:].removeprefix('func').lstrip()}"


keep_headers = partial(headers.keep_headers, fit=_fit, receiver=_receiver)
