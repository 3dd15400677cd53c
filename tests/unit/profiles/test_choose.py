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


def made(name: str, gb: float = 5, **more: object) -> Installed:
    return Installed(name=name, size=int(gb * GB), **more)  # type: ignore[arg-type]


def writers(settings: Settings) -> list[str]:
    return [settings.models[row.generator.model].name for row in settings.schedule]


def names(settings: Settings) -> set[str]:
    return {model.name for model in settings.models.values()}


@pytest.mark.parametrize(
    "left_out",
    [
        made("gpt-oss:120b-cloud", remote=True),
        made("kimi-best", 40, remote=True),
        made("qwen2.5-coder:1.5b-base", chats=False),
        made("starcoder2:15b", 9, chats=False),
        made("deepseek-ocr", chats=False),
        made("mxbai-embed-large", chats=False),
        made("qwen3-vl:32b", 20),
        made("llama3.2-vision:11b", 8),
        made("codestral:22b", 13),
        made("hf.co/bartowski/Codestral-22B-v0.1-GGUF:Q4_K_M", 13),
        made("qwen2.5-coder:3b", 20, licence="Qwen RESEARCH LICENSE AGREEMENT\n..."),
        made("some-coder:9b", 20, licence="Creative Commons\nCC-BY-NC-4.0"),
        made("mistral-coder:9b", 20, licence="# Mistral AI Non-Production License"),
    ],
    ids=lambda model: model.name,
)
def test_models_that_take_no_role_unasked(left_out: Installed) -> None:
    settings = roles([left_out, CODER, GENERAL])
    assert left_out.name not in names(settings)
    only = Surroundings(ollama=(left_out,), embedded=True)
    if left_out.remote or not left_out.chats:
        assert choose(only)[0] == "embedded"
        assert left_out.name in choose(only)[1]
    else:
        assert names(roles([left_out])) == {left_out.name}, "better than nothing"


def test_a_licence_that_only_mentions_such_terms_is_free() -> None:
    licence = "Apache License 2.0\n" + "x" * 900 + " non-commercial"
    assert writers(roles([made("big-coder:30b", 18, licence=licence), CODER]))[0] == "big-coder:30b"


def test_what_does_not_fit_beside_its_context_does_not_write() -> None:
    installed = [made("qwen3-coder-next:80b", 52), made("qwen3-coder:30b", 18), made("gpt-oss:20b", 13)]
    assert writers(roles(installed))[0] == "qwen3-coder-next:80b"
    fits = roles(installed, largest=24 * GB)
    assert names(fits) == {"qwen3-coder:30b", "gpt-oss:20b"}
    assert names(roles(installed, largest=19 * GB)) == {"gpt-oss:20b"}, "18 GB and its cache are more than 19"
    assert names(roles(installed, largest=4 * GB)) == {"gpt-oss:20b"}, "the smallest, where none fits"


def test_after_two_failures_another_family_writes() -> None:
    installed = [made("qwen3-coder:30b", 18), made("qwen2.5-coder:14b", 9), made("devstral-small-2:24b", 15)]
    assert writers(roles(installed)) == ["qwen3-coder:30b", "devstral-small-2:24b", "qwen3-coder:30b"]
    assert writers(roles(installed[:2])) == ["qwen3-coder:30b"] * 2
    assert writers(roles([installed[0], made("phi4-mini:3.8b", 2.5)])) == ["qwen3-coder:30b"] * 2
