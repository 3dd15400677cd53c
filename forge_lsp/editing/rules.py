"""The project's words to whoever writes code in it: AGENTS.md and its like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["rules_files"]

_IN_EVERY_FOLDER = ("AGENTS.md", "CLAUDE.md", ".cursorrules")
_AT_THE_ROOT = (".github/copilot-instructions.md",)
_CURSOR = Path(".cursor/rules")


def rules_files(workspace: Path, document: Path | None) -> Iterator[Path]:
    """The rules files that hold for ``document``: the workspace's first, then those of each folder down to it.

    Paths need not exist, but for those of ``.cursor/rules``, which are listed.
    """
    yield from (workspace / name for name in (*_IN_EVERY_FOLDER, *_AT_THE_ROOT))
    folder = workspace / _CURSOR
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix in (".md", ".mdc"))
    if document is None or not document.is_relative_to(workspace):
        return
    below = workspace
    for part in document.relative_to(workspace).parts[:-1]:
        below = below / part
        yield from (below / name for name in _IN_EVERY_FOLDER)
