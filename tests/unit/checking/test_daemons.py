from __future__ import annotations

import asyncio

import pytest

from forge_lsp.checking.daemons import DaemonLimits, Daemons
from forge_lsp.core.errors import EnvironmentFault


class FakeDaemon:
    def __init__(self) -> None:
        self.alive = True
        self.closed = False

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.alive = False
        self.closed = True


class Starter:
    """Starts daemons when ``go`` is set; the first ``failing`` starts fail."""

    def __init__(self, *, failing: int = 0) -> None:
        self.made: list[FakeDaemon] = []
        self.tries = 0
        self.failing = failing
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> FakeDaemon:
        self.tries += 1
        await self.go.wait()
        if self.tries <= self.failing:
            raise EnvironmentFault("not here")
        self.made.append(FakeDaemon())
        return self.made[-1]


async def asked(daemons: Daemons[FakeDaemon], start: Starter, key: str = "a") -> FakeDaemon | None:
    async with daemons.use(key, start) as daemon:
        return daemon


async def test_one_is_started_for_all_and_ended_in_the_end() -> None:
    daemons, start = Daemons[FakeDaemon](), Starter()
    found = await asyncio.gather(*(asked(daemons, start) for _ in range(4)))
    assert found == [start.made[0]] * 4
    assert daemons.running == 1
    await daemons.aclose()
    assert start.made[0].closed
    assert await asked(daemons, start) is None, "after its end nothing is started"


async def test_a_slow_start_goes_on_when_nobody_waits() -> None:
    daemons, start = Daemons[FakeDaemon](DaemonLimits(patience=0.01)), Starter()
    start.go.clear()
    assert await asked(daemons, start) is None
    start.go.set()
    await asyncio.sleep(0)
    assert await asked(daemons, start) is not None
    assert start.tries == 1
    await daemons.aclose()


async def test_the_end_ends_a_start() -> None:
    daemons, start = Daemons[FakeDaemon](DaemonLimits(patience=0.01)), Starter()
    start.go.clear()
    await asked(daemons, start)
    async with asyncio.timeout(5):
        await daemons.aclose()
    assert start.made == []


async def test_what_died_is_started_again_but_not_for_ever() -> None:
    daemons, start = Daemons[FakeDaemon](DaemonLimits(starts=3)), Starter()
    for number in range(3):
        daemon = await asked(daemons, start)
        assert daemon is start.made[number]
        start.made[number].alive = False
    assert await asked(daemons, start) is None
    assert start.tries == 3
    await daemons.aclose()
    assert all(daemon.closed for daemon in start.made)


async def test_a_start_that_fails_is_tried_again() -> None:
    daemons, start = Daemons[FakeDaemon](), Starter(failing=1)
    assert await asked(daemons, start) is None
    assert await asked(daemons, start) is not None
    await daemons.aclose()


async def test_one_that_answers_too_late_is_ended_and_a_cancel_ends_none() -> None:
    daemons, start = Daemons[FakeDaemon](), Starter()
    with pytest.raises(TimeoutError):
        async with daemons.use("a", start), asyncio.timeout(0.01):
            await asyncio.Event().wait()

    async def forever() -> None:
        async with daemons.use("a", start):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(forever())
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await asked(daemons, start) is start.made[1]
    assert [daemon.closed for daemon in start.made] == [True, False]
    await daemons.aclose()


async def test_idle_ones_are_stopped_and_there_are_not_too_many() -> None:
    daemons, start = Daemons[FakeDaemon](DaemonLimits(idle=0.01, starts=1)), Starter()
    await asked(daemons, start)
    await asyncio.sleep(0.05)
    assert start.made[0].closed
    assert await asked(daemons, start) is not None, "a rest is no failure"
    await daemons.aclose()
    few, start = Daemons[FakeDaemon](DaemonLimits(most=2)), Starter()
    for key in ("a", "b", "a", "c"):
        await asked(few, start, key)
    await asyncio.sleep(0.01)
    assert [daemon.closed for daemon in start.made] == [False, True, False], "b was idle for longest"
    await few.aclose()
