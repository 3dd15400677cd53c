"""The files of its own project that a document imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from forge_lsp.core.ports import ItemKind, Syntax
from forge_lsp.core.task import Document
from forge_lsp.editing.files import Files
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.imports import imports_of
from forge_lsp.languages.rust import RUST

__all__ = ["imported_files"]

_SPECIFIER = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])(?P<path>\.{1,2}/[^'"]*|\.{1,2})\1"""
)
_ENDINGS = (".ts", ".tsx", ".d.ts", ".mts", ".js", ".jsx", ".mjs", ".cjs")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*(?:include|import)[ \t]*[<\"](?P<path>[^>\"\r\n]+)[>\"]", re.M)
_GO_MODULE = re.compile(r"^module[ \t]+(?P<path>\S+)", re.M)
_GO_IMPORT = re.compile(r"^(?:import)?[ \t]*(?:[\w.]+[ \t]+)?\"(?P<path>[\w./~-]+)\"", re.M)
_RUST_USE = re.compile(r"\buse\s+(?P<path>(?:crate|super|self)(?:::[a-z_]\w*)*)")
_INCLUDED_FROM = ("", "include", "inc", "src", "lib")


def imported_files(document: Document, files: Files, syntax: Syntax) -> Iterator[Path]:
    """Files of the workspace that ``document`` imports, in the order it does; for Go those of the packages, for Rust
    the modules of its crate. C# and Java import names, not files: none."""
    if document.path is None:
        return
    seen = {_resolved(document.path)}
    if document.language is PYTHON:
        found = _python(document, document.path, files, syntax)
    elif document.language in (TYPESCRIPT, JAVASCRIPT):
        found = _ecmascript(document, document.path)
    elif document.language in (C, CPP):
        found = _included(document, document.path, files)
    elif document.language is GO:
        found = _go_packages(document, document.path, files)
    elif document.language is RUST:
        found = _rust_modules(document, document.path, files)
    else:
        found = iter(())
    for path in found:
        key = _resolved(path)
        if key not in seen and files.text(path) is not None:
            seen.add(key)
            yield path


def _python(document: Document, path: Path, files: Files, syntax: Syntax) -> Iterator[Path]:
    workspace = files.guard.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    roots = list(dict.fromkeys([workspace, workspace / "src", *above]))
    for item in syntax.outline(document.text, document.language).items:
        if item.kind is not ItemKind.IMPORT:
            continue
        for module, name, _ in imports_of(normalised(item.range.of(document.text))):
            dots = len(module) - len(module.lstrip("."))
            parts = [part for part in module.lstrip(".").split(".") if part]
            bases = [path.parents[dots - 1]] if 0 < dots <= len(path.parents) else [] if dots else roots
            for base in bases:
                target = base.joinpath(*parts)
                options = [target / f"{name}.py", target / f"{name}.pyi"] if name not in (None, "*") else []
                options += [target.with_suffix(".py"), target.with_suffix(".pyi")] if parts else []
                options += [target / "__init__.py"]
                hits = [option for option in options if files.text(option) is not None]
                if hits:
                    yield hits[0]
                    break


def _ecmascript(document: Document, path: Path) -> Iterator[Path]:
    for match in _SPECIFIER.finditer(document.text):
        target = path.parent / match["path"]
        bare = target.with_suffix("") if target.suffix in (".js", ".jsx", ".mjs", ".cjs") else target
        options = [target, *(bare.with_name(bare.name + ending) for ending in _ENDINGS)]
        options += [target / f"index{ending}" for ending in _ENDINGS]
        hit = next((option for option in options if option.is_file()), None)
        if hit is not None:
            yield hit


def _included(document: Document, path: Path, files: Files) -> Iterator[Path]:
    """The headers of the project that ``document`` includes, looked for beside it and in the usual folders above."""
    workspace = files.guard.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    for match in _INCLUDE.finditer(document.text):
        options = [folder / name / match["path"] for folder in above for name in _INCLUDED_FROM]
        hit = next((option for option in options if files.text(option) is not None), None)
        if hit is not None:
            yield hit


def _go_packages(document: Document, path: Path, files: Files) -> Iterator[Path]:
    """The files of the packages of its own module that ``document`` imports, tests left out."""
    workspace = files.guard.workspace
    for folder in path.parents:
        if not folder.is_relative_to(workspace):
            return
        module = _GO_MODULE.search(files.text(folder / "go.mod") or "")
        if module is None:
            continue
        for match in _GO_IMPORT.finditer(document.text):
            inside = match["path"].removeprefix(module["path"])
            if inside != match["path"] and (not inside or inside.startswith("/")):
                package = folder / inside.strip("/")
                yield from sorted(p for p in package.glob("*.go") if not p.name.endswith("_test.go"))
        return


def _rust_modules(document: Document, path: Path, files: Files) -> Iterator[Path]:
    """The modules of its own crate that ``document`` names in a ``use``."""
    workspace = files.guard.workspace
    roots = [
        folder for folder in path.parents if folder.is_relative_to(workspace) and (folder / "Cargo.toml").is_file()
    ]
    root = roots[0] / "src" if roots else path.parent
    own = path.parent if path.stem in ("mod", "lib", "main") else path.parent / path.stem
    for match in _RUST_USE.finditer(document.text):
        first, *parts = match["path"].split("::")
        base = {"crate": root, "super": own.parent, "self": own}[first]
        for part in parts:
            options = (base / f"{part}.rs", base / part / "mod.rs")
            yield from (option for option in options if option.is_file())
            base = base.parent if part == "super" else base / part
        if not parts:
            yield from (option for option in (base / "mod.rs", base / "lib.rs") if option.is_file())


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path
