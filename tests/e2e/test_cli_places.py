"""Where a job's text goes, and what of the environment it follows, with the real command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Ran, forge
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, row, settings, verdict
from tests.support.scripted_http import Script
from tests.support.tables import part

CLOUD = "https://ollama.com:443"
REMOTE = {"gpt-oss:120b-cloud": CLOUD, "qwen3-coder:480b-cloud": CLOUD, "kimi-best": CLOUD}
TEXT = 'def is_even(number: int) -> bool:\n    """Whether.\n\n    >>> is_even(2)\n    True\n    """\n    ...\n'
CODE = "def is_even(number: int) -> bool:\n    return number % 2 == 0"
CAST = {"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))}


async def run(folder: Path, env: dict[str, str], *arguments: str) -> Ran:
    work = folder / "work"
    work.mkdir(exist_ok=True)
    (work / "even.py").write_text(TEXT)
    return await forge(
        "generate", "even.py", "--range", "7", "--task", "Whether", "--json", *arguments, cwd=work, env=env
    )


async def test_auto_chooses_no_model_that_runs_elsewhere(tmp_path: Path) -> None:
    models = [*REMOTE, "qwen2.5-coder:7b"]
    async with FakeOllama(answer=ScriptedModels(CAST), models=models, remote=REMOTE) as server:
        env = environment(tmp_path, {}, OLLAMA_HOST=server.url)
        ran = await run(tmp_path, env)
        assert (ran.code, ran.json["outcome"]) == (0, "accepted"), ran.err
        assert {call.body["model"] for call in server.to("/api/chat")} == {"qwen2.5-coder:7b"}


async def test_auto_with_nothing_but_such_models_says_so(tmp_path: Path) -> None:
    async with FakeOllama(answer=ScriptedModels(CAST), models=[*REMOTE], remote=REMOTE) as server:
        env = environment(tmp_path, {"profile": "one-gpu"}, OLLAMA_HOST=server.url)
        ran = await run(tmp_path, env)
        assert ran.code != 0
        assert "run elsewhere" in ran.err
        assert "gpt-oss:120b-cloud" in ran.err
        assert server.to("/api/chat") == []


def named(url: str, **tables: Any) -> dict[str, object]:
    """The writer is a cloud model that the user named; the reviewer is local."""
    cloud = {"coder": {"server": "gpu0", "name": "gpt-oss:120b-cloud", "context": 8192}}
    return settings(url, row(1, generator="coder", panel=("granite",)), models=cloud, **tables)


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_named_one_needs_consent_and_the_report_names_the_place(tmp_path: Path, allowed: bool) -> None:
    models = [*MODELS.values(), *REMOTE]
    async with FakeOllama(answer=ScriptedModels(CAST), models=models, remote=REMOTE) as server:
        env = environment(tmp_path, named(server.url))
        ran = await run(tmp_path, env, *(("--allow", "gpu0") if allowed else ()))
        asked = [call for call in server.to("/api/chat") if call.body["model"] in REMOTE]
        if not allowed:
            assert ran.code == 0, "a local model writes in its place"
            assert asked == []
            assert "ollama.com" in ran.err + ran.out
            assert "not known" in ran.err
            return
        assert (ran.code, len(asked)) == (0, 1)
        report = await forge("jobs", "show", ran.json["jobId"], cwd=tmp_path, env=env)
        sent = report.out.partition("What was sent")[2]
        assert CLOUD in sent, "the writer's"
        assert server.url in sent, "the reviewer's"


@pytest.mark.parametrize("local", [False, True])
async def test_a_gateway_on_loopback_needs_consent(tmp_path: Path, local: bool) -> None:
    async with FakeOllama(answer=ScriptedModels(CAST), models=[*MODELS.values()]) as server:
        gpu = {"kind": "ollama", "url": server.url, "local": local}
        env = environment(tmp_path, settings(server.url, row(1), servers={"gpu0": gpu}))
        ran = await run(tmp_path, env)
        assert (ran.code == 0) is local
        assert bool(server.chats) is local
        if not local:
            assert "which sends it on" in ran.err
            ran = await run(tmp_path, env, "--allow", "gpu0")
            assert ran.code == 0


async def test_a_workspace_does_not_say_what_is_local(tmp_path: Path) -> None:
    async with FakeOllama(answer=ScriptedModels(CAST), models=[*MODELS.values()]) as server:
        gpu = {"kind": "ollama", "url": server.url, "local": False}
        env = environment(tmp_path, settings(server.url, row(1), servers={"gpu0": gpu}))
        (tmp_path / "work").mkdir()
        (tmp_path / "work" / "forge.toml").write_text("[servers.gpu0]\nlocal = true\n")
        ran = await run(tmp_path, env)
        assert ran.code == 2
        assert server.chats == []


# ------------------------------------------------------------------ the environment

VARIABLES = [
    ("ALL_PROXY", "socks5://127.0.0.1:1080"),
    ("all_proxy", "socks5h://127.0.0.1:1080"),
    ("ALL_PROXY", "socks4://nowhere"),
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("http_proxy", "not a url"),
    ("HTTP_PROXY", "http://[::1"),
    ("http_proxy", "http://me:pw@127.0.0.1:port"),
    ("HTTPS_PROXY", "ftp://x"),
    ("https_proxy", "http://"),
    ("no_proxy", "::1,fd00::/8"),
    ("NO_PROXY", "[::1"),
    ("NO_PROXY", "*://"),
    ("SSL_CERT_FILE", "/nowhere/cert.pem"),
    ("SSL_CERT_FILE", "/"),
    ("SSL_CERT_FILE", "/dev/null"),
    ("SSL_CERT_DIR", "/nowhere"),
    ("REQUESTS_CA_BUNDLE", "/nowhere.pem"),
    ("CURL_CA_BUNDLE", "/nowhere.pem"),
    ("SSLKEYLOGFILE", "/nowhere/keys.log"),
    ("OLLAMA_HOST", "http://127.0.0.1:port"),
    ("OLLAMA_HOST", "http://me:pw@[::1"),
    ("OLLAMA_API_KEY", "line\nbreak"),
    ("OPENAI_BASE_URL", "http://x:y:z"),
    ("ANTHROPIC_BASE_URL", "nonsense://"),
    ("ANTHROPIC_CUSTOM_HEADERS", "no colon"),
    ("HTTPX_LOG_LEVEL", "trace"),
    ("OLLAMA_NOPRUNE", "perhaps"),
]


async def test_no_variable_touches_a_local_server(tmp_path: Path) -> None:
    async with FakeOllama(answer=ScriptedModels(CAST), models=[*MODELS.values()]) as server:
        env = environment(tmp_path, settings(server.url, row(1)))
        told: dict[tuple[str, str], str] = {}
        for variable, value in part(VARIABLES, 9):
            before = len(server.chats)
            ran = await run(tmp_path, env | {variable: value})
            if (ran.code, len(server.chats) - before) != (0, 2):
                told[variable, value] = ran.err + ran.out
        assert told == {}


@pytest.mark.parametrize(
    ("variable", "value"), [VARIABLES[0], VARIABLES[9], VARIABLES[12], VARIABLES[19], VARIABLES[20]]
)
async def test_the_doctor_survives_them_and_auto_too(tmp_path: Path, variable: str, value: str) -> None:
    async with FakeOllama(answer=ScriptedModels(CAST), models=["qwen2.5-coder:7b"]) as server:
        env = environment(tmp_path, {}, OLLAMA_HOST=server.url) | {variable: value}
        ran = await forge("doctor", "--json", cwd=tmp_path, env=env)
        assert ran.json["findings"]
        assert "could not be looked at" not in ran.out
        assert "pw" not in ran.out + ran.err
        if variable == "OLLAMA_HOST":
            assert "OLLAMA_HOST is not an address" in ran.out
            failed = await run(tmp_path, env)
            assert failed.code in (1, 2), failed.err + failed.out
            assert "OLLAMA_HOST is not an address" in failed.err
            assert "pw" not in failed.err


async def test_a_password_in_an_address_works_and_shows_nowhere(tmp_path: Path) -> None:
    async with FakeOllama(answer=ScriptedModels(CAST), models=[*MODELS.values()], password="me:s3cret/pw") as server:
        url = server.url.replace("http://", "http://me:s3cret%2Fpw@")
        env = environment(tmp_path, settings(url, row(1)))
        ran = await run(tmp_path, env)
        assert ran.code == 0, ran.err
        shown = ran.out + ran.err
        for words in (
            ("jobs", "show", ran.json["jobId"]),
            ("config", "show"),
            ("config", "show", "--json"),
            ("doctor", "--json"),
            ("models",),
            ("stats",),
            ("plan",),
        ):
            told = await forge(*words, cwd=tmp_path, env=env)
            shown += told.out + told.err
        assert "***@127.0.0.1" in shown
        wrong = environment(tmp_path, settings(server.url.replace("http://", "http://me:0ther@"), row(1)))
        refused = await run(tmp_path, wrong)
        shown += refused.out + refused.err
        assert "user and password were refused" in refused.err + refused.out
        for file in (tmp_path / "state").rglob("*"):
            if file.is_file():
                shown += file.read_bytes().decode(errors="replace")
        with sqlite3.connect(next((tmp_path / "state").glob("*.db*"))) as ledger:
            shown += "".join(ledger.iterdump())
        for secret in ("s3cret", "0ther"):
            assert secret not in shown


async def test_a_bad_port_in_the_settings_names_the_setting(tmp_path: Path) -> None:
    env = environment(tmp_path, settings("http://me:s3cret@127.0.0.1:port", row(1)))
    for ran in (await run(tmp_path, env), await forge("doctor", "--json", cwd=tmp_path, env=env)):
        assert "servers.gpu0" in ran.err + ran.out
        assert "its port is not a number from 1 to 65535" in ran.err + ran.out
        assert "s3cret" not in ran.err + ran.out
