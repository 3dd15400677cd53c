"""What goes over the wire: the request, and the shapes of the answers for OpenAPI. The answers themselves are made by
jobs/document.py and jobs/rows.py; a test holds both together."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic.alias_generators import to_camel

from forge_lsp.core.languages import Languages

__all__ = ["SHAPES", "JobDocument", "JobList", "Orchestrate", "Problem", "parse"]

Profile = Literal["auto", "three-gpu", "local", "one-gpu", "embedded", "cloud", "custom"]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("say what the code should do")
    return text


def _known(id_: str, info: ValidationInfo) -> str:
    languages = cast("Languages", info.context)
    if languages.get(id_) is None:
        raise ValueError(f"not one of {', '.join(languages.ids)}")
    return id_


class Orchestrate(BaseModel):
    """A request for code. Without a file: ``code`` is the whole document, empty for a new one.

    ``profile`` is one of the ready ones; a file of your own is named in the settings, not by a request.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True, hide_input_in_errors=True)

    task: Annotated[str, AfterValidator(_not_blank), Field(min_length=1, description="What the code should do.")]
    language: Annotated[str, AfterValidator(_known), Field(description="An LSP language id.")]
    max_iterations: Annotated[int | None, Field(ge=1, le=50, description="Attempts at most.")] = None
    code: Annotated[str | None, Field(description="The document to start from; the result replaces it.")] = None
    profile: Annotated[Profile | None, Field(description="A ready ensemble in place of the settings'.")] = None


def parse(body: bytes, languages: Languages) -> Orchestrate:
    """Return what a body asks for, in one of ``languages``. Raises RequestValidationError, also for JSON that nests too
    deeply (200 levels)."""
    try:
        return Orchestrate.model_validate_json(body, context=languages)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True)


class Problem(_Shape):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None


class Diagnostic(_Shape):
    """A finding of a check; lines count from 1."""

    file: str
    line: int
    severity: str
    code: str | None
    message: str


class Evidence(_Shape):
    """Examples and tests that were run."""

    kinds: list[str]
    passed: int
    failed: int
    disputed: int
    not_runnable: int
    agreement: float | None


class Checks(_Shape):
    """How many checks have each status."""

    proof: int
    kept: int
    owed: int
    failed: int
    disputed: int
    unrelated: int
    not_runnable: int
    flaky: int


class Issue(_Shape):
    """What a reviewer found."""

    severity: str
    line: int | None
    message: str


class Review(_Shape):
    """One member's vote; an abstention has its reason in ``abstained``."""

    model: str
    aspect: str
    weight: float
    score: float | None
    abstained: str | None
    issues: list[Issue]


_Grade = Literal["reviewed", "supported", "kept", "proven"]


class Attempt(_Shape):
    """One attempt."""

    number: int
    strategy: str
    thinkers: list[str]
    generator: str
    samples: int
    compiled: bool | None
    diagnostics: list[Diagnostic]
    evidence: Evidence
    checks: Checks
    grade: _Grade | None
    panel: str | None
    reviews: list[Review]
    score: float | None
    decision: Literal["accept", "retry", "give_up", "skip"] | None
    insights: list[str]
    skipped: str | None
    seconds: float
    cost_usd: float


_State = Literal["queued", "running", "ended", "interrupted"]
_Outcome = Literal["accepted", "unverified", "exhausted", "cancelled", "failed"]


class JobDocument(_Shape):
    """A whole job. ``outcome`` is null until it ended; ``code`` replaces the document."""

    job_id: str
    state: _State
    outcome: _Outcome | None
    task: str
    language: str
    uri: str
    created: str
    score: float | None
    grade: _Grade | None
    code: str | None
    reason: str | None
    seconds: float
    cost_usd: float
    attempts: list[Attempt]


class JobEntry(_Shape):
    """A job in short."""

    job_id: str
    state: _State
    outcome: _Outcome | None
    created: str
    task: str
    language: str
    uri: str
    workspace: str | None
    score: float | None
    grade: _Grade | None
    attempt_count: int | None
    seconds: float | None
    cost_usd: float
    apply_mode: Literal["edit", "preview", "none"]
    applied: bool
    reason: str | None


class JobList(_Shape):
    """The newest jobs of all processes first."""

    jobs: list[JobEntry]


class Difference(_Shape):
    """A call that a candidate answers otherwise than the first one does."""

    call: str
    answer: str
    first: str


class Alternative(_Shape):
    """One candidate that compiled. ``candidate`` names it within its job; ``result``: it is what the job offers;
    ``alike`` are the ids of others with the same code."""

    candidate: str
    attempt: int
    model: str
    compiled: bool | None
    grade: _Grade | None
    checks: Checks
    score: float | None
    result: bool
    alike: list[str]
    code: str
    differences: list[Difference]


class Alternatives(_Shape):
    """Every candidate of a job that compiled, the best first."""

    job_id: str
    uri: str
    alternatives: list[Alternative]


class ServerSentEvent(_Shape):
    """One event of a stream: its type, its sequence and, as JSON, itself (docs/events.md)."""

    event: str
    id: str
    data: str


SHAPES: tuple[type[BaseModel], ...] = (
    Orchestrate,
    JobDocument,
    JobList,
    Alternatives,
    Problem,
    ServerSentEvent,
)
