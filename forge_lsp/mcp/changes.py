"""The change that the tool ``check`` is asked about: a diff, code for lines of a file, or what git tells."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forge_lsp.changes.git import change_of
from forge_lsp.changes.parts import parts_of
from forge_lsp.changes.patch import inside, patched
from forge_lsp.changes.values import Change
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.task import FileChange, ScopeKind, Task

if TYPE_CHECKING:
    from forge_lsp.jobs.services import Services
    from forge_lsp.jobs.writing import WorkspaceFiles
    from forge_lsp.mcp.arguments import ToolArguments

__all__ = ["AskedChanges"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedChanges:
    """Reads changes of the workspace at ``root``. ``home`` tells which project a file belongs to."""

    services: Services
    files: WorkspaceFiles
    root: Path
    home: Callable[[Path], Path | None]

    async def read(self, arguments: ToolArguments) -> tuple[Sequence[Change], str]:
        """Return the changes, and in words what they are changes of. Raises BadRequest."""
        diff, name, code = arguments.text("diff"), arguments.text("file"), arguments.text("code")
        lines = arguments.lines
        if diff is not None:
            if name is not None or code is not None or lines is not None:
                raise BadRequest("check: diff names its files and lines itself; leave file, code and lines out")
            return parts_of(await asyncio.to_thread(patched, diff, self.root), self.home), "the files on disk"
        if code is not None:
            if name is None:
                raise BadRequest("check: code needs the file that it belongs to")
            return (await asyncio.to_thread(self._written, name, code, arguments.range),), "the file on disk"
        if lines is not None and name is None:
            raise BadRequest("check: startLine and endLine need a file")
        path = await asyncio.to_thread(inside, self.root, name) if name is not None else None
        told = await change_of(self.root, arguments.text("against") or "HEAD", self.services.languages)
        if path is not None and path not in {file.path for file in told.files} and not path.is_file():
            raise BadRequest(f"{name}: there is no such file, neither now nor in {told.against}")
        own = [file.path for file in told.files if file.path.is_relative_to(self.root)]
        only = frozenset(own) if path is None else frozenset({path})
        span = None if lines is None else (lines[0], lines[1] or lines[0])
        return parts_of(told.files, self.home, only=only, lines=span), told.against

    def _written(self, name: str, code: str, selected: str | None) -> Change:
        """The change that puts ``code`` in the place of lines of a file, as a job would put it there."""
        path = inside(self.root, name)
        document = self.files.read_document(path, self.files.language_of(path, None, self.services.languages))
        selection = self.files.selection(document.text, selected)
        scoping, home = self.services.scoping, self.home(path) or self.root
        scope = scoping.scope(document, selection)
        if not code.strip():
            raise BadRequest("check: code is empty", remedy="to check removed code, send a diff")
        if (
            scope.kind is ScopeKind.DEFINITION
            and scope.name
            and re.search(rf"\b{re.escape(scope.name)}\b", code) is None
        ):
            raise BadRequest(
                f"check: the lines hold {scope.name}, and code does not define it",
                remedy="send all of the definition, or a diff if it is renamed or removed",
            )
        words = scoping.instruction(document, scope, None, ())
        task = Task(document=document, scope=scope, instruction=words, workspace=home)
        after = self.services.editing.splice(task, code, ())
        return Change(workspace=home, files=(FileChange(path=path, before=document.text, after=after),))
