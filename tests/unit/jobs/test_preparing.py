"""Many requests at once: their settings read once, one made ready at a turn of the event loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pytest

from forge_lsp.core.errors import EnvironmentFault, SettingsError
from forge_lsp.core.task import Document, Scope, TextRange
from forge_lsp.ensemble.schedule import Accept, Schedule
from forge_lsp.jobs import preparing
from forge_lsp.jobs.budget import Budget
from forge_lsp.jobs.consent import Consents
from forge_lsp.jobs.contract import ApplyMode, PreparedJob
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.preparing import Preparer, Setup
from forge_lsp.jobs.pricing import Prices
from tests.unit.jobs.support import HeldClock, request, task

MANY = 40


class Turns:
    """Counts the turns of the event loop, and notes at which of them a scope is looked for."""

    def __init__(self) -> None:
        self.turn = 0
        self.at: list[int] = []
        self.documents: list[Document] = []

    async def count(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)

    def scope(self, document: Document, selection: TextRange | None) -> Scope:
        self.at.append(self.turn)
        self.documents.append(document)
        return task().scope

    def instruction(self, *_: object) -> str:
        return "do it"


class Settings:
    """Reads them as slowly as it is told to."""

    def __init__(self) -> None:
        self.read: list[tuple[Path | None, str | None]] = []
        self.wrong = False

    async def __call__(self, workspace: Path | None, profile: str | None) -> Setup:
        self.read.append((workspace, profile))
        await asyncio.sleep(0.01)
        if self.wrong:
            raise SettingsError(("budget.job: is no number",))
        return Setup(
            schedule=Schedule(rows=(), accept=Accept(score=6.5)), attempts=3, models=cast("Any", None), infos={},
            toolchains={},
            budget=Budget(job=1.0, day=1.0, month=1.0), prices=Prices(), granted=frozenset(),
            addresses=MappingProxyType({}), deadline=60.0, apply=ApplyMode.NONE, profile=f"{profile}",
        )  # fmt: skip


def preparer(settings: Settings, turns: Turns) -> Preparer:
    clock = HeldClock()
    ledger = Ledger(None, clock=clock)
    unused = cast("Any", None)
    return Preparer(
        setup=settings, scoping=cast("Any", turns), syntax=unused, context=unused, editing=unused,
        ledger=ledger, consents=Consents(ledger), clock=clock, markers=(),
    )  # fmt: skip


async def test_a_burst_reads_the_settings_once_and_leaves_the_loop_its_turns() -> None:
    settings, turns = Settings(), Turns()
    prepare = preparer(settings, turns)
    counting = asyncio.create_task(turns.count())
    found: list[PreparedJob] = await asyncio.gather(
        *(prepare(request(), f"job{number}", cast("Any", None)) for number in range(MANY))
    )
    counting.cancel()
    assert len(settings.read) == 1
    assert len(set(turns.at)) == MANY, "one at a turn"
    assert turns.at == sorted(turns.at)
    assert [one.task.document for one in found] == turns.documents, "as they came"
    assert {one.accept_score for one in found} == {6.5}, "what the schedule asks a panel for"
    await prepare.ledger.aclose()


async def test_a_request_sees_the_settings_as_they_are_after_it() -> None:
    settings = Settings()
    prepare = preparer(settings, Turns())
    early = asyncio.create_task(prepare(request(), "job1", cast("Any", None)))
    await asyncio.sleep(0.005)
    assert len(settings.read) == 1
    settings.wrong = True  # e.g. the user saves the file
    late = [asyncio.create_task(prepare(request(), f"job{number}", cast("Any", None))) for number in (2, 3)]
    results = await asyncio.gather(early, *late, return_exceptions=True)
    assert len(settings.read) == 2
    assert [isinstance(result, SettingsError) for result in results[1:]] == [True, True]
    with pytest.raises(SettingsError, match=r"budget\.job"):
        await prepare(request(), "job4", cast("Any", None))
    await prepare.ledger.aclose()


class Words(Turns):
    """Takes the user's words as they come."""

    def instruction(self, *given: object) -> str:
        return str(given[2])


async def test_a_key_in_the_users_words_is_neither_shown_nor_kept() -> None:
    secret = "ghp_" + "A7bQ9xK2mN4pR6tV8wY1zC3eF5gH0jLdSuXi"
    prepare = preparer(Settings(), Words())
    prepared = await prepare(replace(request(), words=f"call the API with {secret}"), "job1", cast("Any", None))
    assert secret not in prepared.task.instruction
    assert prepared.task.instruction.startswith("call the API with ghp_REDACTED")
    await prepare.ledger.aclose()


async def test_settings_that_cannot_be_read_are_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    prepare = preparer(settings, Turns())

    async def never(workspace: Path | None, profile: str | None) -> Setup:
        await asyncio.Event().wait()
        raise AssertionError

    prepare.setup = never
    monkeypatch.setattr(preparing, "SETUP_SECONDS", 0.05)
    for number in range(2):  # the second would wait for the first's
        with pytest.raises(EnvironmentFault, match="could not be looked at"):
            await prepare(request(), f"job{number}", cast("Any", None))
    await prepare.ledger.aclose()
