"""The ``forge.*`` commands. Each takes one object; docs/lsp.md shows them all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from forge_lsp.core.codec import to_json
from forge_lsp.core.errors import EditConflict
from forge_lsp.core.task import Document, TextRange
from forge_lsp.jobs.contract import JobRequest
from forge_lsp.jobs.document import outcome_document, question_of
from forge_lsp.jobs.offer import target_text
from forge_lsp.jobs.record import JobRecord
from forge_lsp.lsp.inline import take
from forge_lsp.lsp.messages import plain
from forge_lsp.lsp.offering import apply_offer, offered
from forge_lsp.lsp.protocol import RawJson, RequestDetached
from forge_lsp.lsp.questions import keep_example, show_late_answer
from forge_lsp.lsp.requests import MAX_HISTORY, CommandArguments, GenerateArguments
from forge_lsp.lsp.session import Session
from forge_lsp.lsp.shown import until_done

if TYPE_CHECKING:
    from forge_lsp.jobs.services import Services

__all__ = ["Commands"]


Token = lsp.ProgressToken | None


class Commands:
    """Runs commands for one session."""

    def __init__(self, session: Session, version: str) -> None:
        self._session = session
        self._version = version
        self._table: dict[str, Callable[[CommandArguments, Token], Awaitable[object]]] = {
            "forge.generate": self._generate,
            "forge.follow": self._follow,
            "forge.resume": self._resume,
            "forge.result": self._result,
            "forge.apply": self._apply,
            "forge.taken": self._taken,
            "forge.discard": self._discard,
            "forge.alternatives": self._alternatives,
            "forge.answer": self._answer,
            "forge.keepExample": self._keep_example,
            "forge.cancel": self._cancel,
            "forge.status": self._status,
            "forge.report": self._report,
            "forge.history": self._history,
            "forge.models": self._models,
        }

    async def execute(self, params: lsp.ExecuteCommandParams) -> object:
        """Run one command. Raises BadRequest for wrong arguments, Refusal for what cannot be done."""
        arguments = CommandArguments(params.command, params.arguments)
        return await self._table[params.command](arguments, params.work_done_token)

    def at_once(self, params: lsp.ExecuteCommandParams) -> object | None:
        """Return the result of ``forge.status`` while nothing is in its way, so that it waits for no job; else None."""
        if params.command != "forge.status" or any(params.arguments or ()):
            return None
        services = self._session.settled
        return None if services is None else self._told(services)

    # ------------------------------------------------------------------ generate

    async def _generate(self, arguments: CommandArguments, token: Token) -> object:
        services = await self._session.ready()
        asked = arguments.generate(services.languages)
        job = await services.jobs.start(self._request(asked))
        if asked.follow_up is not None:
            self._session.editor.waiting.forget(asked.follow_up.job_id)
        title = "Fix with ensemble" if asked.diagnostics else "Generate with ensemble"
        return await self._shown(job.id, self._session.show(services, job, title, token), token)

    async def _follow(self, arguments: CommandArguments, token: Token) -> object:
        job_id = arguments.job_id()
        services = await self._session.ready(despite_problem=True)
        return await self._shown(job_id, self._session.finder.show(services, job_id, token), token)

    async def _resume(self, arguments: CommandArguments, token: Token) -> object:
        job_id = arguments.job_id()
        services = await self._session.ready()
        job = await self._session.finder.resumed(services, job_id)
        return await self._shown(job.id, self._session.show(services, job, "Generate with ensemble", token), token)

    async def _shown(self, job_id: str, run: asyncio.Task[JobRecord], token: Token) -> object:
        """Answer a request with the id of the job that is shown, or with its outcome where it has a token."""
        if token is None:
            self._session.background(until_done(run), f"job {job_id}")
            return {"jobId": job_id}
        try:
            return outcome_document(await asyncio.shield(run))
        except asyncio.CancelledError:
            # $/cancelRequest: the token is only good until the request is answered
            if self._session.departed:
                raise RequestDetached(
                    "The job goes on without this editor. The next one of the workspace shows it."
                ) from None
            shown = self._session.shown.get(job_id)
            if shown is not None:
                shown.cancel("cancelled by the user")
                shown.close_progress("cancelled")
            self._session.background(until_done(run), f"job {job_id}")
            raise

    def _request(self, asked: GenerateArguments) -> JobRequest:
        editor = self._session.editor
        document, present = editor.documents.document(asked.uri, asked.language)
        index = editor.documents.index(present)
        selection: TextRange | None = None
        if asked.range is not None:
            shown = index.text_range(asked.range)
            selection = TextRange(start=shown.start + present.hidden, end=shown.end + present.hidden)
        folder = editor.documents.folder_of(document.uri)
        file = _file_name(document, folder)
        return JobRequest(
            document=document,
            selection=selection,
            ask=self._session.attendance.asking(folder),
            words=asked.task,
            workspace=folder,
            buffers=editor.documents.buffers(document.uri, folder),
            diagnostics=tuple(item.located(file, index) for item in asked.diagnostics),
            max_iterations=asked.max_iterations,
            profile=asked.profile,
            apply=asked.apply,
            follow_up=asked.follow_up,
            attended=self._session.attendance,
            returned=self._session.attendance.connected,
            questions=True,
            shown=True,
        )

    # ------------------------------------------------------------------ results

    async def _result(self, arguments: CommandArguments, _: Token) -> object:
        candidate = arguments.text("candidate")
        job_id = arguments.job_id()
        services = await self._session.ready()
        editor = self._session.editor
        offer, kept = await offered(services, editor, job_id, candidate)
        present = editor.documents.present(offer.uri)
        edit: object = None
        version: int | None = None
        if present is not None:
            version = present.version
            try:
                target, _ = target_text(present.text, offer, services.editing)
            except EditConflict:
                pass  # the code is still the user's to take by hand
            else:
                edit = plain(editor.applier.edit(present, target, services.editing), lsp.WorkspaceEdit)
        return {"code": kept.candidate and kept.candidate.code, "edit": edit, "version": version}

    async def _apply(self, arguments: CommandArguments, _: Token) -> object:
        candidate = arguments.text("candidate")
        job_id = arguments.job_id()
        services = await self._session.ready()
        applied = await apply_offer(services, self._session.editor, job_id, candidate)
        return {"jobId": job_id, "applied": applied.applied, "reason": applied.reason}

    async def _taken(self, arguments: CommandArguments, _: Token) -> object:
        job_id = arguments.job_id()
        services = await self._session.ready()
        applied = await take(services, self._session.editor, job_id)
        return {"jobId": job_id, "applied": applied.applied, "reason": applied.reason}

    async def _discard(self, arguments: CommandArguments, _: Token) -> object:
        job_id = arguments.job_id()
        return {"jobId": job_id, "discarded": self._session.editor.waiting.forget(job_id) is not None}

    async def _alternatives(self, arguments: CommandArguments, _: Token) -> object:
        job_id = arguments.job_id()
        services = await self._session.ready()
        return await services.jobs.alternatives(job_id)

    # ------------------------------------------------------------------ questions

    async def _answer(self, arguments: CommandArguments, _: Token) -> object:
        job_id, question, given = arguments.answer()
        services = await self._session.ready()
        asked = await services.jobs.answer(job_id, question, given, services.editing)
        self._session.remember_examples(await services.jobs.record(job_id))
        telling = show_late_answer(asked, job_id, services, self._session.editor)
        self._session.background(telling, f"late answer of {job_id}")
        return {"jobId": job_id, "question": to_json(question_of(asked))}

    async def _keep_example(self, arguments: CommandArguments, _: Token) -> object:
        question = arguments.required("question")
        job_id = arguments.job_id()
        services = await self._session.ready()
        applied = await keep_example(services, self._session.editor, job_id, question)
        if applied.applied:
            self._session.forget_example(job_id, question)
        return {"jobId": job_id, "kept": applied.applied, "reason": applied.reason}

    # ------------------------------------------------------------------ the rest

    async def _cancel(self, arguments: CommandArguments, _: Token) -> object:
        job_id = arguments.text("jobId")
        arguments.done()
        # stopping must work while the settings are wrong
        services = await self._session.ready(despite_problem=True)
        ids = [job_id] if job_id is not None else list(self._session.shown)
        for shown in [self._session.shown[item] for item in ids if item in self._session.shown]:
            shown.cancel()
        return {"cancelled": list(services.jobs.cancel(job_id))}

    async def _status(self, arguments: CommandArguments, _: Token) -> object:
        arguments.done()
        return self._told(await self._session.ready())

    def _told(self, services: Services) -> RawJson:
        return RawJson(services.jobs.status(version=self._version))

    async def _report(self, arguments: CommandArguments, _: Token) -> object:
        job_id = arguments.job_id()
        services = await self._session.ready()
        return await services.jobs.report(job_id)

    async def _history(self, arguments: CommandArguments, _: Token) -> object:
        limit = arguments.number("limit", least=1, most=MAX_HISTORY)
        arguments.done()
        services = await self._session.ready()
        return await services.jobs.history(limit)

    async def _models(self, arguments: CommandArguments, _: Token) -> object:
        arguments.done()
        services = await self._session.ready()
        directory = await services.models()
        return {
            "models": [status.to_json() for status in await directory.statuses()],
            "gpus": await services.gpus(),
        }


def _file_name(document: Document, folder: Path | None) -> str:
    """How diagnostics name the document: relative to the workspace, else by its bare name."""
    if document.path is None:
        return PurePath(document.uri.partition(":")[2]).name or "untitled"
    if folder is not None and document.path.is_relative_to(folder):
        return document.path.relative_to(folder).as_posix()
    return document.path.name
