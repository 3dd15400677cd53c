from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.core.errors import EditConflict
from forge_lsp.core.task import Scope, ScopeKind, TextEdit, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.jobs.offer import Offer, target_text
from forge_lsp.lsp.apply import whole_endings

BASE = "import os\n\n\ndef f():\n    ...\n\n\nx = 1\n"
DONE = BASE.replace("...", "return 1")
EDITING = Edits(TreeSitterSyntax())


def offer(base: str = BASE, text: str = DONE, whole: bool = False) -> Offer:
    start = base.index("def f")
    span = TextRange(start=0, end=len(base)) if whole else TextRange(start=start, end=base.index("...") + 3)
    return Offer(uri="untitled:a", base=base, scope=Scope(kind=ScopeKind.DEFINITION, range=span), text=text)


def test_an_untouched_document_needs_no_merge() -> None:
    assert target_text(BASE, offer(), EDITING) == (DONE, False)
    assert target_text(DONE, offer(), EDITING) == (DONE, False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = 1", "x = 2"),
        ("import os", "import sys\nimport os"),
        ("\n\n\nx", "\n\n\n\ny = 0\nx"),
        ("\n\n\ndef", "\n\n\n\ndef"),
    ],
)
def test_changes_elsewhere_are_merged(old: str, new: str) -> None:
    assert target_text(BASE.replace(old, new), offer(), EDITING) == (DONE.replace(old, new), True)


@pytest.mark.parametrize(
    ("old", "new"),
    [("...", "pass"), ("def f", "def g"), ("...", "...  # mine"), ("def f", "async def f"), ("f()", "f(a)")],
)
def test_changes_in_the_scope_conflict(old: str, new: str) -> None:
    with pytest.raises(EditConflict):
        target_text(BASE.replace(old, new), offer(), EDITING)


def test_any_change_conflicts_when_the_whole_file_is_the_scope() -> None:
    with pytest.raises(EditConflict):
        target_text(BASE.replace("x = 1", "x = 2"), offer(whole=True), EDITING)


def test_a_bom_that_comes_or_goes_is_no_change() -> None:
    assert target_text("\ufeff" + BASE, offer(), EDITING) == ("\ufeff" + DONE, False)
    with_bom = offer("\ufeff" + BASE, "\ufeff" + DONE)
    assert target_text(BASE, with_bom, EDITING) == (DONE, False)
    moved = BASE.replace("x = 1", "x = 2")
    assert target_text(moved, with_bom, EDITING) == (DONE.replace("x = 1", "x = 2"), True)
    with pytest.raises(EditConflict):
        target_text(BASE.replace("...", "...  #"), with_bom, EDITING)


def applied(text: str, edits: tuple[TextEdit, ...]) -> str:
    for edit in reversed(edits):
        text = text[: edit.range.start] + edit.text + text[edit.range.end :]
    return text


TEXTS = st.text(alphabet="a\r\n", max_size=12)


@given(TEXTS, TEXTS, st.data())
def test_no_edit_cuts_a_line_ending(before: str, after: str, data: st.DataObject) -> None:
    # the crudest edit there is, from a common prefix and suffix, may well cut one
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    edit = TextEdit(range=TextRange(start=start, end=len(before)), text=after[start:])
    edits = whole_endings(before, after, (edit,))
    assert applied(before, edits) == after
    for item in edits:
        for offset in (item.range.start, item.range.end):
            assert not (offset and before[offset - 1 : offset + 1] == "\r\n")
