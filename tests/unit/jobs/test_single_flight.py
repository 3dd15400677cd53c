"""The same question, asked by many at once."""

from __future__ import annotations

import asyncio

import pytest

from forge_lsp.jobs.single_flight import SingleFlight


class Slow:
    """Answers how often it was asked before, once it is told to go on."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, key: str) -> int:
        self.keys.append(key)
        number = len(self.keys)
        await self.go.wait()
        if key == "bad":
            raise ValueError(key)
        return number


async def test_many_calls_are_one_piece_of_work() -> None:
    slow = Slow()
    shared = SingleFlight(slow)
    slow.go.set()
    assert await asyncio.gather(*(shared("a") for _ in range(50))) == [1] * 50
    assert await shared("a") == 2, "nothing is kept"


async def test_a_call_never_joins_work_that_began_before_it() -> None:
    slow = Slow()
    shared = SingleFlight(slow)
    early = asyncio.create_task(shared("a"))
    await asyncio.sleep(0.01)
    assert slow.keys == ["a"]
    late = [asyncio.create_task(shared("a")) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert slow.keys == ["a"], "one after the other"
    slow.go.set()
    assert await early == 1
    assert [await each for each in late] == [2, 2, 2]


async def test_keys_do_not_wait_for_each_other() -> None:
    slow = Slow()
    shared = SingleFlight(slow)
    calls = [asyncio.create_task(shared(key)) for key in ("a", "b")]
    await asyncio.sleep(0.01)
    assert slow.keys == ["a", "b"]
    slow.go.set()
    await asyncio.gather(*calls)


async def test_a_failure_is_told_to_all_and_is_not_the_next_answer() -> None:
    slow = Slow()
    shared = SingleFlight(slow)
    slow.go.set()
    results = await asyncio.gather(shared("bad"), shared("bad"), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] * 2
    with pytest.raises(ValueError, match="bad"):
        await shared("bad")
    assert slow.keys == ["bad", "bad"]


async def test_a_cancelled_call_leaves_the_work_to_the_others() -> None:
    slow = Slow()
    shared = SingleFlight(slow)
    first, second = (asyncio.create_task(shared("a")) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    slow.go.set()
    assert await second == 1
