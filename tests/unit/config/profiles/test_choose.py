"""The profile that fits what is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from forge_lsp.app.reading import schedule_of
from forge_lsp.config import Settings
from forge_lsp.config.profiles.choose import AvailableModels, Installed, choose
from forge_lsp.config.profiles.fitness import traits
from forge_lsp.config.profiles.fitting import AvailableModel, ServerDevices, writing_seconds
from forge_lsp.config.profiles.ladder import ModelLadder, ladder_of
from forge_lsp.placement.devices import imagined

GB = 1_000_000_000
CODER = Installed(name="qwen2.5-coder:7b", size=47 * GB // 10)
SMALL = Installed(name="deepseek-coder:1.3b", size=8 * GB // 10)
GENERAL = Installed(name="phi4:14b", size=91 * GB // 10)
EMBEDDER = Installed(name="nomic-embed-text:latest", size=GB)


@pytest.mark.parametrize(
    ("there", "profile"),
    [
        (AvailableModels(rig_answers=True, ollama=(CODER,), embedded=True, cloud_key=True), "three-gpu"),
        (AvailableModels(rig_answers=True, rig_missing=("phi4",), ollama=(CODER,)), "one-gpu"),
        (AvailableModels(rig_answers=True, rig_missing=("phi4",), servers=("gpu0", "gpu1", "gpu2")), "local"),
        (
            AvailableModels(rig_answers=True, rig_missing=("phi4",), stand_ins="x for phi4", servers=("gpu0",)),
            "three-gpu",
        ),
        (AvailableModels(servers=("big", "small"), ollama=(CODER,)), "local"),
        (AvailableModels(servers=("big",), embedded=True), "local"),
        (AvailableModels(ollama=(CODER,), embedded=True), "one-gpu"),
        (AvailableModels(ollama=(EMBEDDER,), embedded=True), "embedded"),
        (AvailableModels(ollama=(), embedded=True), "embedded"),
        (AvailableModels(cloud_key=True), "cloud"),
        (AvailableModels(), None),
    ],
)
def test_profiles_are_taken_in_order_by_what_answers(there: AvailableModels, profile: str | None) -> None:
    name, why = choose(there)
    assert name == profile
    assert why


def ladder(installed: list[Installed], gib: float | None = None) -> ModelLadder:
    devices = imagined([gib]) if gib else ()
    offers = tuple(AvailableModel(model=model, servers=("ollama",)) for model in installed)
    return ladder_of(offers, (ServerDevices(server="ollama", devices=devices),))


def roles(installed: list[Installed], gib: float | None = None) -> Settings:
    values = ladder(installed, gib).values
    settings = Settings.model_validate({"servers": {"ollama": {"kind": "ollama"}}, **values})
    assert not settings.references()
    assert not schedule_of(settings).validate()
    return settings


def test_a_coder_writes_first_and_a_general_model_thinks() -> None:
    settings = roles([SMALL, GENERAL, CODER, EMBEDDER])
    first = settings.schedule[0]
    assert settings.models[first.generator.model].name == CODER.name
    assert settings.models[first.thinking.models[0]].name == GENERAL.name
    assert first.generator.model not in first.panel.members
    assert EMBEDDER.name not in names(settings)


@checked(deadline=None, max_examples=40)
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
    ),
    st.sampled_from([None, 8.0, 24.0]),
)
def test_whatever_is_installed_makes_valid_settings(installed: list[Installed], gib: float | None) -> None:
    settings = roles(installed, gib)
    assert settings.attempts == 10
    assert all(1 <= len(row.panel.members) <= 5 for row in settings.schedule)


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
    assert left_out.name in dict(ladder([left_out, CODER]).left_out)
    name, why = choose(AvailableModels(ollama=(left_out,), embedded=True))
    assert name == "embedded"
    assert left_out.name in why, "not even where nothing else is installed"
    with pytest.raises(ValueError, match="no installed model"):
        roles([left_out])


def test_a_licence_that_only_mentions_such_terms_is_free() -> None:
    licence = "Apache License 2.0\n" + "x" * 900 + " non-commercial"
    assert "big-coder:30b" in writers(roles([made("big-coder:30b", 18, licence=licence), CODER]))


def test_what_does_not_fit_with_its_context_has_no_part() -> None:
    installed = [made("qwen3-coder-next:80b", 52), made("qwen3-coder:30b", 18), made("gpt-oss:20b", 13)]
    assert writers(roles(installed))[0] == "qwen3-coder-next:80b", "where no memory is known, everything may"
    assert names(roles(installed, 24)) == {"qwen3-coder:30b", "gpt-oss:20b"}
    assert names(roles(installed, 16)) == {"gpt-oss:20b"}
    assert "15.7" in dict(ladder(installed, 16).left_out)["qwen3-coder:30b"]
    (entry,) = ladder(installed, 4).entries
    assert entry.model.name == "qwen3-coder:30b", (
        "of what runs on the CPU in part, the one that reads least for a token"
    )
    assert "CPU" in entry.why


def test_the_first_three_rungs_are_of_different_families_and_the_strongest_write_last() -> None:
    installed = [
        made("qwen3-coder:30b", 18),
        made("qwen3.6:27b", 17),
        made("devstral-small-2:24b", 15),
        made("gpt-oss:20b", 13),
    ]
    assert writers(roles(installed)) == [
        *("qwen3-coder:30b", "devstral-small-2:24b", "gpt-oss:20b"),
        *("qwen3.6:27b", "devstral-small-2:24b"),
    ]
    weak = writers(roles([installed[0], made("phi4-mini:3.8b", 2.5)]))
    assert weak[:3] == ["qwen3-coder:30b", "qwen3-coder:30b", "phi4-mini:3.8b"], "a weak one of another family last"
    assert writers(roles([installed[0]])) == ["qwen3-coder:30b"] * 5


@pytest.mark.parametrize(
    ("count", "strategies"),
    [
        (1, ["solo", "solo", "solo", "solo", "solo"]),
        (2, ["solo", "duo", "duo", "debate", "debate"]),
        (3, ["solo", "duo", "trio", "debate", "vote"]),
    ],
)
def test_strategies_go_as_far_as_there_are_members(count: int, strategies: list[str]) -> None:
    installed = [made("qwen3-coder:30b", 18), made("gpt-oss:20b", 13), made("gemma4:26b", 17)]
    settings = roles(installed[:count])
    assert [row.thinking.strategy for row in settings.schedule] == strategies
    assert all(row.thinking.strategy == "none" for row in roles([SMALL]).schedule), "it hurts models this small"


def test_paid_rungs_come_last_in_place_of_the_late_local_ones() -> None:
    offers = tuple(AvailableModel(model=model, servers=("ollama",)) for model in (CODER, GENERAL))
    rows = ladder_of(offers, (ServerDevices(server="ollama"),), ("sonnet", "opus")).values["schedule"]
    assert [row["generator"]["model"] for row in rows][3:] == ["sonnet", "opus"]  # type: ignore[index, union-attr]


def test_contexts_are_as_large_as_fit_and_no_larger_than_what_a_model_was_trained_for() -> None:
    def contexts(gib: float | None, trained: int | None = None) -> list[int]:
        return [entry.context for entry in ladder([made("qwen2.5-coder:7b", 4.7, context=trained)], gib).entries]

    assert contexts(24) == [32_768]
    assert contexts(24, 16_384) == [16_384]
    assert contexts(11) == [16_384]
    assert contexts(None) == [8_192], "where the memory is not known"


def test_a_mixture_of_experts_counts_by_what_it_reads() -> None:
    mixture, dense = made("qwen3-coder:30b", 18), made("qwen2.5-coder:32b", 20)
    assert traits(mixture).active < 4 < traits(dense).active
    assert traits(mixture).total == 30
    assert writing_seconds(mixture, ()) < 0.3 * writing_seconds(dense, ())
    told = (("general.architecture", "a"), ("general.parameter_count", 30e9), ("a.expert_count", 128))
    sizes = (("a.embedding_length", 2048), ("a.expert_feed_forward_length", 768), ("a.block_count", 48))
    named = made("unknown:1b", 18, facts=(*told, *sizes, ("a.expert_used_count", 8)))
    assert traits(named).total == 30
    assert 2.5 < traits(named).active < 3.5
