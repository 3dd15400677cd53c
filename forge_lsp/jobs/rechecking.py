"""Checking a text that a candidate was merged into, in the place of the candidate's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.core.attempt import Attempt, BuildReport, BuildStatus, Candidate, Evidence
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.ports import Toolchain
from forge_lsp.core.task import Document, Task
from forge_lsp.jobs.contract import Recheck

if TYPE_CHECKING:
    from forge_lsp.jobs.record import JobRecord
    from forge_lsp.jobs.services import Services

__all__ = ["Rechecks", "rechecked_later"]


def rechecked_later(services: Services, record: JobRecord, path: Path | None) -> Callable[[str], Awaitable[Recheck]]:
    """Return what checks a merged text of a job that another process ran, by the settings of now. ``path`` is that of
    its document."""

    async def recheck(text: str) -> Recheck:
        workspace = Path(record.workspace) if record.workspace else None
        language = services.languages.recorded(record.language)
        document = Document(uri=record.uri, language=language, text=record.base_text, path=path)
        task = Task(document=document, scope=record.scope, instruction=record.task, workspace=workspace)
        toolchain = (await services.toolchains(workspace)).get(language)
        return await Rechecks(task=task, toolchain=toolchain, attempts=record.attempts).recheck(text)

    return recheck


@dataclass(slots=True)
class Rechecks:
    """Checking a text that the document was merged into while the job ran. ``attempts`` are those of the job."""

    task: Task
    toolchain: Toolchain | None
    attempts: tuple[Attempt, ...] = field(default=())

    async def recheck(self, text: str) -> Recheck:
        """Clean: it compiles, and no example fails that did not fail (disputed) in the candidate itself."""
        if self.toolchain is None:
            language = self.task.document.language
            report = BuildReport(status=BuildStatus.UNVERIFIED, tool="", reason=f"there is no check for {language}")
            return Recheck(build=report, evidence=Evidence(), clean=False)
        build = await self.toolchain.build(self.task, text)
        if build.compiled is not True:
            return Recheck(build=build, evidence=Evidence(), clean=False)
        merged = Candidate(code="", text=text, model="", attempt=0)
        evidence = await self.toolchain.evidence(self.task, merged)
        fine = (CheckStatus.PROOF, CheckStatus.KEPT)
        known = {
            result.id
            for attempt in self.attempts[-1:]
            for result in attempt.evidence.results
            if result.status not in fine
        }
        fails = any(result.status not in fine and result.id not in known for result in evidence.results)
        return Recheck(build=build, evidence=evidence, clean=not fails and evidence.blocked is None)
