"""Emacs with eglot, set up by the very snippet that docs/editors.md shows, and the real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import COMMAND, MODELS, ScriptedModels, environment, fenced, settings, verdict
from tests.support.scripted_http import Script

HERE = Path(__file__).parent / "emacs"
PAGE = Path(__file__).parents[2] / "docs" / "editors.md"
TEXT = '''NAME = "😀漢e\u0301"


def is_even(number: int) -> bool:
    """Whether it divides by two. 😀

    >>> is_even(2)
    True
    """
    ...
'''
NEAT = "def is_even(number: int) -> bool:\n    return number % 2 == 0"


def why_not() -> str | None:
    """What keeps Emacs from running here, or None."""
    if shutil.which("emacs") is None:
        return "Emacs is not installed: apt-get install --no-install-recommends emacs-nox elpa-eglot"
    found = subprocess.run(
        ["emacs", "--batch", "--eval", "(package-initialize)", "--eval", "(require 'eglot)"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return None if found.returncode == 0 else "Emacs has no eglot: apt-get install elpa-eglot"


@pytest.fixture(scope="module", autouse=True)
def _emacs() -> None:
    if (reason := why_not()) is not None:
        pytest.skip(reason)


pytestmark = pytest.mark.e2e


def snippets() -> list[str]:
    """The Emacs Lisp of the page."""
    return re.findall(r"^```elisp\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


async def drive(folder: Path, scenario: str, values: Mapping[str, object], *, typed: str = "", **env: str) -> Path:
    """Run a scenario on ``work/words.py``, with ``typed`` on standard input; answers that file."""
    work = folder / "work"
    work.mkdir()
    (work / "forge.toml").write_text("", encoding="utf-8")
    (work / ".git").mkdir()  # where eglot takes a project to begin
    file = work / "words.py"
    file.write_text(TEXT, encoding="utf-8")
    command = " ".join(json.dumps(word) for word in COMMAND)
    init = folder / "init.el"
    init.write_text(f"{snippets()[0]}\n(setq forge-command '({command}))\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *("emacs", "--batch", "--eval", "(package-initialize)"),
        *("-l", str(init), "-l", str(HERE / "support.el"), "-l", str(HERE / f"{scenario}.el")),
        cwd=work,
        env={**environment(folder, values), "EDITOR_TEST_FILE": str(file), "LANG": "C.UTF-8", **env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(typed.encode()), 100)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()
    said = told.decode(errors="replace")
    assert process.returncode == 0, said
    assert said.rstrip().endswith("passed"), said
    return file


async def test_action_to_edit(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        file = await drive(tmp_path, "action", settings(ollama.url), typed="say whether it is even\n")
    assert file.read_text(encoding="utf-8") == TEXT  # nothing is saved but by the user


@pytest.mark.alone
async def test_cancel(tmp_path: Path) -> None:
    called = tmp_path / "called"

    def answer(_: dict[str, Any]) -> Script:
        called.touch()
        return Script.stall("def is_even")

    async with FakeOllama(answer=answer, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "cancel", settings(ollama.url), EDITOR_TEST_CALLED=str(called))
        (call,) = ollama.chats
        assert call.hung_up is not None  # closed before the model had ended


async def test_consent(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        paid = {"gpu0": {"kind": "ollama", "url": ollama.url, "paid": True}}
        prices = {key: {"input": 1.0, "output": 1.0} for key in MODELS}
        await drive(tmp_path, "consent", settings(ollama.url, servers=paid, prices=prices))


def test_the_page_s_directory_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / ".dir-locals.el").write_text(snippets()[1], encoding="utf-8")
    (tmp_path / "a.py").write_text("", encoding="utf-8")
    shown = (
        '(progn (require \'eglot) (setq enable-local-variables :all) (find-file "a.py") (hack-local-variables)'
        " (princ (plist-get (plist-get eglot-workspace-configuration :forge) :profile)))"
    )
    done = subprocess.run(
        ["emacs", "--batch", "--eval", "(package-initialize)", "--eval", shown],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "embedded"
