"""The fast gate with the real checkers: the same verdict on the cases of the build gate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from forge_lsp.app import Container, Flags
from forge_lsp.checking.fast.checker import Checker
from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.opener import PreparedChecker
from forge_lsp.checking.project import Place
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.languages.csharp.fast import CSharpOpener
from forge_lsp.languages.ecmascript.fast_typescript import TypeScriptOpener
from forge_lsp.languages.python.fast import PythonOpener
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.integration import fast_gates
from tests.integration import test_build_csharp as csharp
from tests.integration import test_build_python as python
from tests.integration import test_build_typescript as typescript
from tests.integration.builds_cases import project_task
from tests.integration.fast_gates import looked, same_verdict
from tests.integration.fast_looks import PATIENT
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.processes import descendants
from tests.support.tools import dotnet_environment, typescript_folder

sandbox = fast_gates.sandbox


@pytest.fixture
async def gate(sandbox: Sandbox) -> AsyncIterator[DaemonGate]:
    made = DaemonGate(sandbox, {lang.PYTHON: PythonOpener()}, keeping=PATIENT)
    try:
        yield made
    finally:
        await made.aclose()


def counts(reports: Sequence[FastReport | None]) -> list[int | None]:
    return [None if report is None else len(report.problems) for report in reports]


async def test_what_the_user_saves_and_types_is_seen(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(tmp_path, {"helper.py": "def one(): ...\n", "other.py": "def old(): ...\n"})
    text = "import helper\nimport other\n\n\n«def f(): ...»\n"
    buffers = {tmp_path / "helper.py": "def two(): ...\n"}
    task = task_of(text, path=tmp_path / "a.py", workspace=tmp_path, buffers=buffers)
    texts = [with_code(task, f"def f(): return {call}") for call in ("helper.one()", "helper.two()", "other.new()")]
    assert counts(await gate.look(task, texts)) == [1, 0, 1]
    write_files(tmp_path, {"other.py": "def new(): ...\n", "fresh.py": "X = 1\n"})
    saved = task_of(text, path=tmp_path / "a.py", workspace=tmp_path)
    texts = [*texts, with_code(saved, "def f():\n    import fresh\n    return fresh.X")]
    assert counts(await gate.look(saved, texts)) == [0, 1, 0, 0]
    assert gate.running == 1, "one set for the workspace"


async def test_a_checker_is_started_before_it_is_asked(gate: DaemonGate, tmp_path: Path) -> None:
    gate.prepare(task_of("«»", path=tmp_path / "a.py", workspace=tmp_path))
    for _ in range(1000):
        if gate.running:
            break
        await asyncio.sleep(0.01)
    assert gate.running == 1


class NotUnderstood(PythonOpener):
    def prepare(self, place: Place) -> PreparedChecker | None:
        raise ValueError("an answer of another shape")


class NotStarting(PythonOpener):
    def prepare(self, place: Place) -> PreparedChecker | None:
        async def start(keep: object) -> Checker:
            raise EnvironmentFault("no such program")

        return PreparedChecker(key=("python", "not starting"), start=start)


@pytest.mark.parametrize(
    ("opener", "said"),
    [(NotUnderstood(), "ValueError: an answer of another shape"), (NotStarting(), "no such program")],
)
async def test_why_a_checker_says_nothing_is_in_the_log(
    opener: PythonOpener, said: str, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    task = task_of("«def f(): ...»\n", path=tmp_path / "a.py", workspace=tmp_path)
    gate = DaemonGate(sandbox, {lang.PYTHON: opener}, keeping=PATIENT)
    try:
        assert await gate.look(task, [task.document.text]) == [None]
    finally:
        await gate.aclose()
    assert "The fast checker of python" in caplog.text
    assert said in caplog.text


async def test_what_was_wrong_before_does_not_count(gate: DaemonGate, tmp_path: Path) -> None:
    text = "print(nobody)\n\n\n«def f(): return (»\n\n\nX: int = 'x'\n"
    task = task_of(text, path=tmp_path / "a.py", workspace=tmp_path)
    texts = [with_code(task, code) for code in ("def f(): return 1", "def f(): return none", "def f(): return (")]
    assert counts(await gate.look(task, texts)) == [0, 1, 1]


async def test_a_lone_file_has_its_neighbours(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(tmp_path, {"neighbour.py": "X = 1\n"})
    lone = task_of("«»", path=tmp_path / "my-script.py")
    texts = ["import neighbour\n\nprint(neighbour.X)\n", "import neighbour\n\nprint(neighbour.Y)\n"]
    assert counts(await gate.look(lone, texts)) == [0, 1]
    assert not (tmp_path / "my-script.py").exists(), "nothing is written beside it"


async def test_checkers_that_die_are_replaced_and_none_is_left(gate: DaemonGate, tmp_path: Path) -> None:
    before = descendants(os.getpid())  # servers that other tests of this process share
    task = task_of("«»", path=tmp_path / "a.py", workspace=tmp_path)
    assert counts(await gate.look(task, ["X = 1\n"])) == [0]
    started = descendants(os.getpid()) - before
    servers = [seen for seen in started if "ty server" in seen.command]
    assert servers
    for seen in servers:
        with contextlib.suppress(ProcessLookupError):  # it went with its parent
            os.kill(seen.pid, signal.SIGKILL)
    found: list[int | None] = []
    for _ in range(3):  # it may be asked before its death is known
        found = counts(await gate.look(task, ["X = nobody\n"]))
    assert found == [1]
    started |= descendants(os.getpid()) - before
    await gate.aclose()
    assert not [seen for seen in started if seen.alive]


async def test_without_bubblewrap_it_says_nothing(tmp_path: Path) -> None:
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "boxes"))
    gate = DaemonGate(await chooser.choose(), {lang.PYTHON: PythonOpener()})
    assert await gate.look(task_of("«»"), ["X = 1\n", "("]) == [None, None]
    assert gate.running == 0
    chooser.close()


async def test_a_job_has_it_unless_the_workspace_is_not_trusted(sandbox: Sandbox, tmp_path: Path) -> None:
    del sandbox  # bubblewrap works here
    write_files(tmp_path, {"forge.toml": "", "work/a.py": ""})
    flags = Flags(config=tmp_path / "forge.toml", profile="embedded")
    for trusted in (True, False):
        container = Container(flags=flags, folders=(), state_dir=tmp_path / "state", trusted=trusted)
        try:
            fast = (await container.setup(None, None)).fast
            assert (fast is not None) is trusted
        finally:
            await container.aclose()


async def test_python(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.PYTHON, python.FILES, python.FILE)
    codes = [f"{python.HEAD}    return width * height", *(case.code for case in python.CASES)]
    same_verdict(await looked(sandbox, lang.PYTHON, PythonOpener(), task, codes), python.CASES)


@pytest.mark.parametrize("major", ["7", "5"])
async def test_typescript(sandbox: Sandbox, tmp_path: Path, major: str) -> None:
    opener = TypeScriptOpener(typescript.environment(typescript_folder(major)))
    task = project_task(tmp_path, lang.TYPESCRIPT, typescript.FILES, typescript.FILE)
    codes = [f"{typescript.HEAD}  return width * height;\n}}", *(case.code for case in typescript.CASES)]
    same_verdict(await looked(sandbox, lang.TYPESCRIPT, opener, task, codes), typescript.CASES)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_csharp(sandbox: Sandbox, tmp_path: Path) -> None:
    opener = CSharpOpener(sandbox, dotnet_environment(), tmp_path / "state")
    task = project_task(tmp_path / "project", lang.CSHARP, csharp.FILES, csharp.FILE)
    codes = [csharp.method("return width * height;"), *(case.code for case in csharp.CASES)]
    same_verdict(await looked(sandbox, lang.CSHARP, opener, task, codes), csharp.CASES)
