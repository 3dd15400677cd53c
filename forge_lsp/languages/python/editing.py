"""Python, for what is done to texts."""

from __future__ import annotations

import re

from forge_lsp.core.ports import Item, Syntax
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import Task
from forge_lsp.editing.documentation import speaks_of_documentation
from forge_lsp.editing.lines import BOM, normalised
from forge_lsp.languages.python.docstrings import indented_as, keep_docstrings, parsed
from forge_lsp.languages.python.extraction import DOCSTRING
from forge_lsp.languages.python.imports import imported_files, imports_itself, merge_python
from forge_lsp.languages.python.keeping import example_in_docstring
from forge_lsp.languages.python.levels import levels
from forge_lsp.languages.python.outline import STARTS, outline_python
from forge_lsp.languages.python.signatures import keep_signatures

__all__ = ["EDITING"]

_OVERLOAD = re.compile(r"(?:#[^\r\n]*\s+|@[^\r\n]*\s+)*?@(?:\w+\.)*overload\b")


def _keep(task: Task, code: str, _syntax: Syntax) -> str:
    """``code`` with the headers of the stubs that it replaces, and their docstrings.

    It has ``\\n`` endings. Both may be fragments that are indented; one that does not parse leaves ``code`` as it is.
    """
    before = parsed(normalised(task.original))
    after = parsed(code) if before is not None else None
    if before is None or after is None:
        return code
    kept = keep_docstrings(before, keep_signatures(before, after), rewritten=speaks_of_documentation(task))
    return code if kept is after else indented_as(code, kept.text)


def _is_overload(item: Item, text: str) -> bool:
    return _OVERLOAD.match(item.range.of(text)) is not None


EDITING = EditingSupport(
    grammars={"python": ("tree_sitter_python", "language")},
    outline=outline_python,
    strings=re.compile(
        r"""\#[^\r\n]*|[a-zA-Z]{0,2}(?:(\"{3}|'{3})(?:\\.|(?!\1).)*?(?:\1|\Z)|"(?:\\.|[^"\\\r\n])*"?|'(?:\\.|[^'\\\r\n])*'?)""",
        re.S,
    ),
    same_quotes=True,
    semicolons=False,
    opens=re.compile(r":$"),
    closer="",
    definition=STARTS,
    docstring=DOCSTRING,
    block="if 1:",
    stub_files=(".pyi",),
    bare=re.compile(r"@(?:\w+\.)*(?:overload|abstractmethod)\b"),
    interface=re.compile(r"\bProtocol\b"),
    overload=_is_overload,
    levels=levels,
    keep=_keep,
    merge_imports=merge_python,
    imports_itself=imports_itself,
    imported_files=imported_files,
    example=example_in_docstring,
    parses=lambda text: parsed(normalised(text.removeprefix(BOM))) is not None,
)
