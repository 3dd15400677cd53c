"""The headers of Rust's stubs stay, with the ``mut`` that a body needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from forge_lsp.editing import headers

__all__ = ["keep_headers"]


def _with_mut(header: str, found: str, names: Sequence[str]) -> str | None:
    """The header with the ``mut`` that the body needs: it says nothing to callers. None: one of the two is async."""
    if ("async " in header) != ("async " in found):
        return None
    for name in names:
        pattern = rf"\bmut\s+{re.escape(name)}\b"
        if name == "self":
            if re.search(r"\(\s*mut\s+self\b", found) and not re.search(r"\(\s*mut\s+self\b", header):
                header = re.sub(r"\(\s*self\b", "(mut self", header, count=1)
        elif re.search(pattern, found) and not re.search(pattern, header):
            header = re.sub(rf"\b{re.escape(name)}(?=\s*:)", f"mut {name}", header, count=1)
    return header


keep_headers = partial(headers.keep_headers, fit=_with_mut)
