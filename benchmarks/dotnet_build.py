"""The C# build gate with its servers kept beside the one that starts them each time, in one run.

    python benchmarks/dotnet_build.py [--files 3 200] [--rounds 7] [--no-check]

Both are the gate's own way, sandbox and all: ``dotnet build --no-restore`` of a candidate that was not built before, in
a restored project. Warm and cold take turns, so that what else the machine does falls on both. Promised: the warm
median is at most 0.6 of the cold one. Exits 1 when it is not; a machine without the .NET SDK, or without bubblewrap's
overlays, is told.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.fast_gate_projects import csharp
from forge_lsp.checking.daemons import DaemonLimits
from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.csharp.sdk import dotnet_environment, find_dotnet
from forge_lsp.languages.csharp.toolchain import CSharpToolchain
from forge_lsp.languages.csharp.warm import WarmBuilds
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig

PROMISED = 0.6
KEEPING = DaemonLimits(patience=120, idle=600)


async def seconds(toolchain: CSharpToolchain, task: Task, number: int) -> float:
    """For one candidate that is good."""
    old, new = csharp.SUBJECT.good(number)
    begin = time.perf_counter()
    report = await toolchain.build(task, task.document.text.replace(old, new, 1))
    took = time.perf_counter() - begin
    if report.status is not BuildStatus.PASSED:
        raise SystemExit(f"a good candidate did not pass: {report}")
    return took


async def measure(files: int, rounds: int, known: Mapping[str, str]) -> bool:
    """Whether the promise is held; True where it cannot be told here."""
    with tempfile.TemporaryDirectory(prefix="forge-benchmark-") as name:
        base = await asyncio.to_thread(Path(name).resolve)
        root = base / "project"
        file = csharp.SUBJECT.make(root, files)
        dotnet = find_dotnet(known)
        assert dotnet is not None  # main() has seen to it
        restore = (str(dotnet), "restore", "-nologo", "-v:q")
        told = {**known, **dotnet_environment(dotnet, known)}
        await asyncio.to_thread(subprocess.run, restore, cwd=root, env=told, check=True)
        chooser = SandboxChooser(SandboxConfig(mode="preferred", temp=base / "boxes"))
        sandbox = await chooser.choose()
        if not isinstance(sandbox, Bubblewrap) or not sandbox.overlay:
            print("no bubblewrap with overlays here: every build is a cold one")
            return True
        builds = WarmBuilds(sandbox, keeping=KEEPING)
        warm = CSharpToolchain(sandbox, timeout=300, environment=known, warm=builds)
        cold = CSharpToolchain(sandbox, timeout=300, environment=known)
        try:
            text = (root / file).read_text()
            document = Document(uri=(root / file).as_uri(), language=CSHARP, text=text, path=root / file)
            scope = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=len(text)))
            task = Task(document=document, scope=scope, instruction="measure", workspace=root)
            times: dict[CSharpToolchain, list[float]] = {warm: [], cold: []}
            for n in range(rounds + 1):
                for toolchain, taken in times.items():
                    took = await seconds(toolchain, task, n)
                    if n:  # the first also builds the untouched tree
                        taken.append(took)
            if builds.running != 1:
                raise SystemExit("the servers were not kept")
        finally:
            await builds.aclose()
            chooser.close()
    slow, fast = statistics.median(times[cold]), statistics.median(times[warm])
    word = "" if fast / slow <= PROMISED else "  BROKEN"
    print(f"{files:8}{slow * 1e3:10.0f}{fast * 1e3:10.0f}{fast / slow:9.2f}   <= {PROMISED:g}{word}", flush=True)
    return fast / slow <= PROMISED


async def main(options: argparse.Namespace) -> int:
    known = csharp.SUBJECT.environment(os.environ)
    if find_dotnet(known) is None:
        print("the .NET SDK is not here: set DOTNET_ROOT, or put dotnet on PATH")
        return 0
    print(f"{options.rounds} rounds, median ms\n{'files':>8}{'cold':>10}{'warm':>10}{'ratio':>9}")
    held = [await measure(files, options.rounds, known) for files in options.files]
    return 0 if all(held) or options.no_check else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", nargs="*", type=int, default=[3, 200])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-check", action="store_true", help="print, whatever comes out")
    sys.exit(asyncio.run(main(parser.parse_args())))
