"""What the user wrote of a Python definition and a model changed without need: its header and its docstrings."""

from __future__ import annotations

from forge_lsp.core.ports import Syntax
from forge_lsp.core.task import Task
from forge_lsp.editing.documentation import speaks_of_documentation
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.python.docstrings import indented_as, keep_docstrings, parsed
from forge_lsp.languages.python.signatures import keep_signatures

__all__ = ["keep_python"]


def keep_python(task: Task, code: str, _syntax: Syntax) -> str:
    """``code`` with the headers of the stubs that it replaces, and their docstrings.

    It has ``\\n`` endings. Both may be fragments that are indented; one that does not parse leaves ``code`` as it is.
    """
    before = parsed(normalised(task.original))
    after = parsed(code) if before is not None else None
    if before is None or after is None:
        return code
    kept = keep_docstrings(before, keep_signatures(before, after), rewritten=speaks_of_documentation(task))
    return code if kept is after else indented_as(code, kept.text)
