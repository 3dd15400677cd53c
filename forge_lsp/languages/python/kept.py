"""What the user wrote of a Python definition and a model changed without need: its header and its docstrings."""

from __future__ import annotations

from forge_lsp.editing.docstrings import indented_as, keep_docstrings, parsed
from forge_lsp.editing.signatures import keep_signatures

__all__ = ["keep_python"]


def keep_python(original: str, code: str, *, rewritten: bool = False) -> str:
    """``code`` with the headers of ``original``'s stubs and its docstrings. ``rewritten``: the task speaks of
    documentation.

    Both have ``\\n`` endings and may be fragments that are indented; one that does not parse leaves ``code`` as it is.
    """
    before = parsed(original)
    after = parsed(code) if before is not None else None
    if before is None or after is None:
        return code
    kept = keep_docstrings(before, keep_signatures(before, after), rewritten=rewritten)
    return code if kept is after else indented_as(code, kept.text)
