"""What the tools do, whatever protocol asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.changes import judging, rendering
from forge_lsp.changes.patch import inside
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.checks import Grade
from forge_lsp.core.codec import projected
from forge_lsp.core.errors import BadRequest, EditConflict, EnvironmentFault, ForgeError, JobUnknown
from forge_lsp.core.events import (
    AttemptFinished,
    AttemptStarted,
    JobEvent,
    QuestionAsked,
    StageFinished,
    StageStarted,
)
from forge_lsp.jobs.contract import ApplyMode, JobRequest
from forge_lsp.jobs.document import outcome_document
from forge_lsp.jobs.record import JobState
from forge_lsp.jobs.writing import WorkspaceFiles, write_result
from forge_lsp.mcp.changes import AskedChanges
from forge_lsp.mcp.kept import JudgementStore
from forge_lsp.mcp.work import ToolAnswer, Work, WorkRegistry

if TYPE_CHECKING:
    from forge_lsp.core.ports import ConsentQuestion
    from forge_lsp.core.questions import Question
    from forge_lsp.jobs.job import Job
    from forge_lsp.jobs.services import Services
    from forge_lsp.mcp.arguments import ToolArguments

__all__ = ["GRACE", "WorkspaceTools"]

GRACE = 600.0
"""Seconds that work goes on without its client."""
_LOOK = 0.5  # seconds between two looks at what another process does


@dataclass(slots=True)
class WorkspaceTools:
    """The tools for one workspace. Paths outside of it are refused; ``allow`` are servers with consent."""

    services: Services
    workspace: Path
    files: WorkspaceFiles
    allow: frozenset[str] = frozenset()
    works: WorkRegistry = field(default_factory=WorkRegistry)
    attended: bool = True
    """Whether the client is still there."""

    # ------------------------------------------------------------------ check

    async def check(self, arguments: ToolArguments) -> Work:
        """Begin to judge a change. Raises BadRequest and SettingsError before anything runs."""
        services = self.services
        asked = AskedChanges(services=services, files=self.files, root=self._root(), home=self._home)
        changes, against = await asked.read(arguments)
        proof = arguments.text("proof") or "kept"
        work = Work(self.works.new_id())

        async def run() -> ToolAnswer:
            judgement = await judging.judge(
                changes,
                projected(judging.JudgingTools, services),
                against=against,
                trust_tests=arguments.flag("trustTests"),
                least=None if proof == "none" else Grade(proof),
                watch=work.report,
            )
            document = {"id": work.id, "state": "ended", **rendering.document_of(judgement)}
            answer = ToolAnswer(document=document, text="\n".join(line for _, line in rendering.lines_of(judgement)))
            await asyncio.to_thread(self._kept.put, work.id, answer)
            return answer

        work.start(run())
        self.works.add(work)
        return work

    # ------------------------------------------------------------------ generate

    async def generate(self, arguments: ToolArguments, *, questions: bool = False) -> Work:
        """Begin a job. ``questions``: the client can ask its user.

        Raises BadRequest, SettingsError and EnvironmentFault before there is one.
        """
        if (problem := self.services.problem()) is not None:
            raise problem
        root = self._root()
        path = await asyncio.to_thread(inside, root, arguments.needed("file"))
        document = await asyncio.to_thread(
            lambda: self.files.read_document(path, self.files.language_of(path, None, self.services.languages))
        )
        asker = _Asker()
        request = JobRequest(
            document=document,
            selection=self.files.selection(document.text, arguments.range),
            ask=asker,
            words=arguments.text("task"),
            workspace=await asyncio.to_thread(self._home, path),
            max_iterations=arguments.number("maxIterations"),
            profile=arguments.text("profile"),
            apply=ApplyMode.NONE,
            allow=self.allow,
            attended=lambda: self.attended,
            questions=questions,
        )
        job = await self.services.jobs.start(request)
        work = asker.work = Work(job.id, on_cancel=lambda: job.cancel("cancelled by the client"))
        work.start(self._asking(work, job, self._job(work, job, path, apply=arguments.flag("apply"))))
        job.listen(lambda event: _heard(work, event))
        self.works.add(work)
        return work

    async def _asking(self, work: Work, job: Job, doing: Coroutine[object, object, ToolAnswer]) -> ToolAnswer:
        """See to the questions of a job while it runs, then return what ``doing`` answers."""
        asking: list[asyncio.Task[None]] = []

        async def ask(question: Question) -> None:
            given = await work.wonder(question)
            if given is not None:
                with suppress(ForgeError):  # the job has ended, or was cancelled, meanwhile
                    await self.services.jobs.answer(job.id, question.id, given, self.services.editing)

        def heard(event: JobEvent) -> None:
            if isinstance(event.body, QuestionAsked):
                asking.append(asyncio.create_task(ask(event.body.question)))

        stop = job.listen(heard)
        try:
            return await doing
        finally:
            stop()
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _job(self, work: Work, job: Job, path: Path, *, apply: bool) -> ToolAnswer:
        """See a job through, and write its result where that was asked for and it is accepted."""
        result = await job.wait()
        applied = False
        if apply and not self.attended:
            work.notes.append(f"nothing was written: the client has gone; forge-lsp jobs apply {job.id} writes it")
        elif apply and result.outcome is Outcome.ACCEPTED:
            try:
                assert result.candidate is not None, "an accepted job has one"
                await write_result(
                    job,
                    result.candidate,
                    self.services.editing,
                    present=lambda: asyncio.to_thread(self.files.present_text, path),
                    write=lambda text: asyncio.to_thread(self.files.write_text, path, text),
                )
                await self.services.jobs.mark_applied(job.id)
                applied = True
            except (EditConflict, EnvironmentFault) as error:
                work.notes.append(f"nothing was written: {error.full_message}")
        elif apply:
            work.notes.append("nothing was written: only an accepted result is")
        before = job.task.document.text
        name = path.relative_to(self._root()).as_posix()
        diff = self.files.unified(before, result.candidate.text, name) if result.candidate is not None else None
        document = {
            "id": job.id,
            "state": "ended",
            **{key: value for key, value in outcome_document(result).items() if key not in ("jobId", "applyMode")},
            "applied": applied,
            "diff": diff,
            "notes": list(work.notes),
        }
        head = f"{result.outcome_words}{f': {result.reason}' if result.reason else ''}"
        return ToolAnswer(document=document, text="\n".join(part for part in (head, *work.notes, diff) if part))

    # ------------------------------------------------------------------ without the client

    async def left(self, let_go: Callable[[], None]) -> None:
        """The client has gone: its questions are answered with no, and its work goes on for at most
        :data:`GRACE` seconds. ``let_go`` is called first where there is any."""
        self.attended = False
        running = self.works.running
        if not running:
            return
        let_go()
        for work in running:
            work.refuse()
        await asyncio.wait([asyncio.create_task(work.over()) for work in running], timeout=GRACE)

    @property
    def _kept(self) -> JudgementStore:
        return JudgementStore(self.services.state_dir / "checks")

    # ------------------------------------------------------------------ the others

    async def elsewhere(self, id_: str, seconds: float) -> None:
        """Wait for the end of what another server does, which tells of nothing but its end."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while (left := deadline - clock()) > 0:
            if id_.startswith("check-"):
                if await asyncio.to_thread(self._kept.get, id_) is not None:
                    return
            elif (await self.services.jobs.record(id_)).state not in (JobState.QUEUED, JobState.RUNNING):
                return
            await asyncio.sleep(min(_LOOK, left))

    async def report(self, id_: str) -> ToolAnswer:
        """What came of earlier work, or how far it is. Raises JobUnknown."""
        work = self.works.get(id_)
        if work is not None and not work.ended:
            return self.running(work)
        if work is not None and id_.startswith("check-"):
            answer = work.result()
            return ToolAnswer(document={**answer.document, "report": answer.text}, text=answer.text)
        if work is None and (kept := await asyncio.to_thread(self._kept.get, id_)) is not None:
            return ToolAnswer(document={**kept.document, "report": kept.text}, text=kept.text)
        if work is None and id_.startswith("check-"):
            raise JobUnknown(f"no check that has ended has the id {id_[:100]!r}", remedy="call check again")
        jobs = self.services.jobs
        document, words = await jobs.document(id_), await jobs.report(id_)
        ended = dict(work.result().document) if work is not None else {}
        shown = {key: document[key] for key in ("state", "outcome", "grade", "score", "reason", "code", "attempts")}
        return ToolAnswer(document={**shown, **ended, "id": id_, "report": words}, text=words)

    def running(self, work: Work) -> ToolAnswer:
        """That work has not ended yet. Many agents show their model the document alone: it says what to do, too."""
        latest = work.words[-1] if work.words else "it has begun"
        then = f'Call report with id "{work.id}" and waitSeconds 45.'
        document = {
            "id": work.id,
            "state": "running",
            "outcome": None,
            "next": then,
            "reason": latest,
            "notes": list(work.notes),
        }
        return ToolAnswer(document=document, text=f"It still runs ({latest}). {then}")

    async def models(self) -> ToolAnswer:
        """The models of the settings. Where there is none, that is the answer, and no error."""
        try:
            statuses = await (await self.services.models()).statuses()
        except ForgeError as error:
            return ToolAnswer(
                document={"models": [], "gpus": [], "problem": error.full_message}, text=error.full_message
            )
        gpus = await self.services.gpus()
        rows = [status.to_json() for status in statuses]
        lines = [f"{one.info.key}: {one.info.name}" + (f" ({one.problem})" if one.problem else "") for one in statuses]
        document = {"models": rows, "gpus": gpus, "problem": None}
        return ToolAnswer(document=document, text="\n".join(lines) or "no model is set up")

    def cancel(self, id_: str) -> ToolAnswer:
        """Stop work. Raises JobUnknown for an id that is not known here."""
        work = self.works.get(id_)
        if work is None:
            self.services.jobs.job(id_)  # raises in words
        stopped = work is not None and work.cancel()
        text = f"{id_} is being stopped" if stopped else f"{id_} had ended"
        return ToolAnswer(document={"id": id_, "cancelled": stopped}, text=text)

    def _root(self) -> Path:
        """The workspace. Raises BadRequest where it is no project's folder."""
        root = self.workspace.resolve()
        if root in (Path.home().resolve(), Path(root.anchor)):
            raise BadRequest(
                f"the server was started in {root}, which is no project",
                remedy="start it in the project's folder, or with --workspace FOLDER",
            )
        return root

    def _home(self, path: Path) -> Path | None:
        """The project that a file of the workspace belongs to; never one around the workspace."""
        root = self.workspace.resolve()
        found = self.files.workspace_of(path)
        return found if found is not None and found.is_relative_to(root) else root


class _Asker:
    """Asks for consent by the work, which there is only once the job was begun."""

    work: Work | None = None

    async def __call__(self, question: ConsentQuestion) -> bool:
        return await self.work.ask(question) if self.work is not None else False


def _heard(work: Work, event: JobEvent) -> None:
    """Say in words how a job goes."""
    match event.body:
        case AttemptStarted() as body:
            work.report(f"attempt {body.number}/{body.attempts}: {body.generator} writes")
        case StageStarted() as body:
            work.report(f"attempt {body.number}: {body.stage}{f' ({body.detail})' if body.detail else ''}")
        case StageFinished() as body if body.detail:
            work.report(f"attempt {body.number}: {body.stage}: {body.detail}")
        case AttemptFinished() as body:
            work.report(f"attempt {body.number}: {body.decided}: {body.reason}")
        case _:
            pass
