"""Bad usage and bad settings: exit code 2, a sentence that names the place, and nothing on standard output."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.cli import forge, hide_packages, ran, started
from tests.support.real_server import COMMAND, environment, row, settings

NOWHERE = "http://127.0.0.1:9"
COMMANDS = ("generate", "demo", "doctor", "jobs", "models", "config")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "a.py").write_text("def f():\n    ...\n")
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    return environment(tmp_path, settings(NOWHERE, row(1)))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--wobble"], "--wobble"),
        (["wobble"], "wobble"),
        (["--tcp", "nowhere"], "HOST:PORT"),
        (["--tcp", "127.0.0.1:1", "jobs"], "--tcp"),
        (["generate"], "FILE"),
        (["generate", "a.py", "--wobble"], "--wobble"),
        (["generate", "a.py", "--max-iterations", "0"], "1 to 50"),
        (["generate", "a.py", "--max-iterations", "51"], "1 to 50"),
        (["generate", "a.py", "--language", "cobol"], "cobol"),
        (["generate", "a.py", "--range", "x"], "--range x"),
        (["generate", "a.py", "--range", "2:1"], "--range 2:1"),
        (["generate", "a.py", "--range", "1:99"], "lines 1 to 3"),
        (["generate", "a.py", "--profile", "wobble"], "wobble"),
        (["generate", "b.py"], "b.py: there is no such file"),
        (["generate", "nowhere/b.py"], "there is no such file"),
        (["generate", "."], "--language"),
        (["generate", "a.txt"], "--language"),
        (["generate", "latin.py"], "not UTF-8"),
        (["--config", "nothing.toml", "config", "show"], "nothing.toml: there is no such file"),
        (["jobs", "show"], "ID"),
        (["jobs", "show", "01jzzzzzzzzzzzzzzzzz"], "no job has the id"),
        (["jobs", "--limit", "0"], "1 to 10000"),
        (["models", "pull"], "NAME"),
        (["models", "pull", "wobble"], "no model 'wobble'"),
        (["config"], "action"),
    ],
    ids=" ".join,
)
async def test_bad_usage(tmp_path: Path, env: dict[str, str], arguments: list[str], told: str) -> None:
    done = await forge(*arguments, cwd=tmp_path, env=env)
    assert (done.code, done.out) == (2, ""), done.err
    assert told in done.err


@pytest.mark.parametrize(
    ("text", "variables", "told"),
    [
        ("profile = \n", {}, ("forge.toml", "not valid TOML")),
        ("[budget]\njobb = 1\n", {}, ("budget.jobb", "forge.toml")),
        ("[budget]\njob = 'much'\n", {}, ("budget.job", "forge.toml")),
        ("[[schedule]]\nattempts = [1]\ngenerator = { model = 'nobody' }\n", {}, ("schedule", "nobody")),
        ("", {"FORGE_WOBBLE": "1"}, ("wobble", "environment")),
        ("", {"FORGE_BUDGET__JOB": "much"}, ("budget.job", "environment")),
    ],
    ids=["TOML", "unknown key", "wrong value", "unknown model", "unknown variable", "wrong variable"],
)
async def test_bad_settings_name_the_key_and_its_source(
    tmp_path: Path, env: dict[str, str], text: str, variables: dict[str, str], told: tuple[str, ...]
) -> None:
    (tmp_path / "forge.toml").write_text(text)
    for arguments in (["generate", "a.py"], ["config", "show"]):
        done = await forge(*arguments, cwd=tmp_path, env={**env, **variables})
        assert (done.code, done.out) == (2, ""), done.err
        for word in told:
            assert word in done.err


STOPPED = {
    "generate": ["generate", "a.py"],
    "check": ["check", "a.py"],
    "models": ["models"],
    "models suggest": ["models", "suggest"],
    "models pull": ["models", "pull", "phi4"],
    "plan": ["plan"],
    "bench": ["bench"],
    "serve": ["serve", "--port", "0"],
    "fleet up": ["fleet", "up"],
    "config show": ["config", "show"],
}
"""Commands that need settings, and end at once where they are wrong."""
TOLD = {
    "context": ["context", "a.py", "--range", "1"],
    "jobs": ["jobs", "--json"],
    "jobs show": ["jobs", "show", "x"],
    "jobs apply": ["jobs", "apply", "x"],
    "jobs retry": ["jobs", "retry", "x", "--feedback", "y"],
    "stats": ["stats"],
    "fleet status": ["fleet", "status"],
    "fleet down": ["fleet", "down"],
}
"""Commands that say what is wrong, and go on."""
WITHOUT = ["demo", "config schema", "config init"]
"""Those that read no settings of the user's: the demo has its own, and the others are there to correct them."""


