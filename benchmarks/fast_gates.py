"""The fast gate beside the command line: one candidate in a project of 200 files, in one run.

    python benchmarks/fast_gates.py [--languages python go ...] [--files 200] [--rounds 9] [--no-check]

Warm: the median of ``FastGate.look`` for one candidate that nobody has seen, the checker running. Cold: the median of
the language's own command line on the same project, as the build gate runs it, without a sandbox. What is warm there
for all that, each language's file in ``fast_gate_projects`` says. Both give way to other programs as the sandbox's
commands do. Promised ratios: 20 for Python, TypeScript, C# and Go, whose checkers work in memory, 10 for Java, 3 for
JavaScript, and for Rust and C++, whose compilers are run; C is to be no slower. Exits 1 when one is not held; a
language whose tools are not here is left out, and said.
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
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.fast_gate_projects import (
    Command,
    Subject,
    c,
    cpp,
    csharp,
    go,
    java,
    javascript,
    python,
    rust,
    typescript,
)
from forge_lsp.checking.daemons import DaemonLimits
from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.languages import fast_gate
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from forge_lsp.sandbox.process import step_back

SUBJECTS = (
    python.SUBJECT,
    typescript.SUBJECT,
    csharp.SUBJECT,
    java.SUBJECT,
    javascript.SUBJECT,
    go.SUBJECT,
    rust.SUBJECT,
    c.SUBJECT,
    cpp.SUBJECT,
)

_APART = 0.1
"""Seconds between two candidates: models take longer than that to write one, and a checker is at rest by then."""


async def warm(gate: DaemonGate, task: Task, subject: Subject, rounds: int) -> float:
    """Seconds for one candidate, the median."""
    times: list[float] = []
    for n in range(rounds + 3):  # the first few are the checker's own warming up
        old, new = subject.good(n)
        text = task.document.text.replace(old, new, 1)
        await asyncio.sleep(_APART)
        begin = time.perf_counter()
        (report,) = await gate.look(task, [text])
        times.append(time.perf_counter() - begin)
        if report is None or report.problems:
            raise SystemExit(f"{task.document.language}: not a word for a good candidate: {report}")
    wrong = task.document.text.replace(subject.good(0)[0], subject.bad, 1)
    (report,) = await gate.look(task, [wrong])
    if report is None or not report.problems:
        raise SystemExit(f"{task.document.language}: a bad candidate passed")
    return statistics.median(times[3:])


def cold(commands: Command, root: Path, file: str, subject: Subject, known: Mapping[str, str], rounds: int) -> float:
    """Seconds for the command lines, one after another, the median; the file is another each time."""
    times: list[float] = []
    text = (root / file).read_text()
    for n in range(rounds):
        old, new = subject.good(n)
        (root / file).write_text(text.replace(old, new, 1))
        begin = time.perf_counter()
        for command in commands:
            subprocess.run(command, cwd=root, env=dict(known), capture_output=True, check=True)
        times.append(time.perf_counter() - begin)
    (root / file).write_text(text)
    return statistics.median(times)


async def measure(subject: Subject, files: int, rounds: int) -> bool:
    """Whether the promise is held; True where it cannot be told here."""
    known = subject.environment(os.environ)
    with tempfile.TemporaryDirectory(prefix="forge-benchmark-") as name:
        base = await asyncio.to_thread(Path(name).resolve)
        root = base / "project"
        file = subject.make(root, files)
        commands = subject.commands(root, file, known)
        chooser = SandboxChooser(SandboxConfig(mode="preferred", temp=base / "boxes"))
        if commands is None:
            print(f"{subject.language:12} its tools are not here")
            return True
        gate = fast_gate(
            BUILT_IN,
            await chooser.choose(),
            state=base / "state",
            commands={},
            environment=known,
            keeping=DaemonLimits(patience=180, answer=60, look=300),
        )
        try:
            text = (root / file).read_text()
            document = Document(uri=(root / file).as_uri(), language=subject.language, text=text, path=root / file)
            scope = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=len(text)))
            task = Task(document=document, scope=scope, instruction="measure", workspace=root)
            fast = await warm(gate, task, subject, rounds)
        finally:
            await gate.aclose()
            chooser.close()
        slow = cold(commands, root, file, subject, known, max(3, rounds // 3))
    ratio = slow / fast
    held = ratio >= subject.promised
    word = "" if held else "  BROKEN"
    print(
        f"{subject.language:12}{slow * 1e3:10.0f}{fast * 1e3:10.1f}{ratio:9.1f}x  >= {subject.promised:g}x{word}",
        flush=True,
    )
    return held


async def main(options: argparse.Namespace) -> int:
    wanted: Sequence[str] = options.languages
    step_back(os.getpid())  # a checker does, and on a busy machine that would be most of the difference
    print(f"{options.files} files, {options.rounds} rounds, median ms\n{'':12}{'cold':>10}{'warm':>10}{'ratio':>10}")
    chosen = [subject for subject in SUBJECTS if str(subject.language) in wanted]
    held = [await measure(subject, options.files, options.rounds) for subject in chosen]
    return 0 if all(held) or options.no_check else 1


if __name__ == "__main__":
    names = [str(subject.language) for subject in SUBJECTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="*", choices=names, default=names)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-check", action="store_true", help="print, whatever comes out")
    sys.exit(asyncio.run(main(parser.parse_args())))
