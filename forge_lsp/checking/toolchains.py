"""The languages that can be checked, and what the doctor says of their tools."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from forge_lsp.checking.command import CommandToolchain
from forge_lsp.checking.own_tests import OwnTests
from forge_lsp.checking.programs import with_program
from forge_lsp.checking.untrusted import UntrustedToolchain
from forge_lsp.checking.versions import with_usual_folders
from forge_lsp.core.attempt import BuildReport, Candidate, Evidence, Observation
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Finding, Sandbox, Toolchain
from forge_lsp.core.support import Tools
from forge_lsp.core.task import Task

__all__ = ["examinations", "toolchains"]


class _Tests(Protocol):
    async def evidence(self, task: Task, candidate: Candidate) -> Evidence: ...


@dataclass(frozen=True, slots=True)
class _Apart(Toolchain):
    """A toolchain whose tests have a time or a command of their own."""

    build_by: Toolchain
    tests_by: _Tests

    async def build(self, task: Task, text: str) -> BuildReport:
        return await self.build_by.build(task, text)

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        return await self.tests_by.evidence(task, candidate)

    @property
    def observes(self) -> bool:
        return self.build_by.observes

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        return await self.build_by.observe(task, candidate, calls)


def toolchains(
    languages: Languages,
    sandbox: Sandbox,
    *,
    timeout: float,
    commands: Mapping[Language, tuple[str, ...]],
    tests: Mapping[Language, tuple[str, ...]] | None = None,
    environment: Mapping[str, str] | None = None,
    ends: AsyncExitStack | None = None,
    interpreters: Mapping[Language, str] | None = None,
    tests_seconds: Mapping[Language, float] | None = None,
    runs: Path | None = None,
) -> Mapping[Language, Toolchain]:
    """Return the toolchains of this machine; a language that is not in the mapping cannot be checked.

    ``timeout`` in seconds, for one run of one tool. ``commands`` are checks of the user's own, which take the place of
    the built-in ones (empty: the built-in ones); ``tests`` are test commands of the user's own. ``environment`` is the
    server's own unless given; of it, only what names a tool's place reaches a sandbox. ``interpreters`` are programs
    that the user's settings or the editor name for a language: its interpreter, compiler or SDK. ``ends`` ends what is
    kept running between builds; without it nothing is. ``tests_seconds``: how long tests may take, where the settings
    say so. ``runs``: the folder in which it is kept for the next process how tests of untouched trees went.
    """
    known = with_usual_folders(os.environ) if environment is None else environment
    named = interpreters or {}
    made: dict[Language, Toolchain] = {}
    for language in languages:
        make = language.checking().toolchain
        if make is not None:
            own = with_program(language, named.get(language), known)
            if own is None:
                reason = f"{named[language]} (check.{language}.interpreter) is not there"
                remedy = f"name a program that is installed, or take check.{language}.interpreter out of your settings"
                made[language] = UntrustedToolchain(reason=reason, remedy=remedy)
            else:
                tools = Tools(sandbox=sandbox, environment=own, ends=ends, runs=runs)
                made[language] = make(tools, timeout)
                if (seconds := (tests_seconds or {}).get(language)) is not None:
                    made[language] = _Apart(build_by=made[language], tests_by=make(tools, seconds))
        if command := commands.get(language):
            below = made.get(language)
            made[language] = CommandToolchain(sandbox, timeout=timeout, command=command, language=below)
        if command := (tests or {}).get(language):
            below = made.get(language) or UntrustedToolchain(
                reason=f"nothing checks {language.title} files here", remedy=f"name a program: check.{language}.command"
            )
            seconds = (tests_seconds or {}).get(language, timeout)
            own_tests = OwnTests(sandbox, timeout=seconds, command=command, runs=runs)
            made[language] = _Apart(build_by=below, tests_by=own_tests)
    return made


def examinations(
    languages: Languages, sandbox: Sandbox, environment: Mapping[str, str] | None = None
) -> Mapping[str, Coroutine[None, None, tuple[Finding, ...]]]:
    """Return what the doctor is to await, by language: each looks at its tools, and runs them once."""
    known = with_usual_folders(os.environ) if environment is None else environment
    return {str(one): examine(sandbox, known) for one in languages if (examine := one.checking().findings)}
