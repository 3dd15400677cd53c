"""Code lenses: ``Generate with ensemble`` over what waits for code. Pure, and not quick: for a worker thread."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types as lsp

from forge_lsp.core.task import TextRange
from forge_lsp.lsp.names import GENERATE_TITLE
from forge_lsp.lsp.texts import LineIndex

__all__ = ["code_lenses"]


def code_lenses(uri: str, places: Sequence[TextRange], index: LineIndex) -> list[lsp.CodeLens]:
    """Return one lens a place, each with its command at once; what it runs is what the light bulb does there."""
    return [_lens(uri, index.range(place)) for place in places]


def _lens(uri: str, span: lsp.Range) -> lsp.CodeLens:
    at = {"line": span.start.line, "character": span.start.character}
    arguments: dict[str, object] = {"uri": uri, "range": {"start": at, "end": dict(at)}}
    return lsp.CodeLens(
        range=span, command=lsp.Command(title=GENERATE_TITLE, command="forge.generate", arguments=[arguments])
    )
