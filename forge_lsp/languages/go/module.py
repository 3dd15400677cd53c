"""Which packages a check of one Go file looks at: its own, and those that import it, tests included."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from forge_lsp.checking.project import Place
from forge_lsp.core.ports import ProcessResult
from forge_lsp.languages.go.platforms import CLAUSE, platform_of
from forge_lsp.languages.go.tools import Go, documents

__all__ = ["LIST", "MISSING", "Layout", "Packages", "layout_of", "packages_of", "tags_of"]

LIST = (
    "-json=ImportPath,Dir,Name,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,"
    "Imports,TestImports,XTestImports,Incomplete,Error,DepsErrors"
)
"""What ``go list`` is asked for."""
MISSING = re.compile(
    r"no required module provides package (?P<package>[^\s;:]+)|"
    r"cannot find module providing package (?P<other>[^\s;:]+)|"
    r"missing go\.sum entry|module lookup disabled by GOPROXY=off|not in std|updates to go\.mod needed|"
    r"inconsistent vendoring|is not in your go\.mod"
)
"""What Go says of a module that is not here."""
_MOST_DEPENDENTS = 200
_MAIN = re.compile(r"^func[ \t]+main[ \t]*\(", re.M)
_CONSTRAINT = re.compile(r"^//go:build[ \t]+(?P<expression>[^\n]+)", re.M)
# Tags that Go sets by itself, for this machine or another one.
_SYSTEMS = (
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris "
    "wasip1 windows zos unix 386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le "
    "riscv64 s390x sparc64 wasm cgo gc gccgo race msan asan purego ignore tools boringcrypto"
)
_GIVEN = frozenset(_SYSTEMS.split())
_IGNORED = re.compile(r"^//go:build[ \t]+ignore\b|^// \+build[ \t]+ignore\b", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a document's module is. ``folder`` is where Go runs, relative to the tree; ``patterns`` name the packages
    of the project; ``extra`` lies over the tree. ``files``: a file without a module, checked with these alone. ``tags``
    are the build tags without which the document is not compiled, ``platform`` the system and processor for which it
    is checked (None: this machine's), ``other`` one for which it is compiled."""

    folder: PurePosixPath
    patterns: tuple[str, ...] = ("./...",)
    extra: dict[PurePosixPath, bytes] = field(default_factory=dict[PurePosixPath, bytes])
    files: tuple[str, ...] = ()
    vendored: bool = False
    tags: tuple[str, ...] = ()
    platform: tuple[str, str] | None = None
    other: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """``own`` is the document's package as a pattern, ``dependents`` those of the project that import it, ``tested``
    those whose tests do. ``left_out``: the document is in none, for this reason. ``cgo``: one of them uses C. ``tests``
    are the names of the own package's test files that are compiled here."""

    own: str
    dependents: tuple[str, ...] = ()
    tested: tuple[str, ...] = ()
    left_out: str | None = None
    cgo: bool = False
    tests: tuple[str, ...] = ()


def layout_of(place: Place, text: str, go: Go) -> Layout:
    """The module that ``place`` lies in, or a temp module for a file that has none."""
    other = platform_of(place.document.name, text)
    return replace(_layout(place, text, go), tags=tags_of(text), other=other)


def tags_of(text: str) -> tuple[str, ...]:
    """The project's own build tags that a text asks for; none where it also asks for a system, or has a choice."""
    match = _CONSTRAINT.search(text[: clause.start()] if (clause := CLAUSE.search(text)) is not None else text)
    if match is None or not re.fullmatch(r"\w+(?:\s*&&\s*\w+)*", match["expression"].strip()):
        return ()
    tags = tuple(re.findall(r"\w+", match["expression"]))
    return () if any(tag in _GIVEN for tag in tags) else tags


