"""The tools as clients see them: names, words, JSON schemas, and what each does to the user's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["INSTRUCTIONS", "LONGEST_WAIT", "TOOLS", "USUAL_WAIT", "ToolSpec"]

Schema = dict[str, Any]

USUAL_WAIT = 45
"""Seconds that a call waits before it answers that the work goes on: many clients give up after sixty."""
LONGEST_WAIT = 3_600

INSTRUCTIONS = (
    "forge-lsp proves code. After you wrote or changed code, call `check`: it compiles the change in a temporary copy, "
    "runs the project's tests and the examples in the documentation before and after, and says what is proven and what "
    "fails. Only outcome `accepted` means that the evidence is enough. `generate` has a function written by local "
    "models and proven in the same way. Where an answer has state `running`, call `report` with its id."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """One tool. ``writes``: it may change the user's files, and only where that is asked for; ``outside``: it may talk
    to servers of models; ``upfront``: the model should know it without having looked for it."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, Schema]
    output: Schema
    required: tuple[str, ...] = ()
    writes: bool = False
    outside: bool = False
    upfront: bool = False

    @property
    def input_schema(self) -> Schema:
        """The JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": dict(self.arguments),
            "required": list(self.required),
            "additionalProperties": False,
        }


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _number(description: str, least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "default": False, "description": description}


_WAIT = _number(
    f"Seconds to wait for the end; then the answer has state `running`. Usual: {USUAL_WAIT}.", 0, LONGEST_WAIT
)
_FILE = _text("A file inside the workspace, by its path there.")
_FIRST = _number("The first line, from 1. Alone: the definition around it.", 1, 10_000_000)
_LAST = _number("The last line, included.", 1, 10_000_000)
_OUTCOME: Schema = {"type": ["string", "null"]}
_NEXT: Schema = {"type": "string", "description": "What to do now, while it runs."}
_STATE: Schema = {"type": "string", "enum": ["running", "ended", "queued", "interrupted"]}
_PLACE: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": ["string", "null"], "description": "The definition; null: the file as a whole."},
        "lines": {"type": "array", "items": {"type": "integer"}},
        "outcome": {"type": "string", "enum": ["accepted", "unverified", "refused"]},
        "grade": {"type": ["string", "null"], "description": "proven, kept, or null."},
        "reason": {"type": "string"},
        "checks": {"type": "object", "additionalProperties": {"type": "integer"}},
        "failing": {"type": "array", "items": {"type": "object"}},
        "notRun": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["name", "outcome", "reason", "failing"],
}
_JUDGEMENT: Schema = {
    "type": "object",
    "properties": {
        "id": _text("For `report`."),
        "state": _STATE,
        "outcome": {**_OUTCOME, "description": "accepted, unverified or refused; null while it runs."},
        "next": _NEXT,
        "grade": {"type": ["string", "null"]},
        "reason": {"type": ["string", "null"]},
        "against": {"type": "string"},
        "seconds": {"type": "number"},
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "file": {"type": "string"},
                    "compiled": {"type": ["boolean", "null"]},
                    "places": {"type": "array", "items": _PLACE},
                },
                "required": ["file", "compiled", "places"],
            },
        },
        "diagnostics": {"type": "array", "items": {"type": "object"}},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id", "state", "outcome"],
}
_JOB: Schema = {
    "type": "object",
    "properties": {
        "id": _text("The job's id, for `report` and `cancel`."),
        "state": _STATE,
        "outcome": {
            **_OUTCOME,
            "description": "accepted, unverified, exhausted, cancelled, failed; null while it runs.",
        },
        "next": _NEXT,
        "grade": {"type": ["string", "null"]},
        "score": {"type": ["number", "null"]},
        "reason": {"type": ["string", "null"]},
        "cause": _text("consent: the use of a paid or remote model was not allowed."),
        "remedy": _text("What fixes that; the reason ends with it."),
        "command": _text("The command line that does."),
        "diff": {"type": ["string", "null"], "description": "The result against the file as it was."},
        "applied": {"type": "boolean"},
        "checks": {"type": "object", "additionalProperties": {"type": "integer"}},
        "attemptCount": {"type": "integer"},
        "seconds": {"type": "number"},
        "costUsd": {"type": "number"},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id", "state", "outcome"],
}

TOOLS = (
    ToolSpec(
        name="check",
        title="Prove a change",
        description=(
            "Judge code that somebody else wrote, without a model: compile it in a temporary copy of the project, run "
            "the tests and documented examples that speak of it in a sandbox, before and after, and say what is "
            "proven and what fails. Nothing is written. Give `diff` (a unified diff against the files on disk), or "
            "`file` with `code` (and `startLine`/`endLine`, the lines that it replaces), or `file` alone or nothing "
            "(the files on disk against the git revision `against`)."
        ),
        arguments={
            "diff": _text("A unified diff against the files on disk."),
            "file": _FILE,
            "code": _text("What replaces the lines, or the whole file."),
            "startLine": _FIRST,
            "endLine": _LAST,
            "against": _text("A git revision. Usual: HEAD."),
            "trustTests": _flag("Run tests that the change alters as they are now: the user wrote them."),
            "proof": {
                "type": "string",
                "enum": ["proven", "kept", "none"],
                "default": "kept",
                "description": (
                    "What each place needs: proven, a test that failed before; kept, one that still passes; none. "
                    "Usual: kept."
                ),
            },
            "waitSeconds": _WAIT,
        },
        output=_JUDGEMENT,
        upfront=True,
    ),
    ToolSpec(
        name="generate",
        title="Have code written and proven",
        description=(
            "Have local models write a function, compile it, run its tests and review it. The answer is a diff; it is "
            "written to the file only with `apply`, and only if it is accepted. Takes minutes."
        ),
        arguments={
            "file": _FILE,
            "startLine": _FIRST,
            "endLine": _LAST,
            "task": _text("What the code should do, in the user's words."),
            "maxIterations": _number("Attempts at most, 1 to 50.", 1, 50),
            "profile": _text("auto, three-gpu, local, one-gpu, embedded or cloud."),
            "apply": _flag("Write an accepted result into the file."),
            "waitSeconds": _WAIT,
        },
        required=("file",),
        output=_JOB,
        writes=True,
        outside=True,
    ),
    ToolSpec(
        name="report",
        title="What came of a check or a job",
        description="The state and the result of an earlier `check` or `generate`, and what was seen on the way.",
        arguments={
            "id": _text("The id that `check` or `generate` answered."),
            "waitSeconds": {**_WAIT, "description": "Seconds to wait for the end. Usual: 0."},
        },
        required=("id",),
        output={
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "state": _STATE,
                "outcome": _OUTCOME,
                "next": _NEXT,
                "report": {"type": "string"},
            },
            "required": ["id", "state", "outcome"],
        },
    ),
    ToolSpec(
        name="models",
        title="The models that would write",
        description="The models of the user's settings, whether each can be used, and the GPUs.",
        arguments={},
        output={
            "type": "object",
            "properties": {
                "models": {"type": "array", "items": {"type": "object"}},
                "gpus": {"type": "array"},
                "problem": {"type": ["string", "null"]},
            },
            "required": ["models", "problem"],
        },
        outside=True,
    ),
    ToolSpec(
        name="cancel",
        title="Stop a check or a job",
        description="Stop a `check` or `generate` that still runs. Nothing of it is written.",
        arguments={"id": _text("The id that `check` or `generate` answered.")},
        required=("id",),
        output={
            "type": "object",
            "properties": {"id": {"type": "string"}, "cancelled": {"type": "boolean"}},
            "required": ["id", "cancelled"],
        },
    ),
)
