"""One job as the editor shows it: its progress, its events, what becomes of its result."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.attempt import Outcome
from forge_lsp.core.errors import Cause
from forge_lsp.core.events import JobEvent, QuestionAnswered, QuestionAsked
from forge_lsp.core.questions import Question
from forge_lsp.jobs.contract import ApplyMode, Recheck
from forge_lsp.jobs.offer import Offer, offer_of
from forge_lsp.jobs.record import JobRecord, JobState
from forge_lsp.lsp.afterwards import AppliedTracker
from forge_lsp.lsp.apply import Applied, Applier
from forge_lsp.lsp.documents import Documents
from forge_lsp.lsp.inline import PendingResults, answered_since
from forge_lsp.lsp.messages import chosen
from forge_lsp.lsp.progress import Progress, ProgressState, ProgressStep, WorkDone, end_message
from forge_lsp.lsp.protocol import ForgeProtocol
from forge_lsp.lsp.questions import Questioner

if TYPE_CHECKING:
    from forge_lsp.jobs.event_log import Listener
    from forge_lsp.jobs.services import Services

__all__ = [
    "APPLY_ANYWAY",
    "DISMISS",
    "JOB_EVENT",
    "SHOW_REPORT",
    "Claim",
    "ConnectedEditor",
    "FollowedJob",
    "ShownJob",
    "until_done",
]

logger = logging.getLogger(__name__)

JOB_EVENT = "forge/jobEvent"
APPLY_ANYWAY = "Apply anyway"
SHOW_REPORT = "Show report"
DISMISS = "Dismiss"
_OFFER_SECONDS = 900.0


class Claim(Enum):
    """Whose the end of a job of another process is: another window's, or this one's, to offer or to apply it."""

    ELSEWHERE = "elsewhere"
    OFFER = "offer"
    APPLY = "apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedEditor:
    """The connected editor: how to reach it, what it can, what its user has open."""

    protocol: ForgeProtocol
    documents: Documents
    applier: Applier
    afterwards: AppliedTracker
    work_done: WorkDone
    job_events: bool
    questions: bool = False
    """Whether it takes our own request for questions."""
    found_jobs: bool = False
    """Whether it shows jobs itself that an earlier editor left."""
    waiting: PendingResults = field(default_factory=PendingResults)
    """Results that wait to be applied by the user."""

    def can_show_documents(self) -> bool:
        """Whether a report can be opened in it."""
        window = self.protocol.client_capabilities.window
        return window is not None and window.show_document is not None and window.show_document.support

    def show_message(self, kind: lsp.MessageType, message: str) -> None:
        """Show a message to the user."""
        self.protocol.notify(lsp.WINDOW_SHOW_MESSAGE, lsp.ShowMessageParams(type=kind, message=message))


class FollowedJob(Protocol):
    """A job of this process or of another, as it is shown."""

    @property
    def id(self) -> str: ...

    @property
    def apply(self) -> ApplyMode: ...

    @property
    def state(self) -> JobState: ...

    def listen(self, callback: Listener, from_sequence: int = 0) -> Callable[[], None]: ...

    def cancel(self, reason: str = "cancelled by the user") -> bool: ...

    async def wait(self) -> JobRecord: ...


@dataclass(eq=False, repr=False, kw_only=True)
class ShownJob:
    """Follows a job to its end and brings its result to the document.

    ``token`` is the client's own progress token. A client that sent one waits for the outcome and shows it itself:
    it gets no pop-ups from us, but for questions. ``answered`` is told of a job whose user answered one. ``claim``
    answers, for a job of another process, whether its end is shown here, once its document can be looked at; then it
    may be applied.
    """

    job: FollowedJob
    uri: str
    recheck: Callable[[str], Awaitable[Recheck]]
    services: Services
    editor: ConnectedEditor
    title: str
    token: lsp.ProgressToken | None
    background: Callable[[Awaitable[None], str], None]
    answered: Callable[[JobRecord], None] = lambda record: None  # noqa: ARG005
    claim: Callable[[], Awaitable[Claim]] | None = None

    def __post_init__(self) -> None:
        self._questioner = Questioner(self.job.id, self.uri, self.services, self.editor)
        self._settled: set[str] = set()
        self._state = ProgressState()
        self._latest: ProgressStep | None = None
        self._progress: Progress | None = None
        self._applying: asyncio.Task[Applied] | None = None
        self._sent = False

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.job.id

    def cancel(self, reason: str = "cancelled by the user") -> None:
        """Stop the job, or the applying of its result as long as no edit has been sent."""
        self.job.cancel(reason)
        if self._applying is not None and not self._sent:
            self._applying.cancel()

    def close_progress(self, message: str) -> None:
        """End the progress now: the request that its token belongs to is about to be answered."""
        if self._progress is not None:
            self._progress.end(message)

    async def run(self) -> JobRecord:
        """Show the job until it has ended and its result has been applied or offered."""
        unlisten = self.job.listen(self._hear, 0)
        try:
            self._progress = await self.editor.work_done.open(self.token, self.title, self.cancel)
            await asyncio.sleep(0)  # a job that need not wait has its place by now
            waits = self._latest is None and self.job.state is JobState.QUEUED
            self._progress.report(self._state.show("queued behind other jobs") if waits else self._latest)
            result = await self.job.wait()
            if result.outcome is Outcome.CANCELLED:
                self._questioner.withdraw()
            claim = Claim.APPLY if self.claim is None else await self.claim()
            if claim is not Claim.ELSEWHERE:
                result = await self._deliver(result, may_apply=claim is Claim.APPLY)
                if self.claim is None:
                    self.services.jobs.seen(self.job_id)
            self.answered(result)
            self._progress.end(end_message(result))
            return result
        except asyncio.CancelledError:
            self.close_progress("stopped")
            raise
        finally:
            unlisten()
            self.close_progress("stopped by an error")

    def _hear(self, event: JobEvent) -> None:
        if self.editor.job_events:
            self.editor.protocol.notify(JOB_EVENT, event.to_json())
        if isinstance(event.body, QuestionAnswered):
            self._settled.add(event.body.answer.question)
        if isinstance(event.body, QuestionAsked):
            self.background(self._question(event.body.question), f"question of {self.job_id}")
        step = self._state.fold(event.body)
        if step is not None:
            self._latest = step
            if self._progress is not None:
                self._progress.report(step)

    async def _question(self, question: Question) -> None:
        if question.id in self._settled or (self.claim is not None and self.job.state is JobState.ENDED):
            return  # an earlier editor has put it
        await self._questioner.put(question)
        self.answered(await self.services.jobs.record(self.job_id))

    # ------------------------------------------------------------------ the result

    async def _deliver(self, result: JobRecord, *, may_apply: bool) -> JobRecord:
        plain = self.token is None
        if result.candidate is None:
            if plain and result.outcome in (Outcome.FAILED, Outcome.EXHAUSTED, Outcome.UNVERIFIED):
                said = result.reason or result.outcome_words
                kind = lsp.MessageType.Info if result.cause is Cause.CONSENT else lsp.MessageType.Error
                self.editor.show_message(kind, f"forge-lsp: {said}")
            return result
        if result.applied:
            return result
        if self.job.apply is not ApplyMode.EDIT:
            if self.job.apply is ApplyMode.PREVIEW and result.outcome is Outcome.ACCEPTED:
                self.editor.waiting.remember(result.job_id, result.uri)
            return result
        if answered_since(result):
            if plain:
                self.background(self._offer(result, again=True), "offer")
        elif result.outcome is Outcome.ACCEPTED and not may_apply:
            result = replace(result, reason="Its file was not open in this window when the job ended.")
            if plain:
                self.background(self._offer(result, again=True), "offer")
        elif result.outcome is Outcome.ACCEPTED:
            if self._progress is not None:
                self._progress.report(self._state.show("applying"))
            applied = await self._apply(result)
            if applied.applied:
                await self._remember(result, applied)
                return replace(result, applied=True)
            result = replace(result, reason=applied.reason)
            if plain:
                self.background(self._offer(result, again=False), "offer")
        elif result.outcome in (Outcome.UNVERIFIED, Outcome.EXHAUSTED) and plain:
            self.background(self._offer(result, again=True), "offer")
        return result

    async def _apply(self, result: JobRecord, *, insist: bool = False) -> Applied:
        offer = self.offer(result)
        if offer is None:
            return Applied(applied=False, reason="There is nothing to apply.")

        def sending() -> None:
            self._sent = True

        applying = self.editor.applier.apply(offer, self.services.editing, insist=insist, sending=sending)
        self._applying = asyncio.create_task(applying)
        try:
            await asyncio.wait({self._applying})
        finally:
            self._applying.cancel()
        if self._applying.cancelled():
            return Applied(applied=False, reason="Cancelled before the edit was made.")
        failure = self._applying.exception()
        if failure is not None:
            logger.error("job %s: its result could not be applied", self.job_id, exc_info=failure)
            return Applied(applied=False, reason="The result could not be applied; the log file has the details.")
        return self._applying.result()

    async def _remember(self, result: JobRecord, applied: Applied) -> None:
        await self.services.jobs.mark_applied(result.job_id)
        offer = self.offer(result)
        if offer is not None:
            self.editor.afterwards.remember(self.services, result.job_id, result.language, offer, applied.change)

    def offer(self, result: JobRecord) -> Offer | None:
        """Return the result as something to apply."""
        return offer_of(result, self.recheck)

    async def _offer(self, result: JobRecord, *, again: bool) -> None:
        """Ask what to do with a result that was not applied. Runs beside everything else."""
        titles = [APPLY_ANYWAY] if again else []
        if self.editor.can_show_documents():
            titles.append(SHOW_REPORT)
        titles.append(DISMISS)
        head = "The code was not applied" if again else "The accepted code was not applied"
        message = f"forge-lsp: {head} ({result.outcome_words}). {result.reason or ''}".strip()
        client, kind = self.editor.protocol, lsp.MessageType.Warning
        try:
            answer = await chosen(client, kind, message, titles, timeout=_OFFER_SECONDS)
        except JsonRpcException:
            self.editor.show_message(lsp.MessageType.Warning, message)  # it can tell, if not ask
            return
        except TimeoutError:
            return
        if answer == APPLY_ANYWAY:
            applied = await self._apply(result, insist=True)
            if applied.applied:
                await self._remember(result, applied)
            else:
                self.editor.show_message(lsp.MessageType.Warning, f"forge-lsp: {applied.reason}")
        elif answer == SHOW_REPORT:
            await self._show_report()

    async def _show_report(self) -> None:
        text = await self.services.jobs.report(self.job_id)
        path = self.services.state_dir / "reports" / f"{self.job_id}.md"
        await asyncio.to_thread(_write_private, path, text)
        params = lsp.ShowDocumentParams(uri=path.as_uri(), external=False, take_focus=True)
        try:
            await self.editor.protocol.request(lsp.WINDOW_SHOW_DOCUMENT, params, timeout=30.0)
        except (JsonRpcException, TimeoutError):
            self.editor.show_message(lsp.MessageType.Info, f"forge-lsp: the report is at {path}")


async def until_done(run: asyncio.Task[JobRecord]) -> None:
    """Hold a job's display; when the session ends first, so does the display."""
    try:
        await asyncio.shield(run)
    except asyncio.CancelledError:
        run.cancel()
        await asyncio.wait({run})
        raise


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
