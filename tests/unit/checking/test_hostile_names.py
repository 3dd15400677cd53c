"""Files whose names begin as options and lists of arguments do (``-fplugin=x/a.c``, ``@x/a.kt``) are files.

Without a sandbox that works, compilers run as the user: an option of theirs may load what the project brings.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.command import CommandToolchain, filled_in
from forge_lsp.checking.own_tests import OwnTests
from forge_lsp.checking.programs import as_argument
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import ProcessResult, Toolchain, Tree
from forge_lsp.core.support import Tools
from tests.support import lang
from tests.support.builds import candidate_of, task_of, with_code

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names POSIX paths")

PROGRAMS = ("gcc", "g++", "node", "php", "ruby", "javac", "java", "clang-format")
FOLDERS = ("-Xplugin=lib", "-fplugin=lib", "--require=lib", "-dextension=lib", "-", "--config", "@lib", "-o", "-I")


class Recording:
    """A sandbox, and a box in it, that runs nothing and remembers what it was to run."""

    kind = "none"
    remedy = None

    def __init__(self, *, runs_project_code: bool) -> None:
        self.runs_project_code = runs_project_code
        self.root = Path("/box")
        self.cache = Path("/box/cache")
        self.commands: list[tuple[str, ...]] = []
        self.files: dict[PurePosixPath, bytes | None] = {}

    @contextlib.asynccontextmanager
    async def open(self, tree: Tree) -> AsyncGenerator[Recording]:
        self.files |= tree.files
        yield self

    async def run(
        self,
        command: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        loopback: bool = False,
        stdin: bytes = b"",
    ) -> ProcessResult:
        del timeout, env, readable, loopback, stdin
        self.commands.append(tuple(command))
        # What COMPILE says of a text without a fault; for others it is none at all.
        return ProcessResult(code=0, stdout=b"[]", stderr=b"", seconds=0.0)

    def read(self, path: PurePosixPath) -> bytes | None:
        del path
        return None


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    tools = tmp_path / "tools"
    for name in ("bin/java", "bin/javac", "lib/modules", "lib/kotlin-compiler.jar", "lib/kotlin-stdlib.jar"):
        (tools / name).parent.mkdir(parents=True, exist_ok=True)
        (tools / name).write_text("x")
    for name in PROGRAMS:
        (tools / "bin" / name).write_text("#!/bin/sh\n" if name != "ruby" else "ELF")
        (tools / "bin" / name).chmod(0o755)
    home = {"HOME": str(tmp_path / "home"), "JAVA_HOME": str(tools), "KOTLIN_HOME": str(tools)}
    return {"PATH": str(tools / "bin"), **home}


def words(recording: Recording) -> list[str]:
    """Every argument, those of files of arguments too."""
    found = [word for command in recording.commands for word in command[1:]]
    for path, content in recording.files.items():
        if path.parts[0].startswith(".forge") and content is not None:
            found += [line.strip().strip('"') for line in content.decode("utf-8", "replace").split("\n")]
    return found


CASES: Mapping[str, tuple[Language, str]] = {
    "C": (lang.C, "«int area(int a) { return 0; }»\n"),
    "C++": (lang.CPP, "«int area(int a) { return 0; }»\n"),
    "JavaScript": (lang.JAVASCRIPT, "«export const area = (a) => 0;»\n"),
    "Kotlin": (lang.KOTLIN, "«fun area(a: Int): Int = 0»\n"),
    "PHP": (lang.PHP, "<?php\n«function area($a) { return 0; }»\n"),
    "Python": (lang.PYTHON, "«def area(a):\n    return 0»\n"),
    "Ruby": (lang.RUBY, "«def area(a)\n  0\nend»\n"),
}


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", CASES)
async def test_no_name_is_an_option(name: str, folder: str, tmp_path: Path, environment: Mapping[str, str]) -> None:
    language, marked = CASES[name]
    path = tmp_path / "work" / folder / f"a{language.suffixes[0]}"
    path.parent.mkdir(parents=True)
    path.write_text(marked.replace("«", "").replace("»", ""))
    task = task_of(marked, language=language, path=path, workspace=tmp_path / "work", name="area")
    recording = Recording(runs_project_code=False)
    make = language.checking().toolchain
    assert make is not None
    toolchain: Toolchain = make(Tools(sandbox=recording, environment=environment), 5.0)
    with contextlib.suppress(Exception):  # what it makes of no answer is not asked here
        await toolchain.build(task, with_code(task, task.original + " "))
    found = words(recording)
    file = f"{folder}/{path.name}"
    if name in ("JavaScript",):  # its runner reads names from its input
        assert recording.commands
    elif name in ("Python", "Ruby"):  # a script of ours gets them, or what follows "--" does
        assert any(file in command for command in recording.commands)
        for command in recording.commands:
            at = next((n for n, word in enumerate(command) if word.startswith(f"{folder}/")), len(command))
            assert at == len(command) or {"--", "-c"} & set(command[:at]) or command[at - 1].endswith("ruby_check.rb")
    else:
        assert any(word.endswith(file) for word in found)
        assert not [word for word in found if word.startswith(f"{folder}/")]


@pytest.mark.parametrize("folder", FOLDERS)
async def test_the_users_own_commands_get_a_file(folder: str, tmp_path: Path) -> None:
    path = tmp_path / "work" / folder / "a.py"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n")
    task = task_of("«x = 1»\n", path=path, workspace=tmp_path / "work")
    for kind in (CommandToolchain, OwnTests):
        recording = Recording(runs_project_code=True)
        command = ("/bin/true", "{file}", "--only={file}")
        if kind is CommandToolchain:
            await CommandToolchain(recording, timeout=5, command=command, language=None).build(task, "x = 2\n")
        else:
            await OwnTests(recording, timeout=5, command=command).evidence(task, candidate_of(task, "x = 2"))
        assert {command[1:] for command in recording.commands} == {(f"./{folder}/a.py", f"--only={folder}/a.py")}


def test_plain_names_stay() -> None:
    for name in ("a.kt", "src/-x/a.kt", "./-x", "/abs/@x", "a@b", "a-b"):
        assert as_argument(name) == name
    assert filled_in("{file}", "a.py") == "a.py"
    assert filled_in("a={file}", "-x") == "a=-x"
