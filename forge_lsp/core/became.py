"""What became of code that was applied, as far as its document tells when it is next saved."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EditFate"]


class EditFate(StrEnum):
    """A guess from the document's text alone: nobody is asked, and a save soon after the edit says little."""

    KEPT = "kept"
    """It is still there as it was applied, white space and a formatter's changes aside."""
    CHANGED = "changed"
    """It was edited further."""
    UNDONE = "undone"
    """It is gone: what stood there before is back, or nothing of it is left."""
