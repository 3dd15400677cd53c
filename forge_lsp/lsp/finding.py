"""Jobs that an earlier editor of the workspace left: found after the start, and followed, offered or resumed.

A client that says ``foundJobs`` among its initialization options is told of each by a notification, and shows it by
``forge.follow`` or ``forge.resume``; for every other one that is done here.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.errors import BadRequest, EditConflict, ForgeError, JobUnknown
from forge_lsp.core.task import ScopeKind
from forge_lsp.jobs.contract import ApplyMode, JobRequest, Recheck
from forge_lsp.jobs.offer import Offer, scope_in, target_text
from forge_lsp.jobs.rechecking import rechecked_later
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.lsp.consent import asker
from forge_lsp.lsp.documents import path_of
from forge_lsp.lsp.messages import chosen, plain
from forge_lsp.lsp.protocol import Refusal
from forge_lsp.lsp.shown import Claim, ShownJob, until_done
from forge_lsp.lsp.texts import LineIndex

if TYPE_CHECKING:
    from forge_lsp.core.ports import Ask, ConsentQuestion
    from forge_lsp.jobs.found import FoundJob
    from forge_lsp.jobs.job import Job
    from forge_lsp.jobs.services import Services
    from forge_lsp.lsp.session import Session

__all__ = ["JOB_FOUND", "RESUME", "JobFinder"]

logger = logging.getLogger(__name__)

JOB_FOUND = "forge/jobFound"
RESUME = "Resume"
DISMISS = "Dismiss"
_LOOKS = 16
_BETWEEN = 2.0
"""Seconds between looks: the server of a window that is being reloaded may not have noticed yet."""
_OPEN_SECONDS = 15.0
"""How long an editor may take to open the documents that it had open."""
_ANSWER_SECONDS = 3600.0


class JobFinder:
    """Finds jobs for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._askers: dict[Path | None, Ask] = {}
        self._again = asyncio.Event()
        self._open_seconds = _OPEN_SECONDS

    async def ask_consent(self, question: ConsentQuestion, workspace: Path | None) -> bool:
        """Put a question of consent to the editor's user."""
        if workspace not in self._askers:
            self._askers[workspace] = asker(self._session.editor.protocol, workspace)
        return await self._askers[workspace](question)

    async def run(self) -> None:
        """Look for a while after the start, and again whenever the process of a job that was found is gone."""
        while True:
            for _ in range(_LOOKS):
                await self._look()
                await asyncio.sleep(_BETWEEN)
            await self._again.wait()
            self._again.clear()

    async def _look(self) -> None:
        services = self._session.services
        if services is None:
            return
        documents = self._session.editor.documents
        found = await services.jobs.found.look(
            documents.folders,
            lambda uri: documents.open_text(uri) is not None,
            trusted=self._session.trusted,
            ask=self.ask_consent,
        )
        for one in found:
            logger.info("job %s of an earlier editor was found: %s", one.record.job_id, _state(one))
            if self._session.editor.found_jobs:
                self._session.editor.protocol.notify(JOB_FOUND, self._told(one))
            elif one.job is not None:
                run = self.show(services, one.record.job_id, None)
                self._session.background(until_done(run), f"job {one.record.job_id}")
            else:
                self._session.background(self._offer(services, one.record), "interrupted job")

    def _told(self, one: FoundJob) -> dict[str, object]:
        record = one.record
        index = LineIndex(record.base_text, self._session.editor.documents.codec)
        whole = record.scope.kind is ScopeKind.FILE
        span = None if whole else index.range(record.scope.range)
        told: dict[str, object] = {
            "jobId": record.job_id,
            "state": _state(one),
            "uri": record.uri,
            "range": None if span is None else plain(span, lsp.Range),
            "task": record.task,
            "reason": record.reason,
            "apply": record.apply,
            "attempts": record.attempt_count,
            "costUsd": record.cost_usd,
        }
        return {key: value for key, value in told.items() if value is not None}

    # ------------------------------------------------------------------ what runs elsewhere, or has ended there

    def show(self, services: Services, job_id: str, token: lsp.ProgressToken | None) -> asyncio.Task[JobRecord]:
        """Show a job that was found, as one of this process. Raises JobUnknown."""
        job = services.jobs.found.get(job_id)
        if job is None or job_id in self._session.shown:
            raise JobUnknown(f"job {job_id} was not found here, or is shown already")
        record = job.record()
        running = job.state is not JobState.ENDED

        async def claim() -> Claim:
            if job.lost:
                self._again.set()  # it is found once more, as one that was interrupted
                return Claim.ELSEWHERE
            if running and not await services.jobs.found.claim(job_id):
                return Claim.ELSEWHERE
            return Claim.APPLY if await self._opened(record.uri) else Claim.OFFER

        async def recheck(text: str) -> Recheck:
            return await rechecked_later(services, job.record(), path_of(record.uri))(text)

        return self._session.showing(
            ShownJob(
                job=job,
                uri=record.uri,
                recheck=recheck,
                services=services,
                editor=self._session.editor,
                title="Generate with ensemble",
                token=token,
                background=self._session.background,
                answered=self._session.remember_examples,
                claim=claim,
            )
        )

    async def _opened(self, uri: str) -> bool:
        """Whether the document is open, now or soon: its text on the disk may not be what the user had."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._open_seconds
        documents = self._session.editor.documents
        while documents.open_text(uri) is None:
            if clock() > deadline:
                return False
            await asyncio.sleep(0.2)
        return True

    # ------------------------------------------------------------------ what was interrupted

    async def resumed(self, services: Services, job_id: str) -> Job:
        """Go on with a job that was interrupted, in the document as it is now. Raises JobUnknown, BadRequest, and
        Refusal where it was not interrupted or its code has changed."""
        record = await services.jobs.record(job_id)
        if record.state is not JobState.INTERRUPTED:
            raise Refusal(f"Job {job_id} was not interrupted.")
        editor = self._session.editor
        language = services.languages.recorded(record.language)
        document, _ = editor.documents.document(record.uri, language)
        offer = Offer(uri=record.uri, base=record.base_text, scope=record.scope, text=record.base_text)
        try:
            target_text(document.text, offer, services.editing)
        except EditConflict as error:
            raise Refusal("The code that the job was to change has changed since: start a new job.") from error
        whole = record.scope.kind is ScopeKind.FILE
        folder = editor.documents.folder_of(document.uri)
        attendance = self._session.attendance
        request = JobRequest(
            document=document,
            selection=None if whole else scope_in(document.text, offer, services.editing),
            ask=attendance.asking(folder),
            workspace=folder,
            buffers=editor.documents.buffers(document.uri, folder),
            max_iterations=record.allowed_attempts,
            profile=record.asked_profile,
            apply=ApplyMode(record.apply),
            attended=attendance,
            returned=attendance.connected,
            questions=True,
            shown=True,
            resumed=record,
        )
        return await services.jobs.start(request)

    async def _offer(self, services: Services, record: JobRecord) -> None:
        """Say that a job was interrupted, and offer to go on with it."""
        name = Path(record.uri.partition(":")[2]).name
        done = f" in attempt {record.attempt_count}" if record.attempt_count else ""
        words = " ".join(record.task.split())
        words = words if len(words) <= 80 else words[:79] + "…"
        kind, message = lsp.MessageType.Info, f"forge-lsp: the job in {name} was interrupted{done}: {words}"
        editor = self._session.editor
        try:
            answer = await chosen(editor.protocol, kind, message, (RESUME, DISMISS), timeout=_ANSWER_SECONDS)
        except JsonRpcException:
            editor.show_message(lsp.MessageType.Info, f"{message} Start a new job to go on.")
            return
        except TimeoutError:
            return
        if answer != RESUME:
            return
        try:
            job = await self.resumed(services, record.job_id)
        except (ForgeError, BadRequest, JsonRpcException) as error:
            editor.show_message(lsp.MessageType.Warning, f"forge-lsp: {error}")
            return
        await until_done(self._session.show(services, job, "Generate with ensemble", None))


def _state(one: FoundJob) -> str:
    if one.job is None:
        return "interrupted"
    return "ended" if one.job.state is JobState.ENDED else "running"
