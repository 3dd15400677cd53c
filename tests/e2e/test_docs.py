"""What the documentation says can be done is done: every command is run, every setting is one, every link leads
somewhere.

A block that cannot be run says why, in a comment above it: ``<!-- not run: REASON -->`` with one of :data:`REASONS`. A
block that goes on until it is stopped bears ``<!-- in the background -->``. Others are read by a test of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.pages import PAGES, ROOT, Block, anchors, blocks, links
from tests.support.real_server import ScriptedModels, fenced, part_of, prompt, verdict
from tests.support.scripted_http import Script

REASONS = {
    ".ci/run does",
    "installs from the network",
    "downloads 14 GB",
    "needs a GPU",
    "needs WSL2",
    "needs Ollama itself",
}
SHELL = {"sh", "console"}
READ_ELSEWHERE = {
    "elisp": "tests/e2e/test_emacs.py",
    "lua": "tests/e2e/test_nvim.py",
    "settings of Helix": "tests/e2e/test_helix.py",
}
PLAIN = {"text", "diff", "mermaid"}  # shown, not typed
MODELS = ("qwen2.5-coder:7b", "deepseek-coder:6.7b", "phi4:14b")

STUB = '''def reverse_words(sentence: str) -> str:
    """The words of a sentence in reverse order.

    >>> reverse_words("to be or not")
    'not or be to'
    """
    ...
'''
DONE = STUB.replace("    ...", '    return " ".join(reversed(sentence.split()))')
CSHARP = "public class UserService\n{\n    public int Create() => 1;\n}\n"

ALL = [block for page in PAGES for block in blocks(page)]
ROWS = [pytest.param(block, id=block.place) for block in ALL]


def of(*languages: str) -> list[Any]:
    """The blocks of some languages that no other test reads, as parameters."""
    return [row for row in ROWS if row.values[0].language in languages and row.values[0].marker not in READ_ELSEWHERE]


@pytest.mark.parametrize("block", ROWS)
def test_every_block_is_seen_to(block: Block) -> None:
    assert block.language, f"{block.place} names no language; `text` is one"
    known = SHELL | PLAIN | set(READ_ELSEWHERE) | {"toml", "json", "python", "powershell"}
    assert block.language in known, f"{block.place}: who reads {block.language}?"
    if block.not_run is not None:
        assert block.language in SHELL | {"powershell"}
        assert block.not_run in REASONS, f"{block.place} is not run for a reason that this test does not know"
    elif block.marker is not None:
        assert block.marker in {"in the background", *READ_ELSEWHERE}, f"{block.place}: {block.marker}"
    assert block.language != "powershell" or block.not_run == "needs WSL2"


@pytest.mark.parametrize("place", sorted(READ_ELSEWHERE.values()))
def test_who_reads_the_rest_is_there(place: str) -> None:
    assert (ROOT / place).is_file()


@pytest.mark.parametrize("block", of("toml"))
def test_settings(block: Block) -> None:
    from forge_lsp.config import Settings

    read = Settings.model_validate(tomllib.loads(block.text))
    if read.models:
        assert read.references() == []


@pytest.mark.parametrize("block", of("json"))
def test_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of("python"))
def test_python(block: Block) -> None:
    compile(block.text, block.place, "exec")


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_links(page: Path) -> None:
    for target in links(page):
        if target.startswith(("https://", "http://127.0.0.1", "mailto:")):
            continue
        assert "://" not in target, f"{target}: https"
        name, _, anchor = target.partition("#")
        there = page if not name else (page.parent / name).resolve()
        assert there.exists(), f"{target} is not there"
        assert there.is_relative_to(ROOT), f"{target} leads out of the repository"
        if anchor:
            assert anchor in anchors(there), f"{target}: there are {sorted(anchors(there))}"


def test_every_page_is_found_from_the_readme() -> None:
    seen, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        todo += [(page.parent / target.partition("#")[0]).resolve() for target in links(page) if "://" not in target]
    assert [page.name for page in PAGES if page not in seen] == []


# ------------------------------------------------------------------ commands


def answer(body: dict[str, Any]) -> Script:
    """What the models say, by what they are asked."""
    code = fenced(CSHARP, "csharp") if "csharp" in prompt(body) or "UserService" in prompt(body) else fenced(DONE)
    played = ScriptedModels({"generate": Script.say(code), "review": Script.say(verdict(9))})
    assert part_of(body)
    return played(body)


def place(folder: Path, ollama: str) -> tuple[Path, dict[str, str]]:
    """A project and the environment of a user who has Ollama, and nothing of ours yet."""
    home, work, programs = folder / "home", folder / "project", folder / "bin"
    for made in (home, work, programs):
        made.mkdir()
    (work / "words.py").write_text(STUB, encoding="utf-8")
    shutil.copytree(ROOT / "nvim-client", work / "nvim-client")
    starter = programs / "forge-lsp"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m forge_lsp "$@"\n', encoding="utf-8")
    starter.chmod(0o755)
    nvim = Path(sys.executable).with_name("nvim")
    if nvim.exists():
        (programs / "nvim").symlink_to(nvim)
    return work, {
        "HOME": str(home),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "OLLAMA_HOST": ollama,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }


async def shell(script: str, work: Path, env: dict[str, str]) -> str:
    """Run a block; its output. Fails with that where a command fails."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-euc", script),
        cwd=work,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(), 90)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, f"{script}\n{told.decode()}"
    return told.decode()


@contextlib.asynccontextmanager
async def running(script: str, port: int, work: Path, env: dict[str, str]) -> AsyncIterator[None]:
    """Run a block until the end of the ``with``, once something listens on ``port``."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            pytest.skip(f"port {port}, which the page names, is taken here")
    process = await asyncio.create_subprocess_exec(*("sh", "-euc", script), cwd=work, env=env, start_new_session=True)
    try:
        async with asyncio.timeout(60):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.1)
        assert process.returncode is None, script
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def filled(script: str, work: Path, env: dict[str, str]) -> str:
    """The words in capitals that stand for something, filled in: ``ID`` is the newest job's."""
    if not re.search(r"\b(?:show|apply|retry) ID\b", script):
        return script
    listed = await shell("forge-lsp jobs --json 2>/dev/null", work, env)
    return re.sub(r"\b(show|apply|retry) ID\b", rf"\1 {json.loads(listed)['jobs'][0]['jobId']}", script)


def needed(page: list[Block]) -> str | None:
    """The program that a page's commands need and that is not here."""
    for name in ("nvim", "curl"):
        if any(name in block.script for block in page) and shutil.which(name) is None:
            if name == "nvim" and Path(sys.executable).with_name("nvim").exists():
                continue
            return name
    return None


COMMANDS = {
    page: [block for block in blocks(page) if block.language in SHELL and block.not_run is None] for page in PAGES
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page, found in COMMANDS.items() if found]
)
async def test_commands(page: Path, tmp_path: Path) -> None:
    """A page's commands, from top to bottom, in one project. There is a job to speak of from the beginning."""
    if (missing := needed(COMMANDS[page])) is not None:
        pytest.skip(f"{missing} is not installed")
    async with FakeOllama(answer=answer, models=MODELS) as ollama, contextlib.AsyncExitStack() as background:
        work, env = place(tmp_path, ollama.url)
        await shell("forge-lsp generate words.py --range 1 --task 'reverse the words of a sentence'", work, env)
        for block in COMMANDS[page]:
            script = await filled(block.script, work, env)
            if block.marker == "in the background":
                await background.enter_async_context(running(script, 5057, work, env))
            else:
                await shell(script, work, env)
