"""The box that stays: a tree of its own for each command, and for what goes on running no more rights than in any."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.daemons import DaemonLimits
from forge_lsp.core.errors import EnvironmentFault, SandboxUnavailable
from forge_lsp.core.ports import ProcessResult, Sandbox, Tree
from forge_lsp.languages.csharp.warm import WarmBuilds
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from forge_lsp.sandbox.launcher import descendants
from forge_lsp.sandbox.workbench import Workbench
from tests.integration import test_sandbox_security
from tests.integration.builds_cases import real_sandbox
from tests.integration.sandbox_probes import WORKBENCH, probe
from tests.integration.test_sandbox_security import ROOT, ordinary_python
from tests.support.builds import write_files

pytestmark = [pytest.mark.timeout(120)]

ordinary_folder = test_sandbox_security.ordinary_folder
USR = Path("/usr")


class Bench:
    """A workbench over a folder, asked in the words of a shell."""

    def __init__(self, bench: Workbench, source: Path) -> None:
        self.kept = bench
        self.source = source

    async def run(
        self, script: str, files: dict[str, bytes | None] | None = None, *, within: float = 60
    ) -> ProcessResult:
        tree = Tree(source=self.source, files={PurePosixPath(name): text for name, text in (files or {}).items()})
        return await self.kept.run(tree, ("sh", "-c", script), timeout=within, env={"TOLD": "yes"})

    async def says(self, script: str, files: dict[str, bytes | None] | None = None) -> str:
        result = await self.run(script, files)
        assert result.code == 0, result
        return result.stdout.decode()


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bubblewrap]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not isinstance(chosen, Bubblewrap) or not chosen.overlay:
            pytest.skip("no bubblewrap with overlays here")
        yield chosen


@pytest.fixture
async def bench(sandbox: Bubblewrap, tmp_path: Path) -> AsyncIterator[Bench]:
    source = tmp_path / "project"
    write_files(source, {"a": "user's\n", "folder/b": "b\n"})
    kept = await sandbox.workbench(source=source, readable=(), programs=USR)
    async with aclosing(kept):
        yield Bench(kept, source)


async def test_each_command_sees_a_tree_of_its_own(bench: Bench) -> None:
    script = "pwd; cat a; ls; echo written > a; echo new > folder/new; rm folder/b"
    told = await bench.says(script, {"c": b"c"})
    assert told == f"{bench.source}\nuser's\na\nc\nfolder\n"
    assert await bench.says("cat a folder/*; ls") == "user's\nb\na\nfolder\n"
    write_files(bench.source, {"a": "changed\n", "d": ""})
    assert await bench.says("cat a; ls", {"folder/b": None}) == "changed\na\nd\nfolder\n"
    assert await bench.says("cat folder/b") == "b\n"
    assert bench.kept.alive


async def test_what_a_command_leaves_outside_its_tree_is_gone(bench: Bench) -> None:
    write = 'for f in /tmp "$HOME" /dev/shm; do mkdir "$f/left"; echo x > "$f/left/x"; echo x > "$f/y"; done'
    assert await bench.says("true") == ""
    assert await bench.says(write) == ""
    assert await bench.says('find /tmp "$HOME" /dev/shm -name left -o -name y') == ""
    assert bench.kept.alive


async def test_a_change_of_what_was_there_spoils_it(bench: Bench) -> None:
    await bench.says("echo known > /tmp/known")
    await bench.says("cat /tmp/known")
    assert bench.kept.alive
    await bench.says("echo otherwise > /tmp/known")
    assert not bench.kept.alive


async def test_what_goes_on_running_is_known_by_its_program(bench: Bench, sandbox: Bubblewrap) -> None:
    await bench.says("setsid sleep 600 >/dev/null 2>&1 &")
    assert bench.kept.alive, "a server of the first command stays"
    await bench.says("setsid sleep 600 >/dev/null 2>&1 &")
    assert not bench.kept.alive, "one that came later does not"
    with pytest.raises(EnvironmentFault):
        await bench.says("true")
    other = await sandbox.workbench(source=bench.source, readable=(), programs=Path("/nowhere"))
    async with aclosing(other):
        await Bench(other, bench.source).says("setsid sleep 600 >/dev/null 2>&1 &")
        assert not other.alive, "nor does one that is none of the servers' programs"


def own_folder() -> str:
    """Return the name in /tmp of the folder that Python runs from, or a name that nothing has."""
    prefix = Path(sys.prefix)
    return prefix.parts[2] if prefix.is_relative_to("/tmp") else "-"


async def test_a_command_has_the_rights_that_it_has_in_any_box(bench: Bench, sandbox: Bubblewrap) -> None:
    script = (
        "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; grep -v 'cpu time' /proc/self/limits; id;"
        # Which network devices there are; how much went over them is the kernel's own affair.
        "env | grep -v -e ^_= -e ^OLDPWD= | sort; cut -d: -f1 /proc/net/dev;"
        # The program that keeps the box may itself lie below /tmp.
        f"ls /proc/*/root/forge/source /home; ls /tmp | grep -vx '{own_folder()}';"
        "mount -t tmpfs none /tmp && echo mounted; unshare -Ur true && echo unshared; umount . && echo unmounted;"
        "touch /etc/x && echo wrote; touch /usr/x && echo wrote; touch /x && echo wrote; true"
    )
    async with sandbox.open(Tree(source=bench.source, files={})) as box:
        cold = await box.run(("sh", "-c", script), timeout=60, env={"TOLD": "yes"})
    warm = await bench.run(script)
    # Whole, so that a machine short of memory or processes is told apart from a right too many.
    assert (cold.code, warm.code) == (0, 0), (cold, warm)
    assert warm.stdout.decode() == cold.stdout.decode(), (cold.stderr, warm.stderr)
    told = warm.stdout.decode()
    assert "CapBnd:\t0000000000000000" in told
    assert "Seccomp:\t2" in told
    assert not {"mounted", "unshared", "unmounted", "wrote", "a"} & set(told.split())


async def test_it_hides_the_layers_from_commands(bench: Bench) -> None:
    assert await bench.says("ls -A /forge; touch /forge/x 2>/dev/null || echo refused") == "refused\n"


async def test_its_end_is_the_end_of_all_in_it(bench: Bench, sandbox: Bubblewrap) -> None:
    await bench.says("setsid sleep 600 >/dev/null 2>&1 &")
    assert len(descendants(bench.kept.pid)) >= 2
    inside = descendants(bench.kept.pid)
    await bench.kept.aclose()
    assert not bench.kept.alive
    assert not inside & descendants(os.getpid())
    assert not list(sandbox.folders.root.rglob("trees"))


async def test_one_that_does_not_end_is_of_no_more_use(bench: Bench) -> None:
    with pytest.raises(EnvironmentFault, match="did not finish"):
        await bench.run("sleep 600", within=0.5)
    assert not bench.kept.alive


async def test_a_project_that_holds_the_tools_is_refused(sandbox: Bubblewrap, tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable):
        await sandbox.workbench(source=tmp_path, readable=(tmp_path / "sdk",), programs=tmp_path / "sdk")


class Asked:
    """Kept boxes, asked in the words of a shell, whose folder stands for the SDK's."""

    def __init__(self, builds: WarmBuilds, source: Path) -> None:
        self.builds = builds
        self.source = source

    async def says(self, script: str, *, within: float = 60) -> str | None:
        command = ("/usr/bin/sh", "-c", script)
        tree = Tree(source=self.source, files={})
        told = await self.builds.build(
            tree, command, dotnet=Path(command[0]), digest="", timeout=within, env={}, readable=()
        )
        return None if told is None else told.stdout.decode()