def _layout(place: Place, text: str, go: Go) -> Layout:
    module = place.nearest("go.mod")
    if module is None or (_IGNORED.search(text) and CLAUSE.search(text)):
        extra: dict[PurePosixPath, bytes] = {}
        if module is None:
            extra[place.document.parent / "go.mod"] = f"module forge\n\ngo {go.version[0]}.{go.version[1]}\n".encode()
        return Layout(folder=place.document.parent, extra=extra, files=_companions(place, text))
    vendored = place.is_file(module.parent / "vendor" / "modules.txt")
    work = place.nearest("go.work")
    if work is None:
        return Layout(folder=module.parent, vendored=vendored)
    used = re.findall(r"^[ \t]*(?:use[ \t]+)?(\.[^\s()]*)[ \t]*(?://.*)?$", place.text(work) or "", re.M)
    patterns = tuple(dict.fromkeys(f"./{PurePosixPath(name)}/..." if name != "." else "./..." for name in used))
    if not any((work.parent / name) == module.parent for name in used):
        return Layout(folder=module.parent, vendored=vendored)
    return Layout(folder=work.parent, patterns=patterns or ("./...",), vendored=vendored)


def packages_of(
    listed: ProcessResult, place: Place, root: Path, folder: PurePosixPath | None = None
) -> Packages | None:
    """The packages by what ``go list`` said, as the one in ``folder`` (None: the document's own) sees them; None where
    that is not among them."""
    packages = list(documents(listed.stdout.decode("utf-8", "replace")))
    here = root / (place.document.parent if folder is None else folder)
    name = place.document.name
    own = next((one for one in packages if Path(str(one.get("Dir"))) == here), None)
    if own is None:
        return None
    path = str(own["ImportPath"])
    files: list[list[str]] = [own.get(kind) or [] for kind in ("GoFiles", "CgoFiles", "TestGoFiles", "XTestGoFiles")]
    left_out = None
    outside = folder not in (None, place.document.parent)
    if not outside and not any(name in found for found in files) and name in (own.get("IgnoredGoFiles") or []):
        left_out = (
            f"not compiled here: {place.document} is left out on this machine by its name or its build constraints"
        )
    closure = [path]
    for known in closure:  # grows while it is walked
        closure += [
            str(one["ImportPath"])
            for one in packages
            if known in (one.get("Imports") or []) and str(one["ImportPath"]) not in closure
        ]
    # What another package lacks beyond what this one does says nothing of this one: the rest is checked without it.
    lacks = _lacks(own)
    healthy = {
        str(one["ImportPath"])
        for one in packages
        if (not one.get("Incomplete") or path in _imports(one)) and _lacks(one) <= lacks
    }
    dependents = tuple(one for one in closure[1:] if one in healthy)[:_MOST_DEPENDENTS]
    tested = tuple(
        str(one["ImportPath"])
        for one in packages
        if str(one["ImportPath"]) not in closure and set(closure) & _imports(one) and str(one["ImportPath"]) in healthy
    )[:_MOST_DEPENDENTS]
    cgo = any(one.get("CgoFiles") or "C" in (one.get("Imports") or []) for one in packages)
    tests = (*files[2], *files[3])
    return Packages(own=path, dependents=dependents, tested=tested, left_out=left_out, cgo=cgo, tests=tests)


def _lacks(package: dict[str, Any]) -> set[str]:
    """What Go says of modules that a package needs and that are not here."""
    errors: list[dict[str, Any]] = [package.get("Error") or {}, *(package.get("DepsErrors") or ())]
    words = (str(error.get("Err") or "") for error in errors)
    return {said for said in words if MISSING.search(said) is not None}


def _imports(package: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for kind in ("Imports", "TestImports", "XTestImports"):
        found.update(str(one) for one in package.get(kind) or ())
    return found


def _companions(place: Place, text: str) -> tuple[str, ...]:
    """The document and the files beside it that belong to its package; of several programs only its own."""
    clause = CLAUSE.search(text)
    name = clause[1] if clause is not None else "main"
    found = [place.document.name]
    for path in _neighbours(place):
        other = place.text(path) or ""
        same = CLAUSE.search(other)
        if same is None or same[1] != name or _IGNORED.search(other) or _IGNORED.search(text):
            continue
        if name == "main" and _MAIN.search(other):
            continue
        found.append(path.name)
    return tuple(f"./{name}" for name in sorted(found))


def _neighbours(place: Place) -> Sequence[PurePosixPath]:
    folder = place.document.parent
    names = {path for path in place.overlay if path.parent == folder}
    if place.source is not None and (place.source / folder).is_dir():
        names |= {folder / entry.name for entry in (place.source / folder).iterdir() if entry.suffix == ".go"}
    return sorted(
        path for path in names if path.suffix == ".go" and not path.name.endswith("_test.go") and path != place.document
    )
