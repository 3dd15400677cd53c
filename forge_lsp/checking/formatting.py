"""The project's own formatter on the lines of new code, in the sandbox. What it says of other lines is not taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Protocol, cast

from forge_lsp.checking.project import Place, place_of
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.support import Tools
from forge_lsp.core.task import Task, TextRange

__all__ = ["FindFormatter", "FormatterTool", "ProjectFormatter", "Span", "lines_within", "table"]

_log = logging.getLogger(__name__)

DEADLINE = 20.0
"""Seconds that a formatter has for one text."""
_EXACT_LINES = 4_000
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Lines of a document, from 1, both included."""

    file: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatterTool:
    """A formatter that a project uses. It reads the text from its input and writes it to its output, or, with
    ``rewrites``, changes the file.

    ``ranges``: it formats the span's lines alone. ``certain``: the project says so; else it is only used where the
    untouched document is what it would write.
    """

    name: str
    command: Callable[[Span], Sequence[str]]
    readable: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    ranges: bool = False
    certain: bool = True
    rewrites: bool = False


class FindFormatter(Protocol):
    """Finds the formatter of a document's project; None where it has none, or none that is installed. ``trusted``:
    code of the project's own may be run."""

    def __call__(self, place: Place, environment: Mapping[str, str], *, trusted: bool) -> FormatterTool | None: ...


class ProjectFormatter:
    """The Formatter port for one language: the formatter that ``find`` finds. ``timeout`` in seconds, for one run."""

    def __init__(self, tools: Tools, find: FindFormatter, *, timeout: float = DEADLINE) -> None:
        self._sandbox = tools.sandbox
        self._environment = tools.environment
        self._find = find
        self._timeout = min(timeout, DEADLINE)
        self._used: tuple[str, str, bool] | None = None

    async def format(self, task: Task, text: str, scope: TextRange) -> str:
        """See :class:`~forge_lsp.core.ports.Formatter`."""
        if not scope.of(text).strip():
            return text
        name = "the formatter"
        try:
            place = place_of(task)
            tool = await asyncio.to_thread(
                self._find, place, self._environment, trusted=self._sandbox.runs_project_code
            )
            if tool is None:
                return text
            name = tool.name
            if not tool.certain and not await self._is_used(tool, task, place):
                return text
            return await self._formatted(tool, place, text, scope)
        except (EnvironmentFault, OSError, ValueError) as problem:
            _log.warning("%s did not format %s: %s", name, task.document.uri, problem)
            return text

    async def _is_used(self, tool: FormatterTool, task: Task, place: Place) -> bool:
        """Whether the document is already as the formatter writes it, apart from the scope."""
        key = (task.document.text, tool.name)
        if self._used is not None and self._used[:2] == key:
            return self._used[2]
        text = _plain(task.document.text)
        lines = text.split("\n")
        span = Span(file=str(place.document), first=1, last=max(len(lines), 1))
        first, last = _lines_of(task.document.text, task.scope.range)
        after = (await self._run(tool, place, text, span)).split("\n")
        used = not any(i2 <= first or i1 > last for i1, i2, _, _ in _changes(lines, after))
        self._used = (*key, used)
        return used

    async def _formatted(self, tool: FormatterTool, place: Place, text: str, scope: TextRange) -> str:
        first, last = _lines_of(text, scope)
        plain = _plain(text)
        span = Span(file=str(place.document), first=first + 1, last=last + 1)
        after = await self._run(tool, place, plain, span)
        found = lines_within(plain, after, first, last, widens=tool.ranges).split("\n")
        more = len(found) - plain.count("\n") - 1
        body = "\n".join(found[first : last + 1 + more])
        start, end = _whole_lines(text, scope)
        return text[:start] + body.replace("\n", _ending(text)) + text[end:]

    async def _run(self, tool: FormatterTool, place: Place, text: str, span: Span) -> str:
        """What the formatter makes of ``text``. Raises EnvironmentFault, ValueError."""
        async with self._sandbox.open(place.tree(text)) as box:
            result = await box.run(
                tuple(tool.command(span)),
                timeout=self._timeout,
                readable=tool.readable,
                env=tool.env,
                stdin=b"" if tool.rewrites else text.encode("utf-8", "surrogatepass"),
            )
            written = box.read(place.document) if tool.rewrites else result.stdout
        if result.timed_out:
            raise ValueError(f"it did not finish in {self._timeout:g} s")
        if result.code != 0 or result.truncated or written is None:
            said = (result.stderr or result.stdout).decode("utf-8", "replace").strip()[-300:]
            raise ValueError(said or f"it ended with {result.code}")
        formatted = _plain(written.decode("utf-8"))
        if not formatted.strip() and text.strip():
            raise ValueError("it wrote nothing")
        return formatted


def lines_within(before: str, after: str, first: int, last: int, *, widens: bool) -> str:
    """Return ``before`` with those changes that ``after`` makes within the lines ``first`` to ``last`` (from 0).

    Raises ValueError where a change crosses the edge of these lines, where they would stand further in or out than
    before, and, for a formatter that was to change these lines alone, where it ``widens``: it changed other code.
    """
    old, new = before.split("\n"), after.split("\n")
    kept: list[tuple[int, int, list[str]]] = []
    for i1, i2, j1, j2 in _changes(old, new):
        if i2 <= first or i1 > last:
            if widens and any(line.strip() for line in (*old[i1:i2], *new[j1:j2])):
                raise ValueError(f"it changed line {i1 + 1}, which it was not asked to")
            continue
        if i1 < first or i2 > last + 1:
            raise ValueError(f"it changed lines {i1 + 1} to {i2} as one, within and outside of the new code")
        kept.append((i1, i2, new[j1:j2]))
    result = list(old)
    for i1, i2, lines in reversed(kept):
        result[i1:i2] = lines
    if _indent(old[first:]) != _indent(result[first:]):
        raise ValueError("it would move the new code further in or out than the code around it")
    return "\n".join(result)


def table(tables: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table of settings in another one; an empty one where there is none."""
    found: object = tables.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _changes(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    mine, theirs = old[head : len(old) - tail], new[head : len(new) - tail]
    exact = max(len(mine), len(theirs)) <= _EXACT_LINES
    codes = SequenceMatcher(None, mine, theirs, autojunk=not exact).get_opcodes()
    return [(head + i1, head + i2, head + j1, head + j2) for kind, i1, i2, j1, j2 in codes if kind != "equal"]


def _indent(lines: Sequence[str]) -> str:
    line = next((line for line in lines if line.strip()), "")
    return line[: len(line) - len(line.lstrip())]


def _plain(text: str) -> str:
    return text.removeprefix(_BOM).replace("\r\n", "\n").replace("\r", "\n")


def _lines_of(text: str, place: TextRange) -> tuple[int, int]:
    """The first and last line, from 0, that ``place`` touches in the plain form of ``text``."""
    first = _plain(text[: place.start]).count("\n")
    inside = _plain(text[place.start : place.end]).rstrip("\n")
    return first, first + inside.count("\n")


def _whole_lines(text: str, place: TextRange) -> tuple[int, int]:
    """Where the lines that ``place`` touches begin and end, without the last one's ending."""
    start = max(text.rfind("\n", 0, place.start), text.rfind("\r", 0, place.start)) + 1
    inside = text[: place.end].rstrip("\r\n")
    end = max(len(inside), start)
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    return start + (start == 0 and text.startswith(_BOM)), end


def _ending(text: str) -> str:
    if text.count("\r\n") * 2 > text.count("\n"):
        return "\r\n"
    return "\r" if "\r" in text and "\n" not in text else "\n"