@pytest.mark.parametrize("name", [*STOPPED, *TOLD])
async def test_every_command_names_the_wrong_key_first(tmp_path: Path, env: dict[str, str], name: str) -> None:
    file = tmp_path / "forge.toml"
    file.write_text("[accept]\nscor = 7\n", encoding="utf-8")
    done = await forge(*(STOPPED | TOLD)[name], cwd=tmp_path, env=env)
    assert done.err.splitlines()[0] == f"forge-lsp: accept.scor ({file}): unknown key; did you mean score?"
    if name in STOPPED:
        assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("name", ["mcp", "acp"])
async def test_servers_of_agents_name_the_wrong_key_and_go_on(tmp_path: Path, env: dict[str, str], name: str) -> None:
    file = tmp_path / "forge.toml"
    file.write_text("[accept]\nscor = 7\n", encoding="utf-8")
    async with started(name, cwd=tmp_path, env=env) as process:
        assert process.stderr is not None
        assert process.stdin is not None
        said = await asyncio.wait_for(process.stderr.readline(), 60)
        process.stdin.close()  # the client goes
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert said.decode() == f"forge-lsp: accept.scor ({file}): unknown key; did you mean score?\n"


async def test_the_doctor_names_the_wrong_key(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "forge.toml").write_text("[accept]\nscor = 7\n", encoding="utf-8")
    done = await forge("doctor", "--json", cwd=tmp_path, env=env)
    assert "unknown key; did you mean score?" in done.out


async def test_no_command_was_forgotten_above(tmp_path: Path, env: dict[str, str]) -> None:
    known = {name.partition(" ")[0] for name in (*STOPPED, *TOLD, *WITHOUT, "mcp", "acp", "doctor")}
    shown = (await forge("--help", cwd=tmp_path, env=env)).out
    assert known == set(re.findall(r"^ {4}(\w+) +\S", shown, re.MULTILINE))


async def test_version_and_help(tmp_path: Path, env: dict[str, str]) -> None:
    version = await forge("--version", cwd=tmp_path, env=env)
    assert version.code == 0
    assert version.out.startswith("forge-lsp ")
    whole = await forge("--help", cwd=tmp_path, env=env)
    assert whole.code == 0
    for command in COMMANDS:
        assert command in whole.out
        told = await forge(command, "--help", cwd=tmp_path, env=env)
        assert told.code == 0
        assert told.out.startswith(f"usage: forge-lsp {command}")


async def test_streams_that_are_closed_or_go_away(tmp_path: Path, env: dict[str, str]) -> None:
    forge_lsp = " ".join(COMMAND)
    for line in (
        f"{forge_lsp} config schema | head -1",
        f"{forge_lsp} doctor | true",
        f"{forge_lsp} models 2>&1 | true",
        f"{forge_lsp} config show <&-",
        f"{forge_lsp} config show >&-",
        f"{forge_lsp} jobs >&- 2>&-",
        f"{forge_lsp} jobs >/dev/full",
    ):
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", line),
            cwd=tmp_path,
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        done = ran(process, out, err)
        assert "should not happen" not in done.err, line
        assert "Exception ignored" not in done.err, line
        assert done.code == (1 if "full" in line else 0), (line, done.err)


async def test_an_unexpected_error_is_one_sentence_and_its_story_is_in_the_log(
    tmp_path: Path, env: dict[str, str]
) -> None:
    state = tmp_path / "state"
    broken = {**env, **hide_packages(tmp_path / "hidden", "rich")}
    done = await forge("jobs", cwd=tmp_path, env=broken)
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert str(state / "forge-lsp.log") in line
    assert "rich" in line
    story = (state / "forge-lsp.log").read_text()
    assert "Traceback" in story
    assert (state / "forge-lsp.log").stat().st_mode & 0o077 == 0


async def test_the_log_has_a_place_even_where_the_state_folder_cannot_be_made(
    tmp_path: Path, env: dict[str, str]
) -> None:
    (tmp_path / "state").write_text("a file in its place")
    done = await forge("jobs", cwd=tmp_path, env=env)
    assert "should not happen" not in done.err, done.err


async def test_without_a_command_it_is_a_language_server(tmp_path: Path, env: dict[str, str]) -> None:
    for arguments in ([], ["--stdio"]):
        async with started(*arguments, cwd=tmp_path, env=env) as process:
            out, err = await asyncio.wait_for(process.communicate(b""), 30)
            done = ran(process, out, err)
            assert done.out == ""
            assert done.code == 1, "its client went without a word"
    assert not list((tmp_path / "home").iterdir())
