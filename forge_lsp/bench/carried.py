"""The tasks that come with the product: one TOML file each below ``tasks/<language>/``.

A file holds the document with the scope marked by ``«`` and ``»`` (``stub``), the test that the job sees (``visible``)
and the one that it does not (``hidden``), both at the path ``test``, and a ``reference`` for the scope, which only the
tests of the product use. What all tasks of a language share (build files) is in its ``project.toml``; ``copies`` there
are files of this machine that are taken along where they exist.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import tomllib
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from forge_lsp.bench.case import CaseTools, ReadyCase, is_right, no_code
from forge_lsp.core.attempt import Candidate
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.languages import Language, Languages
from forge_lsp.core.ports import Toolchain
from forge_lsp.core.task import Document, Task

__all__ = ["LEVELS", "CarriedTask", "carried_tasks"]

LEVELS = ("easy", "medium", "hard")
_BEGIN, _END = "«", "»"
_SHARED = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedTask:
    """One task of the product. ``document`` and ``test`` are paths in its small project; ``files`` all other texts,
    ``copies`` files of the machine by the path that they get."""

    id: str
    language: Language
    level: str
    document: str
    stub: str
    test: str
    visible: str
    hidden: str
    reference: str
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    copies: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def text(self) -> str:
        """The document as the job gets it."""
        return self.stub.replace(_BEGIN, "").replace(_END, "")

    @property
    def at(self) -> int:
        """The offset at which the scope begins."""
        return self.stub.index(_BEGIN)

    @property
    def solved(self) -> str:
        """The document with the reference in the scope's place."""
        return self.stub[: self.at] + self.reference.strip("\n") + self.stub.partition(_END)[2]

    @property
    def fingerprint(self) -> str:
        """A digest of all that the job and its hidden tests see."""
        parts = (self.document, self.stub, self.test, self.visible, self.hidden, *map(str, sorted(self.files.items())))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def shared(self) -> bool:
        """One obstacle is that of all tasks of the language."""
        return True

    async def obstacle(self, tools: CaseTools) -> str | None:
        """See :meth:`forge_lsp.bench.case.Case.obstacle`: the hidden tests are tried on the stub, which must fail."""
        with _temp() as root:
            task = self.put(root / self.folder, self.hidden, tools)
            toolchain = await tools.toolchain(root / self.folder, self.language)
            return await obstacle_of(toolchain, task)

    @asynccontextmanager
    async def opened(self, tools: CaseTools) -> AsyncGenerator[ReadyCase]:
        """See :meth:`forge_lsp.bench.case.Case.opened`: two projects, of which the job sees one."""
        with _temp() as root:
            shown, judged = root / "shown" / self.folder, root / "judged" / self.folder
            task = self.put(shown, self.visible, tools)
            hidden = self.put(judged, self.hidden, tools)
            toolchain = await tools.toolchain(judged, self.language)

            async def judge(candidate: Candidate) -> bool | None:
                return is_right(await toolchain.evidence(hidden, candidate))

            yield ReadyCase(request=tools.request(task.document, self.at, shown), judge=judge)

    @property
    def folder(self) -> str:
        """The name of its project's folder."""
        return self.id.rpartition("/")[2]

    def put(self, root: Path, test: str, tools: CaseTools) -> Task:
        """Write the project below ``root``, with ``test`` as its test, and return its task."""
        for name, text in {**self.files, self.test: test, self.document: self.text}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for name, source in self.copies.items():
            if Path(source).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, root / name)
        path = root / self.document
        document = Document(uri=path.as_uri(), language=self.language, text=self.text, path=path)
        return tools.task(document, self.at, root)


@contextmanager
def _temp() -> Generator[Path]:
    """A fresh folder by its real path, since checks compare paths."""
    with tempfile.TemporaryDirectory(prefix="forge-lsp-bench-") as folder:
        yield Path(folder).resolve()


async def obstacle_of(toolchain: Toolchain, task: Task) -> str | None:
    """Return why the tests of a stub cannot be run here, with the remedy; None: they run, and fail."""
    build = await toolchain.build(task, task.document.text)
    if build.compiled is None:
        return _with(build.reason or "it cannot be compiled here", build.remedy)
    evidence = await toolchain.evidence(task, no_code(task.document.text))
    if evidence.blocked is not None:
        return _with(evidence.blocked, evidence.remedy)
    tests = [result for result in evidence.results if result.kind is CheckKind.TEST]
    if any(result.status is CheckStatus.OWED for result in tests):
        return None
    if not tests:
        return "no test was run"
    return _with(tests[0].detail or f"{tests[0].source} could not be run", tests[0].remedy)


def _with(reason: str, remedy: str | None) -> str:
    line = " ".join(reason.split())
    return f"{line} - {remedy}" if remedy else line


@cache
def carried_tasks(languages: Languages) -> tuple[CarriedTask, ...]:
    """Return every task of ``languages`` that comes with the product, by language and name."""
    root = Path(__file__).with_name("tasks")
    found: list[CarriedTask] = []
    for language in languages:
        folder = root / str(language)
        tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.toml"))}
        shared = tables.pop(_SHARED, {})
        found += [_task(f"{language}/{name}", language, table, shared) for name, table in tables.items()]
    return tuple(found)


def _task(id_: str, language: Language, table: Mapping[str, Any], shared: Mapping[str, Any]) -> CarriedTask:
    files = {**shared.get("files", {}), **table.get("files", {})}
    texts = {key: value for key, value in table.items() if key != "files"}
    return CarriedTask(id=id_, language=language, files=files, copies=shared.get("copies", {}), **texts)
