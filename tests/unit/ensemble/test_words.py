from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.ensemble.words import clip, estimate_tokens, without_thinking


@given(st.text(max_size=400), st.integers(min_value=-5, max_value=120))
def test_clip_never_exceeds_its_budget(text: str, tokens: int) -> None:
    clipped = clip(text, tokens)
    assert clipped == "" or estimate_tokens(clipped) <= max(tokens, 0)
    if estimate_tokens(text) <= tokens:
        assert clipped == text


def test_clip_says_that_it_cut() -> None:
    assert clip("word " * 200, 20).endswith("word [...]")


def test_tokens_are_counted_on_the_high_side() -> None:
    assert estimate_tokens("a" * 300) >= 100
    assert estimate_tokens("漢" * 100) >= 100


def test_thoughts_are_dropped_in_every_form() -> None:
    assert without_thinking("<think>x = 1</think>code") == "code"
    assert without_thinking("a<thinking>\nb\n</thinking>c") == "ac"
    assert without_thinking("so I think ...</think>code") == "code"
    assert without_thinking("code\n<think>cut of") == "code\n"
    assert without_thinking("<think>only this") == "only this"
    assert without_thinking("code<|im_end|>") == "code"
    assert without_thinking("code</s>") == "code"
    assert without_thinking("x = a | b; s = '<s>t'") == "x = a | b; s = '<s>t'"
