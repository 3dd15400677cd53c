"""Ruby, for what is done to texts."""

from __future__ import annotations

import re

from forge_lsp.core.support import EditingSupport
from forge_lsp.editing.headers import keep_header
from forge_lsp.languages.ruby.imports import imported_files, imports_itself, merge_ruby
from forge_lsp.languages.ruby.outline import outline_ruby

__all__ = ["EDITING"]

EDITING = EditingSupport(
    grammars={"ruby": ("tree_sitter_ruby", "language")},
    outline=outline_ruby,
    string_nodes=("heredoc_body", "string", "subshell", "regex"),
    same_quotes=True,
    semicolons=False,
    opens=re.compile(
        r"^\s*(?:class|module|begin|(?:\w+\s+)?def)\b(?!.*(?:\bend$|\)\s*=[^=~]))|\bdo(?:\s*\|[^|]*\|)?$|[{(\[]$"
    ),
    closer="end",
    definition=re.compile(r"(?:(?:private|public|protected|module_function)\s+)?(?:def|class|module)\b"),
    block="begin",
    keep=keep_header,
    merge_imports=merge_ruby,
    imports_itself=imports_itself,
    imported_files=imported_files,
)
