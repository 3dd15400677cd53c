"""One small project a language, and what candidates do to it: the table of the build gate."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support.builds import task_of, write_files


@asynccontextmanager
async def real_sandbox(temp: Path) -> AsyncIterator[Sandbox]:
    """The sandbox that this machine gives."""
    chooser = SandboxChooser(SandboxConfig(mode="preferred", temp=temp))
    try:
        yield await chooser.choose()
    finally:
        chooser.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A candidate and the diagnostic it must be refused with: file, line, a code of these, a word of the message."""

    name: str
    code: str
    file: str
    line: int
    codes: tuple[str, ...]
    message: str


def project_task(root: Path, language: Language, files: Mapping[str, str], marked: str) -> Task:
    """Write the project and mark the scope in ``marked``: ``area``, as its language writes that name."""
    text = files[marked]
    write_files(root, {**files, marked: text.replace("«", "").replace("»", "")})
    name = re.search(r"\barea\b", text[text.find("«") + 1 : text.find("»")], re.I)
    return task_of(
        text, language=language, path=root / marked, workspace=root, name=name[0] if name is not None else "area"
    )
