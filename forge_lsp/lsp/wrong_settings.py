"""What is wrong in settings, as a message and as diagnostics in their files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from forge_lsp.core.errors import ForgeError, SettingsError
from forge_lsp.reading import NotReadable, read_plain

if TYPE_CHECKING:
    from forge_lsp.lsp.protocol import ForgeProtocol
    from forge_lsp.lsp.shown import ConnectedEditor

__all__ = ["ShownProblem", "diagnostics", "place"]

_KEYED = re.compile(r"(?P<key>\S+) \((?P<source>[^()]+)\): (?P<what>.+)", re.S)
_WHOLE = re.compile(r"(?P<source>.+?\.toml): (?P<what>.+)", re.S)
_AT = re.compile(r"at line (\d+)")
_HEADING = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+")
_LARGEST = 256 * 1024  # bytes of a file that is looked through


class ShownProblem:
    """The problem that keeps the server from working, as the user sees it."""

    def __init__(self, protocol: ForgeProtocol) -> None:
        self._protocol = protocol
        self._words: str | None = None
        self._marked: tuple[Path, ...] = ()

    def show(self, problem: ForgeError | None, editor: ConnectedEditor) -> None:
        """Show a problem once, and again only when it is another; None: there is none any more."""
        self._mark(problem)
        words = None if problem is None else problem.full_message
        if words is not None and words != self._words:
            message = words if words.startswith("forge-lsp") else f"forge-lsp: {words}"
            editor.show_message(lsp.MessageType.Error, message)
        self._words = words

    def _mark(self, problem: ForgeError | None) -> None:
        """Show in the settings files what is wrong in them, and take back what is right now."""
        found = diagnostics(problem.problems) if isinstance(problem, SettingsError) else {}
        for path in dict.fromkeys((*self._marked, *found)):
            params = lsp.PublishDiagnosticsParams(uri=path.as_uri(), diagnostics=found.get(path, []))
            self._protocol.notify(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)
        self._marked = tuple(found)


def diagnostics(problems: Sequence[str]) -> dict[Path, list[lsp.Diagnostic]]:
    """Return the problems of a SettingsError that lie in a file, by file. Reads those files."""
    found: dict[Path, list[lsp.Diagnostic]] = {}
    for problem in problems:
        match = _KEYED.fullmatch(problem) or _WHOLE.fullmatch(problem)
        path = None if match is None else Path(match["source"])
        if match is None or path is None or not path.is_absolute():
            continue  # of the environment, the editor or the command line
        try:
            text = read_plain(path, most=_LARGEST).decode("utf-8", errors="replace")
        except (OSError, NotReadable):
            continue
        at = _AT.search(match["what"])
        key = match.groupdict().get("key")
        line = int(at[1]) - 1 if key is None and at is not None else place(text, key or "")
        lines = text.splitlines() or [""]
        shown = lines[min(line, len(lines) - 1)]
        start, end = len(shown) - len(shown.lstrip()), len(shown.split("=")[0].rstrip()) if "=" in shown else len(shown)
        message = match["what"] if key is None else f"{key}: {match['what']}"
        span = lsp.Range(
            start=lsp.Position(line=line, character=start), end=lsp.Position(line=line, character=max(start, end))
        )
        one = lsp.Diagnostic(range=span, message=message, severity=lsp.DiagnosticSeverity.Error, source="forge-lsp")
        found.setdefault(path, []).append(one)
    return found


def place(text: str, key: str) -> int:
    """Return the line (from 0) of a TOML file that sets ``key`` (``accept.score``), or the table nearest around it."""
    wanted = key.split(".")
    best, depth, table = 0, 0, list[str]()
    for number, line in enumerate(text.splitlines()):
        heading = _HEADING.match(line)
        if heading is not None:
            table, parts = _parts(heading[1]), list[str]()
        elif "=" in line and not line.lstrip().startswith("#"):
            parts = _parts(line.split("=", 1)[0])
        else:
            continue
        path = [*table, *parts]
        common = path == wanted[: len(path)]
        if common and len(path) > depth:
            best, depth = number, len(path)
    return best


def _parts(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in key.strip().split(".")]
