"""What the toolchains of the languages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.gate import Baselines
from forge_lsp.checking.project import place_of
from forge_lsp.core.attempt import Candidate, Observation
from forge_lsp.core.ports import Sandbox, Toolchain
from forge_lsp.core.task import Task

__all__ = ["DocumentedToolchain", "LanguageToolchain"]


class LanguageToolchain(Toolchain):
    """The toolchain of one language. ``timeout`` in seconds, for one run of a tool; ``environment`` is the server's
    own."""

    def __init__(self, sandbox: Sandbox, timeout: float, environment: Mapping[str, str] | None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment or {}
        self._baselines = Baselines()


class DocumentedToolchain(LanguageToolchain):
    """One that makes the calls of examples in documentation, and others."""

    _examples: DocumentedExamples

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        return await self._examples.observe(task, candidate, place_of(task), calls)
