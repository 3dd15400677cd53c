"""What models say of calls: their schemas, and how their answers are read, as JSON or in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from forge_lsp.core.task import Scope
from forge_lsp.ensemble.answers import Unusable, json_object, unwrapped
from forge_lsp.ensemble.merit import closed
from forge_lsp.ensemble.values import written
from forge_lsp.ensemble.words import without_thinking

__all__ = [
    "MOST_CALLS",
    "MOST_EXAMPLES",
    "calls_schema",
    "examples_schema",
    "parse_calls",
    "parse_examples",
    "speaks_of",
    "stated_calls",
    "stated_examples",
]

MOST_EXAMPLES = 8
MOST_CALLS = 6
_LONGEST_CALL = 600  # characters
_LONGEST_VALUE = 400
_START = re.compile(r"(?<![\w.'\"])[A-Za-z_][\w.:]*\(")
_FURTHER = re.compile(r"(?:\[|\(|\.[A-Za-z_]\w*)")
_BETWEEN = re.compile(
    r"\s*`?\s*(?:={2,3}|-{1,2}>|=>|[→➞⇒⟶]|//\s*(?:=>)?|\#\s*(?:=>|->)?|="
    r"|(?:returns?|gives?|yields?|should (?:be|return|equal))\b)\s*`?"
)
_RAISES = re.compile(r"\s*`?\s+(?:raises?|throws?)\s+(?:an?\s+)?`?([A-Z]\w*)")
_VALUE_NAMES = ("value", "expected", "result", "output", "returns")


def examples_schema() -> Mapping[str, object]:
    """Return the bounded JSON schema of an author's examples."""
    example = {
        "type": "object",
        "properties": {
            "call": {"type": "string", "maxLength": _LONGEST_CALL},
            "value": {"type": "string", "maxLength": _LONGEST_VALUE},
        },
        "required": ["call", "value"],
        "additionalProperties": False,
    }
    return _listed("examples", example, MOST_EXAMPLES)


def calls_schema() -> Mapping[str, object]:
    """Return the bounded JSON schema of calls that may tell two candidates apart."""
    return _listed("calls", {"type": "string", "maxLength": _LONGEST_CALL}, MOST_CALLS)


def parse_examples(text: str, *, cut: bool = False) -> tuple[tuple[str, str], ...]:
    """Read calls and values out of an answer. Entries that say nothing usable are left out. Raises Unusable where
    nothing is left. ``cut``: the length limit ended the answer."""
    found: dict[str, str] = {}
    for entry in _entries(text, "examples", cut=cut):
        if not isinstance(entry, dict):
            continue
        fields = {name.lower(): value for name, value in cast("dict[str, object]", entry).items()}
        call = _call(fields.get("call", fields.get("input")))
        named = [fields[name] for name in _VALUE_NAMES if name in fields]
        value = written(named[0]) if named else None
        if call is not None and value is not None and len(value) <= _LONGEST_VALUE:
            found.setdefault(call, value)
    if not found:
        raise Unusable('no entry of "examples" has a call and a value')
    return tuple(found.items())[:MOST_EXAMPLES]


def stated_examples(text: str) -> tuple[tuple[str, str], ...] | None:
    """Read lines such as ``f(2) == 4``, ``f(2) -> 4``, ``assert f(2) == 4`` and ``>>> f(2)`` with a value below; None
    where there are none."""
    found: dict[str, str] = {}
    lines = without_thinking(text).splitlines()
    for number, line in enumerate(lines):
        if line.lstrip().startswith(">>> ") and "==" not in line:
            call = _call(line.lstrip().removeprefix(">>> "))
            below = lines[number + 1].strip() if number + 1 < len(lines) else ""
            value = written(below) if below and not below.startswith((">>>", "```", "...")) else None
        else:
            call, value = _said(line)
        if call is not None and value is not None and len(value) <= _LONGEST_VALUE:
            found.setdefault(call, value)
    return tuple(found.items())[:MOST_EXAMPLES] or None


def parse_calls(text: str, *, cut: bool = False) -> tuple[str, ...]:
    """Read calls out of an answer. Raises Unusable where there are none. ``cut``: the length limit ended the answer."""
    calls = (_call(entry) for entry in _entries(text, "calls", cut=cut))
    found = tuple(dict.fromkeys(call for call in calls if call is not None))
    if not found:
        raise Unusable('"calls" holds no call')
    return found[:MOST_CALLS]


def stated_calls(text: str) -> tuple[str, ...] | None:
    """Read lines that are calls and nothing else, marks of lists and code left out; None where there are none."""
    found: dict[str, None] = {}
    for line in without_thinking(text).splitlines():
        bare = re.sub(r"^\s*(?:[-*+>]+|\d+[.)])\s*", "", line).strip().strip("`").rstrip(";")
        start = _START.match(bare)
        if start is not None and _end(bare, start.end() - 1) == len(bare):
            found.setdefault(bare)
    return tuple(found)[:MOST_CALLS] or None


def speaks_of(call: str, scope: Scope) -> bool:
    """Return whether a call names the scope, or what encloses it; case and underscores count for nothing."""
    names = [scope.name, scope.container.rpartition(".")[2] if scope.container else None]
    folded = re.sub(r"[^a-z0-9]+", " ", call.lower().replace("_", "")).split()
    return any(name is not None and name.lower().replace("_", "") in folded for name in names)


def _listed(name: str, items: Mapping[str, object], most: int) -> Mapping[str, object]:
    return {
        "type": "object",
        "properties": {name: {"type": "array", "maxItems": most, "items": items}},
        "required": [name],
        "additionalProperties": False,
    }


def _entries(text: str, name: str, *, cut: bool) -> Iterable[object]:
    entries = unwrapped(json_object(text, cut=cut), name).get(name)
    if not isinstance(entries, list):
        raise Unusable(f'"{name}" is not a list')
    return cast("Sequence[object]", entries)


def _call(text: object) -> str | None:
    """A call as it is run: without marks of prompts and code, of a bearable length."""
    if not isinstance(text, str) or len(text) > _LONGEST_CALL:
        return None
    lines = [re.sub(r"^\s*(?:>>>|\.\.\.) ?", "", line.rstrip()) for line in text.strip().strip("`").splitlines()]
    call = "\n".join(line for line in lines if line.strip())
    return call if "(" in call else None


def _said(line: str) -> tuple[str | None, str | None]:
    """The call of a line, and what the line says that it gives."""
    for start in _START.finditer(line):
        end = _end(line, start.end() - 1)
        if end is None:
            continue
        call = line[start.start() : end]
        if call.startswith(("assert(", "print(", "def ")):
            continue
        raised = _RAISES.match(line, end)
        if raised is not None:
            return call, f"raises {raised[1]}"
        between = _BETWEEN.match(line, end)
        if between is None:
            return None, None
        value = _alone(line[between.end() :], message="assert" in line[: start.start()])
        return call, written(value) if value else None
    return None, None


def _alone(text: str, *, message: bool) -> str:
    """The value that stands first in ``text``: no comment after it, and no ``message`` of an assertion."""
    depth, quote = 0, ""
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote and text[index - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        if not quote and (depth < 0 or (depth == 0 and (char in "`;#" or (message and char == ",")))):
            text = text[:index]
            break
    return text.strip().rstrip(".").strip()


def _end(line: str, opening: int) -> int | None:
    """The end of a call and of what is directly applied to its result: ``f(1)[0].x()``."""
    end = closed(line, opening)
    while end is not None and (further := _FURTHER.match(line, end)) is not None:
        end = closed(line, end) if further[0] in "[(" else further.end()
    return end
