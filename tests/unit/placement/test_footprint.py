"""Estimates against the numbers of the rig's models, and what is assumed where a server does not tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.placement.footprint import footprint, guessed, largest_context, shape
from forge_lsp.placement.plan import GIB, Footprint
from forge_lsp.placement.timing import TimedRow, steps
from tests.support.rigs import SHOWN

# GiB at context 8192: (estimate, what Ollama predicts).
KNOWN = {
    "phi4:14b": (10.7, 10.0),
    "gemma3:12b": (9.5, 10.4),
    "qwen2.5-coder:7b": (5.6, 4.8),
    "deepseek-coder:6.7b": (8.1, 7.5),
    "deepseek-coder:1.3b": (2.8, 2.2),
    "granite3-dense:2b": (2.7, 2.1),
    "llama3.1:8b": (6.3, 5.6),
    "codestral:22b": (14.4, 13.9),
}


def of(name: str, **more: int) -> Footprint:
    size, info = SHOWN[name]
    return footprint("m", name=name, size=size, info=info, **{"context": 8192, **more})


@pytest.mark.parametrize("name", KNOWN)
def test_the_rigs_models_come_to_the_known_numbers(name: str) -> None:
    made = of(name)
    estimate, predicted = KNOWN[name]
    assert made.estimate / GIB == pytest.approx(estimate, abs=0.05)
    assert made.predicted / GIB == pytest.approx(predicted, abs=0.05)
    assert made.guess is None


def test_calls_at_once_multiply_the_cache_and_nothing_else() -> None:
    one, two = of("phi4:14b"), of("phi4:14b", parallel=2)
    assert two.kv == 2 * one.kv
    assert two.weights == one.weights
    assert two.predicted - two.weights == 2 * (one.predicted - one.weights)


def test_layers_with_a_window_keep_the_window_and_a_batch() -> None:
    short, long = of("gemma3:12b", context=8192), of("gemma3:12b", context=16384)
    full_layers = 8
    assert long.kv - short.kv == full_layers * 8192 * 8 * (256 + 256) * 2


def test_a_smaller_cache_type_takes_its_share() -> None:
    size, info = SHOWN["phi4:14b"]
    small = footprint("m", name="phi4:14b", size=size, info=info, context=8192, cache="q8_0")
    assert small.kv / of("phi4:14b").kv == pytest.approx(34 / 64)


def test_heads_told_layer_by_layer_are_added_up() -> None:
    size, info = SHOWN["llama3.1:8b"]
    mixed = {**info, "llama.attention.head_count_kv": [8] * 16 + [0] * 16}
    half = footprint("m", name="x", size=size, info=mixed, context=8192)
    assert half.kv * 2 == of("llama3.1:8b").kv


def test_what_is_not_told_is_assumed_large_and_said() -> None:
    size, info = SHOWN["llama3.1:8b"]
    bare = {key: value for key, value in info.items() if "kv" not in key and "vocab" not in key}
    made = footprint("m", name="x", size=size, info=bare, context=8192)
    assert made.kv == 4 * of("llama3.1:8b").kv  # 32 heads in place of 8
    assert made.compute > of("llama3.1:8b").compute
    assert made.guess == "the server does not tell head_count_kv, vocab_size"


def test_a_vocabulary_told_as_a_list_is_counted() -> None:
    _, info = SHOWN["llama3.1:8b"]
    listed = {key: value for key, value in info.items() if "vocab" not in key} | {"tokenizer.ggml.tokens": ["a"] * 500}
    form = shape(listed)
    assert form is not None
    assert form.vocabulary == 500
    assert form.missing == ()


@pytest.mark.parametrize("name", KNOWN)
def test_a_model_that_is_not_installed_is_guessed_within_a_third(name: str) -> None:
    made = guessed("m", name=name, context=8192)
    assert made.guess is not None
    assert 0.66 < made.estimate / of(name).estimate < 1.34


def test_a_guess_reads_parameters_and_quantisation_from_the_tag() -> None:
    assert guessed("m", name="mixtral:8x7b", context=2048).weights == pytest.approx(56e9 * 0.65)
    assert guessed("m", name="qwen:7b-instruct-fp16", context=2048).weights == pytest.approx(14e9)
    assert guessed("m", name="smollm2:135m", context=2048).weights == pytest.approx(135e6 * 0.65)
    unknown = guessed("m", name="mine:latest", context=2048)
    assert unknown.weights == pytest.approx(8e9 * 0.65)
    assert unknown.guess is not None
    assert "names no size" in unknown.guess


def test_measured_counts_more_than_the_estimate() -> None:
    size, info = SHOWN["phi4:14b"]
    made = footprint("m", name="phi4:14b", size=size, info=info, context=8192, measured=12 * GIB)
    assert made.bytes == 12 * GIB
    assert made.estimate != made.bytes


def test_the_largest_context_that_fits() -> None:
    made = of("deepseek-coder:6.7b")
    assert largest_context(made, context=8192, room=made.estimate - made.kv // 4) == 4096
    assert largest_context(made, context=8192, room=made.weights) is None


def test_of_a_hybrid_only_the_layers_that_attend_to_everything_keep_a_cache() -> None:
    size, info = SHOWN["qwen2.5-coder:7b"]
    plain = footprint("m", name="m", size=size, info=info, context=8192)
    hybrid = footprint("m", name="m", size=size, info={**info, "qwen2.full_attention_interval": 4}, context=8192)
    assert hybrid.kv == plain.kv // 4
    assert hybrid.weights == plain.weights


def test_a_mixture_of_experts_takes_all_its_weights_and_reads_its_active_share() -> None:
    size, info = SHOWN["qwen2.5-coder:7b"]
    experts = {
        "general.parameter_count": 30_532_122_624,
        "qwen2.expert_count": 128,
        "qwen2.expert_used_count": 8,
        "qwen2.embedding_length": 2048,
        "qwen2.expert_feed_forward_length": 768,
        "qwen2.block_count": 48,
    }
    mixture = footprint("m", name="m", size=size, info={**info, **experts}, context=8192)
    assert mixture.active == pytest.approx(3.35 / 30.5, abs=0.01)
    assert mixture.weights == size
    assert of("qwen2.5-coder:7b").active == 1.0
    rows = [TimedRow(attempts=(1,), strategy="none", thinkers=(), generator="m", beside=("n",))]
    dense = replace(mixture, key="n", active=1.0)
    (step,) = steps(rows, {"m": mixture, "n": dense})
    (together,) = step.rounds
    assert together["m"] == pytest.approx(mixture.active * together["n"], rel=0.01), "both write in one round"
