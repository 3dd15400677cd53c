"""What names tell of models, and how many of their parameters a token uses."""

from __future__ import annotations

import pytest

from forge_lsp.models.naming import (
    active_parameters,
    named_base,
    named_for_pictures,
    named_parameters,
    named_special,
)


@pytest.mark.parametrize(
    ("name", "special", "base", "pictures"),
    [
        ("qwen3-coder:30b", False, False, False),
        ("nomic-embed-text", True, True, False),
        ("qwen2.5-coder:1.5b-base", False, True, False),
        ("codellama:7b-code", False, True, False),
        ("gemma3:4b-pt", False, True, False),
        ("deepseek-ocr", True, False, False),
        ("translategemma:4b", True, False, False),
        ("llava:7b", True, False, True),
        ("qwen3-vl:8b", False, False, True),
        ("clipper:7b", False, False, False),
        ("shieldgemma:2b", True, False, False),
    ],
)
def test_what_a_name_says(name: str, special: bool, base: bool, pictures: bool) -> None:
    assert (named_special(name), named_base(name), named_for_pictures(name)) == (special, base, pictures)


SIZES = {"a.embedding_length": 2048, "a.expert_feed_forward_length": 768, "a.block_count": 48}
EXPERTS = {"a.expert_count": 128, "a.expert_used_count": 8}


@pytest.mark.parametrize(
    ("name", "facts", "total", "active"),
    [
        ("mine", {**EXPERTS, **SIZES}, 30.5, 3.32),
        ("some-30b-a3b", {**EXPERTS, **SIZES}, 30.5, 3.32),
        ("some-30b-a3b", EXPERTS, 30.5, 3.0),
        ("qwen3-coder:30b", {}, 30.0, 3.3),
        ("qwen3-coder:30b", EXPERTS, None, 3.3),
        ("mine", EXPERTS, 30.5, 4.38),
        ("mixtral-like:8x7b", {}, 56.0, 12.6),
        ("llama3.1:8b", {}, 8.0, None),
        ("dense", {"a.expert_count": 8, "a.expert_used_count": 8}, 8.0, None),
        ("broken", {"a.expert_count": "many", "a.expert_used_count": 2}, 8.0, None),
    ],
)
def test_active_parameters(name: str, facts: dict[str, object], total: float | None, active: float | None) -> None:
    assert active_parameters(name, facts, total) == pytest.approx(active, abs=0.01)


@pytest.mark.parametrize(
    ("name", "total"), [("a:30b", 30.0), ("a:8x7b", 56.0), ("a:350m", 0.35), ("gemma3n:e4b", 4.0), ("a", None)]
)
def test_parameters_by_name(name: str, total: float | None) -> None:
    assert named_parameters(name) == total
