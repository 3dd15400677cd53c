"""One editor's session: from ``initialized``, where everything is built, to ``shutdown``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from forge_lsp.core.errors import ForgeError, SettingsError
from forge_lsp.core.languages import Languages
from forge_lsp.jobs.attendance import Attendance
from forge_lsp.logfile import Log
from forge_lsp.lsp.afterwards import AppliedTracker
from forge_lsp.lsp.apply import Applier, ApplyTimeouts
from forge_lsp.lsp.client_settings import ClientSettings
from forge_lsp.lsp.documents import Documents, path_of
from forge_lsp.lsp.editor_log import EditorLog
from forge_lsp.lsp.finding import JobFinder
from forge_lsp.lsp.progress import WorkDone
from forge_lsp.lsp.protocol import ForgeProtocol, Refusal
from forge_lsp.lsp.questions import KeepableExample, keepable_of
from forge_lsp.lsp.registering import Registrar, change_registrations, covered, registrations
from forge_lsp.lsp.shown import ConnectedEditor, ShownJob
from forge_lsp.lsp.texts import ExactWorkspace
from forge_lsp.lsp.wrong_settings import ShownProblem

if TYPE_CHECKING:
    from forge_lsp.jobs.job import Job
    from forge_lsp.jobs.record import JobRecord
    from forge_lsp.jobs.services import Services

__all__ = ["READY_SECONDS", "Build", "Session"]

logger = logging.getLogger(__name__)

Build: TypeAlias = Callable[[Mapping[str, object] | None, tuple[Path, ...], bool], Awaitable["Services"]]

READY_SECONDS = 60.0
"""How long a command waits until everything is built and settings that have changed are read."""
_PULL_SECONDS = 5.0
_EXAMPLES = 50  # answers that code actions offer to keep
_CLOSE_SECONDS = 1.8  # VS Code waits 2 s for the answer to shutdown
_LOOK_SECONDS = 0.3  # of them, for a document that was saved just before


@dataclass(eq=False)
class Session:
    """Holds what lives as long as the connection. Commands wait in :meth:`ready` until the services are built."""

    protocol: ForgeProtocol
    build: Build
    log: Log
    waits: ApplyTimeouts | None = None
    _: KW_ONLY
    languages: Languages

    def __post_init__(self) -> None:
        self._editor_log: EditorLog | None = None
        self._editor: ConnectedEditor | None = None
        self._services: Services | None = None
        self._failure: ForgeError | None = None
        self._built = asyncio.Event()
        self._configuring = asyncio.Lock()
        self._settings: dict[str, object] = {}
        self._client_settings = ClientSettings(self.protocol, self._ask, self.languages)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lens: bool | None = None
        self._shown_problem = ShownProblem(self.protocol)
        self._registrar = Registrar(self._ask)
        self._closed = False
        self._why = "forge-lsp was stopped"
        self.departed = False
        """Whether the editor has gone, and jobs go on without it."""
        self.attendance = Attendance()
        self.finder = JobFinder(self)
        self.shown: dict[str, ShownJob] = {}
        self.runs: set[asyncio.Task[JobRecord]] = set()
        self.examples: dict[tuple[str, str], KeepableExample] = {}

    @property
    def editor(self) -> ConnectedEditor:
        """The connected editor; there from ``initialize`` on."""
        if self._editor is None:
            capabilities = self.protocol.client_capabilities
            workspace = cast("ExactWorkspace", self.protocol.workspace)
            documents = Documents(workspace, self.languages)
            window = capabilities.window
            options = self._client_settings.options()
            self._editor = ConnectedEditor(
                protocol=self.protocol,
                documents=documents,
                applier=Applier(
                    self.protocol,
                    workspace,
                    documents,
                    capabilities.workspace,
                    self.waits,
                ),
                afterwards=AppliedTracker(documents),
                work_done=WorkDone(self.protocol, creatable=window is not None and bool(window.work_done_progress)),
                job_events=options.get("jobEvents") is True,
                questions=options.get("questions") is True,
                found_jobs=options.get("foundJobs") is True,
            )
        return self._editor

    @property
    def services(self) -> Services | None:
        """The services if they are there already; for what must not wait."""
        return self._services

    @property
    def settled(self) -> Services | None:
        """The services where :meth:`ready` would answer them without waiting for anything."""
        if not self._built.is_set() or self._configuring.locked() or self._problem() is not None:
            return None
        return self._services

    # ------------------------------------------------------------------ start

    async def start(self) -> None:
        """Build everything; the answer to ``initialize`` is out. Ends in services or in a problem that is shown.

        Commands wait for the end of this, so that it must come, whatever fails.
        """
        try:
            self._editor_log = self._editor_log or EditorLog(self.protocol)
            async with self._configuring:
                self._settings = self._client_settings.initial()
                self._settings = await self._client_settings.read()
                await self._construct()
        except Exception as error:
            logger.exception("The session could not be started")
            self._failure = self._failure or _not_started(error)
            self._shown_problem.show(self._problem(), self.editor)
        finally:
            self._built.set()
        self.attendance.connect(self.finder.ask_consent)
        await self._register()
        self.background(self.finder.run(), "earlier jobs")

    async def _construct(self) -> None:
        folders = self.editor.documents.folders
        try:
            self._services = await self.build(self._settings or None, folders, self.trusted)
            self.editor.documents.languages = self._services.languages
            self._failure = None
        except ForgeError as error:
            self._failure = error
        except Exception as error:
            logger.exception("The services could not be built")
            self._failure = _not_started(error)
        if self._services is not None:
            services = self._services
            if self._closed:
                await services.aclose()
                return
            level = self._client_settings.options().get("logLevel") or "info"
            try:
                self.log.open(services.state_dir, str(level))
            except Exception:  # without a log file there is still the editor's own log
                logger.exception("There is no log file in %s", services.state_dir)
            if self.log.path is not None:
                logger.info("All of this is kept in %s", self.log.path)
        self._shown_problem.show(self._problem(), self.editor)
        self._refresh_lens_setting()
        self._register_languages()

    async def _register(self) -> None:
        """Ask to hear of changed settings and files, where the client wants to be asked."""
        languages = self.languages if self._services is None else self._services.languages
        wanted = change_registrations(self.protocol.client_capabilities.workspace, languages)
        if wanted:
            await self._ask(lsp.CLIENT_REGISTER_CAPABILITY, lsp.RegistrationParams(registrations=wanted))

    # ------------------------------------------------------------------ settings

    async def changed(self, settings: object) -> None:
        """Handle ``workspace/didChangeConfiguration``: take the settings from it, or ask for them."""
        async with self._configuring:
            wanted = await self._client_settings.changed(settings)
            if wanted is not None and (wanted != self._settings or self._problem() is not None):
                self._settings = wanted
                await self._reconfigure()

    async def files_changed(self, uris: Sequence[str]) -> None:
        """Take in files that were written, created or deleted: source code, or a ``forge.toml``."""
        paths = [path for uri in uris if (path := path_of(uri)) is not None]
        if self._services is not None:
            self._services.context.changed(paths)
        if any(path.name == "forge.toml" for path in paths):
            async with self._configuring:
                await self._reconfigure()

    async def _reconfigure(self) -> None:
        if self._services is None:
            await self._construct()
            return
        try:
            await self._services.reconfigure(self._settings)
        except SettingsError as error:
            logger.info("The settings are wrong: %s", error)
        self._shown_problem.show(self._problem(), self.editor)
        self._refresh_lens_setting()
        self._register_languages()

    def _problem(self) -> ForgeError | None:
        return self._failure if self._services is None else self._services.problem()

    def _refresh_lens_setting(self) -> None:
        """Have the editor ask for its code lenses again where the settings want other ones than before."""
        wanted = self._services is not None and self._services.lens()
        before, self._lens = self._lens, wanted
        workspace = self.protocol.client_capabilities.workspace
        support = None if workspace is None else workspace.code_lens
        if before not in (None, wanted) and support is not None and support.refresh_support:
            self.background(self._refresh_lenses(), "lenses")

    def _register_languages(self) -> None:
        """Have the editor tell of documents in languages that its own selectors do not have."""
        own = covered(self._client_settings.options().get("languages"))
        client = self.protocol.client_capabilities.text_document
        if self._services is not None and own is not None:
            self.background(self._registrar.update(registrations(self._services.languages, own, client)), "languages")

    async def _refresh_lenses(self) -> None:
        await self._ask(lsp.WORKSPACE_CODE_LENS_REFRESH, None)

    async def _ask(self, method: str, params: object) -> object:
        try:
            return await self.protocol.request(method, params, timeout=_PULL_SECONDS)
        except (JsonRpcException, TimeoutError) as error:
            logger.info("%s was not answered: %s", method, type(error).__name__)
            return None

    # ------------------------------------------------------------------ for commands

    async def ready(self, *, despite_problem: bool = False) -> Services:
        """Return the services, once they are built. Raises a -32803 with the sentence while the settings are wrong, or
        where they have not been read after :data:`READY_SECONDS`.

        With a problem at hand the settings are read once more first: the user may have fixed a file.
        """
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._built.wait()
                if not despite_problem:
                    async with self._configuring:  # a change of settings that came before this command counts for it
                        if self._problem() is not None:
                            await self._reconfigure()
        except TimeoutError:
            what = "read its settings" if self._built.is_set() else "started"
            raise Refusal(
                f"forge-lsp has not {what} after {READY_SECONDS:.0f} s: try again, or restart the server"
            ) from None
        problem = self._problem()
        if self._services is None or (problem is not None and not despite_problem):
            raise Refusal((problem or ForgeError("forge-lsp has not started.")).full_message)
        return self._services

    def background(self, work: Awaitable[None], name: str) -> None:
        """Run something beside the requests, until it ends or the session does."""

        async def guarded() -> None:
            try:
                await work
            except ForgeError as error:
                logger.warning("%s: %s", name, error.full_message)
            except Exception:
                logger.exception("%s failed", name)

        task = asyncio.create_task(guarded(), name=f"forge {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def show(
        self, services: Services, job: Job, title: str, token: lsp.ProgressToken | None
    ) -> asyncio.Task[JobRecord]:
        """Show a job of this process until it has ended and its result is applied or offered."""
        shown = ShownJob(
            job=job,
            uri=job.task.document.uri,
            recheck=job.recheck,
            services=services,
            editor=self.editor,
            title=title,
            token=token,
            background=self.background,
            answered=self.remember_examples,
        )
        return self.showing(shown)

    def showing(self, shown: ShownJob) -> asyncio.Task[JobRecord]:
        """Show a job, within reach of cancels, until it is shown to its end."""
        self.shown[shown.job_id] = shown
        run = asyncio.create_task(shown.run(), name=f"forge shown {shown.job_id}")
        self.runs.add(run)

        def done(_: object) -> None:
            self.shown.pop(shown.job_id, None)
            self.runs.discard(run)

        run.add_done_callback(done)
        return run

    def remember_examples(self, record: JobRecord) -> None:
        """Remember the user's answers in a job: they can become examples."""
        for one in keepable_of(record):
            self.examples[one.job_id, one.question] = one
        while len(self.examples) > _EXAMPLES:
            del self.examples[next(iter(self.examples))]

    def forget_example(self, job_id: str, question: str) -> None:
        """Forget an answer that is an example now."""
        self.examples.pop((job_id, question), None)

    # ------------------------------------------------------------------ documents

    def saved(self, uri: str) -> None:
        """The user saved a document. Returns at once."""
        if self._editor is not None:
            self._editor.afterwards.saved(uri)
        if self._services is not None and (path := path_of(uri)) is not None:
            self._services.context.changed((path,))

    def closed(self, uri: str) -> None:
        """A document was closed in the editor. Returns at once."""
        if self._editor is not None:
            self._editor.afterwards.closed(uri)

    # ------------------------------------------------------------------ end

    @property
    def trusted(self) -> bool:
        """Whether the user trusts the workspace."""
        return self._client_settings.options().get("trusted") is not False

    async def depart(self) -> bool:
        """Part from an editor that goes: release all that is shown in it. False, and nothing is done, where no job
        runs, or none could be found again."""
        if self.departed or self._closed:
            return self.departed
        services = self._services
        if services is None or not services.jobs.running or await services.jobs.ledger.live() is None:
            return False
        self.departed = True
        self.attendance.disconnect()
        for task in (*self.runs, *self._tasks):
            task.cancel()
        if self.runs or self._tasks:
            await asyncio.wait((*self.runs, *self._tasks), timeout=0.3)
        await services.jobs.found.aclose()
        if self._editor is not None:
            await self._editor.afterwards.aclose(_LOOK_SECONDS)
        if self._editor_log is not None:
            self._editor_log.close()
        return True

    async def linger(self, stopped: asyncio.Event) -> None:
        """See the jobs through without an editor; those that are not done when this returns are to be interrupted."""
        assert self._services is not None
        from forge_lsp.jobs.handover import Handover

        jobs = self._services.jobs
        logger.info("The editor has gone; %d jobs go on", len(jobs.running))
        handover = Handover(jobs, self.attendance, self._services.editing, trusted=self.trusted)
        self._why = await handover.run(stopped)
        logger.info("The jobs end: %s", self._why)

    async def aclose(self) -> None:
        """Stop the jobs and everything else, within the time that an editor waits for it. Twice is once."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                if self._editor is not None:
                    await self._editor.afterwards.aclose(_LOOK_SECONDS)
                if self._services is not None:
                    await self._services.jobs.aclose(grace=1.0, reason=self._why)
                for task in tuple(self._tasks):
                    task.cancel()
                if self._tasks:
                    await asyncio.wait(tuple(self._tasks), timeout=0.3)
                if self._services is not None:
                    await self._services.aclose()
        except TimeoutError:
            logger.warning("Closing took longer than %.1f s", _CLOSE_SECONDS)
        except Exception:
            logger.exception("Closing failed")
        finally:
            if self._editor_log is not None:
                self._editor_log.close()


def _not_started(error: Exception) -> ForgeError:
    return ForgeError(f"forge-lsp could not start ({type(error).__name__}: {error}).")
