"""TypeScript's compiler: where it is, and what it says. It checks TypeScript, and JavaScript too."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.problems import problem_of
from forge_lsp.checking.programs import readable_for
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.ports import Cache, CacheUse
from forge_lsp.languages.ecmascript.node import node_of
from forge_lsp.reading import text_beside
from forge_lsp.sandbox.exposure import Origin, exposed
from forge_lsp.sandbox.marks import package_at

__all__ = [
    "INSTALL",
    "Compiler",
    "compiler_path",
    "find_compiler",
    "in_code_points",
    "incremental_command",
    "incremental_state",
    "is_syntax",
    "problems_in",
    "script_folders",
]

_KEEPS_STATE = 4
"""The first major version that is incremental without emitting code."""
_INCREMENTALLY = text_beside(__file__, "runners/incrementally.sh")
INSTALL = "npm install --save-dev typescript"
"""The command that gives a project its own compiler."""
_LINE = re.compile(
    r"^(?:(?P<file>[^\s(][^(]*)\((?P<line>\d+),(?P<column>\d+)\): )?error (?P<code>TS\d+): (?P<message>.*)$"
)

# What its scanner and parser report (the calls in scanner.ts and parser.ts of TypeScript 5.9), regular expressions
# aside: those of 1499 to 1538.
_SYNTAX = frozenset(text_beside(__file__, "syntax_codes.txt").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """How TypeScript is started, and the folders it needs. ``version`` is that of the package ``typescript`` ("": not
    known)."""

    command: tuple[str, ...]
    readable: tuple[Path, ...]
    version: str = ""


def find_compiler(place: Place, environment: Mapping[str, str], *, trusted: bool) -> Compiler | Fault:
    """The project's own TypeScript (only if ``trusted``), else ``tsc`` or ``tsgo`` on PATH; else what is lacking."""
    path = environment.get("PATH", "")
    node = node_of(place, environment)
    if place.source is not None and trusted:
        for folder in place.folders():
            modules = place.source / folder / "node_modules"
            for package, program in (("typescript", "tsc"), ("@typescript/native-preview", "tsgo.js")):
                script = modules / package / "bin" / program
                shown = script_folders(script, modules, workspace=place.source) if script.is_file() else ()
                if not shown:
                    continue
                if node is None:
                    return Fault(reason="node is not installed (not on PATH)", remedy="https://nodejs.org/en/download")
                # Read in place, not through the temp copy, which may leave node_modules out.
                return Compiler(
                    command=(str(node), str(script.resolve())),
                    readable=(*shown, *readable_for(node)),
                    version=_version(script.resolve()),
                )
    for name in ("tsc", "tsgo"):
        found = shutil.which(name, path=path)
        if found is None:
            continue
        script = Path(found).resolve()
        if place.source is not None and not trusted and script.is_relative_to(place.source):
            continue
        if _is_script(script):
            if node is None:
                return Fault(reason="node is not installed (not on PATH)", remedy="https://nodejs.org/en/download")
            readable = (*script_folders(script), *readable_for(node))
            return Compiler(command=(str(node), str(script)), readable=readable, version=_version(script))
        return Compiler(command=(str(script),), readable=readable_for(script))
    return Fault(reason="TypeScript is not installed, neither in the project nor on PATH", remedy=INSTALL)


def _version(script: Path) -> str:
    """The version of the package ``typescript`` that a script is of, else ""."""
    try:
        manifest = json.loads((script.parent.parent / "package.json").read_text("utf-8"))
        return str(manifest["version"]) if manifest["name"] == "typescript" else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def incremental_state(compiler: Compiler, place: Place) -> Cache | None:
    """Return the cache in which the compiler keeps what it found in the files of a workspace, by their content: it then
    checks again what a candidate changes, and what depends on that. None where it keeps nothing without emitting code
    (before TypeScript 4), or is not known to."""
    major = re.match(r"\d+", compiler.version)
    if place.source is None or major is None or int(major[0]) < _KEEPS_STATE:
        return None
    where = "\0".join((*compiler.command, compiler.version, str(place.source)))
    digest = hashlib.sha256(where.encode("utf-8", "surrogateescape")).hexdigest()
    return Cache(name=f"tsc-{digest[:20]}", use=CacheUse.KEEP)


def incremental_command(command: Sequence[str], target: PurePosixPath, cache: Path) -> tuple[str, ...]:
    """Return the ``command`` that begins with what the compiler found before, and leaves what it finds.

    ``target`` is the configuration by which it checks, ``cache`` the folder where both lie. It works on a copy, so that
    several may run at a time: what is left is one of theirs.
    """
    name = hashlib.sha256(str(target).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    state, part = cache / f"{name}.tsbuildinfo", cache / f"{name}.{secrets.token_hex(4)}.part.tsbuildinfo"
    return ("/bin/sh", "-c", _INCREMENTALLY, "sh", str(state), str(part), *command)


def is_syntax(code: str) -> bool:
    """Whether an error (``TS17002``) is that the text does not parse."""
    number = code.removeprefix("TS")
    return number in _SYNTAX or (len(number) == 4 and "1499" <= number <= "1538")


def script_folders(script: Path, *more: Path, workspace: Path | None = None) -> tuple[Path, ...]:
    """What a package's script needs: the ``node_modules`` that it really lies in (a native part is a package beside
    it), else its own package; empty where that may not be shown. ``workspace``: the one that named it, and ``more``
    folders, by a link."""
    real = script.resolve()
    holding = next((folder for folder in real.parents if folder.name == "node_modules"), None)
    if holding is None:
        holding = next((folder for folder in real.parents[:3] if package_at(folder)), real)
    origin = Origin.USER if workspace is None else Origin.WORKSPACE
    shown = exposed((holding,), origin=origin, workspace=workspace)
    return (*shown, *exposed(more, origin=origin, workspace=workspace)) if shown else ()


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!" or path.suffix in (".js", ".mjs", ".cjs")
    except OSError:
        return False


def compiler_path(compiler: Compiler) -> str:
    """The PATH to run it with."""
    return f"{Path(compiler.command[0]).parent}:/usr/local/bin:/usr/bin:/bin"


def problems_in(output: str, root: str) -> tuple[Diagnostic, ...]:
    """The errors in the compiler's output, files relative to ``root``, columns in UTF-16 code units."""
    found: list[Diagnostic] = []
    for line in output.split("\n"):
        match = _LINE.match(line.rstrip("\r"))
        if match is not None:
            path = PurePosixPath(match["file"] or "")
            found.append(
                problem_of(
                    match, path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix(), "tsc"
                )
            )
        elif found and line.startswith("  "):  # the reasons behind a message, indented under it
            found[-1] = replace(found[-1], message=f"{found[-1].message} {line.strip()}")
    return tuple(dict.fromkeys(found))


def in_code_points(problem: Diagnostic, text: str) -> Diagnostic:
    """The compiler counts columns in UTF-16 code units."""
    lines = text.split("\n")
    if not 0 < problem.line <= len(lines):
        return problem
    units = lines[problem.line - 1].encode("utf-16-le", "surrogatepass")[: 2 * (problem.column - 1)]
    return replace(problem, column=len(units.decode("utf-16-le", "replace")) + 1)
