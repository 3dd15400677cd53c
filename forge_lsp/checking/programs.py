"""A tool's program in a box: what it may read, what it says of itself, and why it is not started at all."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from forge_lsp.checking.gate import Fault
from forge_lsp.checking.versions import CHOSEN
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Box, Finding, FindingStatus, ProcessResult, Sandbox, Tree
from forge_lsp.sandbox.exposure import Origin, exposed
from forge_lsp.sandbox.interpreters import environment_at
from forge_lsp.sandbox.remedies import WSL

__all__ = [
    "as_argument",
    "found_program",
    "in_time",
    "no_code_here",
    "not_found",
    "programs_of",
    "readable_for",
    "run_tool",
    "version_findings",
    "with_program",
]


def no_code_here(what: str, sandbox: Sandbox) -> Fault:
    """Why a step that runs the project's own code is left out where no sandbox works."""
    if platform.system() == "Windows":
        return Fault(reason=f"checks need WSL2, so {what}", remedy=WSL)
    return Fault(
        reason=f"no sandbox works here, so {what}",
        remedy=f'{sandbox.remedy or "forge-lsp doctor"} (check.sandbox = "off" in your own settings goes without)',
    )


def with_program(language: Language, named: str | None, environment: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the environment in which a language's tools are found where ``named`` says: a program (``node``,
    ``cargo``, ``g++-13``, ...), or the folder that it is installed in; None where it is not there."""
    if not named:
        return environment
    found = found_program(named, environment)
    more = language.checking().variables(named, found)
    if more is None or found is None:
        return None if more is None else {**environment, **more}
    path = f"{programs_of(found)}{os.pathsep}{environment.get('PATH', '')}"
    return {**environment, CHOSEN: str(found), "PATH": path, **more}


def programs_of(found: Path) -> Path:
    """Return the folder of a program, or, of what it is installed in, the one where its programs are."""
    if not found.is_dir():
        return found.parent
    return found / "bin" if (found / "bin").is_dir() else found


def found_program(named: str, environment: Mapping[str, str]) -> Path | None:
    """Return the program or the folder that the user's settings name, by its path or by its name on PATH."""
    path = Path(shutil.which(named, path=environment.get("PATH", "")) or named).expanduser()
    return path if path.is_absolute() and path.exists() else None


def readable_for(program: Path) -> tuple[Path, ...]:
    """Return the folders a program needs beside the system's: its own, and its Python environment where it has one."""
    if not program.is_absolute():
        return ()
    environment = environment_at(program.parent.parent)
    if environment is not None:
        return environment.readable
    real = program.resolve()
    # Tools of a project's packages are on PATH for many, and are links that came with it.
    installed = "node_modules" in program.parts or program.parent.parts[-2:] == ("vendor", "bin")
    origin = Origin.WORKSPACE if installed else Origin.USER
    found: list[Path] = []
    for folder, file in ((program.parent, program), (real.parent, real)):
        # A program may lie in a folder that is not shown, the home itself: then it alone is.
        shown = exposed((folder,), origin=origin, workspace=None)
        found += shown or exposed((file,), origin=origin, workspace=None)
    return tuple(sorted(dict.fromkeys(path for path in found if not path.is_relative_to("/usr"))))


def as_argument(name: str) -> str:
    """Return the name of a file of the tree as a tool's argument: one that begins like an option (``-Xplugin=x/a.kt``)
    or a list of arguments (``@x/a.kt``) would be read as such."""
    return f"./{name}" if name.startswith(("-", "@")) else name


def in_time(result: ProcessResult, what: str, seconds: float) -> ProcessResult:
    """Return what a tool said that had so many ``seconds``. Raises EnvironmentFault where it did not finish in them."""
    if result.timed_out:
        raise EnvironmentFault(f"{what} did not finish in {seconds:g} s", remedy="raise check.timeout")
    return result


async def run_tool(
    box: Box,
    what: str,
    command: Sequence[str],
    *,
    timeout: float,
    readable: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> ProcessResult:
    """Run a tool as :meth:`~forge_lsp.core.ports.Box.run` does. Raises EnvironmentFault where it does not finish."""
    return in_time(await box.run(command, timeout=timeout, readable=readable, env=env, stdin=stdin), what, timeout)


def not_found(name: str, detail: str, remedy: str | None) -> tuple[Finding, ...]:
    """Return what the doctor says of a program that is not there."""
    return (Finding(name=name, status=FindingStatus.ABSENT, detail=detail, remedy=remedy),)


async def version_findings(
    sandbox: Sandbox,
    name: str,
    command: Sequence[str],
    readable: Sequence[Path],
    *,
    language: Language,
    remedy: str | None,
    env: dict[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Return what the doctor says of a program: ``command`` is run in an empty tree; its first line is the version."""
    try:
        async with sandbox.open(Tree(source=None, files={})) as box:
            result = await box.run(command, timeout=30.0, readable=readable, env=env)
    except EnvironmentFault as fault:
        return (Finding(name=name, status=FindingStatus.BROKEN, detail=str(fault), remedy=fault.remedy or remedy),)
    text = (result.stdout or result.stderr).decode("utf-8", "replace").strip()
    if result.code != 0 or result.timed_out:
        detail = f"does not run: {text[-200:] or f'exit code {result.code}'}"
        return (Finding(name=name, status=FindingStatus.BROKEN, detail=detail, remedy=remedy),)
    version = text.split("\n", 1)[0]
    facts = {"path": str(command[0]), "version": version, "language": str(language)}
    return (Finding(name=name, status=FindingStatus.OK, detail=version, facts=facts),)
