"""Java: javac over all sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.fast import fast_jdk

__all__ = ["SUBJECT"]


def project(root: Path, files: int) -> str:
    """Classes that each use the one before."""
    for i in range(files):
        lines = ["package pkg;", "", "import java.util.*;", "", f"public class C{i} {{", "    public int n = 1;"]
        for k in range(METHODS):
            lines += [f"    public int f{k}(List<Integer> xs, Map<String, Integer> d) {{", "        int t = 0;"]
            lines += [f"        for (int x : xs) t += x * {k + 1} + d.getOrDefault(String.valueOf(x), 0);"]
            lines += ["        return t + n;", "    }"]
        lines += [f"    public C{i - 1} prev() {{ return new C{i - 1}(); }}"] if i else []
        write(root / f"src/main/java/pkg/C{i}.java", "\n".join([*lines, "}", ""]))
    return "src/main/java/pkg/C1.java"


def commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    del file
    jdk = fast_jdk(known)
    if jdk is None:
        return None
    write(root / "sources", "\n".join(str(path.relative_to(root)) for path in root.rglob("*.java")))
    return ((str(jdk.javac), "-proc:none", "-implicit:none", "-d", "out", "@sources"),)


SUBJECT = Subject(
    language=JAVA,
    promised=10,
    make=project,
    good=lambda n: ("return t + n;", f"return t + n + {n};"),
    commands=commands,
)
