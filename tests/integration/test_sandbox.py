"""The temp copy and the box as toolchains use them, on the real tools."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.core.errors import EnvironmentFault, SandboxUnavailable, ToolMissing
from forge_lsp.core.ports import FindingStatus, Tree
from forge_lsp.sandbox.bubblewrap import Bubblewrap, find_bwrap
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.profile import interpreter_folders
from tests.integration.sandbox_probes import WAYS, sandbox, snapshot
from tests.integration.test_sandbox_security import NOBODY, ROOT, ordinary_python, works

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="these sandboxes are parts of Linux")

P = PurePosixPath


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    reason = works(name)
    if reason is not None:
        pytest.skip(f"{name}: {reason}")
    return name


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[BoxFolders]:
    made = BoxFolders(tmp_path / "boxes")
    yield made
    made.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "package").mkdir(parents=True)
    (root / "package" / "a.txt").write_text("a on disk")
    (root / "package" / "b.txt").write_text("b on disk")
    (root / "gone.txt").write_text("gone")
    return root


FILES = {P("package/a.txt"): b"a in the editor", P("fresh/new.txt"): b"new", P("gone.txt"): None}


async def test_files_lie_over_the_project_and_the_project_stays_as_it_was(
    way: str, folders: BoxFolders, project: Path
) -> None:
    before = snapshot(project)
    async with sandbox(way, folders).open(Tree(source=project, files=FILES)) as box:
        assert way == "landlock" or box.root == project
        script = (
            "pwd; cat package/a.txt package/b.txt fresh/new.txt; test -e gone.txt || echo absent;"
            "echo more >> package/a.txt; echo more >> package/b.txt; rm -r fresh; mkdir fresh; echo x > fresh/other;"
            "mv package/b.txt moved.txt; echo made > made.txt; chmod 700 package"
        )
        result = await box.run(["sh", "-ec", script], timeout=20)
        assert result.stderr == b""
        assert result.stdout.decode() == f"{box.root}\na in the editorb on disknewabsent\n"
        expected = {
            "package/a.txt": b"a in the editormore\n",
            "package/b.txt": None,
            "moved.txt": b"b on diskmore\n",
            "made.txt": b"made\n",
            "fresh/new.txt": None,
            "fresh/other": b"x\n",
            "gone.txt": None,
        }
        assert {name: box.read(P(name)) for name in expected} == expected
        # The next command sees what the last one wrote.
        again = await box.run(["sh", "-c", "cat made.txt moved.txt; ls fresh"], timeout=20)
        assert again.stdout == b"made\nb on diskmore\nother\n"
    assert snapshot(project) == before
    assert list(folders.root.iterdir()) == []


async def test_without_a_project_there_is_an_empty_folder(way: str, folders: BoxFolders) -> None:
    async with sandbox(way, folders).open(Tree(source=None, files={P("main.py"): b"1"}, name="lone")) as box:
        assert box.root.name == "lone"
        result = await box.run(["ls", "-a"], timeout=20)
        assert result.stdout == b".\n..\nmain.py\n"


async def test_the_running_python_works_inside(way: str, folders: BoxFolders) -> None:
    async with sandbox(way, folders).open(Tree(source=None, files={P("m.py"): b"x = 1"})) as box:
        code = "import pathspec, ssl, sqlite3, m; print(m.x)"
        result = await box.run([sys.executable, "-c", code], timeout=30, readable=interpreter_folders())
        assert (result.code, result.stdout) == (0, b"1\n"), result.stderr.decode()


async def test_home_temp_and_shared_memory_can_be_used(way: str, folders: BoxFolders) -> None:
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        script = 'echo x > "$HOME/a" && echo y > "$TMPDIR/b" && cat "$HOME/a" "$TMPDIR/b"'
        assert (await box.run(["sh", "-c", script], timeout=20)).stdout == b"x\ny\n"
        assert (await box.run(["sh", "-c", 'cat "$HOME/a"'], timeout=20)).stdout == b"x\n"


async def test_readable_folders_are_read_only(way: str, folders: BoxFolders, tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.mkdir()
    (named / "file").write_text("named")
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        script = f"cat {named}/file; echo x > {named}/file; echo x > {named}/new; exit 0"
        result = await box.run(["sh", "-c", script], timeout=20, readable=[named, tmp_path / "absent"])
        assert result.stdout == b"named"
        hidden = await box.run(["cat", str(named / "file")], timeout=20)
        assert hidden.code != 0
    assert (named / "file").read_text() == "named"
    assert len(list(named.iterdir())) == 1


async def test_dependencies_are_there_and_cannot_be_changed(way: str, folders: BoxFolders, project: Path) -> None:
    (project / ".gitignore").write_text("node_modules/\n")
    (project / "node_modules" / "dep").mkdir(parents=True)
    (project / "node_modules" / "dep" / "index.js").write_text("dep")
    before = snapshot(project)
    async with sandbox(way, folders).open(Tree(source=project, files={})) as box:
        script = "cat node_modules/dep/index.js; echo x >> node_modules/dep/index.js; chmod 0 node_modules/dep; exit 0"
        assert (await box.run(["sh", "-c", script], timeout=20)).stdout == b"dep"
    assert snapshot(project) == before


async def test_a_missing_program_is_not_a_broken_sandbox(way: str, folders: BoxFolders) -> None:
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        with pytest.raises(ToolMissing, match="no-such-program"):
            await box.run(["no-such-program"], timeout=20)
        assert (await box.run(["sh", "-c", "exit 127"], timeout=20)).code == 127
        assert (await box.run(["sh", "-c", "echo 'bwrap: execvp' >&2; exit 1"], timeout=20)).code == 1


async def test_codes_signals_and_stdin(way: str, folders: BoxFolders) -> None:
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        assert (await box.run(["sh", "-c", "exit 42"], timeout=20)).code == 42
        assert (await box.run(["cat"], timeout=20, stdin=b"given")).stdout == b"given"
        killed = await box.run(["sh", "-c", "kill -SEGV $$"], timeout=20)
        assert killed.code == -11


async def test_loopback_is_the_box_own_or_refused(way: str, folders: BoxFolders) -> None:
    code = (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "c = socket.create_connection(s.getsockname())\nprint('connected')"
    )
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        command = [sys.executable, "-I", "-S", "-c", code]
        if way == "landlock":
            with pytest.raises(SandboxUnavailable, match="bubblewrap"):
                await box.run(command, timeout=20, readable=interpreter_folders(), loopback=True)
            return
        result = await box.run(command, timeout=20, readable=interpreter_folders(), loopback=True)
        assert result.stdout == b"connected\n", result.stderr.decode()
        assert (await box.run(command, timeout=20, readable=interpreter_folders())).code == 1


async def test_the_hosts_loopback_is_out_of_reach(folders: BoxFolders) -> None:
    if works("overlay") is not None:
        pytest.skip(f"bubblewrap: {works('overlay')}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)"
        async with sandbox("overlay", folders).open(Tree(source=None, files={})) as box:
            result = await box.run(
                [sys.executable, "-I", "-S", "-c", code], timeout=20, readable=interpreter_folders(), loopback=True
            )
            assert b"Connection refused" in result.stderr


async def test_four_checks_at_once_do_not_disturb_each_other(way: str, folders: BoxFolders, project: Path) -> None:
    before = snapshot(project)

    async def check(number: int) -> bytes:
        files = {P("package/a.txt"): str(number).encode()}
        async with sandbox(way, folders).open(Tree(source=project, files=files)) as box:
            await box.run(["sh", "-c", f"echo {number} >> package/b.txt"], timeout=30)
            first, second = await asyncio.gather(
                box.run(["sh", "-c", "cat package/a.txt package/b.txt"], timeout=30),
                box.run(["sh", "-c", "echo both > both"], timeout=30),
            )
            assert second.code == 0
            return first.stdout

    results = await asyncio.gather(*(check(number) for number in range(4)))
    assert results == [f"{number}b on disk{number}\n".encode() for number in range(4)]
    assert snapshot(project) == before


async def test_a_project_that_cannot_be_a_layer_is_copied(folders: BoxFolders, tmp_path: Path) -> None:
    """The temp folder inside the project: overlayfs refuses layers that lie in each other; the copy leaves it out."""
    if works("overlay") is not None:
        pytest.skip(f"bubblewrap: {works('overlay')}")
    project = tmp_path / "outer"
    project.mkdir()
    (project / "file").write_text("x")
    inner = BoxFolders(project / "state")
    try:
        async with Bubblewrap(program=find_bwrap()[0], folders=inner).open(Tree(source=project, files={})) as box:
            assert box.root == project
            result = await box.run(["sh", "-c", "cat file; echo y > written"], timeout=20)
            assert result.stdout == b"x"
            assert box.read(P("written")) == b"y\n"
    finally:
        inner.close()


FAILING = """#!{python}
import os, pathlib, signal, subprocess, sys
count = pathlib.Path({count!r})
count.write_text(count.read_text() + "x" if count.exists() else "x")
if len(count.read_text()) > {failures}:
    os.execv({bwrap!r}, [{bwrap!r}, *sys.argv[1:]])
