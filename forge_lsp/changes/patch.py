"""A unified diff, as ``git diff`` and ``diff -u`` write it, put on the files of a workspace. Nothing is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.core.errors import BadRequest
from forge_lsp.core.task import FileChange
from forge_lsp.reading import NotReadable, read_plain

__all__ = ["LARGEST_DIFF", "inside", "patched", "text_of"]

LARGEST_DIFF = 2 * 1024 * 1024
"""Characters of the largest diff."""
LARGEST_FILE = 4 * 1024 * 1024
_MOST_FILES = 200
_MOST_HUNKS = 2_000
_MOST_TRIES = 1_000
"""Places at which a hunk is tried that is not where the diff says."""
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_NEWLINE = "\\"
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


@dataclass(frozen=True, slots=True)
class _Hunk:
    """``start`` counts from 0 in the old text. ``lines`` have their first character (space, - or +) and no ending;
    ``bare`` are the numbers of those that end their text without a newline."""

    start: int
    lines: tuple[str, ...]
    bare: frozenset[int]


@dataclass(slots=True)
class _Section:
    old: str | None
    new: str | None
    hunks: list[_Hunk]
    moves: bool = False


def inside(workspace: Path, name: str) -> Path:
    """Return the path of a file of the workspace by its name there, or by an absolute path in it.

    Raises BadRequest for one that leads out of the workspace, also by a link, or into its ``.git``.
    """
    root = workspace.resolve()
    try:
        path = (root / name).resolve()
    except (ValueError, OSError, RuntimeError) as error:
        raise BadRequest(f"{name!r} is no path: {error}") from None
    if "\0" in name or not name.strip() or not path.is_relative_to(root) or path == root:
        raise BadRequest(f"{name!r} is not a file inside the workspace {root}")
    if ".git" in path.relative_to(root).parts:
        raise BadRequest(f"{name!r} belongs to git itself, and is not checked")
    return path


def text_of(path: Path) -> str | None:
    """Return a file's text; None where there is none. Raises BadRequest where it cannot be read as text."""
    try:
        return read_plain(path, most=LARGEST_FILE).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise BadRequest(f"{path.name}: not UTF-8 (byte {error.start})") from None
    except NotReadable as error:
        raise BadRequest(f"{path.name}: {error.strerror}") from None
    except OSError as error:
        raise BadRequest(f"{path.name}: cannot be read: {error.strerror}") from None


def patched(diff: str, workspace: Path, *, read: Callable[[Path], str | None] = text_of) -> tuple[FileChange, ...]:
    """Return the files that a diff changes: as ``read`` gives them, and with the diff in place.

    Hunks may stand at other lines than the diff says, where their lines are found elsewhere. Raises BadRequest for what
    is no unified diff, does not fit the files, is too large, or names a file outside of the workspace.
    """
    if len(diff) > LARGEST_DIFF:
        raise BadRequest(f"the diff has {len(diff)} characters, and at most {LARGEST_DIFF} are taken")
    texts: dict[Path, tuple[str | None, str | None]] = {}

    def now(path: Path) -> str | None:
        return texts[path][1] if path in texts else read(path)

    for section in _sections(diff):
        old = inside(workspace, section.old) if section.old is not None else None
        new = inside(workspace, section.new) if section.new is not None else None
        source = now(old) if old is not None else None
        if source is None and new is not None and old is not None and not section.moves:
            source = now(new)  # diff -u names what somebody kept of the file
        if old is not None and source is None:
            raise BadRequest(f"the diff changes {section.old}, which is not there")
        if old is None and new is not None and now(new) is not None:
            raise BadRequest(f"the diff creates {section.new}, which is there already")
        result = None if new is None else _applied(source or "", section.hunks, section.new or "")
        ends = {old: None} if old is not None and (new is None or section.moves) else {}
        for path, text in ({**ends, new: result} if new is not None else ends).items():
            texts[path] = (texts[path][0] if path in texts else read(path), text)
        if len(texts) > _MOST_FILES:
            raise BadRequest(f"the diff changes more than {_MOST_FILES} files")
    if not texts:
        raise BadRequest("this is not a unified diff: no line begins with --- and +++")
    return tuple(FileChange(path=path, before=before, after=after) for path, (before, after) in texts.items())


