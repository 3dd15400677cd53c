"""The languages that can be checked, and what the doctor says of their tools."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Protocol

from forge_lsp.checking.command import CommandToolchain
from forge_lsp.checking.programs import with_program
from forge_lsp.checking.untrusted import UntrustedToolchain
from forge_lsp.checking.versions import with_usual_folders
from forge_lsp.core.attempt import BuildReport, Candidate, Evidence
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Finding, Sandbox, Toolchain
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.c_family.toolchain import CFamilyToolchain, c_findings, cpp_findings
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.csharp.toolchain import CSharpToolchain, csharp_findings
from forge_lsp.languages.csharp.warm import WarmBuilds
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.ecmascript.toolchain import JavaScriptToolchain, javascript_findings
from forge_lsp.languages.ecmascript.typescript import TypeScriptToolchain, typescript_findings
from forge_lsp.languages.go import GO
from forge_lsp.languages.go.toolchain import GoToolchain, go_findings
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.java.toolchain import JavaToolchain, java_findings
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.python.toolchain import PythonToolchain, python_findings
from forge_lsp.languages.rust import RUST
from forge_lsp.languages.rust.toolchain import RustToolchain, rust_findings

__all__ = ["examinations", "toolchains"]


class _Make(Protocol):
    def __call__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str]) -> Toolchain: ...


@dataclass(frozen=True, slots=True)
class _Room:
    """One language: what checks it, and what the doctor says of its tools."""

    make: _Make
    findings: Callable[[Sandbox, Mapping[str, str]], Coroutine[None, None, tuple[Finding, ...]]]


_ROOMS: Mapping[Language, _Room] = {
    PYTHON: _Room(PythonToolchain, python_findings),
    CSHARP: _Room(CSharpToolchain, csharp_findings),
    TYPESCRIPT: _Room(TypeScriptToolchain, typescript_findings),
    GO: _Room(GoToolchain, go_findings),
    RUST: _Room(RustToolchain, rust_findings),
    JAVASCRIPT: _Room(JavaScriptToolchain, javascript_findings),
    JAVA: _Room(JavaToolchain, java_findings),
    C: _Room(CFamilyToolchain, c_findings),
    CPP: _Room(CFamilyToolchain, cpp_findings),
}


@dataclass(frozen=True, slots=True)
class _Timed:
    """A toolchain whose tests have a time of their own."""

    build_by: Toolchain
    tests_by: Toolchain

    async def build(self, task: Task, text: str) -> BuildReport:
        return await self.build_by.build(task, text)

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        return await self.tests_by.evidence(task, candidate)


def toolchains(
    sandbox: Sandbox,
    *,
    timeout: float,
    commands: Mapping[Language, tuple[str, ...]],
    environment: Mapping[str, str] | None = None,
    warm: WarmBuilds | None = None,
    interpreters: Mapping[Language, str] | None = None,
    tests_seconds: Mapping[Language, float] | None = None,
) -> Mapping[Language, Toolchain]:
    """The toolchains of this machine; a language that is not in the mapping cannot be checked.

    ``timeout`` in seconds, for one run of one tool. ``commands`` are checks of the user's own, which take the place of
    the built-in ones (empty: the built-in ones). ``environment`` is the server's own unless given; of it, only
    what names a tool's place reaches a sandbox. ``interpreters`` are programs that the user's settings or the editor
    name for a language: its interpreter, compiler or SDK. ``warm`` are the boxes in which C#'s servers are kept;
    without them each build starts its own. ``tests_seconds``: how long tests may take, where the settings say so.
    """
    known = with_usual_folders(os.environ) if environment is None else environment
    named = interpreters or {}
    times = tests_seconds or {}
    made: dict[Language, Toolchain] = {}

    def toolchain(language: Language, own: Mapping[str, str], seconds: float) -> Toolchain:
        if language is CSHARP:
            return CSharpToolchain(sandbox, timeout=seconds, environment=own, warm=warm)
        if language is PYTHON:
            return PythonToolchain(sandbox, timeout=seconds, environment=own, interpreter=named.get(language))
        return _ROOMS[language].make(sandbox, timeout=seconds, environment=own)

    for language in _ROOMS:
        own = with_program(language, named.get(language), known)
        if own is None:
            reason = f"{named[language]} (check.{language}.interpreter) is not there"
            remedy = f"name a program that is installed, or take check.{language}.interpreter out of your settings"
            made[language] = UntrustedToolchain(reason=reason, remedy=remedy)
            continue
        made[language] = toolchain(language, own, timeout)
        if language in times:
            made[language] = _Timed(build_by=made[language], tests_by=toolchain(language, own, times[language]))
    for language, command in commands.items():
        if command:
            made[language] = CommandToolchain(sandbox, timeout=timeout, command=command, language=made[language])
    return made


def examinations(
    sandbox: Sandbox, environment: Mapping[str, str] | None = None
) -> Mapping[str, Coroutine[None, None, tuple[Finding, ...]]]:
    """What the doctor is to await, by language: each looks at its tools, and runs them once."""
    known = with_usual_folders(os.environ) if environment is None else environment
    return {str(language): room.findings(sandbox, known) for language, room in _ROOMS.items()}
