"""The tools as clients see them: names, words, JSON schemas, and what each does to the user's files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forge_lsp.packaged import packaged

__all__ = ["INSTRUCTIONS", "TOOLS", "USUAL_WAIT", "ToolSpec"]

Schema = dict[str, Any]

USUAL_WAIT = 45
"""Seconds that a call waits before it answers that the work goes on: many clients give up after sixty."""

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
    required: Sequence[str] = ()
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


TOOLS = tuple(ToolSpec(**tool) for tool in json.loads(packaged("mcp/tools.json").read_text("utf-8")))
"""The tools of ``tools.json``."""
