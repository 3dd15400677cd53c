"""The agent that editors talk to: sessions, prompts, permission. The SDK is an extra, loaded in this folder alone."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import acp
from acp import schema

from forge_lsp import __version__
from forge_lsp.acp.client import Client, Conversation
from forge_lsp.acp.prompts import Mention, PromptBlock, read_prompt
from forge_lsp.acp.stages import SessionUpdates
from forge_lsp.core.attempt import Candidate, Outcome
from forge_lsp.core.errors import BadRequest, ConsentRefused, EditConflict, EnvironmentFault, ForgeError
from forge_lsp.core.events import QuestionAsked
from forge_lsp.core.ports import ConsentQuestion, Item, ItemKind
from forge_lsp.core.task import Document, TextRange
from forge_lsp.jobs.asking import GivenAnswer
from forge_lsp.jobs.consent import consent_words
from forge_lsp.jobs.contract import ApplyMode, JobRequest
from forge_lsp.jobs.record import JobRecord
from forge_lsp.jobs.writing import WorkspaceFiles, write_result
from forge_lsp.reading import table_beside

if TYPE_CHECKING:
    from forge_lsp.core.events import JobEvent
    from forge_lsp.core.questions import Question
    from forge_lsp.jobs.job import Job
    from forge_lsp.jobs.services import Services

__all__ = ["ForgeAgent"]


_MODES = [schema.SessionMode(**mode) for mode in table_beside(__file__, "modes.toml")["modes"]]
_HELP = (
    "Mention the place that you want code for: `@file.py:12` (a line), `@file.py:12-20`, `@file.py:name` (a function), "
    "or attach a file or a selection; and say beside it what should be written."
)


class ForgeAgent:
    """One client's agent. Its methods are those of the SDK's ``Agent``; paths outside a session's folder are refused.

    ``allow`` are servers with consent from the command line.
    """

    def __init__(self, services: Services, files: WorkspaceFiles, *, allow: frozenset[str] = frozenset()) -> None:
        self._services = services
        self._files = files
        self._allow = allow
        self._sessions: dict[str, Conversation] = {}
        self._client = Client()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that have not ended."""
        return tuple(one.job for one in self._sessions.values() if one.job is not None and one.job.result is None)

    def left(self) -> None:
        """The client has gone: whatever was asked of it is answered with no."""
        self._client.attended = False
        for session in self._sessions.values():
            for waiting in session.asking:
                waiting.cancel()

    # ------------------------------------------------------------------ the protocol

    def on_connect(self, conn: Any) -> None:
        """The SDK's way to the client."""
        self._client.connection = conn

    async def initialize(
        self, protocol_version: int, client_capabilities: schema.ClientCapabilities | None = None, **_: Any
    ) -> schema.InitializeResponse:
        """Agree on a version, and remember what the client can do."""
        if client_capabilities is not None and client_capabilities.fs is not None:
            self._client.fs = client_capabilities.fs
        return schema.InitializeResponse(
            protocol_version=min(protocol_version, acp.PROTOCOL_VERSION),
            agent_capabilities=schema.AgentCapabilities(
                load_session=False, prompt_capabilities=schema.PromptCapabilities(embedded_context=True)
            ),
            agent_info=schema.Implementation(name="forge-lsp", title="forge-lsp", version=__version__),
        )

    async def authenticate(self, **_: Any) -> None:
        """There is nobody to be: everything runs as the user."""

    async def new_session(self, cwd: str, **_: Any) -> schema.NewSessionResponse:
        """Begin a conversation about one folder."""
        folder = Path(cwd)
        if not folder.is_absolute() or not await asyncio.to_thread(folder.is_dir):
            raise acp.RequestError.invalid_params({"cwd": f"{cwd}: there is no such folder"})
        session = Conversation(id=f"forge-{secrets.token_hex(8)}", folder=await asyncio.to_thread(folder.resolve))
        self._sessions[session.id] = session
        state = schema.SessionModeState(current_mode_id=session.mode, available_modes=_MODES)
        return schema.NewSessionResponse(session_id=session.id, modes=state)

    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> schema.SetSessionModeResponse:
        """Take another profile from the next prompt on."""
        session = self._session(session_id)
        if mode_id not in {mode.id for mode in _MODES}:
            raise acp.RequestError.invalid_params({"modeId": f"no mode {mode_id!r}"})
        session.mode = mode_id
        return schema.SetSessionModeResponse()

    async def cancel(self, session_id: str, **_: Any) -> None:
        """Stop what the session does: the job, and questions that wait for their answer."""
        session = self._sessions.get(session_id)
        if session is None:
            return
        session.cancelled = True
        for waiting in session.asking:
            waiting.cancel()
        if session.job is not None:
            session.job.cancel("cancelled by the user")

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> schema.PromptResponse:
        """Start the job that a prompt asks for, show how it goes, and offer its result. What goes wrong is told."""
        session = self._session(session_id)
        if session.job is not None and session.job.result is None:
            raise acp.RequestError.invalid_request({"reason": "this session has a job that runs; cancel it first"})
        session.cancelled = False
        mention, words = read_prompt(map(_block, prompt), session.folder)
        if mention is None:
            await self._client.send_message(session, _HELP)
            return schema.PromptResponse(stop_reason="end_turn")
        try:
            await self._run(session, mention, words)
        except ForgeError as error:
            await self._client.send_message(session, error.full_message)
        return schema.PromptResponse(stop_reason="cancelled" if session.cancelled else "end_turn")

    # ------------------------------------------------------------------ a job

    async def _run(self, session: Conversation, mention: Mention, words: str) -> None:
        if (problem := self._services.problem()) is not None:
            raise problem
        document, selection = await self._place(session, mention)
        assert document.path is not None
        path = document.path
        home = await asyncio.to_thread(self._files.workspace_of, path)
        request = JobRequest(
            document=document,
            selection=selection,
            ask=lambda question: self._consent(session, question),
            words=words or None,
            workspace=home if home is not None and home.is_relative_to(session.folder) else session.folder,
            profile=None if session.mode == "settings" else session.mode,
            apply=ApplyMode.NONE,
            allow=self._allow,
            attended=lambda: self._client.attended,
            questions=True,
        )
        job = session.job = await self._services.jobs.start(request)
        if session.cancelled:  # while it was being prepared
            job.cancel("cancelled by the user")
        course = SessionUpdates(job.id)
        heard: asyncio.Queue[JobEvent | None] = asyncio.Queue()
        stop = job.listen(heard.put_nowait)

        async def show() -> None:
            while (event := await heard.get()) is not None:
                for update in course.updates(event):
                    await self._client.update(session, update)

        asking: list[asyncio.Task[None]] = []

        def ask(event: JobEvent) -> None:
            if isinstance(event.body, QuestionAsked):
                asking.append(asyncio.create_task(self._question(session, job, event.body.question)))

        stop_asking = job.listen(ask)
        showing = asyncio.create_task(show())
        try:
            result = await job.wait()
        finally:
            stop()
            stop_asking()
            heard.put_nowait(None)
            for task in asking:  # the turn ends with the job, and its question with both
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        if session.cancelled:
            showing.cancel()
            return
        await showing
        for update in course.stopped():
            await self._client.update(session, update)
        await self._offer(session, job, result, path)

    async def _place(self, session: Conversation, mention: Mention) -> tuple[Document, TextRange | None]:
        """The document that is mentioned, as the editor has it, and the place in it. Raises BadRequest."""
        path = await asyncio.to_thread(mention.path.resolve)
        if not path.is_relative_to(session.folder):
            raise BadRequest(f"{mention.path} is not inside {session.folder}", remedy="open a session in its folder")
        language = self._files.language_of(path, None, self._services.languages)
        unsaved = await self._client.unsaved(session, path)
        document = (
            Document(uri=path.as_uri(), language=language, text=unsaved, path=path)
            if unsaved is not None
            else await asyncio.to_thread(self._files.read_document, path, language)
        )
        if mention.name is not None:
            return document, self._named(document, mention.name)
        return document, self._files.selection(document.text, mention.selection)

    def _named(self, document: Document, name: str) -> TextRange:
        last = name.rpartition(".")[2]
        for item in _all(self._services.syntax.outline(document.text, document.language).items):
            if item.name == last and item.kind is not ItemKind.IMPORT:
                at = document.text.find(item.signature, item.range.start) if item.signature else item.range.start
                at = max(at, item.range.start)
                return TextRange(start=at, end=at)
        raise BadRequest(f"{document.path}: no definition is called {name}")

    async def _offer(self, session: Conversation, job: Job, result: JobRecord, path: Path) -> None:
        """Show the result as a diff, and write it where the user allows that."""
        grade = f" ({result.grade.words})" if result.grade is not None else ""
        why = f": {result.reason}" if result.reason else ""
        await self._client.send_message(session, f"{result.outcome_words.capitalize()}{grade}{why}\n")
        candidate = result.candidate
        if candidate is None or result.outcome in (Outcome.CANCELLED, Outcome.FAILED):
            return
        call = f"{job.id}-result"
        diff = acp.tool_diff_content(str(path), candidate.text, job.task.document.text)
        locations = [schema.ToolCallLocation(path=str(path))]
        title = f"Apply to {path.name}"
        await self._client.update(
            session,
            acp.start_tool_call(call, title, kind="edit", status="pending", content=[diff], locations=locations),
        )
        update = schema.ToolCallUpdate(tool_call_id=call, title=title, kind="edit", content=[diff], locations=locations)
        answer = await self._client.permission(
            session, update, (("apply", "Apply", "allow_once"), ("no", "Discard", "reject_once"))
        )
        if answer != "apply":
            await self._client.update(session, acp.update_tool_call(call, status="failed"))
            await self._client.send_message(
                session, f"Nothing was changed. `forge-lsp jobs apply {job.id}` applies it later."
            )
            return
        try:
            await self._write(session, job, candidate, path, accepted=result.outcome is Outcome.ACCEPTED)
        except (EditConflict, EnvironmentFault) as error:
            await self._client.update(session, acp.update_tool_call(call, status="failed"))
            await self._client.send_message(session, f"Nothing was changed: {error.full_message}")
            return
        await self._services.jobs.mark_applied(job.id)
        await self._client.update(session, acp.update_tool_call(call, status="completed"))

    async def _write(
        self, session: Conversation, job: Job, candidate: Candidate, path: Path, *, accepted: bool
    ) -> None:
        async def present() -> str:
            unsaved = await self._client.unsaved(session, path)
            return unsaved if unsaved is not None else await asyncio.to_thread(self._files.present_text, path)

        async def write(text: str) -> None:
            if not await self._client.write(session, path, text):
                await asyncio.to_thread(self._files.write_text, path, text)

        await write_result(job, candidate, self._services.editing, present=present, write=write, accepted=accepted)

    # ------------------------------------------------------------------ the client

    async def _consent(self, session: Conversation, question: ConsentQuestion) -> bool:
        words = consent_words(question, f"code of {session.folder.name}")
        call = schema.ToolCallUpdate(tool_call_id=f"consent-{secrets.token_hex(4)}", title=words, kind="other")
        options = (
            ("yes", "Allow", "allow_always"),
            ("no", "Not now", "reject_once"),
            ("never", "Never", "reject_always"),
        )
        answer = await self._client.permission(session, call, options)
        if answer == "never":
            raise ConsentRefused("the user said never")
        return answer == "yes"

    async def _question(self, session: Conversation, job: Job, question: Question) -> None:
        """Ask what a call should give; the job goes on. Left alone, it is no answer."""
        call = schema.ToolCallUpdate(
            tool_call_id=f"{job.id}-{question.id}",
            title=f"What should `{question.call.strip().splitlines()[-1]}` give?",
            kind="think",
            content=[acp.tool_content(acp.text_block(_question_text(question)))],
        )
        options = tuple((str(number), choice.value, "allow_once") for number, choice in enumerate(question.choices))
        more = (("none", "None of these", "reject_once"), ("unknown", "I can't say", "reject_once"))
        answer = await self._client.permission(session, call, (*options, *more))
        if answer is None:
            return
        given = GivenAnswer(choice=int(answer)) if answer.isdecimal() else GivenAnswer(none=answer == "none")
        with suppress(ForgeError):  # the job has ended, or was cancelled, meanwhile
            await self._services.jobs.answer(job.id, question.id, given, self._services.editing)

    def _session(self, session_id: str) -> Conversation:
        session = self._sessions.get(session_id)
        if session is None:
            raise acp.RequestError.invalid_params({"sessionId": f"no session {session_id!r}"})
        return session


def _question_text(question: Question) -> str:
    lines = [f"```\n{question.call.strip()}\n```"]
    if question.check is not None:
        lines.append(f"One of your checks says {question.expected}, and models agree against it.")
    for choice in question.choices:
        who = ", ".join(choice.models) or "your check"
        lines.append(f"- `{choice.value}`: {who}")
    return "\n".join([*lines, "The job goes on meanwhile."])


def _all(items: Any) -> list[Item]:
    found: list[Item] = []
    for item in items:
        found += [item, *_all(item.children)]
    return found


def _block(block: Any) -> PromptBlock:
    match block:
        case schema.TextContentBlock():
            return PromptBlock(text=block.text)
        case schema.ResourceContentBlock():
            return PromptBlock(uri=block.uri)
        case schema.EmbeddedResourceContentBlock():
            resource = block.resource
            return PromptBlock(uri=resource.uri, text=getattr(resource, "text", None))
        case _:
            return PromptBlock()
