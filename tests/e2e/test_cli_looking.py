"""``models``, ``jobs`` and ``config``: looking at what is there, for people and for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.cli import forge
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, environment, row, settings
from tests.support.shapes import misfits

MODEL = {
    "key": str,
    "name": str,
    "server": str,
    "provider": str,
    "context": int,
    "paid": bool,
    "offMachine": bool,
    "place": (str, None),
    "toy": bool,
    "installed": (bool, None),
    "resident": (bool, None),
    "size": (int, None),
    "sizeVram": (int, None),
    "problem": (str, None),
    "remedy": (str, None),
}


async def test_models(tmp_path: Path) -> None:
    async with FakeOllama(models=["phi4:14b", "deepseek-coder:6.7b", "granite3-dense:2b"]) as server:
        env = environment(tmp_path, settings(server.url, row(1)))
        ran = await forge("models", "--json", cwd=tmp_path, env=env)
        assert ran.code == 1, "one is missing"
        document = ran.json
        assert isinstance(document.pop("gpus"), list)
        assert {"profile", "why", "roles"} <= document.keys()  # tested in test_cli_roles.py
        assert misfits({"models": document["models"]}, {"models": [MODEL]}) == []
        rows = {model["key"]: model for model in ran.json["models"]}
        assert rows.keys() == MODELS.keys()
        assert rows["phi4"]["installed"] is True
        assert rows["gemma3"]["installed"] is False
        assert "ollama pull gemma3:12b" in rows["gemma3"]["remedy"]
        table = await forge("models", cwd=tmp_path, env=env)
        assert table.code == 1
        for name in MODELS.values():
            assert name in table.out
        assert "ollama pull gemma3:12b" in table.out


async def test_models_of_a_server_that_is_down(tmp_path: Path) -> None:
    async with FakeOllama() as server:
        url = server.url
    env = environment(tmp_path, settings(url, row(1)))
    ran = await forge("models", cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "ollama serve" in ran.out
    pull = await forge("models", "pull", "phi4", cwd=tmp_path, env=env)
    assert pull.code == 1
    assert "ollama serve" in pull.err
    assert pull.out == ""


async def test_pulling_a_model(tmp_path: Path) -> None:
    steps = (
        {"status": "pulling manifest"},
        {"status": "pulling abc", "digest": "sha256:abc", "total": 2_000_000, "completed": 1_000_000},
        {"status": "pulling abc", "digest": "sha256:abc", "total": 2_000_000, "completed": 2_000_000},
        {"status": "success"},
    )
    async with FakeOllama(pull=steps) as server:
        env = environment(tmp_path, settings(server.url, row(1)))
        by_key = await forge("models", "pull", "gemma3", cwd=tmp_path, env=env)
        assert by_key.code == 0, by_key.err
        assert by_key.out == ""
        assert "2.0/2.0 MB" in by_key.err
        by_name = await forge("models", "pull", "gemma3:12b", cwd=tmp_path, env=env)
        assert by_name.code == 0
        assert [pull.body["model"] for pull in server.to("/api/pull")] == ["gemma3:12b"] * 2


async def test_a_pull_that_fails_in_the_middle(tmp_path: Path) -> None:
    steps = ({"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"})
    async with FakeOllama(pull=steps) as server:
        env = environment(tmp_path, settings(server.url, row(1)))
        ran = await forge("models", "pull", "gemma3", cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "file does not exist" in ran.err
    assert "is there" not in ran.err


async def test_jobs_of_a_machine_that_had_none(tmp_path: Path) -> None:
    env = environment(tmp_path, settings("http://127.0.0.1:9", row(1)))
    ran = await forge("jobs", cwd=tmp_path, env=env)
    assert (ran.code, ran.out.strip()) == (0, "no jobs yet")
    listed = await forge("jobs", "--json", cwd=tmp_path, env=env)
    assert listed.json == {"jobs": []}


async def test_wrong_settings_are_named_by_commands_that_need_none(tmp_path: Path) -> None:
    env = environment(tmp_path, {})
    file = tmp_path / "forge.toml"
    file.write_text("accept.scor = 3\n", encoding="utf-8")
    for words in (("jobs",), ("jobs", "--json"), ("stats",)):
        done = await forge(*words, cwd=tmp_path, env=env)
        assert done.code == 0
        assert done.err == f"forge-lsp: accept.scor ({file}): unknown key; did you mean score?\n"
        assert done.out != ""
    file.write_text("", encoding="utf-8")
    assert (await forge("jobs", cwd=tmp_path, env=env)).err == "", "no model is asked for"


async def test_config_show_names_the_source_of_each_value(tmp_path: Path) -> None:
    env = environment(tmp_path, settings("http://127.0.0.1:9", row(1), budget={"job": 0.5}), FORGE_BUDGET__DAY="3")
    (tmp_path / "forge.toml").rename(tmp_path / "mine.toml")
    (tmp_path / "forge.toml").write_text("[check]\ntimeout = 60\n[budget]\njob = 99.0\n")
    env["FORGE_CONFIG"] = str(tmp_path / "mine.toml")
    ran = await forge("config", "show", cwd=tmp_path, env=env)
    assert ran.code == 0, ran.err
    lines = dict(line.split(" = ", 1) for line in ran.out.splitlines())
    assert lines["budget.job"] == f"0.5  # {tmp_path / 'mine.toml'}"
    assert lines["budget.day"] == "3.0  # environment"
    assert lines["budget.month"].endswith("# default")
    assert lines["check.timeout"] == f"60.0  # {tmp_path / 'forge.toml'}"
    assert "99.0 would widen your 0.5" in ran.err
    values = (await forge("config", "show", "--json", cwd=tmp_path, env=env)).json
    assert (values["budget"]["job"], values["check"]["timeout"]) == (0.5, 60.0)


async def test_config_schema_is_a_json_schema_whose_references_resolve(tmp_path: Path) -> None:
    env = environment(tmp_path, {})
    ran = await forge("config", "schema", cwd=tmp_path, env=env)
    assert ran.code == 0
    schema = ran.json
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    tables = {"profile", "servers", "models", "schedule", "reviewers", "accept", "ladder", "apply", "consent", "budget"}
    assert tables | {"deadlines", "check", "prices", "state"} <= schema["properties"].keys()
    assert _unresolved(schema, schema) == []


def _unresolved(node: Any, schema: dict[str, Any]) -> list[str]:
    """References to nowhere, and types that JSON Schema does not know."""
    known = {"object", "array", "string", "number", "integer", "boolean", "null"}
    if isinstance(node, list):
        return [line for item in node for line in _unresolved(item, schema)]
    if not isinstance(node, dict):
        return []
    found: list[str] = []
    if isinstance(reference := node.get("$ref"), str) and reference.removeprefix("#/$defs/") not in schema["$defs"]:
        found.append(reference)
    if isinstance(kind := node.get("type"), str) and kind not in known:
        found.append(kind)
    return found + [line for item in node.values() for line in _unresolved(item, schema)]


async def test_config_init_writes_a_file_once(tmp_path: Path) -> None:
    env = environment(tmp_path, {})
    target = tmp_path / "new" / "forge.toml"
    env["FORGE_CONFIG"] = str(target)
    ran = await forge("config", "init", cwd=tmp_path, env=env)
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert str(target) in ran.err
    text = target.read_text()
    assert "[budget]" in text
    shown = await forge("config", "show", cwd=tmp_path, env={**env, "FORGE_PROFILE": "embedded"})
    assert shown.code == 0, shown.err
    again = await forge("config", "init", cwd=tmp_path, env=env)
    assert again.code == 2
    assert "there already" in again.err
    assert target.read_text() == text


async def test_every_line_of_the_starter_file_is_a_valid_setting(tmp_path: Path) -> None:
    env = environment(tmp_path, {})
    target = tmp_path / "new.toml"
    env["FORGE_CONFIG"] = str(target)
    await forge("config", "init", cwd=tmp_path, env=env)
    lines = [line.removeprefix("# ") for line in target.read_text().splitlines()]
    settings_only = [line for line in lines if line.startswith("[") or " = " in line.partition("#")[0]]
    target.write_text("\n".join(settings_only).replace('"auto"', '"embedded"'))
    ran = await forge("config", "show", cwd=tmp_path, env=env)
    assert ran.code == 0, ran.err
    assert f'consent.servers = ["claude"]  # {target}' in ran.out
