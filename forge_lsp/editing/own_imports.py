"""Imports that lead from a file to itself: models write them when they take the file for a library."""

from __future__ import annotations

from pathlib import Path

from forge_lsp.core.task import Task

__all__ = ["leads_to_itself"]


def leads_to_itself(statement: str, task: Task) -> bool:
    """Whether an import statement of the task's document imports that document. Where its path is not known, nothing
    is taken for itself."""
    path, workspace = task.document.path, task.workspace
    imports_itself = task.document.language.editing().imports_itself
    if path is None or imports_itself is None:
        return False
    below = Path(path.name)
    if workspace is not None and path.is_relative_to(workspace):
        below = path.relative_to(workspace)
    return imports_itself(statement, task.document, below)
