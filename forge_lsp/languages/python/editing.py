"""Python, for what is done to texts."""

from __future__ import annotations

import re

from forge_lsp.core.support import EditingSupport
from forge_lsp.languages.python.imports import merge_python
from forge_lsp.languages.python.kept import keep_python
from forge_lsp.languages.python.levels import levels
from forge_lsp.languages.python.neighbours import imported_files, imports_itself
from forge_lsp.languages.python.outline import STARTS, outline_python

__all__ = ["EDITING"]

EDITING = EditingSupport(
    grammars={"python": ("tree_sitter_python", "language")},
    outline=outline_python,
    strings=re.compile(
        r"""\#[^\r\n]*|[a-zA-Z]{0,2}(?:(\"{3}|'{3})(?:\\.|(?!\1).)*?(?:\1|\Z)|"(?:\\.|[^"\\\r\n])*"?|'(?:\\.|[^'\\\r\n])*'?)""",
        re.S,
    ),
    same_quotes=True,
    semicolons=False,
    definition=STARTS,
    docstring=re.compile(r"[rRuU]?(\"\"\"|''')(?:\\.|(?!\1).)*\1[ \t]*(?=\n|\Z)", re.S),
    block="if 1:",
    stub_files=(".pyi",),
    levels=levels,
    keep=keep_python,
    merge_imports=merge_python,
    imports_itself=imports_itself,
    imported_files=imported_files,
)
