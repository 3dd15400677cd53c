"""``auto`` from what answers: which servers are asked, what is made of them, who stands in for whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forge_lsp.app.reading import schedule_of
from forge_lsp.config import gather
from forge_lsp.config.profiles.auto import ChosenProfile, load
from forge_lsp.config.profiles.fitness import Installed
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.placement.devices import imagined
from forge_lsp.placement.plan import Device
from tests.unit.config.profiles.rigs import installed

RIG = {
    "http://127.0.0.1:11434": ["phi4:14b", "gemma3:12b"],
    "http://127.0.0.1:11435": [
        *("qwen2.5-coder:7b", "deepseek-coder:6.7b", "deepseek-coder:1.3b", "granite3-dense:2b")
    ],
    "http://127.0.0.1:11436": ["llama3.1:8b", "codestral:22b"],
}
HERE = "http://127.0.0.1:11434"


class There:
    """What answers, by address; notes who was asked."""

    def __init__(self, has: dict[str, list[str]]) -> None:
        self.has = has
        self.asked: list[str] = []

    async def look(self, url: str | None) -> tuple[Installed, ...] | None:
        at = url or HERE
        self.asked.append(at)
        return tuple(map(installed, self.has[at])) if at in self.has else None


async def auto(
    tmp_path: Path, there: There, *gib: float, profile: str | None = None, settings: Any = None, **env: str
) -> ChosenProfile:
    async def devices() -> tuple[Device, ...]:
        return imagined(gib)

    sources = gather(editor=settings or {}, config=_empty(tmp_path), environment={})
    return await load(sources, look=there.look, embedded=False, devices=devices, profile=profile, environment=env)


def _empty(folder: Path) -> Path:
    path = folder / "forge.toml"
    path.touch()
    return path


def local(*urls: str) -> dict[str, object]:
    return {"servers": {f"s{number}": {"kind": "ollama", "url": url} for number, url in enumerate(urls)}}


async def test_one_server_is_asked_once_and_is_one_gpu(tmp_path: Path) -> None:
    there = There({HERE: ["qwen3-coder:30b", "gpt-oss:20b"]})
    chosen = await auto(tmp_path, there, 24)
    assert chosen.profile == "one-gpu"
    assert there.asked.count(HERE) == 1
    assert {model.server for model in chosen.resolved.settings.models.values()} == {"ollama"}
    assert {model.context for model in chosen.resolved.settings.models.values()} == {32_768}
    assert not schedule_of(chosen.resolved.settings).validate()


async def test_servers_of_the_user_make_one_ladder(tmp_path: Path) -> None:
    there = There(
        {"http://127.0.0.1:1111": ["qwen3-coder:30b"], "http://127.0.0.1:2222": ["gpt-oss:20b", "granite4:latest"]}
    )
    chosen = await auto(tmp_path, there, 24, 24, settings=local("http://127.0.0.1:1111", "http://127.0.0.1:2222"))
    assert chosen.profile == "local"
    tree = chosen.resolved.settings
    assert {model.name: model.server for model in tree.models.values()} == {
        "qwen3-coder:30b": "s0",
        "gpt-oss:20b": "s1",
        "granite4:latest": "s1",
    }
    first = tree.schedule[0].generator
    assert (tree.models[first.model].name, [tree.models[key].name for key in first.beside]) == (
        "qwen3-coder:30b",
        ["gpt-oss:20b"],
    ), "on two GPUs they write at the same time"


async def test_the_whole_rig_is_the_users_own_table(tmp_path: Path) -> None:
    chosen = await auto(tmp_path, There(RIG), 24, 24, 12)
    assert (chosen.profile, chosen.missing) == ("three-gpu", ())
    assert {"phi4", "gemma3", "codestral"} <= set(chosen.resolved.settings.models)


async def test_newer_models_stand_in_and_it_is_said_who(tmp_path: Path) -> None:
    newer = {**RIG, HERE: ["gpt-oss:20b", "gemma4:e4b"]}
    chosen = await auto(tmp_path, There(newer), 24, 24, 12)
    assert chosen.profile == "three-gpu"
    assert chosen.missing == ("phi4:14b", "gemma3:12b")
    assert "gpt-oss:20b for phi4:14b, gemma4:e4b for gemma3:12b" in chosen.label
    tree = chosen.resolved.settings
    assert "phi4" not in tree.models, "what runs is called by its own name"
    assert tree.models["gpt-oss-20b"].server == "gpu0"
    assert tree.schedule[0].thinking.models == ("gpt-oss-20b",)
    assert tree.schedule[4].thinking.models[:2] == ("gpt-oss-20b", "gemma4-e4b")
    assert tree.reviewers["gemma4-e4b"].aspect == "architecture"
    asked = await auto(tmp_path, There(newer), 24, 24, 12, profile="three-gpu")
    assert asked.resolved.settings.models["phi4"].name == "phi4:14b", "asked for by name it stays to the letter"


async def test_what_the_user_says_of_a_model_of_the_table_is_not_said_of_another(tmp_path: Path) -> None:
    newer = {**RIG, HERE: ["gpt-oss:20b", "gemma4:e4b"]}
    own = {"models": {"phi4": {"server": "gpu0", "name": "phi4:14b", "context": 4096}}}
    assert (await auto(tmp_path, There(newer), 24, 24, 12, settings=own)).profile == "local"


async def test_where_a_place_stays_empty_a_ladder_is_made_of_what_is_there(tmp_path: Path) -> None:
    chosen = await auto(tmp_path, There({**RIG, HERE: ["qwen3.6:27b"]}), 24, 24, 12)
    assert chosen.profile == "local"
    assert "three-gpu lacks phi4:14b, gemma3:12b" in chosen.label
    tree = chosen.resolved.settings
    assert set(tree.servers) == {"gpu0", "gpu1", "gpu2"}
    assert "codestral:22b" not in {model.name for model in tree.models.values()}


async def test_a_server_elsewhere_is_asked_only_where_the_user_said_so(tmp_path: Path) -> None:
    far = "http://gpu.example:11434"
    there = There({far: ["qwen3-coder:30b"], HERE: ["qwen2.5-coder:7b"]})
    chosen = await auto(tmp_path, there, 24, settings=local(far))
    assert (chosen.profile, far in there.asked) == ("one-gpu", False)
    own = {"servers": {"s0": {"kind": "ollama", "url": far, "local": True, "memory": 24}}}
    chosen = await auto(tmp_path, there, 24, settings=own)
    assert (chosen.profile, far in there.asked) == ("local", True)


async def test_another_server_that_happens_to_run_is_left_alone_where_ollama_host_is_set(tmp_path: Path) -> None:
    class Elsewhere(There):
        async def look(self, url: str | None) -> tuple[Installed, ...] | None:
            return await super().look(url or "http://127.0.0.1:9999")

    there = Elsewhere({HERE: ["qwen2.5-coder:7b"], "http://127.0.0.1:9999": ["gpt-oss:20b"]})
    chosen = await auto(tmp_path, there, 24, OLLAMA_HOST="127.0.0.1:9999")
    assert chosen.profile == "one-gpu"
    assert {model.name for model in chosen.resolved.settings.models.values()} == {"gpt-oss:20b"}


@pytest.mark.parametrize("key", ["", "sk-ant-x"])
async def test_paid_rungs_are_there_where_there_is_a_key(tmp_path: Path, key: str) -> None:
    chosen = await auto(tmp_path, There({HERE: ["qwen3-coder:30b", "gpt-oss:20b"]}), 24, ANTHROPIC_API_KEY=key)
    tree = chosen.resolved.settings
    paid = [row.generator.model for row in tree.schedule if tree.servers[tree.models[row.generator.model].server].costs]
    assert paid == (["sonnet", "opus"] if key else [])
    assert not tree.consent.servers


async def test_nothing_that_can_write_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="licence restricts its use") as caught:
        await auto(tmp_path, There({HERE: ["codestral:22b", "qwen3-vl:8b"]}), 24, profile="one-gpu")
    assert "models suggest" in (caught.value.remedy or "")
    with pytest.raises(EnvironmentFault, match="no Ollama answers"):
        await auto(tmp_path, There({}), profile="local")
