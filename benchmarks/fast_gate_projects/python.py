"""Python: the compiler, ruff and ty."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.interpreters import program

__all__ = ["SUBJECT"]


def project(root: Path, files: int) -> str:
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


def commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    del root, known
    ruff, ty = program("ruff"), program("ty")
    if ruff is None or ty is None:
        return None
    return (
        (sys.executable, "-I", "-S", "-B", "-m", "py_compile", file),
        (str(ruff), "check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--select", "E9,F", file),
        (str(ty), "check", "--no-progress", "--python", sys.prefix),
    )


SUBJECT = Subject(
    language=PYTHON,
    promised=20,
    make=project,
    good=lambda n: ("return t + self.n\n", f"return t + self.n + {n}\n"),
    commands=commands,
)
