"""The includes of C and C++: merging them, whose order is never changed, and what they lead to in their project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from forge_lsp.core.ports import Item, ProjectFiles, Syntax
from forge_lsp.core.task import Document, TextEdit, TextRange
from forge_lsp.editing.lines import BOM, Lines

__all__ = ["imported_files", "imports_itself", "merge_c"]

_INCLUDE = re.compile(r"\s*#\s*(?:include|import)\s*(?P<name><[^>]+>|\"[^\"]+\")")
_GUARD = re.compile(r"\s*#\s*(?:ifndef|define|pragma\s+once)\b")
# C++ has most of C's headers by a name of its own as well: either will do.
_C_HEADER = re.compile(r"<c(?P<name>\w+)>")
_INCLUDED = re.compile(r"^[ \t]*#[ \t]*(?:include|import)[ \t]*[<\"](?P<path>[^>\"\r\n]+)[>\"]", re.M)
_INCLUDED_FROM = ("", "include", "inc", "src", "lib")


def merge_c(text: str, wanted: Sequence[str], _items: Sequence[Item], head: Sequence[Item]) -> list[TextEdit]:
    """Edits of ``text``: an include after the last of its kind (``<...>`` or ``"..."``), else after the last include;
    a ``using`` after all of them; without any, below the include guard and the comment at the top."""
    lines = Lines(text)
    present = {_key(lines.line(number)) for number in range(len(lines))}
    missing: list[str] = []
    for line in (line.strip() for statement in wanted for line in statement.split("\n")):
        if line and _key(line) not in present:
            present.add(_key(line))
            missing.append(line)
    places: dict[int, list[str]] = {}
    first: list[str] = []
    for line in missing:
        anchor = _anchor(line, head, text)
        if anchor is None:
            first.append(line)
        else:
            places.setdefault(lines.end(lines.at(anchor.range.end)), []).append(line)
    edits = [
        TextEdit(range=TextRange(start=at, end=at), text="".join(f"\n{line}" for line in new))
        for at, new in places.items()
    ]
    if first:
        edits.append(_first(lines, first))
    return edits


def imported_files(document: Document, path: Path, files: ProjectFiles, _syntax: Syntax) -> Iterator[Path]:
    """The headers, looked for beside the file and in the usual folders above."""
    workspace = files.workspace
    above = [folder for folder in path.parents if folder.is_relative_to(workspace)]
    for match in _INCLUDED.finditer(document.text):
        options = [folder / name / match["path"] for folder in above for name in _INCLUDED_FROM]
        hit = next((option for option in options if files.text(option) is not None), None)
        if hit is not None:
            yield hit


def imports_itself(statement: str, _document: Document, below: Path) -> bool:
    """Whether a statement includes the file."""
    match = re.match(r'#\s*include\s*"(?:[^"]*/)?([^"/]+)"', statement)
    return match is not None and match[1] == below.name


def _key(line: str) -> str:
    include = _INCLUDE.match(line.strip(BOM))
    if include is None:
        return re.sub(r"\s+", " ", line.strip().strip(BOM)).replace(" ;", ";")
    return _C_HEADER.sub(r"<\g<name>.h>", include["name"])


def _anchor(line: str, head: Sequence[Item], text: str) -> Item | None:
    include = _INCLUDE.match(line)
    if include is None:
        return head[-1] if head else None
    includes = [(found["name"][0], item) for item in head if (found := _INCLUDE.match(item.range.of(text))) is not None]
    same = [item for kind, item in includes if kind == include["name"][0]]
    return same[-1] if same else includes[-1][1] if includes else None


def _after_comment(lines: Lines) -> int:
    """The line after the comment that the text begins with; 0 where it begins with none."""
    number = 0
    if lines.line(0).lstrip().startswith("/*"):
        while number < len(lines) and "*/" not in lines.line(number):
            number += 1
        return number + 1
    while number < len(lines) and lines.line(number).lstrip().startswith("//"):
        number += 1
    return number


def _first(lines: Lines, new: Sequence[str]) -> TextEdit:
    probe = _after_comment(lines)
    # A comment directly above code is that code's own.
    number = probe if probe < len(lines) and (lines.blank(probe) or _GUARD.match(lines.line(probe))) else 0
    probe = number
    while probe < len(lines) and (lines.blank(probe) or _GUARD.match(lines.line(probe))):
        probe += 1
        if not lines.blank(probe - 1):
            number = probe
    block = "".join(f"{line}\n" for line in new)
    if number >= len(lines):
        at = len(lines.text)
        return TextEdit(range=TextRange(start=at, end=at), text=f"\n{block}")
    at = lines.start(number)
    gap = "" if lines.blank(number) or not lines.text[at:].strip() else "\n"
    lead = "\n" if number else ""
    return TextEdit(range=TextRange(start=at, end=at), text=f"{lead}{block}{gap}")
