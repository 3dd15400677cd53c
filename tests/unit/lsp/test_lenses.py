from __future__ import annotations

from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from forge_lsp.core.task import TextRange
from forge_lsp.lsp.lenses import code_lenses
from forge_lsp.lsp.texts import LineIndex


def test_each_lens_has_its_command_at_once() -> None:
    text = 'x = "😀"; # TODO(forge)\ndef f(): ...\n'
    places = [TextRange(start=9, end=22), TextRange(start=23, end=35)]
    lenses = code_lenses("file:///a.py", places, LineIndex(text, PositionCodec()))
    assert [lens.range for lens in lenses] == [
        lsp.Range(lsp.Position(0, 10), lsp.Position(0, 23)),  # UTF-16: the emoji counts two
        lsp.Range(lsp.Position(1, 0), lsp.Position(1, 12)),
    ]
    for lens in lenses:
        assert lens.command is not None
        assert (lens.command.title, lens.command.command) == ("Generate with ensemble", "forge.generate")
        at = {"line": lens.range.start.line, "character": lens.range.start.character}
        assert lens.command.arguments == [{"uri": "file:///a.py", "range": {"start": at, "end": at}}]
