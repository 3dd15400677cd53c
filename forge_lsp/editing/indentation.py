"""Indentation: finding a text's unit, and giving code another base and unit without touching its strings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from forge_lsp.core.languages import Language
from forge_lsp.core.task import TextRange
from forge_lsp.editing.lines import BOM, Lines, is_blank, leading_space, normalised

__all__ = ["Strings", "in_units", "indent_unit", "reindent", "whole"]

_LEADS = ("@", "#", "[", "/", "template")
"""What attributes and comments begin with, and what may stand on the line above a header."""


class Strings(Protocol):
    """Where white space at the start of a line is data."""

    def multiline_strings(self, text: str, language: Language) -> tuple[TextRange, ...]:
        """String literals that span lines, in order."""
        ...


def indent_unit(text: str) -> str | None:
    """One step of indentation: a tab, or the most frequent step between lines in blanks. None: cannot be told."""
    steps: Counter[int] = Counter()
    tabs = blanks = 0
    previous = 0
    for line in normalised(text.removeprefix(BOM)).split("\n"):
        if is_blank(line) or line.lstrip().startswith("*"):
            continue
        space = leading_space(line)
        if space.startswith("\t"):
            tabs += 1
        elif space:
            blanks += 1
        if "\t" not in space:
            step = abs(len(space) - previous)
            if step in (1, 2, 3, 4, 8):
                steps[step] += 1
            previous = len(space)
    if tabs > blanks:
        return "\t"
    wide = [(count, step) for step, count in steps.items() if step > 1]
    return " " * max(wide)[1] if wide else None


def reindent(
    code: str, language: Language, *, indent: str, unit: str | None, strings: Strings, definition: bool = False
) -> str:
    """``code`` based at ``indent`` with steps of ``unit`` (None: its own), lines ended by ``\\n``, no line ending at
    the end and no blank lines around it.

    Lines within a multi-line string stay as they are, but for Python docstrings, which move with their code.
    Python's statements are told apart by how deep they are nested. Elsewhere, and where Python does not parse, steps
    are converted only if all of the code's indentation is whole steps of one unit. ``definition``: it is one, and its
    lines may all stand deeper than the first one.
    """
    lines = _trimmed(normalised(code).replace(BOM, "").split("\n"))
    if not lines:
        return ""
    frozen, prose = _string_lines(lines, language, strings)
    lines = _first_line_restored(lines, indent, frozen | prose, language, definition=definition)
    movable = [n for n, line in enumerate(lines) if n not in frozen and n not in prose and line.strip()]
    margin = _common([leading_space(lines[n]) for n in movable])
    steps = {n: _step(line, margin) for n, line in enumerate(lines) if n not in frozen and line.strip()}
    if unit is not None:
        levels = language.editing().levels
        nested = levels(lines, steps, prose, unit) if levels is not None else None
        steps = nested or _converted(lines, steps, movable, unit)
    return "\n".join(
        indent + steps[n] + line[len(leading_space(line)) :] if n in steps else line if n in frozen else ""
        for n, line in enumerate(lines)
    )


def _step(line: str, margin: str) -> str:
    space = leading_space(line)
    return space[len(margin) :] if space.startswith(margin) else ""


def _converted(lines: Sequence[str], steps: Mapping[int, str], movable: Sequence[int], unit: str) -> dict[int, str]:
    """The steps in another unit, or as they are where they are no whole steps of their own."""
    own = indent_unit("\n".join(lines[n] for n in movable))
    # The stars of a comment stand a blank further in than its start.
    plain = [steps[n] for n in movable if not lines[n].lstrip().startswith("*")]
    if own is None or own == unit or not all(whole(step, own) for step in plain):
        return dict(steps)
    return {n: in_units(step, own, unit) for n, step in steps.items()}


def whole(step: str, unit: str) -> bool:
    """Whether an indentation is whole steps of ``unit``."""
    return step == unit * (len(step) // len(unit))


def in_units(step: str, own: str, unit: str) -> str:
    """An indentation in steps of ``own`` in those of ``unit``; what is beyond them stays."""
    count = len(step) // len(own)
    return unit * count + step[count * len(own) :]


def _trimmed(lines: list[str]) -> list[str]:
    first, last = 0, len(lines)
    while first < last and is_blank(lines[first]):
        first += 1
    while last > first and is_blank(lines[last - 1]):
        last -= 1
    return lines[first:last]


def _string_lines(lines: Sequence[str], language: Language, strings: Strings) -> tuple[set[int], set[int]]:
    """Numbers of the lines that start within a string: frozen ones, and those of Python docstrings."""
    text = "\n".join(lines)
    index = Lines(text)
    frozen: set[int] = set()
    prose: set[int] = set()
    for place in strings.multiline_strings(text, language):
        first, last = index.at(place.start), index.at(place.end)
        inner = range(first + 1, last + 1)
        (prose if language.indented and _is_docstring(lines, first, place, index) else frozen).update(inner)
    return frozen, prose


def _is_docstring(lines: Sequence[str], first: int, place: TextRange, index: Lines) -> bool:
    if lines[first][: place.start - index.start(first)].strip():
        return False
    above = first - 1
    while above >= 0 and (not lines[above].strip() or lines[above].lstrip().startswith("#")):
        above -= 1
    return above < 0 or re.sub(r"\s+#.*$", "", lines[above]).rstrip().endswith(":")


def _first_line_restored(
    lines: list[str], indent: str, strings: set[int], language: Language, *, definition: bool
) -> list[str]:
    """Models often continue at the cursor: the first line without its indentation, the others with it."""
    others = [leading_space(line) for n, line in enumerate(lines) if n > 0 and n not in strings and line.strip()]
    if not indent or not others or leading_space(lines[0]):
        return lines
    least = min(others, key=len)
    if not least.startswith(indent):
        return lines
    if language.indented and lines[0].rstrip().endswith(":"):
        # A body one step below a header at column 0 is right as it is; it must lie a step below the scope's.
        steps = {len(space) - len(least) for space in others} - {0}
        width = min(steps) if steps else 1 if "\t" in least else 4
        if len(least) < len(indent) + width:
            return lines
    elif definition and not _encloses(lines, least, language):
        return lines  # an accessor below it, or a value that goes on
    return [indent + lines[0], *lines[1:]]


def _encloses(lines: Sequence[str], least: str, language: Language) -> bool:
    """Whether what the first line begins ends in the last line, which stands at ``least``: a block, or a definition
    below an attribute or a comment."""
    closer = language.editing().closer
    last = lines[-1].removeprefix(least)
    ends = last[:1] in (")", "]", "}") or (bool(closer) and last.startswith(closer))
    first, below = lines[0].rstrip(), next(line for line in lines[1:] if line.strip()).strip()
    begins = first.startswith(_LEADS) or below.startswith("{") or language.editing().opens.search(first) is not None
    return ends and begins


def _common(spaces: Sequence[str]) -> str:
    if not spaces:
        return ""
    shortest, longest = min(spaces), max(spaces)
    size = 0
    while size < min(len(shortest), len(longest)) and shortest[size] == longest[size]:
        size += 1
    return shortest[:size]