def _sections(diff: str) -> Iterator[_Section]:
    """The files of a diff. Renames without a hunk, and files that only came to be or went, are sections too."""
    lines = diff.split("\n")
    at = 0
    section: _Section | None = None
    renamed: str | None = None
    hunks = 0
    while at < len(lines):
        line = lines[at].removesuffix("\r")
        if line.startswith(("diff --git ", "Index: ")):
            if section is not None:
                yield section
            section, renamed = None, None
        elif line.startswith(("GIT binary patch", "Binary files ")):
            raise BadRequest("the diff holds a binary file, which cannot be judged")
        elif line.startswith(("rename from ", "copy from ")):
            renamed = None if line.startswith("copy") else _unquoted(line.partition(" from ")[2])
        elif line.startswith("rename to "):
            section = _Section(renamed, _unquoted(line.removeprefix("rename to ")), [], moves=True)
        elif line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            if section is not None and section.hunks:
                yield section
            old, new = (_named(one.removesuffix("\r")[4:]) for one in lines[at : at + 2])
            section = _Section(old, new, [], moves=section is not None and section.moves and not section.hunks)
            at += 1
        elif (found := _HUNK.match(line)) is not None and section is not None:
            hunks += 1
            if hunks > _MOST_HUNKS:
                raise BadRequest(f"the diff has more than {_MOST_HUNKS} hunks")
            at, hunk = _hunk(lines, at + 1, found)
            section.hunks.append(hunk)
            continue
        at += 1
    if section is not None:
        yield section


def _hunk(lines: Sequence[str], at: int, head: re.Match[str]) -> tuple[int, _Hunk]:
    """The hunk that begins at a line, and the line after it. Raises BadRequest where it is cut off."""
    old, new = int(head[2] or 1), int(head[4] or 1)
    taken: list[str] = []
    bare: set[int] = set()
    while old > 0 or new > 0 or (at < len(lines) and lines[at].startswith(_NO_NEWLINE)):
        line = lines[at] if at < len(lines) else None
        if line is not None and line.startswith(_NO_NEWLINE):
            bare.add(len(taken) - 1)
            at += 1
            continue
        if line is not None and line == "":
            line = " "  # editors and mail take the one space of an empty line away
        kind = line[:1] if line is not None else ""
        if line is None or kind not in " -+":
            raise BadRequest(f"the diff is cut off, or its line {at + 1} is damaged")
        old -= kind in " -"
        new -= kind in " +"
        taken.append(line)
        at += 1
    return at, _Hunk(max(0, int(head[1]) - 1), tuple(taken), frozenset(bare))


def _applied(text: str, hunks: Sequence[_Hunk], name: str) -> str:
    """The text with hunks in place. Raises BadRequest where one does not fit."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    bare = [line.rstrip("\r\n") for line in lines]
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    result: list[str] = []
    at = 0
    for hunk in hunks:
        wanted = [line[1:].rstrip("\r") for line in hunk.lines if line[0] in " -"]
        start = _found(bare, wanted, hunk.start if wanted else min(hunk.start + 1, len(lines)), at)
        if start is None:
            raise BadRequest(
                f"the diff does not fit {name}: the lines of its hunk at line {hunk.start + 1} are not there"
            )
        result += lines[at:start]
        at = start
        for number, line in enumerate(hunk.lines):
            if line[0] in " -":
                if line[0] == " ":
                    result.append(lines[at])
                at += 1
            else:
                if result and not result[-1].endswith("\n"):
                    result[-1] += ending
                result.append(line[1:].rstrip("\r") + ("" if number in hunk.bare else ending))
    tail = lines[at:]
    if tail and result and not result[-1].endswith("\n"):
        result[-1] += ending
    return "".join((*result, *tail))


def _found(lines: Sequence[str], wanted: Sequence[str], near: int, least: int) -> int | None:
    """Where ``wanted`` stands in the lines: at ``near``, else at the nearest other place from ``least`` on."""
    if not wanted:
        return max(least, min(near, len(lines)))
    near = max(near, least)
    if list(lines[near : near + len(wanted)]) == wanted:
        return near
    starts = [start for start in range(least, len(lines) - len(wanted) + 1) if lines[start] == wanted[0]]
    ordered = sorted(starts, key=lambda start: abs(start - near))
    return next((start for start in ordered[:_MOST_TRIES] if list(lines[start : start + len(wanted)]) == wanted), None)


def _named(words: str) -> str | None:
    """The file that a ``---`` or ``+++`` line names, without its time and git's prefix; None: ``/dev/null``."""
    name = _unquoted(words.partition("\t")[0].rstrip())
    if name == "/dev/null":
        return None
    parts = PurePosixPath(name).parts
    return str(PurePosixPath(*parts[1:])) if len(parts) > 1 and parts[0] in ("a", "b", "i", "w", "c", "o") else name


def _unquoted(name: str) -> str:
    """A name as git writes it, which puts unusual ones in quotes with C's escapes."""
    if not (len(name) > 1 and name[0] == name[-1] == '"'):
        return name
    content = bytearray()
    for found in re.finditer(r"\\([0-7]{3})|\\(.)|([^\\]+)", name[1:-1]):
        if found[1]:
            content.append(int(found[1], 8) & 0xFF)
        elif found[2]:
            content.append(_ESCAPES.get(found[2], ord(found[2]) & 0xFF))
        else:
            content += found[3].encode("utf-8", "surrogateescape")
    return content.decode("utf-8", "replace")
