"""The fast gate beside the command line: one candidate in a project of 200 files, in one run.

    python benchmarks/fast_gates.py [--languages python typescript csharp] [--files 200] [--rounds 9] [--no-check]

Warm: the median of ``FastGate.look`` for one candidate that nobody has seen, the checker running. Cold: the median of
the language's own command line on the same project, as the build gate runs it, without a sandbox. Promised ratios: 20
for Python, TypeScript and C#. Exits 1 when one is not held; a language whose tools are not here is left out, and said.
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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from forge_lsp.builds.csharp.sdk import dotnet_environment, find_dotnet
from forge_lsp.builds.fast.daemons import Keeping
from forge_lsp.builds.fast.gate import DaemonGate
from forge_lsp.builds.fast.languages import fast_gate
from forge_lsp.builds.gate import Fault
from forge_lsp.builds.project import Place
from forge_lsp.builds.python.tools import program
from forge_lsp.builds.sandbox.choosing import SandboxChooser, SandboxConfig
from forge_lsp.builds.tsc import find_compiler
from forge_lsp.domain.task import Document, Language, Scope, ScopeKind, Task, TextRange

METHODS = 12
Command = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A language: its project, the file that changes, good code and bad, and its command lines."""

    language: Language
    promised: float
    make: Callable[[Path, int], str]
    good: Callable[[int], tuple[str, str]]
    commands: Callable[[Path, str, Mapping[str, str]], Command | None]
    environment: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda known: known


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def python(root: Path, files: int) -> str:
    """A package whose modules each import the one before."""
    write(root / "pyproject.toml", '[project]\nname = "pkg"\nversion = "1"\n')
    write(root / "pkg/__init__.py", "")
    for i in range(files):
        lines = [
            f"from pkg.m{i - 1} import C{i - 1}" if i else "",
            "",
            f"class C{i}:",
            "    def __init__(self) -> None:",
        ]
        lines.append(f"        self.n = {i}\n")
        for k in range(METHODS):
            lines += [f"    def f{k}(self, xs: list[int], d: dict[str, int]) -> int:", "        t = 0"]
            lines += ["        for x in xs:", f"            t += x * {k + 1} + d.get(str(x), 0)"]
            lines.append("        return t + self.n\n")
        lines += [f"    def prev(self) -> C{i - 1}:", f"        return C{i - 1}()\n"] if i else []
        write(root / f"pkg/m{i}.py", "\n".join(lines))
    return "pkg/m1.py"


def typescript(root: Path, files: int) -> str:
    """Modules that each import the one before."""
    write(
        root / "tsconfig.json",
        '{"compilerOptions": {"target": "es2022", "module": "esnext", "moduleResolution": "bundler", "strict": true},'
        ' "include": ["src"]}',
    )
    for i in range(files):
        lines = [f'import {{ C{i - 1} }} from "./m{i - 1}";' if i else "", f"export class C{i} {{", "  n = 1;"]
        for k in range(METHODS):
            lines += [f"  f{k}(xs: number[], d: Map<string, number>): number {{", "    let t = 0;"]
            lines += [f"    for (const x of xs) {{ t += x * {k + 1} + (d.get(String(x)) ?? 0); }}"]
            lines += ["    return t + this.n;", "  }"]
        lines += [f"  prev(): C{i - 1} {{ return new C{i - 1}(); }}"] if i else []
        write(root / f"src/m{i}.ts", "\n".join([*lines, "}", ""]))
    return "src/m1.ts"


def csharp(root: Path, files: int) -> str:
    """Classes that each use the one before."""
    write(
        root / "Pkg.csproj",
        '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework>'
        "<ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>",
    )
    for i in range(files):
        lines = ["namespace Pkg;", f"public class C{i}", "{", "    public int N = 1;"]
        for k in range(METHODS):
            lines += [
                f"    public int F{k}(IEnumerable<int> xs, Dictionary<string, int> d)",
                "    {",
                "        var t = 0;",
            ]
            lines.append(
                f"        foreach (var x in xs) if (d.TryGetValue(x.ToString(), out var v)) t += x * {k + 1} + v;"
            )
            lines += ["        return t + N;", "    }"]
        lines += [f"    public C{i - 1} Prev() => new C{i - 1}();"] if i else []
        write(root / f"C{i}.cs", "\n".join([*lines, "}", ""]))
    return "C1.cs"


