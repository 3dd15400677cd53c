"""``forge-lsp models``: who has which part and why. ``forge-lsp models suggest``: what to fetch, by commands."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import forge
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import environment

ROOT = Path(__file__).parents[2]
INSTALLED = ("qwen3-coder:30b", "gpt-oss:20b", "codestral:22b", "qwen3-vl:8b", "gpt-oss:120b-cloud")
CLOUD = {"gpt-oss:120b-cloud": "https://ollama.com:443"}


def env(tmp_path: Path, url: str = "http://127.0.0.1:9", **settings: object) -> dict[str, str]:
    return environment(tmp_path, settings, OLLAMA_HOST=url, PYTHONPATH=str(ROOT), COLUMNS="200")


async def test_models_shows_every_part_with_its_reason(tmp_path: Path) -> None:
    async with FakeOllama(models=INSTALLED, remote=CLOUD) as server:
        ran = await forge("models", "--json", cwd=tmp_path, env=env(tmp_path, server.url))
        assert ran.code == 0, ran.err
        told = ran.json
        assert told["profile"] == "one-gpu"
        roles = {row["name"]: row for row in told["roles"]}
        assert set(roles) == {"qwen3-coder:30b", "gpt-oss:20b"}
        coder = roles["qwen3-coder:30b"]
        assert (coder["family"], coder["size"]) == ("qwen", "30b, 3.3b active")
        assert coder["why"].startswith("the best coder for its time")
        assert any(part.startswith("writes 1-2") for part in coder["parts"])
        assert coder["context"] >= 4096
        assert coder["fits"] in (True, False)
        why = {one["name"]: one["why"] for one in told["leftOut"]}
        assert "licence" in why["codestral:22b"]
        assert "pictures" in why["qwen3-vl:8b"]
        assert "elsewhere" in why["gpt-oss:120b-cloud"]
        shown = await forge("models", cwd=tmp_path, env=env(tmp_path, server.url))
        assert shown.code == 0, shown.err
        for words in (coder["why"], why["codestral:22b"], "30b, 3.3b active", "writes 1-2"):
            assert words in shown.out
        assert server.chats == []


async def test_models_offers_newer_ones_for_the_table_of_three_gpu(tmp_path: Path) -> None:
    servers: dict[str, object] = {}
    async with (
        FakeOllama(models=["phi4:14b", "gemma3:12b"]) as first,
        FakeOllama(models=["qwen2.5-coder:7b"]) as second,
        FakeOllama(models=["llama3.1:8b"]) as third,
    ):
        for number, server in enumerate((first, second, third)):
            servers[f"gpu{number}"] = {"url": server.url}
        ran = await forge("models", "--json", cwd=tmp_path, env=env(tmp_path, servers=servers))
    assert ran.code == 0, ran.err
    assert ran.json["profile"] == "local"
    newer = {one["name"]: one["newer"] for one in ran.json["newer"]}
    assert "devstral-small-2:24b" in newer["codestral:22b"]
    assert "phi4:14b" not in newer


async def test_suggest_names_what_to_pull_for_these_gpus(tmp_path: Path) -> None:
    ran = await forge("models", "suggest", "--gpus", "24", "--json", cwd=tmp_path, env=env(tmp_path))
    assert ran.code == 0, ran.err
    models = {one["name"]: one for one in ran.json["models"]}
    assert models["qwen3-coder:30b"]["command"] == "ollama pull qwen3-coder:30b"
    assert models["qwen3-coder:30b"]["first"] is True
    assert len({one["family"] for one in ran.json["models"] if one["first"]}) == 2
    assert all(one["bytes"] < 24 * 2**30 for one in ran.json["models"])
    assert ran.json["download"] == sum(one["download"] for one in ran.json["models"])
    shown = await forge("models", "suggest", "--gpus", "24", cwd=tmp_path, env=env(tmp_path))
    assert "\nollama pull qwen3-coder:30b\n" in shown.out
    assert ran.json["date"] in shown.out
    small = await forge("models", "suggest", "--gpus", "8", "--json", cwd=tmp_path, env=env(tmp_path))
    assert "qwen3-coder:30b" not in {one["name"] for one in small.json["models"]}


async def test_suggest_leaves_out_what_is_installed_and_reads_the_users_own_list(tmp_path: Path) -> None:
    async with FakeOllama(models=["qwen3-coder:30b"]) as server:
        where = env(tmp_path, server.url)
        ran = await forge("models", "suggest", "--gpus", "24", "--json", cwd=tmp_path, env=where)
        assert "qwen3-coder:30b" not in {one["name"] for one in ran.json["models"]}
        own = tmp_path / "suggestions.toml"
        own.write_text('date = "2027-01-01"\n[[model]]\nname = "better-coder:9b"\ngb = 6\n', encoding="utf-8")
        ran = await forge("models", "suggest", "--gpus", "24", "--json", cwd=tmp_path, env=where)
        assert ran.json["date"] == "2027-01-01"
        assert [one["name"] for one in ran.json["models"]] == ["better-coder:9b"]
        own.write_text('[[model]]\nname = "better-coder:9b"\n', encoding="utf-8")
        wrong = await forge("models", "suggest", cwd=tmp_path, env=where)
        assert wrong.code == 2
        assert "suggestions.toml" in wrong.err
