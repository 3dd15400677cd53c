"""A change cut into the workspaces that its files belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from forge_lsp.changes.values import Change
from forge_lsp.core.task import FileChange

__all__ = ["parts_of"]


def parts_of(
    files: Sequence[FileChange],
    workspace_of: Callable[[Path], Path | None],
    *,
    only: frozenset[Path] | None = None,
    lines: tuple[int, int] | None = None,
) -> tuple[Change, ...]:
    """Return a change for each workspace, in the order of its first file. Every part has all files of the change in
    place, and judges its own; ``only`` and ``lines`` as in :class:`~forge_lsp.changes.values.Change`."""
    homes: dict[Path, list[Path]] = {}
    for file in files:
        home = workspace_of(file.path) or file.path.parent
        homes.setdefault(home, []).append(file.path)
    return tuple(
        Change(
            workspace=home,
            files=tuple(files),
            lines=lines,
            only=frozenset(own) if only is None else frozenset(own) & only,
        )
        for home, own in homes.items()
    )
