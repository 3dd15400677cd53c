"""Tasks for the checks: a document, a scope marked in it, and candidates put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_lsp.core.attempt import Candidate, Diagnostic
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.half_written import with_errors
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.support import lang

BEGIN, END = "«", "»"
SYNTAX = TreeSitterSyntax()


def task_of(
    marked: str,
    *,
    language: Language = lang.PYTHON,
    path: Path | None = None,
    workspace: Path | None = None,
    buffers: Mapping[Path, str] | None = None,
    instruction: str = "write it",
    name: str | None = None,
    diagnostics: tuple[Diagnostic, ...] = (),
) -> Task:
    """A task whose scope is what stands between ``«`` and ``»``; without marks, the whole document."""
    start = marked.find(BEGIN)
    if start < 0:
        text, scope = marked, Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=len(marked)), name=name)
    else:
        end = marked.index(END) - len(BEGIN)
        text = marked.replace(BEGIN, "").replace(END, "")
        line = text[text.rfind("\n", 0, start) + 1 : end]
        indent = line[: len(line) - len(line.lstrip())]
        scope = Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=start, end=end), name=name, indent=indent)
    uri = path.as_uri() if path else "untitled:Untitled-1"
    document = Document(uri=uri, language=language, text=text, path=path)
    return Task(
        document=document,
        scope=with_errors(scope, document, SYNTAX),
        instruction=instruction,
        workspace=workspace,
        buffers=tuple(
            Document(uri=other.as_uri(), language=language, text=content, path=other, version=2)
            for other, content in (buffers or {}).items()
        ),
        diagnostics=diagnostics,
    )


def with_code(task: Task, code: str) -> str:
    """The document with ``code`` in the scope's place."""
    text = task.document.text
    return text[: task.scope.range.start] + code + text[task.scope.range.end :]


def candidate_of(task: Task, code: str) -> Candidate:
    """A candidate with that code."""
    return Candidate(code=code, text=with_code(task, code), model="m", attempt=1)


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Write a small project below ``root``."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return root
