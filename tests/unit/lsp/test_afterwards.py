"""What becomes of applied code is looked at when its document is saved or closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types as lsp

from forge_lsp.core.became import EditFate
from forge_lsp.core.task import Document, Scope, TextRange
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.jobs.offer import Offer
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.lsp import afterwards as module
from forge_lsp.lsp.afterwards import MOST, AppliedTracker
from forge_lsp.lsp.apply import AppliedChange
from forge_lsp.lsp.documents import Documents
from forge_lsp.lsp.texts import ExactWorkspace
from tests.support import lang

STUB = "def add(a, b):\n    ...\n\n\nx = 1\n"
DONE = STUB.replace("...", "return a + b")
MORE = DONE.replace("a + b", "a + b + 1")


class Jobs:
    """Notes what the job manager is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, EditFate]] = []

    def mark_became(self, job_id: str, became: EditFate) -> asyncio.Task[None]:
        self.told.append((job_id, became))
        return asyncio.create_task(asyncio.sleep(0))


class Rig:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "a file.py"
        self.uri = self.path.as_uri()
        self.workspace = ExactWorkspace(None, lsp.TextDocumentSyncKind.Incremental)
        self.afterwards = AppliedTracker(Documents(self.workspace, BUILT_IN))
        self.jobs = Jobs()
        self.scopes: Any = Scopes(TreeSitterSyntax())

    def open(self, text: str, uri: str | None = None) -> None:
        item = lsp.TextDocumentItem(uri=uri or self.uri, language_id="python", version=1, text=text)
        self.workspace.put_text_document(item)

    def apply(self, job_id: str = "job", uri: str | None = None, change: AppliedChange | None = None) -> None:
        services: Any = SimpleNamespace(jobs=self.jobs, scoping=self.scopes)
        offer = Offer(uri=uri or self.uri, base=STUB, scope=scope(), text=DONE)
        self.afterwards.remember(services, job_id, "python", offer, change or AppliedChange(STUB, DONE))

    async def end(self) -> list[tuple[str, EditFate]]:
        await self.afterwards.aclose(30)
        return self.jobs.told


def scope() -> Scope:
    document = Document(uri="untitled:a", language=lang.PYTHON, text=STUB)
    return Scopes(TreeSitterSyntax()).scope(document, TextRange(start=0, end=0))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    await rig.afterwards.aclose(0)


@pytest.mark.parametrize(
    ("text", "became"),
    [(DONE, EditFate.KEPT), ("y = 2\n\n\n" + DONE, EditFate.KEPT), (MORE, EditFate.CHANGED), (STUB, EditFate.UNDONE)],
)
async def test_a_save_says_what_became_of_it_and_only_the_first_counts(rig: Rig, text: str, became: EditFate) -> None:
    rig.open(text)
    rig.apply()
    rig.afterwards.saved(rig.uri.replace("%20", " "))  # a client may write it otherwise
    rig.afterwards.saved(rig.uri)
    rig.afterwards.closed(rig.uri)
    assert await rig.end() == [("job", became)]


async def test_the_text_is_that_of_the_save_not_what_is_typed_after_it(rig: Rig) -> None:
    rig.open(DONE)
    rig.apply()
    rig.afterwards.saved(rig.uri)
    rig.open(MORE)
    assert await rig.end() == [("job", EditFate.KEPT)]


async def test_a_save_waits_for_nothing(rig: Rig) -> None:
    """Both the digests at the edit and those at the save are worked out by somebody else."""
    rig.open(DONE)
    rig.apply()
    rig.afterwards.saved(rig.uri)
    assert rig.jobs.told == []
    assert await rig.end() == [("job", EditFate.KEPT)]


@pytest.mark.parametrize(
    ("on_disk", "became"), [(STUB, EditFate.UNDONE), (DONE, EditFate.KEPT), (None, EditFate.UNDONE)]
)
async def test_what_is_closed_without_a_save_is_what_the_file_says(
    rig: Rig, on_disk: str | None, became: EditFate
) -> None:
    if on_disk is not None:
        rig.path.write_text(on_disk)
    rig.apply()
    rig.afterwards.closed(rig.uri)
    assert await rig.end() == [("job", became)]


async def test_a_save_of_a_document_that_is_not_open_is_read_from_the_disk(rig: Rig) -> None:
    rig.path.write_text(MORE)
    rig.apply()
    rig.afterwards.saved(rig.uri)
    assert await rig.end() == [("job", EditFate.CHANGED)]


async def test_what_cannot_be_told_stays_unknown(rig: Rig) -> None:
    rig.apply("untitled", uri="untitled:Untitled-1")
    rig.afterwards.closed("untitled:Untitled-1")
    rig.path.write_bytes(b"\xff\xfe\x00")
    rig.apply("binary")
    rig.afterwards.closed(rig.uri)
    rig.path.unlink()
    rig.path.mkdir()
    rig.apply("folder")
    rig.afterwards.closed(rig.uri)
    rig.apply("no edit", change=AppliedChange("other", "text"))
    unknown = Offer(uri=rig.uri, base="", scope=scope(), text="")
    rig.afterwards.remember(cast("Any", None), "another language", "cobol", unknown, AppliedChange("", ""))
    rig.afterwards.saved(rig.uri)
    rig.apply("never saved", uri="file:///elsewhere.py")
    assert await rig.end() == []


async def test_an_error_is_for_the_log_alone(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no grammar")

    rig.scopes = SimpleNamespace(follow=broken)
    rig.open(DONE)
    rig.apply()
    rig.afterwards.saved(rig.uri)
    assert await rig.end() == []
    assert "no grammar" in caplog.text


async def test_applied_twice_counts_once(rig: Rig) -> None:
    rig.open(DONE)
    rig.apply()
    rig.apply()
    rig.apply("other", change=AppliedChange(STUB, MORE))
    rig.afterwards.saved(rig.uri)
    assert await rig.end() == [("job", EditFate.KEPT), ("other", EditFate.CHANGED)]


async def test_only_so_many_are_remembered(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST > 2
    monkeypatch.setattr(module, "MOST", 2)
    rig.open(DONE)
    for number in range(4):
        rig.apply(f"job{number}")
    rig.afterwards.saved(rig.uri)
    assert [job_id for job_id, _ in await rig.end()] == ["job2", "job3"]


async def test_after_the_end_nothing_is_begun(rig: Rig) -> None:
    await rig.afterwards.aclose(0)
    rig.open(DONE)
    rig.apply()
    rig.afterwards.saved(rig.uri)
    assert await rig.end() == []
