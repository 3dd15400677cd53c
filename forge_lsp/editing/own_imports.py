"""Imports that lead from a file to itself: models write them when they take the file for a library."""

from __future__ import annotations

import re
import sys
from pathlib import Path, PurePosixPath

from forge_lsp.core.task import Task
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

__all__ = ["leads_to_itself"]

_FROM = re.compile(r"(?:from\s*|require\(\s*|^import\s*)(?P<quote>['\"])(?P<module>[^'\"]+)(?P=quote)")
_PYTHON = re.compile(r"from\s+(?P<dots>\.*)(?P<module>[\w.]*)\s+import\b|import\s+(?P<whole>[\w.]+)\s*$")
_ROOTS = ("src", "lib", "python")


def leads_to_itself(statement: str, task: Task) -> bool:
    """Whether an import statement of the task's document imports that document. Where its path is not known, nothing
    is taken for itself."""
    path, language = task.document.path, task.document.language
    if path is None:
        return False
    if language in (JAVASCRIPT, TYPESCRIPT):
        return _script(statement, path)
    if language is PYTHON:
        return _python(statement, _below(path, task.workspace))
    if language is RUST:
        return _rust(statement, _below(path, task.workspace), task.document.text)
    if language is GO:
        return _go(statement, _below(path, task.workspace))
    if language in (C, CPP):
        match = re.match(r'#\s*include\s*"(?:[^"]*/)?([^"/]+)"', statement)
        return match is not None and match[1] == path.name
    if language is JAVA:
        return _java(statement, path, task.document.text)
    return False


def _below(path: Path, workspace: Path | None) -> PurePosixPath:
    """The path below the workspace; the name alone where there is none."""
    if workspace is not None and path.is_relative_to(workspace):
        return PurePosixPath(path.relative_to(workspace).as_posix())
    return PurePosixPath(path.name)


def _script(statement: str, path: Path) -> bool:
    match = _FROM.search(statement)
    if match is None or not match["module"].startswith("."):
        return False
    target = PurePosixPath(_normal(f"{path.parent.as_posix()}/{match['module']}"))
    own = PurePosixPath(path.as_posix())
    stems = {own, own.with_suffix("")}
    if own.suffix in (".ts", ".tsx", ".mts", ".cts"):
        stems |= {own.with_suffix(ending) for ending in (".js", ".mjs", ".cjs", ".jsx")}  # as modules of Node say it
    return target in stems or (own.stem == "index" and target == own.parent)


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return "/".join(parts).rstrip("/")


def _python(statement: str, below: PurePosixPath) -> bool:
    match = _PYTHON.match(statement.strip())
    if match is None:
        return False
    parts = list(below.with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    if is_package:
        parts.pop()
    if match["dots"]:
        levels = len(match["dots"]) - 1 + (not is_package)
        home = parts[: len(parts) - levels] if levels else parts
        module = match["module"].split(".") if match["module"] else []
        return bool(module) and [*home, *module] == parts
    named = (match["whole"] or match["module"]).split(".")
    own = parts[1:] if parts and parts[0] in _ROOTS else parts
    if not own or (len(named) == 1 and named[0] in sys.stdlib_module_names):
        return False
    return named == own or (len(named) > 1 and named == own[-len(named) :])


def _rust(statement: str, below: PurePosixPath, text: str) -> bool:
    match = re.match(r"(?:pub(?:\([^)]*\))?\s+)?use\s+crate::(?P<path>[\w:]+)", statement.strip())
    if match is None:
        return re.match(r"use\s+self::(\w+)\s*;", statement.strip()) is not None
    parts = list(below.with_suffix("").parts)
    parts = parts[parts.index("src") + 1 :] if "src" in parts else parts
    if parts and parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    used = [part for part in match["path"].split("::") if part]
    if used[: len(parts)] != parts:
        return False
    inner = used[len(parts) : len(parts) + 1]
    names = inner if inner else re.findall(r"\w+", statement.partition("{")[2])
    defined = r"\b(?:fn|struct|enum|trait|type|const|static|union)\s+{}\b"
    return bool(names) and all(re.search(defined.format(name), text) for name in names)


def _go(statement: str, below: PurePosixPath) -> bool:
    """By the folder: ``example.com/shop/cart`` in ``cart``, where the first part is a host's name."""
    match = re.fullmatch(r'import\s+(?:[\w.]+\s+)?"([^"]+)"', statement.strip())
    folder = below.parent.as_posix()
    if match is None or folder == "." or "." not in match[1].split("/")[0]:
        return False
    return match[1].endswith(f"/{folder}")


def _java(statement: str, path: Path, text: str) -> bool:
    match = re.fullmatch(r"import\s+(?:static\s+)?([\w.]+?)(?:\.\*)?\s*;", statement.strip())
    package = re.search(r"^\s*package\s+([\w.]+)\s*;", text, re.M)
    own = f"{package[1]}.{path.stem}" if package is not None else path.stem
    return match is not None and (match[1] == own or match[1].startswith(f"{own}."))
