"""What goes over the wire: the request, and the shapes of the answers for OpenAPI, which jobs/shapes.py has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, cast

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel

from forge_lsp.core.languages import Languages
from forge_lsp.jobs.shapes import Alternatives, JobDocument, JobEntry

__all__ = ["SHAPES", "AnswerBody", "Orchestrate", "Problem", "parse"]

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


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True, hide_input_in_errors=True)


class Orchestrate(_Request):
    """A request for code. Without a file: ``code`` is the whole document, empty for a new one.

    ``profile`` is one of the ready ones; a file of your own is named in the settings, not by a request.
    """

    task: Annotated[str, AfterValidator(_not_blank), Field(min_length=1, description="What the code should do.")]
    language: Annotated[str, AfterValidator(_known), Field(description="An LSP language id.")]
    max_iterations: Annotated[int | None, Field(ge=1, le=50, description="Attempts at most.")] = None
    code: Annotated[str | None, Field(description="The document to start from; the result replaces it.")] = None
    profile: Annotated[Profile | None, Field(description="A ready ensemble in place of the settings'.")] = None


class AnswerBody(_Request):
    """The answer to a question: one of ``choice``, ``value``, ``none`` and ``cantSay``."""

    question: Annotated[str, Field(min_length=1, max_length=40, description="Its id.")]
    choice: Annotated[int | None, Field(ge=0, le=99, description="The place of a choice, from 0.")] = None
    value: Annotated[str | None, Field(min_length=1, max_length=2000, description="A value of your own.")] = None
    none: Annotated[bool, Field(description="None of the choices.")] = False
    cant_say: Annotated[bool, Field(description="You cannot say.")] = False

    @model_validator(mode="after")
    def _one_way(self) -> AnswerBody:
        if (self.choice is not None) + (self.value is not None) + self.none + self.cant_say != 1:
            raise ValueError("one of choice, value, none and cantSay is needed")
        return self


Wanted = TypeVar("Wanted", Orchestrate, AnswerBody)


def parse(kind: type[Wanted], body: bytes, languages: Languages) -> Wanted:
    """Return what a body says, with one of ``languages`` where it names one. Raises RequestValidationError, also for
    JSON that nests too deeply (200 levels)."""
    try:
        return kind.model_validate_json(body, context=languages)
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


@dataclass
class JobList:
    """The newest jobs of all processes first."""

    jobs: list[JobEntry]


class ServerSentEvent(_Shape):
    """One event of a stream: its type, its sequence and, as JSON, itself (docs/events.md)."""

    event: str
    id: str
    data: str


SHAPES: TypeAdapter[object] = TypeAdapter(
    Orchestrate | AnswerBody | JobDocument | JobList | Alternatives | Problem | ServerSentEvent,
    config=_Shape.model_config,
)
"""All that goes over the wire."""
