"""What is not checked, with the reason: a workspace that the user does not trust (a compiler runs what the project
names, so none is started), or a program that the settings name and that is not there."""

from __future__ import annotations

from collections.abc import Mapping

from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Toolchain
from forge_lsp.core.task import Task

__all__ = ["UntrustedToolchain", "untrusted"]

REASON = "this workspace is not trusted, so no compiler, test or other code of it was run"
REMEDY = "trust the workspace in the editor (VS Code: Workspaces: Manage Workspace Trust), then try again"


class UntrustedToolchain(Toolchain):
    """Checks nothing and says why; see :class:`~forge_lsp.core.ports.Toolchain`."""

    def __init__(self, *, reason: str = REASON, remedy: str = REMEDY) -> None:
        self._reason, self._remedy = reason, remedy

    async def build(self, task: Task, text: str) -> BuildReport:
        """Always ``unverified``."""
        del task, text
        return BuildReport(status=BuildStatus.UNVERIFIED, tool="none", reason=self._reason, remedy=self._remedy)

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """Return evidence that nothing was run."""
        del task, candidate
        return Evidence(blocked=self._reason, remedy=self._remedy)


def untrusted(languages: Languages) -> Mapping[Language, Toolchain]:
    """In place of :func:`~forge_lsp.checking.toolchains.toolchains`: one for each language."""
    return {language: UntrustedToolchain() for language in languages}