def python_commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    del root, known
    ruff, ty = program("ruff"), program("ty")
    if ruff is None or ty is None:
        return None
    return (
        (sys.executable, "-I", "-S", "-B", "-m", "py_compile", file),
        (str(ruff), "check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--select", "E9,F", file),
        (str(ty), "check", "--no-progress", "--python", sys.prefix),
    )


def typescript_commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    from pathlib import PurePosixPath

    found = find_compiler(Place(source=root, document=PurePosixPath(file)), known, trusted=True)
    return None if isinstance(found, Fault) else ((*found.command, "--noEmit", "-p", "tsconfig.json"),)


def csharp_commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    del file
    dotnet = find_dotnet(known)
    if dotnet is None:
        return None
    restore = (str(dotnet), "restore", "-nologo", "-v:q")
    subprocess.run(restore, cwd=root, env={**os.environ, **dotnet_environment(dotnet, known)}, check=True)
    flags = ("--no-restore", "-nologo", "-v:q", "-nodeReuse:false", "-p:UseSharedCompilation=false")
    return ((str(dotnet), "build", *flags),)


SUBJECTS = (
    Subject(
        language=Language.PYTHON,
        promised=20,
        make=python,
        good=lambda n: ("return t + self.n\n", f"return t + self.n + {n}\n"),
        commands=python_commands,
    ),
    Subject(
        language=Language.TYPESCRIPT,
        promised=20,
        make=typescript,
        good=lambda n: ("return t + this.n;", f"return t + this.n + {n};"),
        commands=typescript_commands,
    ),
    Subject(
        language=Language.CSHARP,
        promised=20,
        make=csharp,
        good=lambda n: ("return t + N;", f"return t + N + {n};"),
        commands=csharp_commands,
        environment=lambda known: (
            {**known, **dotnet_environment(dotnet, known)} if (dotnet := find_dotnet(known)) is not None else known
        ),
    ),
)


async def warm(gate: DaemonGate, task: Task, good: Callable[[int], tuple[str, str]], rounds: int) -> float:
    """Seconds for one candidate, the median."""
    times: list[float] = []
    for n in range(rounds + 3):  # the first few are the checker's own warming up
        old, new = good(n)
        text = task.document.text.replace(old, new, 1)
        begin = time.perf_counter()
        (report,) = await gate.look(task, [text])
        times.append(time.perf_counter() - begin)
        if report is None or report.problems:
            raise SystemExit(f"{task.document.language}: not a word for a good candidate: {report}")
    wrong = task.document.text.replace(*good(0)[:1], "return nobody_knows", 1)
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
            await chooser.choose(),
            state=base / "state",
            commands={},
            environment=known,
            keeping=Keeping(patience=180, answer=60, look=300),
        )
        try:
            text = (root / file).read_text()
            document = Document(uri=(root / file).as_uri(), language=subject.language, text=text, path=root / file)
            scope = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=len(text)))
            task = Task(document=document, scope=scope, instruction="measure", workspace=root)
            fast = await warm(gate, task, subject.good, rounds)
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
    print(f"{options.files} files, {options.rounds} rounds, median ms\n{'':12}{'cold':>10}{'warm':>10}{'ratio':>10}")
    held = [await measure(subject, options.files, options.rounds) for subject in SUBJECTS if subject.language in wanted]
    return 0 if all(held) or options.no_check else 1


if __name__ == "__main__":
    names = [str(subject.language) for subject in SUBJECTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="*", choices=names, default=names)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-check", action="store_true", help="print, whatever comes out")
    sys.exit(asyncio.run(main(parser.parse_args())))
