"""What ``dotnet`` prints, as diagnostics, and the command that fixes what is not the code's fault."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from forge_lsp.checking.problems import problem_at
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.ports import ProcessResult
from forge_lsp.languages.csharp.sdk import INSTALL

__all__ = ["last_words", "problems_in", "remedy_for"]

_LINE = re.compile(
    r"^\s*(?:(?P<file>[^\s(][^(]*?)(?:\((?P<line>\d+)(?:,(?P<column>\d+))?(?:,(?P<line2>\d+),(?P<column2>\d+))?\))?"
    r"\s*:\s+)?error (?P<code>[A-Za-z]+\d+)\s*:\s*(?P<message>.*?)(?:\s+\[(?P<project>[^\[\]]+)\])?\s*$"
)


def problems_in(output: str, root: Path) -> tuple[Diagnostic, ...]:
    """The errors of compiler and MSBuild, each once; files relative to ``root``."""
    found: list[Diagnostic] = []
    for line in output.split("\n"):
        match = _LINE.match(line.rstrip("\r"))
        if match is None:
            continue
        path = PurePosixPath(match["file"] or match["project"] or "")
        found.append(
            problem_at(
                path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name,
                int(match["line"] or 0),
                int(match["column"] or 0),
                code=match["code"],
                message=match["message"],
                source="dotnet",
                end=(int(match["line2"] or 0), int(match["column2"] or 0)),
            )
        )
    return tuple(dict.fromkeys(found))


def remedy_for(problem: Diagnostic, target: str) -> str:
    """The command that fixes what the SDK itself complains of."""
    if problem.code in ("NETSDK1004", "NETSDK1005", "NETSDK1047", "NETSDK1064") or problem.code.startswith("NU"):
        return f"dotnet restore {problem.file or target}"
    if problem.code in ("NETSDK1147",):
        return "dotnet workload restore"
    if problem.code in ("NETSDK1045", "MSB4236", "NETSDK1141"):
        return INSTALL
    return f"dotnet build {target}"


def last_words(result: ProcessResult) -> str:
    """The end of what a run said; its exit code where it said nothing."""
    text = (result.stdout + result.stderr).decode("utf-8", "replace").strip()
    return text[-300:] or f"exit code {result.code}"
