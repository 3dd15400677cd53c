"""The headers of Go's stubs stay, and their receivers. Not where results have names: a bare ``return`` gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from forge_lsp.editing import headers

__all__ = ["keep_headers"]

_RECEIVER = re.compile(r"func\s*+\(\s*+(?:\w++\s++(?=[\w*]))?\*?\s*+(?P<type>\w++)")
_RESULTS = re.compile(r"\)\s*\((?P<results>[^()]*)\)\s*$")


def _fit(theirs: str, found: str, _names: Sequence[str]) -> str | None:
    return theirs if _named_results(found) == _named_results(theirs) else None


def _receiver(signature: str) -> str | None:
    match = _RECEIVER.match(signature)
    return match["type"] if match is not None else None


def _named_results(signature: str) -> list[str]:
    match = _RESULTS.search(signature)
    parts = [part.split() for part in match["results"].split(",")] if match is not None else []
    return [
        part[0] for part in parts if len(part) > 1 and part[0] not in ("chan", "func", "map", "struct", "interface")
    ]


keep_headers = partial(headers.keep_headers, fit=_fit, receiver=_receiver)