def asked(sandbox: Sandbox, source: Path, idle: float = 60) -> Asked:
    write_files(source, {"a": "a\n"})
    return Asked(WarmBuilds(sandbox, keeping=DaemonLimits(patience=30, idle=idle)), source)


async def test_warm_builds_take_turns_in_one_box(sandbox: Bubblewrap, tmp_path: Path) -> None:
    told = asked(sandbox, tmp_path / "project")
    async with aclosing(told.builds):
        first = [await told.says("cat a; echo $DOTNET_CLI_USE_MSBUILD_SERVER"), await told.says("cat a")]
        assert first == ["a\n1\n", "a\n"]
        assert told.builds.running == 1
        answers = await asyncio.gather(*(told.says("sleep 0.3; cat a") for _ in range(4)))
        assert sorted(map(str, answers)) == ["None", "None", "a\n", "a\n"], "who would wait too long goes elsewhere"
    assert told.builds.running == 0
    assert await told.says("cat a") is None, "after the end there is none"


async def test_a_box_that_is_no_longer_what_it_was_gives_no_word_and_is_replaced(
    sandbox: Bubblewrap, tmp_path: Path
) -> None:
    told = asked(sandbox, tmp_path / "project")
    async with aclosing(told.builds):
        assert await told.says("echo known > /tmp/known; cat a") == "a\n"
        assert await told.says("echo other > /tmp/known; cat a") is None
        assert await told.says("ls /tmp/known 2>&1 || cat a") not in (None, "/tmp/known\n")
        assert await told.says("sleep 600", within=0.3) is None
        assert await told.says("cat a") == "a\n"


async def test_an_idle_box_is_ended(sandbox: Bubblewrap, tmp_path: Path) -> None:
    told = asked(sandbox, tmp_path / "project", idle=0.2)
    before = descendants(os.getpid())
    async with aclosing(told.builds):
        assert await told.says("setsid sleep 600 >/dev/null 2>&1 & cat a") == "a\n"
        async with asyncio.timeout(20):
            while told.builds.running or descendants(os.getpid()) - before:  # noqa: ASYNC110 - processes set no event
                await asyncio.sleep(0.05)


async def test_without_overlays_there_are_none(sandbox: Bubblewrap, tmp_path: Path) -> None:
    told = asked(replace(sandbox, overlay=False), tmp_path / "project")
    assert not told.builds.able
    assert await told.says("cat a") is None


async def test_nothing_gets_through(sandbox: Bubblewrap, tmp_path: Path) -> None:
    assert sandbox.overlay
    judge(await probe(WORKBENCH, tmp_path))


def test_nothing_gets_through_as_an_ordinary_user(sandbox: Bubblewrap, ordinary_folder: Path) -> None:
    assert sandbox.overlay
    script = [*ordinary_python(), str(ROOT / "tests/integration/sandbox_probes.py"), "probe", WORKBENCH]
    ran = subprocess.run([*script, str(ordinary_folder)], capture_output=True, check=False, timeout=90)
    assert ran.returncode == 0, ran.stderr.decode()
    judge(json.loads(ran.stdout))


def judge(outcome: dict[str, str]) -> None:
    assert {name: words for name, words in outcome.items() if words} == {}
    assert len(outcome) > 80  # the program did try
