"""The profile that fits what is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.profiles.choose import Installed, Surroundings, choose, one_gpu
from forge_lsp.settings import Settings

GB = 1_000_000_000
CODER = Installed(name="qwen2.5-coder:7b", size=47 * GB // 10)
SMALL = Installed(name="deepseek-coder:1.3b", size=8 * GB // 10)
GENERAL = Installed(name="phi4:14b", size=91 * GB // 10)
EMBEDDER = Installed(name="nomic-embed-text:latest", size=GB)


@pytest.mark.parametrize(
    ("there", "profile"),
    [
        (Surroundings(rig_answers=True, ollama=(CODER,), embedded=True, cloud_key=True), "three-gpu"),
        (Surroundings(rig_answers=True, rig_missing=("phi4",), ollama=(CODER,)), "one-gpu"),
        (Surroundings(ollama=(CODER,), embedded=True), "one-gpu"),
        (Surroundings(ollama=(EMBEDDER,), embedded=True), "embedded"),
        (Surroundings(ollama=(), embedded=True), "embedded"),
        (Surroundings(cloud_key=True), "cloud"),
        (Surroundings(), None),
    ],
)
def test_profiles_are_taken_in_order_by_what_answers(there: Surroundings, profile: str | None) -> None:
    name, why = choose(there)
    assert name == profile
    assert why


def roles(installed: list[Installed], largest: int | None = None) -> Settings:
    made = one_gpu(installed, largest=largest)
    settings = Settings.model_validate({"servers": {"ollama": {"kind": "ollama"}}, **made})
    assert not settings.references()
    return settings


def test_the_largest_coder_generates_the_next_review_and_a_general_model_thinks() -> None:
    settings = roles([SMALL, GENERAL, CODER, EMBEDDER])
    first = settings.schedule[0]
    assert settings.models[first.generator.model].name == CODER.name
    assert settings.models[first.thinking.models[0]].name == GENERAL.name
    assert settings.models[first.panel.members[0]].name == SMALL.name
    assert EMBEDDER.name not in {model.name for model in settings.models.values()}


def test_a_model_too_large_is_left_out_and_a_restricted_licence_is_no_default() -> None:
    codestral = Installed(name="codestral:22b", size=13 * GB)
    names = {model.name for model in roles([codestral, CODER, GENERAL], largest=8 * GB).models.values()}
    assert names == {CODER.name}
    assert "codestral:22b" not in {model.name for model in roles([codestral, CODER]).models.values()}


@given(
    st.lists(
        st.builds(
            Installed,
            name=st.sampled_from(["a:1b", "coder:7b", "x/y-coder:latest", "llama3.1:8b", "phi4:14b", "q.w:1"]),
            size=st.integers(1, 50 * GB),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda model: model.name,
    )
)
def test_whatever_is_installed_makes_valid_settings_with_at_most_three_reviewers(installed: list[Installed]) -> None:
    settings = roles(installed)
    assert all(1 <= len(row.panel.members) <= 3 for row in settings.schedule)
    assert {row.thinking.strategy for row in settings.schedule} == {"solo", "duo"}
