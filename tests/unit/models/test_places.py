"""The queue of one model server: turns, what suits the server, places that are never lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.models.places import Places, YieldPolicy

PATIENT = YieldPolicy(passes=3, seconds=1000.0)


@dataclass
class Server:
    """Calls that end when they are told to. ``began`` is who began, in order; a call's name is ``job/model/number``."""

    places: Places
    began: list[str] = field(default_factory=list)
    running: dict[str, asyncio.Event] = field(default_factory=dict)
    most: int = 0
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def call(self, name: str) -> None:
        job, model, _ = name.split("/")
        async with self.places.place(job=job, model=model):
            self.began.append(name)
            end = self.running[name] = asyncio.Event()
            self.most = max(self.most, len(self.running))
            try:
                await end.wait()
            finally:
                del self.running[name]

    async def ask(self, *names: str) -> None:
        for name in names:
            self.tasks[name] = asyncio.create_task(self.call(name))
            await settle()

    async def end(self, name: str) -> None:
        self.running[name].set()
        await settle()

    async def drain(self) -> None:
        while self.running:
            await self.end(next(iter(self.running)))

    async def clear(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def server(count: int = 1, manners: YieldPolicy = PATIENT, time: Time | None = None) -> Server:
    return Server(places=Places(count, clock=time or Time(), manners=manners))


async def test_a_job_with_many_calls_does_not_keep_another_waiting() -> None:
    busy = server(manners=YieldPolicy(passes=0))
    await busy.ask(*(f"big/phi4/{number}" for number in range(40)), "small/phi4/0")
    await busy.drain()
    assert busy.began.index("small/phi4/0") <= 2
    assert len(busy.began) == 41


async def test_jobs_take_turns_and_keep_their_order() -> None:
    busy = server(manners=YieldPolicy(passes=0))
    await busy.ask("x/phi4/0", "a/phi4/0", "a/phi4/1", "a/phi4/2", "b/phi4/0", "b/phi4/1", "c/phi4/0")
    await busy.drain()
    assert busy.began == ["x/phi4/0", "a/phi4/0", "b/phi4/0", "c/phi4/0", "a/phi4/1", "b/phi4/1", "a/phi4/2"]


async def test_the_model_at_hand_goes_on_before_another_is_loaded() -> None:
    busy = server()
    await busy.ask("x/llama/0", "a/codestral/0", "b/llama/0", "c/codestral/0", "d/llama/0")
    await busy.drain()
    models = [name.split("/")[1] for name in busy.began]
    assert models == ["llama", "llama", "llama", "codestral", "codestral"]


async def test_the_samples_of_a_job_go_on_where_their_prompt_is_at_hand() -> None:
    busy = server()
    await busy.ask(*(f"{job}/phi4/{number}" for number in range(3) for job in "ab"))
    await busy.drain()
    assert "".join(name[0] for name in busy.began) == "aaabbb"


async def test_who_was_passed_over_often_enough_goes_next() -> None:
    busy = server()
    await busy.ask("x/llama/0", "late/codestral/0", *(f"{job}/llama/0" for job in "abcdefgh"))
    await busy.drain()
    assert busy.began.index("late/codestral/0") == 1 + PATIENT.passes


async def test_who_was_passed_over_long_enough_goes_next() -> None:
    time = Time()
    busy = server(manners=YieldPolicy(passes=100, seconds=20.0), time=time)
    await busy.ask("x/llama/0", "late/codestral/0", *(f"{job}/llama/0" for job in "abcdefgh"))
    for _ in range(4):
        await busy.end(busy.began[-1])
        time.now += 11
    assert busy.began == ["x/llama/0", "a/llama/0", "b/llama/0", "late/codestral/0", "c/llama/0"]
    await busy.drain()


async def test_a_turn_that_was_passed_over_is_counted_anew_the_next_time() -> None:
    busy = server(manners=YieldPolicy(passes=1, seconds=1000.0))
    await busy.ask("x/llama/0", "late/codestral/0", "late/gemma3/1", "a/llama/0", "b/codestral/0")
    await busy.end("x/llama/0")
    await busy.end("a/llama/0")  # passed over once: now it goes
    assert busy.began[-1] == "late/codestral/0"
    await busy.ask("c/codestral/0", "d/codestral/0")
    await busy.end("late/codestral/0")  # b's turn, which suits
    await busy.end("b/codestral/0")  # late's turn: c suits better
    assert busy.began[-1] == "c/codestral/0"
    await busy.drain()


async def test_every_place_is_used() -> None:
    busy = server(3)
    await busy.ask(*(f"{job}/phi4/0" for job in "abcdef"))
    assert len(busy.running) == 3
    await busy.drain()
    assert (busy.most, busy.places.free, busy.places.waiting) == (3, 3, 0)


async def test_a_cancelled_waiter_never_takes_a_place() -> None:
    busy = server()
    await busy.ask("a/phi4/0", "b/phi4/0", "c/phi4/0")
    busy.tasks["b/phi4/0"].cancel()
    await settle()
    assert busy.places.waiting == 1
    await busy.end("a/phi4/0")
    assert busy.began == ["a/phi4/0", "c/phi4/0"]
    await busy.drain()
    assert busy.places.free == 1


async def test_one_cancelled_as_its_turn_comes_is_stepped_over() -> None:
    busy = server()
    await busy.ask("a/phi4/0", "b/phi4/0", "c/phi4/0")
    busy.running["a/phi4/0"].set()  # a leaves before b can
    busy.tasks["b/phi4/0"].cancel()
    await settle()
    assert busy.began == ["a/phi4/0", "c/phi4/0"]
    await busy.drain()
    assert busy.places.free == 1


async def test_one_cancelled_between_its_turn_and_its_start_hands_the_place_on() -> None:
    busy = server()
    await busy.ask("a/phi4/0", "b/phi4/0", "c/phi4/0")
    busy.running["a/phi4/0"].set()
    while busy.places.waiting == 2:  # noqa: ASYNC110 - until b has been given the place, and not a step longer
        await asyncio.sleep(0)
    assert "b/phi4/0" not in busy.running
    busy.tasks["b/phi4/0"].cancel()
    await settle()
    assert busy.began == ["a/phi4/0", "c/phi4/0"]
    await busy.drain()
    assert busy.places.free == 1


STEP = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from("abcd"), st.sampled_from(["phi4", "gemma3", "llama"])),
    st.tuples(st.just("end"), st.integers(0, 9)),
    st.tuples(st.just("cancel"), st.integers(0, 99)),
    st.tuples(st.just("cancel a granted one"), st.integers(0, 9)),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(count=st.integers(1, 4), passes=st.integers(0, 4), steps=st.lists(STEP, max_size=40))
