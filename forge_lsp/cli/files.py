"""Files and line ranges, as the command line names them."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from forge_lsp.core.errors import BadRequest, EditConflict, EnvironmentFault
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.task import Document, TextRange
from forge_lsp.reading import SOURCE, read_plain
from forge_lsp.roots import PROJECT, PROJECT_ENDINGS, project_root

__all__ = ["language_of", "present_text", "read_document", "selection", "workspace_of", "write_text"]

SETTINGS = "forge.toml"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def language_of(path: Path, named: str | None, languages: Languages) -> Language:
    """The language named, or the one of the file's suffix. Raises BadRequest."""
    known = ", ".join(languages.ids)
    found = languages.named(named) if named else languages.of_file(path.name)
    if found is None and named:
        raise BadRequest(f"--language {named}: not one of {known}")
    if found is None and (reason := languages.why_not_written(path.name)) is not None:
        raise BadRequest(f"{path}: {reason}")
    if found is None:
        raise BadRequest(
            f"{path}: no language is known for {path.suffix or 'no suffix'}; name it with --language ({known})"
        )
    return found


def read_document(path: Path, language: Language) -> Document:
    """A file as it is on disk, line endings and byte order mark included. Raises BadRequest."""
    try:
        text = read_plain(path, most=SOURCE).decode("utf-8")
    except FileNotFoundError:
        raise BadRequest(f"{path}: there is no such file; create it (an empty one will do)") from None
    except UnicodeDecodeError as error:
        raise BadRequest(f"{path}: not UTF-8 (byte {error.start}); convert it first") from None
    except OSError as error:
        raise BadRequest(f"{path}: cannot be read: {error.strerror}") from None
    resolved = path.resolve()
    return Document(uri=resolved.as_uri(), language=language, text=text, path=resolved)


def present_text(path: Path) -> str:
    """A file's text as it is now. Raises EditConflict where it has gone, or is text no more."""
    try:
        return read_plain(path, most=SOURCE).decode("utf-8")
    except FileNotFoundError:
        raise EditConflict("The file was deleted while the job ran.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise EditConflict(f"The file can no longer be read: {error}") from None


def selection(text: str, lines: str | None) -> TextRange | None:
    """``L`` is a cursor (an empty range at the line's first word), ``L1:L2`` whole lines, None the whole file.

    Lines count from 1, both ends included. Raises BadRequest.
    """
    if lines is None:
        return None
    match = re.fullmatch(r"(\d+)(?::(\d+))?", lines.strip())
    if match is None:
        raise BadRequest(f"--range {lines}: say a line (12) or lines (12:20)")
    first, last = int(match[1]), int(match[2] or match[1])
    starts = [
        found.start() for found in _LINE.finditer(text) if found.group() or found.start() == 0 or text[-1:] in "\r\n"
    ]
    if not 1 <= first <= last <= len(starts):
        raise BadRequest(f"--range {lines}: the file has lines 1 to {len(starts)}")
    start = starts[first - 1]
    if first == last:
        line = _content(text, start)
        cursor = start + len(line) - len(line.lstrip())
        return TextRange(start=cursor, end=cursor)
    return TextRange(start=start, end=starts[last - 1] + len(_content(text, starts[last - 1])))


def _content(text: str, start: int) -> str:
    match = re.compile(r"[^\r\n]*").match(text, start)
    return match.group() if match else ""


def workspace_of(path: Path) -> Path | None:
    """The project's folder: the nearest one upward with settings of ours, else the top of the repository or of the
    packages that the nearest one with a marker is part of; the file's own where there is no marker; None in the home
    folder or /."""
    folder = path.resolve().parent
    home = Path.home().resolve()
    above = [one for one in (folder, *folder.parents) if one != home and one != Path(one.anchor)]
    if home in (folder, *folder.parents):
        above = [one for one in above if one.is_relative_to(home)]
    if not above or above[0] != folder:
        return None
    for candidate in above:
        names = _names(candidate)
        if SETTINGS in names:
            return candidate
        if _is_project(names):
            root = project_root(candidate)
            between = (one for one in above if one.is_relative_to(root) and candidate.is_relative_to(one))
            return next((one for one in between if SETTINGS in _names(one)), root)
    return folder


def _names(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir()}
    except OSError:  # not there, or not ours to read
        return set()


def _is_project(names: set[str]) -> bool:
    return not PROJECT.isdisjoint(names) or any(Path(name).suffix in PROJECT_ENDINGS for name in names)


def write_text(path: Path, text: str) -> None:
    """Replace a file's content in one step, keeping its mode; nobody ever sees half of it. Raises EnvironmentFault."""
    if not os.access(path, os.W_OK):
        raise EnvironmentFault(f"{path} is write-protected; nothing was written", remedy=f"chmod u+w {path}")
    try:
        mode = path.stat().st_mode
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode("utf-8"))
            temporary.chmod(mode & 0o7777)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EnvironmentFault(f"{path} could not be written: {error.strerror}; it is unchanged") from None
