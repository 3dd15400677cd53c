"""The tools as clients see them: names, words, JSON schemas, and what each does to the user's files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forge_lsp.reading import text_beside

__all__ = ["INSTRUCTIONS", "TOOLS", "USUAL_WAIT", "ToolSpec"]

Schema = dict[str, Any]

USUAL_WAIT = 45
"""Seconds that a call waits before it answers that the work goes on: many clients give up after sixty."""

INSTRUCTIONS = text_beside(__file__, "instructions.txt").strip()
"""What agents are told of the server as a whole."""


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


TOOLS = tuple(ToolSpec(**tool) for tool in json.loads(text_beside(__file__, "tools.json")))
"""The tools of ``tools.json``."""
