"""Go: go build and go vet, nothing of the project in the cache.

Cold is what the build gate runs for a candidate, with a cache that holds the standard library and no package of the
project: before each round it is rebuilt from hard links, which takes some milliseconds of the round.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.languages.go import GO
from forge_lsp.languages.go.toolchain import ANALYZERS
from forge_lsp.languages.go.tools import find_go

__all__ = ["SUBJECT"]

_FILES = 5
"""A package."""


def project(root: Path, files: int) -> str:
    """Packages of five files; each imports the one before, so all of them the first."""
    write(root / "go.mod", "module example.com/pkg\n\ngo 1.18\n")
    for i in range(files):
        package, before = i // _FILES, i // _FILES - 1
        lines = [f"package p{package}", "", 'import "strconv"']
        lines += [f'import "example.com/pkg/p{before}"'] if before >= 0 else []
        lines += [f"type C{i} struct {{", "\tN int", "}"]
        for k in range(METHODS):
            lines += [f"func (c C{i}) F{k}(xs []int, d map[string]int) int {{", "\tt := 0", "\tfor _, x := range xs {"]
            lines += [f"\t\tt += x*{k + 1} + d[strconv.Itoa(x)]", "\t}", "\treturn t + c.N", "}"]
        lines += [f"func (c C{i}) Prev() p{before}.C{i - _FILES} {{"] if before >= 0 else []
        lines += [f"\treturn p{before}.C{i - _FILES}{{N: c.N}}", "}"] if before >= 0 else []
        write(root / f"p{package}/m{i}.go", "\n".join([*lines, ""]))
    return "p0/m1.go"


def commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    """The cache of the standard library is filled by a module that uses the same of it."""
    del file
    go = find_go(known)
    if go is None:
        return None
    build = (str(go.program), "build", "-gcflags=-e -errorurl", "-o", "/dev/null", "./...")
    vet = (str(go.program), "vet", "-json", *(f"-{name}" for name in ANALYZERS), "./...")
    other = root.with_name("other")
    write(other / "go.mod", "module example.com/other\n\ngo 1.18\n")
    write(other / "a.go", 'package other\n\nimport "strconv"\n\nvar A = strconv.Itoa(1)\n')
    for command in (build, vet):
        filling = {**os.environ, **known, "GOCACHE": str(root.with_name("standard"))}
        subprocess.run(command, cwd=other, env=filling, capture_output=True, check=True)
    again = 'cd .. && rm -rf cache && cp -al standard cache && cd "$OLDPWD"'
    own = 'GOCACHE="$(dirname "$PWD")/cache" exec "$0" "$@"'
    return (("/bin/sh", "-c", f"{again} && {own}", *build), ("/bin/sh", "-c", own, *vet))


def environment(known: Mapping[str, str]) -> Mapping[str, str]:
    go = find_go(known)
    return {**known, **go.environment, "CGO_ENABLED": "0"} if go is not None else known


SUBJECT = Subject(
    language=GO,
    promised=20,
    make=project,
    good=lambda n: ("return t + c.N", f"return t + c.N + {n}"),
    commands=commands,
    environment=environment,
)
