from __future__ import annotations

import pytest
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


HARMONY = "<|channel|>analysis<|message|>Use ```x = 1``` maybe<|end|><|start|>assistant<|channel|>final<|message|>"


@pytest.mark.parametrize(
    "thought",
    [
        HARMONY,
        f"<|start|>assistant{HARMONY}",
        "We need x = 1<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>commentary to=functions.run<|constrain|>json<|message|>{}<|call|><|channel|>final<|message|>",
        "analysisWe need a function. x = 1 assistantfinal",
        "<|begin_of_thought|>\nx = 1\n<|end_of_thought|>\n<|begin_of_solution|>",
        "<|START_THINKING|>x = 1<|END_THINKING|><|START_RESPONSE|>",
        "[THINK]x = 1[/THINK]",
        "<seed:think>x = 1</seed:think>",
        "◁think▷x = 1◁/think▷",
        "<|channel>thought\nx = 1<channel|>",
        "<Think >x = 1</think>",
        '<thinking budget="low">\n```python\nx = 1\n```\n</thinking>',
        "<analysis>x = 1</analysis>",
        "Let me see.\n```python\nx = 1\n```\n</think>\n",
        "an odd fence ```python\nx = 1\n</think>\n",
        "x = 1[/THINK]",
        "x = 1</seed:think>",
        "<think>a</think><think>b</think>",
        "<think>one <think>inner</think> two</think>",
    ],
)
def test_a_thought_is_no_part_of_the_answer(thought: str) -> None:
    code = "```python\ndef f():\n    return 2\n```"
    assert without_thinking(f"{thought}{code}<|return|>").strip() == code


@pytest.mark.parametrize(
    "code",
    [
        'def strip(text):\n    return text.split("</think>")[-1].replace("<think>", "")',
        "MARKS = ['[THINK]', '[/THINK]', '<|begin_of_thought|>']",
        "open, close = '<reasoning>', '</reasoning>'",
    ],
)
def test_marks_in_a_code_block_are_code(code: str) -> None:
    block = f"Here it is:\n\n```python\n{code}\n```\n"
    assert without_thinking(block) == block
    assert without_thinking(f"<think>how?</think>{block}") == block


def test_only_a_thought_is_no_answer_where_the_format_tells_the_two_apart() -> None:
    assert without_thinking("<|channel|>analysis<|message|>x = 1 is what I would") == ""


def test_the_next_turn_that_a_model_makes_up_is_dropped() -> None:
    assert without_thinking("x = 1<|im_end|>\n<|im_start|>user\nmore") == "x = 1"
    assert without_thinking("analysis = finalise(x)\nassistant = 1") == "analysis = finalise(x)\nassistant = 1"
