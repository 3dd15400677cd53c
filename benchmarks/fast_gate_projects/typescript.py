"""TypeScript: tsc over the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.languages.ecmascript import TYPESCRIPT
from forge_lsp.languages.ecmascript.tsc import find_compiler

__all__ = ["SUBJECT"]


def project(root: Path, files: int) -> str:
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


def commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    found = find_compiler(Place(source=root, document=PurePosixPath(file)), known, trusted=True)
    return None if isinstance(found, Fault) else ((*found.command, "--noEmit", "-p", "tsconfig.json"),)


SUBJECT = Subject(
    language=TYPESCRIPT,
    promised=20,
    make=project,
    good=lambda n: ("return t + this.n;", f"return t + this.n + {n};"),
    commands=commands,
)
