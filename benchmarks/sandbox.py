"""What a box costs: ``true`` in a project of 5,000 files, by overlay and by copy, in one run.

    python benchmarks/sandbox.py [--files 5000] [--rounds 7]

Prints milliseconds (median) for opening a box, running ``true`` in it and removing it, and the ratios to the overlay's.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import tempfile
import time
from pathlib import Path, PurePosixPath

from forge_lsp.builds.sandbox import landlock
from forge_lsp.builds.sandbox.bubblewrap import Bubblewrap, find_bwrap
from forge_lsp.builds.sandbox.copybox import CopySandbox
from forge_lsp.builds.sandbox.folders import BoxFolders
from forge_lsp.domain.errors import ForgeError
from forge_lsp.domain.ports import Sandbox, Tree


def make_project(root: Path, files: int) -> None:
    """``files`` small files, fifty a folder."""
    for number in range(files):
        path = root / f"folder{number // 50}" / f"file{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def function_{number}() -> int:\n    return {number}\n" * 20)


async def once(sandbox: Sandbox, tree: Tree) -> tuple[float, float, float]:
    """Milliseconds until the box is open, until ``true`` has run in it, and until it is removed."""
    begin = time.perf_counter()
    async with sandbox.open(tree) as box:
        opened = time.perf_counter()
        result = await box.run(["true"], timeout=60)
        ran = time.perf_counter()
        if result.code != 0:
            raise SystemExit(result.stderr.decode(errors="replace"))
    removed = time.perf_counter()
    return (opened - begin) * 1e3, (ran - opened) * 1e3, (removed - ran) * 1e3


async def measure(files: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="forge-benchmark-") as name:
        base = Path(name)
        project = base / "project"
        make_project(project, files)
        folders = BoxFolders(base / "boxes")
        ways: dict[str, Sandbox] = {}
        for program in find_bwrap()[:1]:
            ways["bubblewrap, overlay"] = Bubblewrap(program=program, folders=folders)
            ways["bubblewrap, copy"] = Bubblewrap(program=program, folders=folders, overlay=False)
        if landlock.available() is None:
            ways["landlock, copy"] = CopySandbox(
                kind="landlock", runs_project_code=True, runner=landlock.run_confined, folders=folders
            )
        tree = Tree(source=project, files={PurePosixPath("folder0/file0.py"): b"changed = True\n"})
        reference: float | None = None
        print(f"{files} files, {rounds} rounds, median ms\n{'':22}{'open':>9}{'true':>9}{'remove':>9}{'all':>9}  ratio")
        for label, sandbox in ways.items():
            try:
                times = [await once(sandbox, tree) for _ in range(rounds)]
            except ForgeError as error:
                print(f"{label:22}does not work here: {error}")
                continue
            medians = [statistics.median(column) for column in zip(*times, strict=True)]
            whole = statistics.median(sum(row) for row in times)
            reference = reference or whole
            columns = "".join(f"{value:9.1f}" for value in [*medians, whole])
            print(f"{label:22}{columns}  {whole / reference:.2f}")
        folders.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if platform.system() != "Linux":
        raise SystemExit("these sandboxes are parts of Linux")
    asyncio.run(measure(options.files, options.rounds))
