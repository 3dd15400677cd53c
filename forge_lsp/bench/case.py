"""What is run: a case is one function to be written, with tests that the job sees and tests that it does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Ask, Editing, Scoping, Syntax, Toolchain
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.jobs.contract import JobRequest

if TYPE_CHECKING:
    from forge_lsp.jobs.preparing import Setup

__all__ = ["Case", "CaseTools", "Judge", "ReadyCase", "Unrunnable", "is_right", "no_code"]

Judge = Callable[[Candidate], Awaitable[bool | None]]
"""Whether a candidate passes the hidden tests; None: they could not decide."""

_UNDECIDED = frozenset({CheckStatus.NOT_RUNNABLE, CheckStatus.FLAKY})


class Unrunnable(Exception):
    """A case cannot be run. ``str(error)`` says why, in words for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyCase:
    """A case with its files in place: the ``request`` of its job, and who judges the job's candidates."""

    request: JobRequest
    judge: Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTools:
    """What cases are made ready with.

    ``setup`` answers what the settings of a folder come to under the profile asked for; ``allow`` names servers that
    the user has consented to; ``max_iterations`` None means the settings' number of attempts.
    """

    languages: Languages
    syntax: Syntax
    scoping: Scoping
    editing: Editing
    setup: Callable[[Path | None, str | None], Awaitable[Setup]]
    ask: Ask
    profile: str | None = None
    allow: frozenset[str] = frozenset()
    max_iterations: int | None = None

    async def toolchain(self, workspace: Path, language: Language) -> Toolchain:
        """Return what checks a language. Raises Unrunnable where nothing does."""
        found = (await self.setup(workspace, self.profile)).toolchains.get(language)
        if found is None:
            raise Unrunnable(f"there is no check for {language} here")
        return found

    def request(self, document: Document, at: int, workspace: Path, buffers: tuple[Document, ...] = ()) -> JobRequest:
        """Return the request of a job for the definition around the offset ``at``."""
        return JobRequest(
            document=document,
            selection=TextRange(start=at, end=at),
            ask=self.ask,
            workspace=workspace,
            buffers=buffers,
            max_iterations=self.max_iterations,
            profile=self.profile,
            allow=self.allow,
        )

    def task(self, document: Document, at: int, workspace: Path, buffers: tuple[Document, ...] = ()) -> Task:
        """Return the task of that request."""
        scope = self.scoping.scope(document, TextRange(start=at, end=at))
        words = self.scoping.instruction(document, scope, None, ())
        return Task(document=document, scope=scope, instruction=words, workspace=workspace, buffers=buffers)


class Case(Protocol):
    """One function to be written.

    ``id`` names it for people and in the kept results, ``fingerprint`` changes with its texts. ``shared``: whether a
    language's cases all need the same tools, so that one obstacle is that of all.
    """

    @property
    def id(self) -> str: ...
    @property
    def language(self) -> Language: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def shared(self) -> bool: ...

    async def obstacle(self, tools: CaseTools) -> str | None:
        """Return what keeps the tests of this case from being run on this machine, with the remedy; None: nothing."""
        ...

    def opened(self, tools: CaseTools) -> AbstractAsyncContextManager[ReadyCase]:
        """Put the files in place, and remove them afterwards. Raises Unrunnable."""
        ...


def is_right(evidence: Evidence, wanted: frozenset[str] | None = None) -> bool | None:
    """Return whether a candidate passes the hidden tests, by what running them showed.

    ``wanted`` are the ids of the tests that must be proofs; None: at least one, and none may be left open. None where
    the tests could not decide.
    """
    if evidence.against:
        return False
    if evidence.blocked is not None or evidence.doubt is not None:
        return None
    tests = [result for result in evidence.results if result.kind is CheckKind.TEST]
    proofs = {result.id for result in tests if result.status is CheckStatus.PROOF}
    open_ = {result.id for result in tests if result.status in _UNDECIDED}
    if wanted is None:
        return True if proofs and not open_ else None
    missing = wanted - proofs
    if not missing:
        return True
    return None if missing <= open_ else False


def no_code(text: str) -> Candidate:
    """Return a candidate that leaves a text as it is."""
    return Candidate(code="", text=text, model="", attempt=0)
