"""A tool's program in a box: what it may read, what it says of itself, and why it is not started at all."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from forge_lsp.builds.gate import Fault
from forge_lsp.builds.interpreters import environment_at
from forge_lsp.builds.remedies import WSL
from forge_lsp.builds.sandbox.exposure import Origin, exposed
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Finding, FindingStatus, Sandbox, Tree
from forge_lsp.domain.task import Language

__all__ = ["no_code_here", "readable_for", "version_finding"]


def no_code_here(what: str, sandbox: Sandbox) -> Fault:
    """Why a step that runs the project's own code is left out where no sandbox works."""
    if platform.system() == "Windows":
        return Fault(reason=f"checks need WSL2, so {what}", remedy=WSL)
    return Fault(
        reason=f"no sandbox works here, so {what}",
        remedy=f'{sandbox.remedy or "forge-lsp doctor"} (check.sandbox = "off" in your own settings goes without)',
    )


def readable_for(program: Path) -> tuple[Path, ...]:
    """The folders a program needs beside the system's: its own, and its Python environment where it has one."""
    if not program.is_absolute():
        return ()
    environment = environment_at(program.parent.parent)
    if environment is not None:
        return environment.readable
    real = program.resolve()
    found: list[Path] = []
    for folder, file in ((program.parent, program), (real.parent, real)):
        # A program may lie in a folder that is not shown, the home itself: then it alone is.
        shown = exposed((folder,), origin=Origin.USER, workspace=None)
        found += shown or exposed((file,), origin=Origin.USER, workspace=None)
    return tuple(sorted(dict.fromkeys(path for path in found if not path.is_relative_to("/usr"))))


async def version_finding(
    sandbox: Sandbox,
    *,
    name: str,
    command: Sequence[str],
    readable: Sequence[Path],
    language: Language,
    remedy: str | None,
    env: dict[str, str] | None = None,
) -> Finding:
    """Run ``command`` in an empty tree; its first line is the version."""
    try:
        async with sandbox.open(Tree(source=None, files={})) as box:
            result = await box.run(command, timeout=30.0, readable=readable, env=env)
    except EnvironmentFault as fault:
        return Finding(name=name, status=FindingStatus.BROKEN, detail=str(fault), remedy=fault.remedy or remedy)
    text = (result.stdout or result.stderr).decode("utf-8", "replace").strip()
    if result.code != 0 or result.timed_out:
        detail = f"does not run: {text[-200:] or f'exit code {result.code}'}"
        return Finding(name=name, status=FindingStatus.BROKEN, detail=detail, remedy=remedy)
    version = text.split("\n", 1)[0]
    return Finding(
        name=name,
        status=FindingStatus.OK,
        detail=version,
        facts={"path": str(command[0]), "version": version, "language": str(language)},
    )
