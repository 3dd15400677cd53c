"""What the front ends say to the jobs, and what they get back. Values only; the work is in manager.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from forge_lsp.core.attempt import BuildReport, Diagnostic, Evidence
from forge_lsp.core.events import Emit
from forge_lsp.core.ports import Ask
from forge_lsp.core.task import Document, Task, TextRange

if TYPE_CHECKING:
    from forge_lsp.ensemble.ending import Conclusion
    from forge_lsp.jobs.asking import PendingQuestions
    from forge_lsp.jobs.budget import JobSpending
    from forge_lsp.jobs.record import JobRecord

__all__ = ["ApplyMode", "Earlier", "FollowUp", "JobRequest", "Prepare", "PreparedJob", "Recheck"]


class ApplyMode(StrEnum):
    """What happens to an accepted result: it is applied, shown for the user to apply, or only kept."""

    EDIT = "edit"
    PREVIEW = "preview"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """Go on from an earlier job's result with the user's words as the first insight."""

    job_id: str
    feedback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One request for code, as a front end understood it.

    ``selection`` None means the whole file. ``words`` are the user's, None where they gave none.
    ``max_iterations``, ``profile`` and ``apply`` None mean the settings'. ``allow`` names servers that the user has
    consented to on the command line; ``ask`` puts a consent question to the user. ``attended`` says whether whoever
    asked is still there: without, no paid call is begun; it waits for ``returned``, and is refused where that is None.
    ``questions``: somebody can be asked what a call should give. ``shown``: an editor shows how the job ends; where it
    goes before that, the next one does. ``resumed`` is an interrupted job of the same document to go on with.
    """

    document: Document
    selection: TextRange | None
    ask: Ask
    words: str | None = None
    workspace: Path | None = None
    buffers: tuple[Document, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    max_iterations: int | None = None
    profile: str | None = None
    apply: ApplyMode | None = None
    follow_up: FollowUp | None = None
    allow: frozenset[str] = frozenset()
    attended: Callable[[], bool] = lambda: True
    returned: Callable[[], Awaitable[None]] | None = None
    questions: bool = False
    shown: bool = False
    resumed: JobRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What checking a merged text showed: only ``clean`` may be applied without asking."""

    build: BuildReport
    evidence: Evidence
    clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedJob:
    """A job ready to run: made by :mod:`forge_lsp.app` from a request and its workspace's settings.

    ``run`` runs the ensemble; ``spending`` is the job's purse, made for ``job_id``. ``recheck`` checks another
    text of the document in the place of the candidate's. ``apply`` is the mode after the settings had their say.
    ``profile`` names the profile and why it was taken, for the report. ``toys`` are settings keys of models whose
    scores mean nothing. ``deadline`` (seconds) ends a job as failed that did not end by itself. ``aclose`` is called
    when the job manager drops the job, which is after its end: a recheck may come until then. ``questions`` is where
    answers to the job's questions are left; None: it asks nothing. ``accept_score`` is the panel's score that the
    settings ask for.
    """

    task: Task
    attempts: int
    apply: ApplyMode
    profile: str
    run: Callable[[Emit], Awaitable[Conclusion]]
    recheck: Callable[[str], Awaitable[Recheck]]
    spending: JobSpending
    aclose: Callable[[], Awaitable[None]] | None = None
    toys: tuple[str, ...] = ()
    deadline: float | None = None
    questions: PendingQuestions | None = None
    accept_score: float | None = None


Earlier: TypeAlias = "Callable[[str], Awaitable[JobRecord]]"
"""Answers an earlier job by its id. Raises JobUnknown."""
Prepare: TypeAlias = Callable[[JobRequest, str, Earlier], Awaitable[PreparedJob]]
"""Makes a request ready under the id of its job. Raises BadRequest, SettingsError, EnvironmentFault."""
