"""Sources, precedence, provenance, and what a workspace file may say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.config import PROFILES, gather, profile_layer, resolve
from forge_lsp.config.load import ResolvedSettings
from forge_lsp.config.sources import environment_layer, merge
from forge_lsp.config.tree import Settings
from forge_lsp.core.errors import SettingsError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def load(
    home: Path,
    project: Path,
    *,
    user: str = "",
    workspace: str = "",
    environment: dict[str, str] | None = None,
    editor: dict[str, object] | None = None,
    command_line: dict[str, object] | None = None,
    profile: str = "embedded",
) -> ResolvedSettings:
    (home / "forge.toml").write_text(user, encoding="utf-8")
    (project / "forge.toml").write_text(workspace, encoding="utf-8")
    sources = gather(
        workspace=project,
        editor=editor,
        command_line=command_line,
        environment={"FORGE_CONFIG": str(home / "forge.toml"), **(environment or {})},
    )
    return resolve(sources, profile_layer(profile))


@pytest.mark.parametrize("name", [name for name in PROFILES if name not in ("one-gpu", "local")])
def test_every_ready_profile_is_valid_and_says_what_runs(name: str, home: Path, project: Path) -> None:
    settings = load(home, project, profile=name).settings
    assert settings.schedule
    assert {row.thinking.strategy for row in settings.schedule} <= {"none", "solo", "duo", "trio", "debate", "vote"}
    assert {number for row in settings.schedule for number in row.attempts} == set(range(1, settings.attempts + 1))


def test_three_gpu_is_free_for_six_attempts(home: Path, project: Path) -> None:
    settings = load(home, project, profile="three-gpu").settings
    paid = [
        number
        for row in settings.schedule
        for number in row.attempts
        if settings.servers[settings.models[row.generator.model].server].costs
    ]
    assert settings.attempts == 10
    assert paid == [7, 8, 9, 10]


def test_each_source_wins_over_the_weaker_ones(home: Path, project: Path) -> None:
    sources: list[dict[str, object]] = [
        {"user": "[budget]\njob = 0.9"},
        {"workspace": "[budget]\njob = 0.8"},
        {"environment": {"FORGE_BUDGET__JOB": "0.7"}},
        {"editor": {"budget": {"job": 0.6}}},
        {"command_line": {"budget": {"job": 0.5}}},
    ]
    given: dict[str, object] = {}
    seen: list[float] = []
    for source in sources:
        given.update(source)
        seen.append(load(home, project, **given).settings.budget.job)  # type: ignore[arg-type]
    assert seen == [0.9, 0.8, 0.7, 0.6, 0.5]


def test_tables_merge_and_arrays_replace() -> None:
    assert merge({"a": {"x": 1, "y": [1, 2]}, "b": 1}, {"a": {"y": [3]}, "c": 2}) == {
        "a": {"x": 1, "y": [3]},
        "b": 1,
        "c": 2,
    }


@pytest.mark.parametrize(
    ("text", "path", "what"),
    [
        ("[budget]\nhour = 1", "budget.hour", "unknown key"),
        ('[deadlines]\ntotal = "soon"', "deadlines.total", "number"),
        ("[deadlines]\ntotal = -1", "deadlines.total", "greater than 0"),
        ('[check]\nsandbox = "yes"', "check.sandbox", "'required', 'preferred' or 'off'"),
        ('[servers.x]\nkind = "openai"', "servers.x", "needs `url`"),
        ('[models.m]\nserver = "nowhere"\nname = "m"', "models.m.server", "no [servers.nowhere]"),
    ],
)
def test_an_error_names_key_path_and_file(home: Path, project: Path, text: str, path: str, what: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(home, project, user=text)
    (line,) = caught.value.problems
    assert line.startswith(f"{path} ({home / 'forge.toml'}): ")
    assert what in line


def test_an_error_in_the_environment_and_the_editor_says_so(home: Path, project: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(home, project, environment={"FORGE_BUDGET__HOUR": "1"}, editor={"budget": {"day": "much"}})
    assert {line.split(": ")[0] for line in caught.value.problems} == {
        "budget.hour (environment)",
        "budget.day (editor settings)",
    }


def test_an_unknown_variable_of_ours_is_an_error_and_the_two_exceptions_are_not(home: Path, project: Path) -> None:
    load(home, project, environment={"FORGE_HTTP_TOKEN": "secret"})
    with pytest.raises(SettingsError, match=r"wobble \(environment\): unknown key"):
        load(home, project, environment={"FORGE_WOBBLE": "1"})


def test_environment_values_are_toml_where_they_parse() -> None:
    layer = environment_layer(
        {"FORGE_CONSENT__SERVERS": '["claude"]', "FORGE_PROFILE": "cloud", "FORGE_CHECK__TIMEOUT": "5", "PATH": "x"}
    )
    assert layer.values == {"consent": {"servers": ["claude"]}, "profile": "cloud", "check": {"timeout": 5}}


def test_broken_toml_and_a_missing_named_file_name_the_file(home: Path, project: Path) -> None:
    with pytest.raises(SettingsError, match=r"forge\.toml: not valid TOML"):
        load(home, project, user="[budget")
    with pytest.raises(SettingsError, match="there is no such file"):
        gather(environment={"FORGE_CONFIG": str(home / "nowhere.toml")})


@pytest.mark.parametrize(
    "text",
    [
        '[servers.evil]\nkind = "openai"\nurl = "http://example.com/v1"',
        '[consent]\nservers = ["claude"]',
        "[prices.opus]\ninput = 0\noutput = 0",
        '[state]\ndir = "/tmp/x"',
        '[check.python]\ncommand = ["rm", "-rf", "/"]',
        '[check.python]\ninterpreter = "/home/somebody/bin/python"',
        "[check.go]\ntests_seconds = 9",
        'profile = "./mine.toml"',
        '[models.smollm2]\nname = "./model.gguf"',
    ],
)
def test_a_workspace_file_may_not_widen(home: Path, project: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="a workspace file may not"):
        load(home, project, workspace=text)
    load(home, project, user=text.replace('"./mine.toml"', '"embedded"'))


@pytest.mark.parametrize(
    ("table", "wide", "narrow"),
    [
        ("budget", "job = 9.0", "job = 0.5"),
        ("check", 'sandbox = "off"', 'sandbox = "required"'),
        ("accept", "score = 1", "score = 9.5"),
        ("apply", 'mode = "edit"', 'mode = "none"'),
        ("deadlines", "job = 80000", "job = 60"),
    ],
)
def test_a_workspace_file_narrows_and_its_widening_is_noted(
    home: Path, project: Path, table: str, wide: str, narrow: str
) -> None:
    user = "[apply]\nmode = 'preview'"
    before = load(home, project, user=user)
    widened = load(home, project, user=user, workspace=f"[{table}]\n{wide}")
    assert widened.settings == before.settings
    assert widened.notes
    narrowed = load(home, project, user=user, workspace=f"[{table}]\n{narrow}")
    assert narrowed.settings != before.settings
    assert not narrowed.notes


def test_the_schema_documents_every_setting() -> None:
    schema = Settings.model_json_schema()
    missing = [
        f"{name}.{key}"
        for name, table in schema["$defs"].items()
        for key, entry in table["properties"].items()
        if not entry.get("description") and "$ref" not in entry
    ]
    assert not missing


def test_a_fleet_that_is_up_stands_over_the_profile_and_under_the_user(home: Path, project: Path) -> None:
    (home / "forge.toml").write_text('[servers.gpu1]\nurl = "http://127.0.0.1:5001"\n', encoding="utf-8")
    sources = gather(environment={"FORGE_CONFIG": str(home / "forge.toml")})
    urls = {"gpu0": "http://127.0.0.1:7000", "gpu1": "http://127.0.0.1:7001", "gone": "http://x", "claude": "http://y"}
    resolved = resolve(replace(sources, fleet=urls), profile_layer("three-gpu"))
    servers = resolved.settings.servers
    assert servers["gpu0"].url == "http://127.0.0.1:7000"
    assert servers["gpu1"].url == "http://127.0.0.1:5001"
    assert servers["gpu2"].url == "http://127.0.0.1:11436"
    assert "gone" not in servers, "the settings name no such server"
    assert servers["claude"].url is None, "no server of Ollama's kind"
    assert resolved.layers.setter_of(("servers", "gpu0", "url")) == "the fleet that is up"


def test_a_workspace_may_not_start_servers(home: Path, project: Path) -> None:
    with pytest.raises(SettingsError, match="a workspace file may not start servers"):
        load(home, project, workspace='[fleet]\nprogram = "/tmp/evil"\n')
