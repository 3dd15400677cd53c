from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.errors import EditConflict
from forge_lsp.core.task import Scope, ScopeKind, TextEdit, TextRange
from forge_lsp.editing.differences import apply_edits, minimal, shift_range
from forge_lsp.editing.merging import merge_texts
from tests.unit.editing.support import EDITS

NASTY = st.text(
    alphabet=st.sampled_from(list("ab \t\r\n\n\r\u2028\f\ufeff漢😀\u0301\u200d🇩🇪👍🏽\ud83d\ude00")), max_size=40
)
LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d"]), max_size=10).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)


@settings(max_examples=400, deadline=None)
@given(NASTY, NASTY)
def test_edits_make_the_other_text(before: str, after: str) -> None:
    edits = minimal(before, after)
    assert apply_edits(before, edits) == after
    for one, next_one in pairwise(edits):
        assert one.range.end < next_one.range.start or (one.range.end == next_one.range.start and one.text)


@settings(max_examples=400, deadline=None)
@given(NASTY, NASTY)
def test_edits_can_be_told_in_utf16(before: str, after: str) -> None:
    """What an editor does: positions and texts in UTF-16, applied to its own UTF-16 buffer."""

    def utf16(text: str) -> bytes:
        return text.encode("utf-16-le", "surrogatepass")

    buffer, at = b"", 0
    for edit in minimal(before, after):
        buffer += utf16(before)[at : len(utf16(before[: edit.range.start]))] + utf16(edit.text)
        at = len(utf16(before[: edit.range.end]))
    assert buffer + utf16(before)[at:] == utf16(after)


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        ("a = 1\nb = 2\n", "a = 1\nb = 3\n", [(10, 11, "3")]),
        ("x e\u0301 y", "x e\u0300 y", [(2, 4, "e\u0300")]),
        ("👍🏽", "👍🏿", [(0, 2, "👍🏿")]),
        ("👩\u200d🚀", "👩\u200d🔧", [(0, 3, "👩\u200d🔧")]),
        ("🇩🇪", "🇩🇰", [(0, 2, "🇩🇰")]),
        ("a\r\n", "a\n", [(1, 3, "\n")]),
        ("a\nc\n", "a\nb\nc\n", [(2, 2, "b\n")]),
        ("a", "a\nb", [(1, 1, "\nb")]),
        ("a\n1\nb\n2\nc\n", "a\nx\nb\ny\nc\n", [(2, 3, "x"), (6, 7, "y")]),
        ("", "a", [(0, 0, "a")]),
        ("same", "same", []),
    ],
)
def test_minimal(before: str, after: str, edits: list[tuple[int, int, str]]) -> None:
    expected = tuple(TextEdit(range=TextRange(start=start, end=end), text=text) for start, end, text in edits)
    assert minimal(before, after) == expected


def test_a_huge_rewrite_stays_bounded() -> None:
    before = "".join(f"    x = {i % 7}\n\n" for i in range(20_000))
    after = "".join(f"    y = {i % 5}\n\n" for i in range(20_000))
    started = time.process_time()
    assert apply_edits(before, minimal(before, after)) == after
    assert time.process_time() - started < 5


def test_overlapping_edits_are_refused() -> None:
    edit = TextEdit(range=TextRange(start=0, end=2), text="")
    with pytest.raises(ValueError, match="overlap"):
        apply_edits("abc", (edit, edit))


BASE = "import os\n\ndef a():\n    pass\n\n\ndef b():\n    pass\n"
B = TextRange(start=BASE.index("def b"), end=BASE.index("def b") + len("def b():\n    pass"))


