"""How the document's scope is marked in what models are shown, and comment syntax by language.

Extraction strips lines that hold one of :data:`MARKERS`: a small model may copy them into its answer.
"""

from __future__ import annotations

from forge_lsp.core.languages import Language

__all__ = ["INSERT_HERE", "LEFT_OUT", "MARKERS", "SCOPE_BEGINS", "SCOPE_ENDS", "comment"]

SCOPE_BEGINS = "==== scope begins: replace from here ===="
SCOPE_ENDS = "==== scope ends: replace up to here ===="
INSERT_HERE = "==== scope: insert here ===="
LEFT_OUT = "==== left out:"
MARKERS = (SCOPE_BEGINS, SCOPE_ENDS, INSERT_HERE, LEFT_OUT)


def comment(language: Language, text: str, indent: str = "") -> str:
    """``text`` as a comment line of ``language``, without a line ending."""
    return f"{indent}{language.comment} {text}"
