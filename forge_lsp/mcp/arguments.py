"""The arguments of a tool call, taken one by one: each wrong one is named, with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_lsp.core.errors import BadRequest
from forge_lsp.mcp.schemas import ToolSpec

__all__ = ["LONGEST_TEXT", "ToolArguments"]

LONGEST_TEXT = 4 * 1024 * 1024
"""Characters of the longest text that an argument may be."""


class ToolArguments:
    """What a client sent for a tool, checked against the tool's schema. Raises BadRequest."""

    def __init__(self, tool: ToolSpec, values: Mapping[str, Any] | None) -> None:
        self._tool = tool
        self._values = {key: value for key, value in (values or {}).items() if value is not None}
        unknown = next((key for key in self._values if key not in tool.arguments), None)
        if unknown is not None:
            known = ", ".join(tool.arguments) or "none"
            raise BadRequest(f"{tool.name}: no argument {unknown[:100]!r}; known: {known}")
        missing = next((key for key in tool.required if key not in self._values), None)
        if missing is not None:
            raise BadRequest(f"{tool.name}: {missing} is missing")
        for key, value in self._values.items():
            self._check(key, value, tool.arguments[key])

    def text(self, key: str) -> str | None:
        """A string, None where it was not given."""
        return self._values.get(key)

    def needed(self, key: str) -> str:
        """A string that the schema requires."""
        return str(self._values[key])

    def number(self, key: str) -> int | None:
        """A whole number, None where it was not given."""
        return self._values.get(key)

    def flag(self, key: str) -> bool:
        """A boolean, False where it was not given."""
        return bool(self._values.get(key, False))

    @property
    def lines(self) -> tuple[int, int | None] | None:
        """``startLine`` and ``endLine``; None where neither was given. Raises BadRequest."""
        first, last = self.number("startLine"), self.number("endLine")
        if first is None and last is None:
            return None
        if first is None:
            raise BadRequest(f"{self._tool.name}: endLine needs startLine")
        if last is not None and last < first:
            raise BadRequest(f"{self._tool.name}: endLine {last} is before startLine {first}")
        return first, last

    @property
    def range(self) -> str | None:
        """The same as the command line names them."""
        if self.lines is None:
            return None
        first, last = self.lines
        return str(first) if last is None else f"{first}:{last}"

    def _check(self, key: str, value: object, schema: Mapping[str, Any]) -> None:
        name = f"{self._tool.name}: {key}"
        match schema["type"]:
            case "string":
                if not isinstance(value, str):
                    raise BadRequest(f"{name} is not a string")
                if len(value) > LONGEST_TEXT:
                    raise BadRequest(f"{name} has {len(value)} characters; at most {LONGEST_TEXT} are taken")
                if "enum" in schema and value not in schema["enum"]:
                    raise BadRequest(f"{name}: {value[:100]!r} is not one of {', '.join(schema['enum'])}")
            case "integer":
                if not isinstance(value, int) or isinstance(value, bool):
                    raise BadRequest(f"{name} is not a whole number")
                if not schema["minimum"] <= value <= schema["maximum"]:
                    raise BadRequest(f"{name}: {value} is not from {schema['minimum']} to {schema['maximum']}")
            case _:
                if not isinstance(value, bool):
                    raise BadRequest(f"{name} is not true or false")
