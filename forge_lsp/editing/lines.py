"""Lines and offsets of a text, as editors count them: a line ends at ``\\n``, ``\\r\\n`` or ``\\r``, nowhere else.

``str.splitlines`` also breaks at form feeds, U+0085, U+2028 and others, which no editor does for source code.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from forge_lsp.core.task import TextRange

__all__ = ["BOM", "ByteOffsets", "Lines", "dominant_ending", "is_blank", "leading_space", "normalised", "split_lines"]

BOM = "\ufeff"
_ENDING = re.compile(r"\r\n|\n|\r")
_NON_ASCII = re.compile(r"[^\x00-\x7f]")


def split_lines(text: str) -> list[str]:
    """The lines of ``text`` with their endings; joined they are ``text`` again. An empty text has none."""
    lines: list[str] = []
    start = 0
    for ending in _ENDING.finditer(text):
        lines.append(text[start : ending.end()])
        start = ending.end()
    if start < len(text):
        lines.append(text[start:])
    return lines


def normalised(text: str) -> str:
    """``text`` with every line ending as ``\\n``."""
    return _ENDING.sub("\n", text) if "\r" in text else text


def dominant_ending(text: str) -> str:
    """The line ending that most lines of ``text`` have; ``\\n`` where there is none or a tie includes it."""
    crlf = text.count("\r\n")
    lf = text.count("\n") - crlf
    cr = text.count("\r") - crlf
    if lf >= crlf and lf >= cr:
        return "\n"
    return "\r\n" if crlf >= cr else "\r"


def is_blank(line: str) -> bool:
    """Nothing but white space (a byte order mark counts as none)."""
    return not line.strip().strip(BOM)


def leading_space(line: str) -> str:
    """The blanks and tabs a line starts with; a form feed before them is not indentation."""
    stripped = line.lstrip("\f")
    return stripped[: len(stripped) - len(stripped.lstrip(" \t"))]


class Lines:
    """Where the lines of a text begin. Numbers count from 0; a text has one line more than it has line endings."""

    __slots__ = ("_ends", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        self._ends: list[int] = []
        for ending in _ENDING.finditer(text):
            self._ends.append(ending.start())
            self._starts.append(ending.end())
        self._ends.append(len(text))

    def __len__(self) -> int:
        return len(self._starts)

    def at(self, offset: int) -> int:
        """The number of the line that holds ``offset``; an ending belongs to the line that it ends."""
        return bisect_right(self._starts, offset) - 1

    def start(self, number: int) -> int:
        """Offset of a line's first character (after a byte order mark at the start of the text)."""
        start = self._starts[number]
        return start + 1 if start == 0 and self.text.startswith(BOM) else start

    def end(self, number: int) -> int:
        """Offset where a line's text ends, before its ending."""
        return self._ends[number]

    def line(self, number: int) -> str:
        """A line's text without its ending."""
        return self.text[self.start(number) : self.end(number)]

    def blank(self, number: int) -> bool:
        """Whether a line holds nothing but white space."""
        return is_blank(self.line(number))

    def span(self, first: int, last: int) -> TextRange:
        """The range of whole lines, both included, without the last one's ending."""
        return TextRange(start=self.start(first), end=self.end(last))

    def of(self, place: TextRange) -> tuple[int, int]:
        """First and last line that a range touches. A range that ends at the start of a line stops before it."""
        first = self.at(place.start)
        last = self.at(place.end)
        if last > first and place.end == self._starts[last]:
            last -= 1
        return first, last


class ByteOffsets:
    """From offsets in a text's UTF-8 form to offsets in code points, in logarithmic time of its non-ASCII part."""

    __slots__ = ("_bytes", "_points")

    def __init__(self, text: str) -> None:
        self._bytes = [0]
        self._points = [0]
        if text.isascii():
            return
        extra = 0
        for match in _NON_ASCII.finditer(text):
            point = match.start()
            code = ord(match.group())
            extra += 1 if code < 0x800 else 2 if code < 0x10000 else 3
            self._points.append(point + 1)
            self._bytes.append(point + 1 + extra)

    def point(self, byte: int) -> int:
        """The code point at or after the byte (a byte within a character rounds up to the next one)."""
        index = bisect_right(self._bytes, byte) - 1
        point = self._points[index] + (byte - self._bytes[index])
        return min(point, self._points[index + 1]) if index + 1 < len(self._points) else point
