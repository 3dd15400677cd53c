"""What the models are shown of the code around the task: Markdown, fitted to a budget of tokens.

In this order: the document with its scope marked, outlines of the files it leans on, tests that speak of the scope,
the editor's diagnostics; apart from them, for those who plan and write, the project's rules. docs/context.md says what
never occurs in it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.domain.errors import BadRequest
from forge_lsp.domain.ports import Gathered, Syntax
from forge_lsp.domain.task import Language, ScopeKind, Task
from forge_lsp.redaction import hidden, redact
from forge_lsp.source.files import Files, language_of
from forge_lsp.source.fitting import estimate_tokens, fenced, fitted_document, shortened
from forge_lsp.source.ignore import is_secret_name
from forge_lsp.source.lines import is_blank, normalised
from forge_lsp.source.neighbours import imported_files, mentions, outline_text, tests_near
from forge_lsp.source.rules import rules_files

__all__ = ["Context", "ContextConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextConfig:
    """Bounds. Sizes in bytes, ``seconds`` for the search of neighbours and tests on slow disks."""

    largest_file: int = 512_000
    walked_files: int = 4_000
    neighbours: int = 12
    tests: int = 4
    rules_share: float = 0.2
    document_share: float = 0.7
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class _Part:
    """One section as it will be shown, and the file that its text comes from."""

    text: str
    file: str | None = None


class Context:
    """The ContextGatherer port. What was gathered for a task stays the same for that task object, so that all
    attempts share one prompt and the report names what was really sent."""

    def __init__(self, syntax: Syntax, config: ContextConfig | None = None) -> None:
        self._syntax = syntax
        self._config = config or ContextConfig()
        self._lock = threading.Lock()
        self._known: deque[tuple[Task, int, Gathered]] = deque(maxlen=16)

    async def gather(self, task: Task, *, tokens: int) -> Gathered:
        """Markdown of at most about ``tokens`` tokens, the document's file first; files are read in a thread. The same
        task and budget give the same bytes.

        Raises BadRequest for a document whose own name says that it holds keys or passwords.
        """
        return await asyncio.to_thread(self._gathered, task, tokens)

    def _gathered(self, task: Task, tokens: int) -> Gathered:
        # By identity: an equal task later may find other files on the disk.
        with self._lock:
            for known, budget, result in self._known:
                if known is task and budget == tokens:
                    return result
        result = _Gathering(task, tokens, self._syntax, self._config).result()
        with self._lock:
            self._known.append((task, tokens, result))
        return result


class _Gathering:
    """One gathering."""

    def __init__(self, task: Task, tokens: int, syntax: Syntax, config: ContextConfig) -> None:
        self._task = task
        self._document = task.document
        self._left = tokens
        self._tokens = tokens
        self._syntax = syntax
        self._config = config
        self._deadline = time.monotonic() + config.seconds
        workspace = task.workspace
        self._secrets = task.secrets or redact(task.document.text).secrets
        self._files = Files(workspace, task.buffers, largest=config.largest_file) if workspace is not None else None

    def result(self) -> Gathered:
        """Taken in order of worth while the budget lasts; shown in order of the prompt."""
        self._refuse_secrets()
        problems = self._take(self._problems())
        # A document that fits its share is shown whole; a larger one gets what the others leave of the budget.
        document = self._document_part(self._left)
        cost = estimate_tokens(document.text)
        share = min(int(self._tokens * self._config.document_share), self._left)
        whole = cost <= share or self._files is None
        self._left -= cost if whole else share
        rules = list(self._rules())
        neighbours = list(self._neighbours())
        tests = list(self._tests())
        if not whole:
            document = self._document_part(self._left + share)
        sections = [
            ("", [document]),
            ("# Files that the document uses (outlines)", neighbours),
            ("# Tests that mention it", tests),
            ("# Problems that the editor reports", problems),
        ]
        shown: list[str] = []
        for heading, parts in sections:
            if parts:
                shown.extend(([heading] if heading else []) + [part.text for part in parts])
        heading = "# Rules of this project, for those who plan and write (not for reviewers)"
        return Gathered(
            text="\n\n".join(shown) + "\n",
            rules="\n\n".join([heading, *(part.text for part in rules)]) if rules else "",
            files=_files_of((document, *neighbours, *tests)),
            rules_files=_files_of(rules),
        )

    def _refuse_secrets(self) -> None:
        path = self._document.path
        relative = self._files.guard.relative(path) if self._files is not None and path is not None else None
        if path is not None and is_secret_name(relative or PurePosixPath(path.name)):
            raise BadRequest(
                f"{path.name} is named like a file of keys or passwords, and no such file is shown to a model.",
                remedy="keep code in a file of another name",
            )

    def _take(self, parts: Iterator[_Part], most: int | None = None) -> list[_Part]:
        """Parts while they fit what is left; one that does not is passed over."""
        taken: list[_Part] = []
        for part in parts:
            cost = estimate_tokens(part.text) + 20  # its section's heading and blank lines
            if cost <= self._left:
                self._left -= cost
                taken.append(part)
                if most is not None and len(taken) >= most:
                    break
        return taken

    def _late(self) -> bool:
        return time.monotonic() > self._deadline

    def _document_part(self, tokens: int) -> _Part:
        document = self._document
        name = self._document_name()
        heading = f"# The document: {name}"
        if is_blank(document.text):
            return _Part(f"{heading}\n\nThe file is empty.", name)
        items = self._syntax.outline(document.text, document.language).items
        shown_text = redact(document.text).text
        room = tokens - estimate_tokens(heading) - 40
        shown = fitted_document(document, shown_text, self._task.scope, items, room)
        what = {
            ScopeKind.FILE: "The whole file is to be replaced.",
            ScopeKind.INSERTION: "Code is to be inserted at the marked place.",
        }.get(self._task.scope.kind, "Only the part between the markers is to be replaced.")
        return _Part(f"{heading}\n\n{what}\n\n{fenced(shown, document.language)}", name)

    def _document_name(self) -> str:
        path = self._document.path
        if path is not None and self._files is not None:
            return self._files.name(path)
        name = path.name if path is not None else self._document.uri.rpartition("/")[2].rpartition(":")[2]
        return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split()) or "untitled"

    def _rules(self) -> Iterator[_Part]:
        if self._files is None:
            return
        room = min(self._left, int(self._tokens * self._config.rules_share))
        seen: set[Path] = set()
        for path in rules_files(self._files.guard.workspace, self._document.path):
            text = self._files.text(path)
            key = path.resolve()
            if text is None or is_blank(text) or key in seen:
                continue
            seen.add(key)
            name = self._files.name(path)
            heading = f"## {name}\n\n"
            shown = shortened(hidden(normalised(text), self._secrets).strip(), room - estimate_tokens(heading) - 20)
            if shown:
                part = _Part(heading + fenced(shown, "markdown"), name)
                cost = estimate_tokens(part.text) + 20
                room -= cost
                self._left -= cost
                yield part

    def _neighbours(self) -> Iterator[_Part]:
        if self._files is None:
            return
        files = self._files
        paths = imported_files(self._document, files, self._syntax, most=self._config.walked_files)
        taken: set[str] = set()
        for path in self._with_open_buffers(paths, files):
            if self._late() or len(taken) >= self._config.neighbours:
                return
            name = files.name(path)
            text = files.text(path)
            if text is None or name in taken or self._is_document(path):
                continue
            language = language_of(path, self._document.language)
            outline = hidden(outline_text(text, language, self._syntax), self._secrets)
            room = min(self._left - 40, max(self._tokens // 6, 200))
            shown = shortened(outline, room) if outline and room > 0 else ""
            if not shown:
                continue
            part = _Part(f"## {name}\n\n{fenced(shown, language)}", name)
            cost = estimate_tokens(part.text) + 20
            if cost <= self._left:
                self._left -= cost
                taken.add(name)
                yield part

    def _with_open_buffers(self, paths: Iterator[Path], files: Files) -> Iterator[Path]:
        """What is imported, then what the user has open in the same language."""
        yield from paths
        for path in files.open_paths():
            if language_of(path, Language.C) is self._document.language:
                yield path

    def _is_document(self, path: Path) -> bool:
        own = self._document.path
        return own is not None and own.resolve() == path.resolve()

    def _tests(self) -> Iterator[_Part]:
        scope = self._task.scope
        name = scope.name or (scope.container or "").rpartition(".")[2]
        if self._files is None or not name or (name in ("__init__", "constructor") and not scope.container):
            return
        if name in ("__init__", "constructor"):
            name = (scope.container or "").rpartition(".")[2]
        count = 0
        for path in tests_near(self._document, self._files, most=self._config.walked_files):
            if self._late() or count >= self._config.tests or self._left < 100:
                return
            text = self._files.text(path)
            found = mentions(text, name, path, self._syntax, self._document.language) if text is not None else None
            if found is None:
                continue
            file = self._files.name(path)
            language = language_of(path, self._document.language)
            shown = shortened(hidden(found, self._secrets), min(self._left - 40, max(self._tokens // 6, 200)))
            if shown:
                part = _Part(f"## {file}\n\n{fenced(shown, language)}", file)
                cost = estimate_tokens(part.text) + 20
                if cost <= self._left:
                    self._left -= cost
                    count += 1
                    yield part

    def _problems(self) -> Iterator[_Part]:
        if not self._task.diagnostics:
            return
        lines = "\n".join(
            f"- {hidden(' '.join(str(found).split()), self._secrets)}" for found in self._task.diagnostics[:50]
        )
        shown = shortened(lines, self._tokens // 8)
        if shown:
            yield _Part(shown)


def _files_of(parts: Iterable[_Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.file for part in parts if part.file))
