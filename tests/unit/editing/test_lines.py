from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.core.task import TextRange
from forge_lsp.editing.lines import ByteOffsets, Lines, dominant_ending, leading_space, split_lines

TEXT = st.text(alphabet=st.sampled_from(list("ab\t\r\n\n\u2028\u0085\f\ufeffé漢😀\u0301")), max_size=60)


@given(TEXT)
def test_lines_joined_are_the_text(text: str) -> None:
    assert "".join(split_lines(text)) == text


@given(TEXT)
def test_byte_offsets_are_those_of_utf8(text: str) -> None:
    offsets = ByteOffsets(text)
    for point in range(len(text) + 1):
        assert offsets.point(len(text[:point].encode())) == point


@pytest.mark.parametrize("other", ["\u2028", "\u0085", "\f", "\v", "\x1c"])
def test_only_newlines_and_returns_end_lines(other: str) -> None:
    assert len(split_lines(f"a{other}b\nc\r\nd\re")) == 4


def test_a_range_that_ends_at_the_start_of_a_line_stops_before_it() -> None:
    lines = Lines("ab\r\ncd\nef")
    assert lines.of(TextRange(start=0, end=4)) == (0, 0)
    assert lines.of(TextRange(start=0, end=5)) == (0, 1)
    assert lines.of(TextRange(start=4, end=4)) == (1, 1)


def test_a_byte_order_mark_is_not_part_of_the_first_line() -> None:
    lines = Lines("\ufeffx\ny")
    assert lines.start(0) == 1
    assert lines.line(0) == "x"
    assert Lines("\ufeff").line(0) == ""


@pytest.mark.parametrize(
    ("text", "ending"),
    [("", "\n"), ("a", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\rb\rc\n", "\r"), ("a\nb\r\n", "\n")],
)
def test_dominant_ending(text: str, ending: str) -> None:
    assert dominant_ending(text) == ending


def test_a_form_feed_is_no_indentation() -> None:
    assert leading_space("\f  x") == "  "
