"""The words that are values, and those that make them, in the notations that documentation uses. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from forge_lsp.checking.rules import rules_beside
from forge_lsp.reading import table_beside

__all__ = ["HEADS", "WORDS"]

WORDS: Mapping[str, bool | int | float | None] = {
    word: None if (value := told["value"]) == "" else value
    for told in table_beside(__file__)["word"]
    for word in told["words"]
}
HEADS = rules_beside(__file__).rules
"""What stands before a bracket, and what it makes of what stands in it."""
