"""How a toolchain is known: by what lies in it, never by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from forge_lsp.reading import read_text

__all__ = [
    "environment_marks",
    "holds_headers",
    "is_rust",
    "is_toolchain",
    "package_at",
    "parts_of",
    "python_base",
]

_PYTHON_PARTS = (
    *("bin", "lib", "lib32", "lib64", "include", "pyvenv.cfg", "ssl", "share/terminfo", "share/zoneinfo"),
    *("Frameworks", "Resources", "Python", "Python3"),
)
_PARTS = (*_PYTHON_PARTS, "libexec", "jmods", "release", "legal", "conf", "VERSION", "pkg", "src")
"""What of a toolchain is needed to run it. Not ``share``, ``etc`` and ``var``: below some prefixes those are the user's
own."""
_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inc", ".ipp", ".inl", ".tpp")
_PACKAGES = frozenset({"typescript", "@typescript/native-preview", "vitest", "jest"})
"""Packages of npm that are started by way of a link in a project's ``node_modules``."""


def python_base(folder: Path) -> bool:
    """A Python: ``bin/python3.X`` and its library, of the same X."""
    for kind in ("python", "pypy", "graalpy"):
        for library in _glob(folder, f"lib*/{kind}3.*/os.py"):
            names = (library.parent.name, f"{kind}3", kind)
            if any((folder / "bin" / name).is_file() for name in names):
                return True
    return False


def environment_marks(folder: Path) -> bool:
    """A virtual environment: ``pyvenv.cfg``, ``bin/python`` and a folder of packages."""
    if not (folder / "pyvenv.cfg").is_file() or not (folder / "bin" / "python").exists():
        return False
    return any(path.is_dir() for path in _glob(folder, "lib/p*3.*/site-packages"))


def is_rust(folder: Path) -> bool:
    """A Rust toolchain."""
    return (folder / "bin" / "cargo").is_file() and (folder / "lib" / "rustlib").is_dir()


def is_toolchain(folder: Path) -> bool:
    """Whether ``folder`` is the prefix of an installed Python, Node, Rust, Go, JDK, .NET or GCC."""
    if not folder.is_dir():
        return False
    programs = folder / "bin"
    return (
        python_base(folder)
        or is_rust(folder)
        or ((programs / "node").is_file() and _any(folder, "include/node/node_version.h", "lib/node_modules/npm"))
        or ((programs / "go").is_file() and (folder / "VERSION").is_file() and (folder / "src" / "runtime").is_dir())
        or ((programs / "java").is_file() and _any(folder, "lib/modules", "lib/jrt-fs.jar", "jre/lib", "release"))
        or ((folder / "dotnet").is_file() and _any(folder, "shared", "sdk"))
        or ((programs / "gcc").is_file() and (folder / "lib" / "gcc").is_dir())
        or ((programs / "clang").exists() and (folder / "lib" / "clang").is_dir())
    )


def package_at(folder: Path) -> bool:
    """Whether ``folder`` is a package of npm that is known to hold a compiler or a test runner, by what its own
    ``package.json`` says."""
    text = read_text(folder / "package.json")
    if text is None:
        return False
    name = re.search(r'"name"\s*:\s*("(?:[^"\\]|\\.){0,200}")', text)
    try:
        return name is not None and json.loads(name[1]) in _PACKAGES
    except ValueError:
        return False


def holds_headers(path: Path) -> bool:
    """Whether ``path`` is a header of C, or a folder of headers."""
    if path.is_file():
        return path.suffix in _HEADERS
    if "include" in path.parts:
        return True
    return any(next(_glob(path, pattern), None) is not None for pattern in ("*.h", "*.hpp", "usr/include"))


def parts_of(folder: Path) -> tuple[Path, ...]:
    """What of a toolchain at ``folder`` is needed to run it."""
    names = _PYTHON_PARTS if python_base(folder) or environment_marks(folder) else _PARTS
    return tuple(folder / name for name in names if (folder / name).exists())


def _any(folder: Path, *names: str) -> bool:
    return any((folder / name).exists() for name in names)


def _glob(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from folder.glob(pattern)
    except OSError:
        return
