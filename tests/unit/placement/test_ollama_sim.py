"""The simulator keeps Ollama's rules."""

from __future__ import annotations

import asyncio

from tests.support.ollama_sim import Scheduler, SimModel, TimedServer


def server(free: int, max_loaded: int = 4, **models: tuple[int, int]) -> Scheduler:
    told = {name: SimModel(name=name, predicted=predicted, size=size) for name, (predicted, size) in models.items()}
    return Scheduler(models=told, free=free, max_loaded=max_loaded)


def use(one: Scheduler, *names: str, forever: bool = True) -> None:
    for name in names:
        assert one.start(name, forever=forever)
        one.end(name)


def test_the_first_is_loaded_whatever_is_predicted_and_spills() -> None:
    one = server(100, a=(200, 120))
    use(one, "a")
    assert one.ps() == [{"name": "a", "size": 120, "size_vram": 100}]
    assert one.count("spill") == 1


def test_another_evicts_when_predicted_is_over_80_percent_of_what_is_free() -> None:
    fits = server(100, a=(10, 50), b=(40, 20))
    use(fits, "a", "b")
    assert fits.count("evict") == 0
    over = server(100, a=(10, 50), b=(41, 20))
    use(over, "a", "b")
    assert [row["name"] for row in over.ps()] == ["b"]


def test_the_least_recently_used_goes_first_and_those_kept_for_ever_last() -> None:
    one = server(100, 2, a=(1, 1), b=(1, 1), c=(1, 1))
    use(one, "a", "b", "a", "c")
    assert sorted(one.loaded) == ["a", "c"]
    mixed = server(100, 2, a=(1, 1), b=(1, 1), c=(1, 1))
    use(mixed, "a")
    use(mixed, "b", forever=False)
    use(mixed, "c")
    assert sorted(mixed.loaded) == ["a", "c"]


def test_a_model_in_use_is_waited_for() -> None:
    one = server(100, 1, a=(1, 1), b=(1, 1))
    assert one.start("a")
    assert not one.start("b")
    assert not one.unload("a")
    one.end("a")
    assert one.start("b")
    assert one.count("evict") == 1


async def test_loads_of_a_server_come_one_at_a_time_and_users_share_one() -> None:
    one = TimedServer(server(100, a=(1, 10), b=(1, 10)), bandwidth=10, unload=0, scale=0.01)
    done: list[str] = []

    async def load(name: str) -> None:
        await one.load(name)
        done.append(name)

    await asyncio.gather(load("a"), load("b"), load("a"))
    assert one.scheduler.count("load") == 2
    assert done[0] == "a"


async def test_a_load_waits_until_a_busy_model_is_idle() -> None:
    one = TimedServer(server(100, 1, a=(1, 1), b=(1, 1)), scale=0)
    async with one.use("a"):
        waiting = asyncio.create_task(one.load("b"))
        await asyncio.sleep(0.01)
        assert not waiting.done()
    await waiting
    assert [row["name"] for row in one.scheduler.ps()] == ["b"]
