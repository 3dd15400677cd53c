"""What native Windows is told. Emulated: Python says that it is on Windows, and no sandbox of Linux is to be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support import denied
from tests.support.cli import forge
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, ScriptedModels, environment, fenced, row, settings, verdict
from tests.support.scripted_http import Script

STUB = 'def add(a: int, b: int) -> int:\n    """The sum.\n\n    >>> add(1, 2)\n    3\n    """\n    ...\n'
CODE = "def add(a: int, b: int) -> int:\n    return a + b"
AS_WINDOWS = "import platform\nplatform.system = lambda: 'Windows'\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the emulation needs Linux")
async def test_checks_need_wsl2_and_everything_says_so(tmp_path: Path) -> None:
    work, disguise = tmp_path / "work", tmp_path / "disguise"
    work.mkdir()
    disguise.mkdir()
    (work / "a.py").write_text(STUB)
    (disguise / "sitecustomize.py").write_text(AS_WINDOWS)
    answers = ScriptedModels({"generate": Script.say(fenced(CODE)), "review": Script.say(verdict(9))})
    wrapper = (sys.executable, denied.__file__)
    async with FakeOllama(answer=answers, models=list(MODELS.values())) as server:
        env = environment(tmp_path, settings(server.url, row(1)), PYTHONPATH=str(disguise))
        doctor = await forge("doctor", "--json", cwd=work, env=env, wrapper=wrapper)
        found = {finding["name"]: finding for finding in doctor.json["findings"]}
        for name in ("platform", "sandbox"):
            assert found[name]["status"] == "broken"
            assert "WSL2" in found[name]["detail"] + found[name]["remedy"]
            assert found[name]["remedy"].startswith("wsl --install")

        ran = await forge("generate", "a.py", "--range", "1", "--write", "--json", cwd=work, env=env, wrapper=wrapper)
    assert ran.code == 1, ran.err
    assert ran.json["outcome"] == "unverified"
    assert "WSL2" in ran.err
    assert (work / "a.py").read_text() == STUB
    report = await forge("jobs", "show", ran.json["jobId"], cwd=work, env=env)
    assert "wsl --install" in report.out
