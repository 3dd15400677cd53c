"""JavaScript: node over all modules, and tsc where there is one, as the build gate runs them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import forge_lsp.languages.ecmascript
from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.languages.ecmascript import JAVASCRIPT
from forge_lsp.languages.ecmascript.tsc import find_compiler
from forge_lsp.languages.ecmascript.words import CONFIG, configuration

__all__ = ["SUBJECT"]

_MODULES = Path(forge_lsp.languages.ecmascript.__path__[0]) / "runners" / "modules.mjs"


def project(root: Path, files: int) -> str:
    """Modules that each import the one before."""
    write(root / "package.json", '{"type": "module"}')
    for i in range(files):
        lines = [f'import {{ C{i - 1} }} from "./m{i - 1}.js";' if i else "", f"export class C{i} {{", "  n = 1;"]
        for k in range(METHODS):
            lines += [f"  f{k}(xs, d) {{", "    let t = 0;"]
            lines += [f"    for (const x of xs) {{ t += x * {k + 1} + (d.get(String(x)) ?? 0); }}"]
            lines += ["    return t + this.n;", "  }"]
        lines += [f"  prev() {{ return new C{i - 1}(); }}"] if i else []
        write(root / f"src/m{i}.js", "\n".join([*lines, "}", ""]))
    return "src/m1.js"


def commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    node = shutil.which("node", path=known.get("PATH", ""))
    if node is None:
        return None
    names = [str(path.relative_to(root)) for path in root.rglob("*.js")]
    write(root.parent / "request", json.dumps({"root": str(root), "files": names}))
    parsing = f"{node} --experimental-vm-modules --no-warnings {_MODULES} < {root.parent}/request"
    found = find_compiler(Place(source=root, document=PurePosixPath(file)), known, trusted=True)
    if isinstance(found, Fault):
        return (("sh", "-c", parsing),)
    for path, content in configuration(PurePosixPath(file), CONFIG, typed=False).items():
        write(root / path, content.decode())
    return (("sh", "-c", parsing), (*found.command, "--noEmit", "-p", CONFIG))


SUBJECT = Subject(
    language=JAVASCRIPT,
    promised=3,
    make=project,
    good=lambda n: ("return t + this.n;", f"return t + this.n + {n};"),
    bad="return nobody knows;",  # without TypeScript nobody looks for a name
    commands=commands,
)