@pytest.mark.parametrize(
    "theirs",
    [
        BASE,
        "# top 😀\n" + BASE,
        BASE.replace("import os", "import sys"),
        BASE.replace("def a", "def aa"),
        BASE + "\nx = 1\n",
        BASE.replace("\n\n\ndef b", "\n\ndef b"),
        BASE.replace("def b", "# about b\ndef b"),
        BASE.rstrip(),
        BASE[BASE.index("def b") :],
        BASE + "def b():\n    pass\n",
    ],
)
def test_a_range_follows_its_lines(theirs: str) -> None:
    moved = shift_range(B, BASE, theirs)
    assert moved is not None
    assert moved.of(theirs) == "def b():\n    pass"
    assert moved.start == 0 or theirs[moved.start - 1] == "\n"


@pytest.mark.parametrize(
    "theirs",
    [
        BASE.replace("def b():\n    pass", "def b():\n    return 1"),
        BASE.replace("def b", "async def b"),
        BASE.rstrip() + "  # x\n",
        BASE.replace("def b():\n", "def b():\n\n"),
        BASE[: BASE.index("def b")],
        "",
        BASE.replace("\n", "\r\n"),
    ],
)
def test_a_range_that_was_touched_is_lost(theirs: str) -> None:
    assert shift_range(B, BASE, theirs) is None


def test_moved_raises_a_conflict_with_a_sentence() -> None:
    scope = Scope(kind=ScopeKind.DEFINITION, range=B, name="b")
    moved = EDITS.moved(scope, BASE, "# x\n" + BASE)
    assert moved.range.start == B.start + 4
    assert moved.name == "b"
    with pytest.raises(EditConflict, match="inside the scope") as raised:
        EDITS.moved(scope, BASE, BASE.replace("def b", "def c"))
    assert raised.value.remedy


def test_an_insertion_point_moves_with_the_lines_around_it() -> None:
    at = BASE.index("\n\ndef b")
    place = TextRange(start=at + 1, end=at + 1)
    moved = shift_range(place, BASE, "# x\n" + BASE + "y\n")
    assert moved == TextRange(start=at + 5, end=at + 5)


@settings(max_examples=300, deadline=None)
@given(NASTY, NASTY)
def test_merging_with_an_unchanged_side_gives_the_other(base: str, ours: str) -> None:
    assert merge_texts(base, ours, base) == ours
    assert merge_texts(base, base, ours) == ours
    assert merge_texts(base, ours, ours) == ours


@settings(max_examples=300, deadline=None)
@given(LINES, LINES, LINES)
def test_merging_is_symmetric(base: str, ours: str, theirs: str) -> None:
    def merged(one: str, other: str) -> str | None:
        try:
            return merge_texts(base, one, other)
        except EditConflict:
            return None

    assert merged(ours, theirs) == merged(theirs, ours)


def test_changes_apart_are_merged() -> None:
    theirs = BASE.replace("import os", "import os, sys")
    ours = BASE.replace("def b():\n    pass", "def b():\n    return '😀'")
    merged = merge_texts(BASE, ours, theirs)
    assert merged == ours.replace("import os", "import os, sys")


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", "a\nX\nc\n"),
        ("a\nb\n", "a\nB\n", "A\nb\n"),
        ("a\n", "a\nb\n", "a\nc\n"),
        ("a", "a\nb", "a\nc"),
    ],
)
def test_changes_in_the_same_or_adjacent_lines_conflict(base: str, ours: str, theirs: str) -> None:
    with pytest.raises(EditConflict) as raised:
        merge_texts(base, ours, theirs)
    assert str(raised.value).endswith(".")


def test_a_document_whose_endings_were_converted_still_merges() -> None:
    ours = BASE.replace("def b():\n    pass", "def b():\n    return 1")
    theirs = "# top\n" + BASE
    assert merge_texts(BASE, ours, theirs.replace("\n", "\r\n")) == ("# top\n" + ours).replace("\n", "\r\n")


def test_no_final_newline_on_either_side() -> None:
    assert merge_texts("a\nb\nc\nd", "A\nb\nc\nd", "a\nb\nc\nd\ne") == "A\nb\nc\nd\ne"
    assert merge_texts("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nd") == "A\nb\nc\nd"