status = int(sys.argv[sys.argv.index("--json-status-fd") + 1])
os.close(int(sys.argv[sys.argv.index("--block-fd") + 1]))
child = subprocess.Popen(["sleep", "5"])
os.write(status, b'{{"child-pid": %d}}\\n' % child.pid)
os.write(2, b"bwrap: Creating new namespace failed: out of them\\n")
{end}
"""
"""A bwrap that fails as the real one does where the machine lacks something: after it has told of its child."""
ENDS = {"an exit": "os._exit(1)", "a kill": "os.kill(os.getpid(), signal.SIGKILL)"}
"""How it ends: by itself, or by the kernel, which is short of memory."""


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("failures", [1, 2])
async def test_a_start_that_fails_is_tried_once_more_and_then_told(
    failures: int, end: str, folders: BoxFolders, project: Path, tmp_path: Path
) -> None:
    if works("overlay") is not None:
        pytest.skip(f"bubblewrap: {works('overlay')}")
    program, count = tmp_path / "bwrap", tmp_path / "count"
    real = str(find_bwrap()[0])
    values = {"python": sys.executable, "count": str(count), "bwrap": real, "end": ENDS[end]}
    program.write_text(FAILING.format(failures=failures, **values))
    program.chmod(0o755)
    async with Bubblewrap(program=program, folders=folders).open(Tree(source=project, files={})) as box:
        running = box.run(["cat", "gone.txt"], timeout=20)
        if failures == 1:
            assert (await running).stdout == b"gone"
        else:
            with pytest.raises(SandboxUnavailable, match="Creating new namespace failed"):
                await running
    assert count.read_text() == "xx"


async def test_the_system_is_no_project(folders: BoxFolders) -> None:
    if not find_bwrap():
        pytest.skip("bubblewrap is not installed")
    with pytest.raises(EnvironmentFault, match="not a project"):
        async with Bubblewrap(program=find_bwrap()[0], folders=folders).open(Tree(source=Path("/"), files={})):
            pass


async def test_the_home_as_a_project_hides_its_keys(
    way: str, folders: BoxFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("KEY")
    (home / ".netrc").write_text("TOKEN")
    (home / "code.py").write_text("code")
    monkeypatch.setenv("HOME", str(home))
    async with sandbox(way, folders).open(Tree(source=home, files={})) as box:
        result = await box.run(["sh", "-c", "cat code.py; cat .ssh/id .netrc"], timeout=20)
        assert result.stdout == b"code"


async def test_choosing_runs_the_ways_and_the_doctor_tells(tmp_path: Path) -> None:
    chooser = SandboxChooser(SandboxConfig(mode="preferred", temp=tmp_path / "temp"))
    try:
        chosen = await chooser.choose()
        expected = next((kind for kind in ("bubblewrap", "landlock") if not works(kind)), "")
        assert chosen.kind == (expected or "none")
        findings = await chooser.findings()
        assert findings[0].name == "sandbox"
        assert (findings[0].status is FindingStatus.OK) == bool(expected)
        assert all(finding.detail for finding in findings)
        assert (await chooser.choose()) is chosen or chosen.kind == "none"
    finally:
        chooser.close()
    assert list((tmp_path / "temp").iterdir()) == []


def test_a_foreign_file_is_replaced_as_an_ordinary_user() -> None:
    """A file of another owner cannot be written in place through an overlay; a layer of its own can lie over it."""
    python = ordinary_python()
    base = Path(tempfile.mkdtemp(prefix="forge-ordinary-"))
    os.chown(base, NOBODY, NOBODY)
    project = base / "project"
    project.mkdir()
    (project / "foreign.txt").write_text("root's")
    os.chown(project, NOBODY, NOBODY)
    code = """
