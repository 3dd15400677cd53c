"""Where the code of an earlier job is now."""

from __future__ import annotations

import pytest

from forge_lsp.core.task import TextEdit, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.jobs.offer import moved

BASE = "a = 1\n\n\ndef f():\n    ...\n\n\nb = 2\n"
SPAN = TextRange(start=BASE.index("def"), end=BASE.index("...") + 3)


@pytest.mark.parametrize(
    ("present", "found"),
    [
        (BASE, "def f():\n    ..."),
        ("# new\n" + BASE, "def f():\n    ..."),
        (BASE.replace("a = 1\n\n", ""), "def f():\n    ..."),
        (BASE.replace("...", "return 1"), "def f():\n    return 1"),
        (BASE.replace("...", "x = 1\n    return x").replace("a = 1", "a = 100"), "def f():\n    x = 1\n    return x"),
        (BASE + "c = 3\n", "def f():\n    ..."),
        (BASE.replace("def f", "def g():\n    ...\n\n\ndef f"), "def f():\n    ..."),
    ],
)
def test_a_range_moves_with_the_text(present: str, found: str) -> None:
    edits = Edits(TreeSitterSyntax()).minimal(BASE, present)
    assert moved(SPAN, edits).of(present) == found


def test_a_range_whose_text_is_gone_is_empty() -> None:
    whole = TextEdit(range=TextRange(start=0, end=len(BASE)), text="")
    span = moved(SPAN, [whole])
    assert span.start == span.end == SPAN.start