def test_no_place_is_lost_and_none_is_made(count: int, passes: int, steps: list[tuple[object, ...]]) -> None:
    async def check() -> None:
        busy = server(count, YieldPolicy(passes=passes, seconds=1000.0))
        for number, step in enumerate(steps):
            match step:
                case ("ask", job, model):
                    await busy.ask(f"{job}/{model}/{number}")
                case ("end", at) if busy.running:
                    await busy.end(list(busy.running)[int(str(at)) % len(busy.running)])
                case ("cancel", at) if busy.tasks:
                    list(busy.tasks.values())[int(str(at)) % len(busy.tasks)].cancel()
                    await settle()
                case ("cancel a granted one", at) if busy.running:
                    names = list(busy.running)
                    busy.running[names[int(str(at)) % len(names)]].set()
                    await asyncio.sleep(0)
                    for task in list(busy.tasks.values())[int(str(at)) :: 3]:
                        task.cancel()
                    await settle()
                case _:
                    continue
            assert busy.places.free + len(busy.running) == count
            assert not (busy.places.free and busy.places.waiting)
        await busy.drain()
        assert all(task.done() for task in busy.tasks.values())
        assert (busy.places.free, busy.places.waiting) == (count, 0)
        assert busy.most <= count

    asyncio.run(check())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(1, 3),
    passes=st.integers(0, 4),
    asked=st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["phi4", "gemma3", "llama"])), min_size=1, max_size=40
    ),
    more=st.lists(st.sampled_from("abcdefgh"), max_size=60),
)
def test_nobody_starves(count: int, passes: int, asked: list[tuple[str, str]], more: list[str]) -> None:
    """However the calls of others come, a job's next call waits for no more than the docstring says."""

    async def check() -> None:
        busy = server(count, YieldPolicy(passes=passes, seconds=1000.0))
        await busy.ask(*(f"z/other/{number}" for number in range(count)))
        await busy.ask(*(f"{job}/{model}/{number}" for number, (job, model) in enumerate(asked)))
        newcomers = iter(more)
        due: dict[str, int] = {}  # by waiting job: how many may still begin before its next call
        ring = list(dict.fromkeys(job for job, _ in asked))
        for at, job in enumerate(ring):
            due[job] = at * (passes + 1) + passes
        while busy.running:
            seen = len(busy.began)
            if (job := next(newcomers, None)) is not None:
                name = f"{job}/phi4/{1000 + seen}"
                waiting = {other.split("/")[0] for other, task in busy.tasks.items() if waits(busy, other, task)}
                await busy.ask(name)
                if job not in due and waits(busy, name, busy.tasks[name]):
                    due[job] = len(waiting - {job}) * (passes + 1) + passes
            await busy.end(next(iter(busy.running)))
            for name in busy.began[seen:]:
                job = name.split("/")[0]
                for other in due:
                    due[other] -= other != job
                others = {
                    one.split("/")[0]
                    for one, task in busy.tasks.items()
                    if waits(busy, one, task) and one not in busy.began
                }
                due.pop(job, None)
                if job in others:
                    due[job] = len(others - {job}) * (passes + 1) + passes
                assert all(left >= 0 for left in due.values()), (due, busy.began)
        numbers: dict[str, list[int]] = {}
        for name in busy.began[count:]:
            numbers.setdefault(name.split("/")[0], []).append(int(name.split("/")[2]))
        assert len(busy.began) == len(busy.tasks)
        for job in ring:
            first = [number for number in numbers[job] if number < 1000]
            assert first == sorted(first)

    def waits(busy: Server, name: str, task: asyncio.Task[None]) -> bool:
        return not task.done() and name not in busy.began

    asyncio.run(check())
