"""The folder of the whole project that a package is part of: a repository, or a workspace of a package manager."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from forge_lsp.reading import read_text

__all__ = ["project_root"]

_REPOSITORY = (".git", ".hg", ".jj")
_WHOLE = frozenset(
    {"pnpm-workspace.yaml", "lerna.json", "nx.json", "rush.json", "go.work", "settings.gradle", "settings.gradle.kts"}
    | {"Directory.Build.props", "Directory.Packages.props", "WORKSPACE", "MODULE.bazel"}
)
"""Files that only the top of several packages has."""
_LOCKS = (
    frozenset({"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"}),
    frozenset({"uv.lock", "poetry.lock", "pdm.lock"}),
    frozenset({"Cargo.lock"}),
)
"""Lock files by package manager: one above a package is that of its workspace, unless the package has its own."""
_SAYING: Mapping[str, re.Pattern[str]] = {
    "package.json": re.compile(r'"workspaces"\s*:'),
    "Cargo.toml": re.compile(r"^[ \t]*\[workspace[\].]", re.M),
    "pyproject.toml": re.compile(r"^[ \t]*\[tool\.(?:uv|hatch|rye)\.workspace[\].]", re.M),
    "pom.xml": re.compile(r"<modules>"),
    "CMakeLists.txt": re.compile(r"^[ \t]*add_subdirectory\s*+\(", re.M | re.I),
    "deno.json": re.compile(r'"workspace"\s*:'),
}
"""Files that say inside whether they stand above other packages."""
_SOLUTIONS = (".sln", ".slnx", ".slnf")
_SHARED = frozenset({"/home", "/opt", "/srv", "/mnt", "/media", "/usr", "/usr/local", "/usr/src", "/var", "/Users"})


def project_root(folder: Path) -> Path:
    """Return the top of the project that ``folder`` is part of: its repository, else the outermost folder above it that
    says that it holds several packages; ``folder`` itself where there is none. Reads the disk.

    Never the home folder, one above it, nor one that everybody may write to: what lies there is not one project.
    """
    found = folder
    locked: list[Collection[str]] = []
    for candidate in _upwards(folder):
        try:
            names = {entry.name for entry in os.scandir(candidate)}
        except OSError:
            break  # not ours to read
        if candidate != folder and (_is_whole(candidate, names) or _locks(names, locked)):
            found = candidate
        locked += [kind for kind in _LOCKS if not names.isdisjoint(kind)]
        if not names.isdisjoint(_REPOSITORY):
            return candidate
    return found


def _upwards(folder: Path) -> Iterator[Path]:
    home = Path(os.path.expanduser("~")).resolve()  # noqa: PTH111 - Path.home() raises where there is none
    for candidate in (folder, *folder.parents):
        if candidate.parent == candidate or home.is_relative_to(candidate) or str(candidate) in _SHARED:
            return
        try:
            mode = candidate.stat().st_mode
        except OSError:
            return
        if mode & stat.S_IWOTH and candidate != folder:
            return
        yield candidate


def _is_whole(folder: Path, names: Collection[str]) -> bool:
    if not _WHOLE.isdisjoint(names) or any(name.endswith(_SOLUTIONS) for name in names):
        return True
    return any(
        name in names and pattern.search(read_text(folder / name) or "") is not None
        for name, pattern in _SAYING.items()
    )


def _locks(names: Collection[str], below: Collection[Collection[str]]) -> bool:
    return any(kind not in below and not kind.isdisjoint(names) for kind in _LOCKS)
