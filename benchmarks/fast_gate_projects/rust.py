"""Rust: cargo check --all-targets, from an empty target folder.

Cold is what the build gate runs for a candidate: a crate of the project's own is never found compiled, since what one
candidate made must not be there for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from benchmarks.fast_gate_projects import METHODS, Command, Subject, write
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.languages.rust import RUST
from forge_lsp.languages.rust.tools import CHECK, Cargo, find_cargo

__all__ = ["SUBJECT"]


def project(root: Path, files: int) -> str:
    """One crate whose modules each use the one before, with tests in the last."""
    write(root / "Cargo.toml", '[package]\nname = "pkg"\nversion = "0.1.0"\nedition = "2021"\n')
    write(root / "src/lib.rs", "".join(f"pub mod m{i};\n" for i in range(files)))
    for i in range(files):
        lines = ["use std::collections::HashMap;", f"use crate::m{i - 1}::C{i - 1};" if i else ""]
        lines += [f"pub struct C{i} {{", "    pub n: i64,", "}", f"impl C{i} {{"]
        for k in range(METHODS):
            lines += [
                f"    pub fn f{k}(&self, xs: &[i64], d: &HashMap<String, i64>) -> i64 {{",
                "        let mut t = 0;",
            ]
            lines += ["        for x in xs {"]
            lines += [f"            t += x * {k + 1} + d.get(&x.to_string()).copied().unwrap_or(0);", "        }"]
            lines += ["        return t + self.n;", "    }"]
        lines += [f"    pub fn prev(&self) -> C{i - 1} {{ C{i - 1} {{ n: self.n }} }}"] if i else []
        lines += ["}", ""]
        if i == files - 1:
            lines += ["#[cfg(test)]", "mod tests {", "    #[test]", "    fn zero() {"]
            lines += [f"        assert_eq!(super::C{i} {{ n: 0 }}.f0(&[], &Default::default()), 0);", "    }", "}", ""]
        write(root / f"src/m{i}.rs", "\n".join(lines))
    return "src/m1.rs"


def _found(known: Mapping[str, str]) -> Cargo | Fault:
    return find_cargo(Place(source=None, document=PurePosixPath("a.rs")), known)


def commands(root: Path, file: str, known: Mapping[str, str]) -> Command | None:
    del root, file
    cargo = _found(known)
    if isinstance(cargo, Fault):
        return None
    empty = 'rm -rf ../target && exec "$0" "$@"'
    return (("/bin/sh", "-c", empty, *cargo.command(CHECK[0], "Cargo.toml", CHECK[1:])),)


def environment(known: Mapping[str, str]) -> Mapping[str, str]:
    cargo = _found(known)
    # PATH stays: by it rustup's toolchain is found.
    return known if isinstance(cargo, Fault) else {**cargo.environment_with(Path("../target")), **known}


SUBJECT = Subject(
    language=RUST,
    promised=3,
    make=project,
    good=lambda n: ("return t + self.n;", f"return t + self.n + {n};"),
    commands=commands,
    environment=environment,
)
