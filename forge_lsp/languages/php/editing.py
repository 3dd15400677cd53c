"""PHP, for what is done to texts."""

from __future__ import annotations

import re

from forge_lsp.core.ports import Syntax
from forge_lsp.core.support import EditingSupport
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.editing.headers import keep_headers
from forge_lsp.editing.lines import normalised
from forge_lsp.languages.php.imports import imported_files, imports_itself, merge_php
from forge_lsp.languages.php.outline import outline_php

__all__ = ["EDITING", "STRINGS"]

_HEAD = re.compile(r"(?:#![^\n]*\n)?<\?php\b[ \t]*\n?")
_OPENED = re.compile(r"[^\n]*?<\?(?:php\b|=)[ \t]*")
_CLOSED = re.compile(r"\s*\?>\s*\Z")
_CLAUSE = re.compile(r"^[ \t]*(?:namespace\s+[\w\\]+|declare\s*\([^)]*\))\s*;", re.M)
# Comments and text outside of PHP's tags are consumed, so that quotes in them open no string.
STRINGS = re.compile(
    r"""\A(?=\s*<[!a-zA-Z])(?:(?!<\?).)*|\?>(?:(?!<\?).)*|\#(?!\[)(?:(?!\?>)[^\r\n])*|//(?:(?!\?>)[^\r\n])*|/\*.*?(?:\*/|\Z)|"""
    r"""(<<<[ \t]*(?P<quote>["']?)(?P<word>\w+)(?P=quote)\r?\n.*?(?:(?<=\n)[ \t]*(?P=word)\b|\Z)|"""
    r""""(?:\\.|[^"\\])*(?:"|\Z)|'(?:\\.|[^'\\])*(?:'|\Z)|`(?:\\.|[^`\\])*(?:`|\Z))""",
    re.S,
)


def _keep(task: Task, code: str, syntax: Syntax) -> str:
    """``code`` with the user's headers; of a whole file with its opening tag, its namespace and ``strict_types``."""
    original = normalised(task.original)
    if task.scope.kind is not ScopeKind.FILE:
        inside = _HEAD.match(code.lstrip())
        if inside is not None and "<?" not in original:
            code = _CLOSED.sub("\n", code.lstrip()[inside.end() :]).lstrip("\n")
        code = keep_headers(task, code, syntax, fit=lambda theirs, _found, _names: theirs)
        # A scope is whole lines: the tags on its first and last one belong to the page.
        opened, closed = _OPENED.match(original), _CLOSED.search(original)
        code = opened[0] + code if opened is not None and "<?" not in code else code
        return code.rstrip("\n") + closed[0] if closed is not None and _CLOSED.search(code) is None else code
    head = _HEAD.match(original)
    if head is None or "<?" in code:
        return code
    clauses = [found[0].strip() for found in _CLAUSE.finditer(original) if found[0].strip() not in code]
    return head[0] + "".join(f"\n{clause}\n" for clause in clauses) + "\n" + code.lstrip("\n")


EDITING = EditingSupport(
    grammars={"php": ("tree_sitter_php", "language_php")},
    outline=outline_php,
    strings=STRINGS,
    same_quotes=False,
    clause=re.compile(r"^(?:<\?php\b.*|declare\s*\([^)]*\)\s*;.*|namespace\s+[\w\\]+\s*;.*)$", re.M),
    keep=_keep,
    merge_imports=merge_php,
    imports_itself=imports_itself,
    imported_files=imported_files,
)
