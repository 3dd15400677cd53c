"""The product's probes, run in a real box; used by the tests in process, and as a script by another user.

``python sandbox_probes.py probe WAY BASE`` writes ``{key: ""}``, with words instead of ``""`` for what got through.
``python sandbox_probes.py hold WAY BASE MARKER`` keeps a command running in a box until it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.core.ports import ProcessResult, Sandbox, Tree
from forge_lsp.sandbox.bubblewrap import Bubblewrap, find_bwrap
from forge_lsp.sandbox.copybox import CopySandbox
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.landlock import run_confined
from forge_lsp.sandbox.limits import Limits
from forge_lsp.sandbox.probing import HostMachine, Open, ProbedBox, measure

WAYS = ("overlay", "copy", "landlock")
WORKBENCH = "workbench"
"""The box that stays: only to be probed."""
BACKGROUND = "setsid sh -c 'sleep 600; :' {0} & sh -c 'sleep 600; :' {0}; :"
"""Two shells that bear a marker, one of them in a session of its own."""


def sandbox(way: str, folders: BoxFolders, limits: Limits | None = None) -> Sandbox:
    """One of :data:`WAYS`."""
    limits = limits or Limits()
    if way == "landlock":
        return CopySandbox(kind=way, runs_project_code=True, runner=run_confined, folders=folders, limits=limits)
    return Bubblewrap(program=find_bwrap()[0], folders=folders, overlay=way == "overlay", limits=limits)


def living(marker: str) -> list[int]:
    """Processes with ``marker`` among their arguments, ourselves and zombies aside."""
    found: list[int] = []
    for pid in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if marker.encode() in arguments and int(pid) != os.getpid():
                found.append(int(pid))
    return found


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything about a tree that a command could have changed: content, kind, mode, owner, times, attributes."""
    taken: dict[str, tuple[object, ...]] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        facts = (status.st_mode, status.st_uid, status.st_mtime_ns, status.st_ino, status.st_nlink)
        attributes = () if path.is_symlink() else tuple(os.listxattr(path))
        taken[str(path.relative_to(folder))] = (*facts, attributes, content)
    return taken


def make_home(base: Path) -> Path:
    """A home with keys in it."""
    home = base / "home"
    for name in (".ssh/id", ".config/gh/hosts.yml", ".cargo/credentials.toml", ".netrc", ".aws/credentials"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("PRIVATE KEY")
    return home


def workbench(folders: BoxFolders) -> Open:
    """The box that stays, as a session of one command."""

    @contextlib.asynccontextmanager
    async def opened(tree: Tree, readable: Sequence[Path]) -> AsyncGenerator[ProbedBox]:
        bubblewrap = Bubblewrap(program=find_bwrap()[0], folders=folders)
        source = tree.source
        assert source is not None
        shown = tuple(path for path in readable if not path.is_relative_to(source))
        bench = await bubblewrap.workbench(source=source, readable=shown, programs=Path("/usr"))

        class Bound:
            async def run(self, command: Sequence[str], *, timeout: float) -> ProcessResult:
                return await bench.run(tree, command, timeout=timeout, env={})

            def read(self, path: PurePosixPath) -> bytes | None:
                return None

        async with contextlib.aclosing(bench):
            yield Bound()

    return opened


async def probe(way: str, base: Path) -> dict[str, str]:
    """Run the product's probes; ``{key: what got through}``, without what docs/sandbox.md says does not hold."""
    environ = dict(os.environ)
    os.environ["HOME"] = str(make_home(base))
    (base / "state").mkdir()
    (base / "state" / "http-token").write_text("token")
    folders = BoxFolders(base / "temp")
    around = HostMachine(boxes=folders.root, state=base / "state", once=way == WORKBENCH)
    try:
        opened = workbench(folders) if way == WORKBENCH else sandbox(way, folders)
        measured = await measure(opened, "landlock" if way == "landlock" else "bubblewrap", around)
    finally:
        folders.close()
        os.environ.clear()
        os.environ.update(environ)
    return {one.probe.key: one.said for one in measured if one.said is not None and not one.known}


async def hold(way: str, base: Path, marker: str) -> None:
    """Run a command that does not end."""
    folders = BoxFolders(base)
    async with sandbox(way, folders).open(Tree(source=None, files={})) as box:
        await box.run(["sh", "-c", BACKGROUND.format(marker)], timeout=600)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        asyncio.run(hold(sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
    else:
        sys.stdout.write(json.dumps(asyncio.run(probe(sys.argv[2], Path(sys.argv[3])))))