import asyncio, sys
from pathlib import Path, PurePosixPath
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.core.ports import Tree
from tests.integration.sandbox_probes import sandbox
async def main():
    folders = BoxFolders(Path(sys.argv[1]) / "boxes")
    tree = Tree(source=Path(sys.argv[1]) / "project", files={PurePosixPath("foreign.txt"): b"ours"})
    async with sandbox("overlay", folders).open(tree) as box:
        print(await box.run(["sh", "-c", "cat foreign.txt; echo ' more' >> foreign.txt; cat foreign.txt"], timeout=30))
    folders.close()
asyncio.run(main())
"""
    if works("overlay") is not None:
        pytest.skip(f"bubblewrap: {works('overlay')}")
    try:
        ran = subprocess.run([*python, "-c", code, str(base)], capture_output=True, check=False, timeout=60, cwd=base)
        assert b"oursours more" in ran.stdout, (ran.stdout + ran.stderr).decode()
        assert (project / "foreign.txt").read_text() == "root's"
    finally:
        shutil.rmtree(base)


async def test_a_real_compiler_works_inside(way: str, folders: BoxFolders) -> None:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("gcc is not installed")
    source = b'#include <stdio.h>\nint main(void) { puts("compiled"); return 0; }\n'
    async with sandbox(way, folders).open(Tree(source=None, files={P("main.c"): source})) as box:
        result = await box.run([gcc, "-O1", "-c", "main.c", "-o", "main.o"], timeout=60)
        assert result.code == 0, result.stderr.decode()
        assert box.read(P("main.o"))


def test_importing_the_sandboxes_is_light() -> None:
    code = (
        "import sys\nimport forge_lsp.sandbox.choosing\n"
        "assert not {'pathspec', 'pydantic', 'anthropic', 'openai', 'httpx', 'tree_sitter'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)
