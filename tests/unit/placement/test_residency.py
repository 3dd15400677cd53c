"""Models brought in and out by the plan, on simulated servers that follow Ollama's rules."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from forge_lsp.core.errors import DeadlineExceeded, ModelError, ServerUnreachable
from forge_lsp.core.events import Stage
from forge_lsp.placement import placement
from forge_lsp.placement.plan import GIB, Plan
from forge_lsp.placement.plan import Stage as PlanStage
from tests.support.rigs import device, user_needs, user_steps
from tests.support.simulated_gpus import SimulatedGpus

STAGES: tuple[tuple[Stage, PlanStage], ...] = (
    (Stage.THINK, "think"),
    (Stage.GENERATE, "generate"),
    (Stage.REVIEW, "panel"),
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The user's rig with its eight local models, as the plan has it."""
    needs = user_needs(gpus=False)
    return placement.make([device(0, 24), device(1, 24), device(2, 12)], needs, user_steps(needs))


def swapped(plan: Plan) -> tuple[str, str]:
    """A model that is swapped in for a stage of attempt 5, and one that goes for it."""
    move = next(move for scene in plan.scenes if scene.attempt == 5 for move in scene.moves)
    return move.load[0], move.unload[0]


async def begun(plan: Plan, folder: Path, *, timeout: float = 20.0) -> SimulatedGpus:
    """With all in memory that the plan begins with."""
    simulated = SimulatedGpus(plan, folder, timeout=timeout)
    for keys in plan.base.values():
        for key in keys:
            await simulated.load(key)
    return simulated


async def test_ten_attempts_are_as_planned_and_nothing_is_loaded_twice(plan: Plan, tmp_path: Path) -> None:
    simulated = SimulatedGpus(plan, tmp_path)
    for attempt in range(1, 11):
        for number, (stage, name) in enumerate(STAGES):
            scene = plan.scene(attempt, name)
            called = {key for turns in scene.turns.values() for turn in turns for key in turn} if scene else set()
            if scene is None or scene.attempt != attempt or not called:
                continue
            async with simulated.residency.hold(sorted(called), attempt=attempt, stage=stage) as remarks:
                assert list(remarks) == []
                ahead, following = (attempt, STAGES[number + 1]) if number < 2 else (attempt + 1, STAGES[0])
                planned = plan.scene(ahead, following[1])
                keys = {key for turns in planned.turns.values() for turn in turns for key in turn} if planned else set()
                simulated.residency.foresee(sorted(keys), attempt=ahead, stage=following[0])
                for uuid, turns in scene.turns.items():
                    assert set(turns[0] if turns else ()) <= set(simulated.servers[uuid].scheduler.loaded), (
                        attempt,
                        name,
                    )
                for turns in zip(*scene.turns.values(), strict=False):
                    await simulated.call([key for turn in turns for key in turn], 1.0)
    await simulated.residency.aclose()
    assert simulated.events("evict") == []
    assert simulated.events("spill") == []
    assert len(simulated.events("load")) <= plan.loads
    assert set(simulated.measured) == set(plan.placement)
    assert set(simulated.seconds.values()) == {1.5}, "as long as the loader says that it took"


async def test_the_writer_comes_in_while_the_others_think(plan: Plan, tmp_path: Path) -> None:
    coming, going = swapped(plan)
    simulated = await begun(plan, tmp_path)
    thinkers = ("phi4", "gemma3", "qwen")
    async with simulated.residency.hold(thinkers, attempt=5, stage=Stage.THINK):
        assert not simulated.on(coming)
        simulated.residency.foresee((coming,), attempt=5, stage=Stage.GENERATE)
        await simulated.call(thinkers, 30.0)
        assert simulated.on(coming)
        assert not simulated.on(going)
    async with simulated.residency.hold((coming,), attempt=5, stage=Stage.GENERATE):
        pass
    assert simulated.events("load").count(coming) == 1
    await simulated.residency.aclose()


async def test_a_model_in_use_is_waited_for_and_never_taken(plan: Plan, tmp_path: Path) -> None:
    coming, going = swapped(plan)
    simulated = await begun(plan, tmp_path)
    order: list[str] = []
    using, done = asyncio.Event(), asyncio.Event()

    async def user() -> None:
        async with simulated.residency.hold((going,), attempt=5, stage=Stage.REVIEW):
            using.set()
            await done.wait()
            order.append("used")

    async def other() -> None:
        await using.wait()
        async with simulated.residency.hold((coming,), attempt=5, stage=Stage.GENERATE):
            order.append("came")
            assert not simulated.on(going)

    async with asyncio.TaskGroup() as group:
        group.create_task(user())
        group.create_task(other())
        await using.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert simulated.on(going)
        done.set()
    assert order == ["used", "came"]
    await simulated.residency.aclose()


async def test_what_is_foreseen_waits_too_and_does_not_stand_in_the_way(plan: Plan, tmp_path: Path) -> None:
    coming, going = swapped(plan)
    simulated = await begun(plan, tmp_path)
    async with simulated.residency.hold((going,), attempt=5, stage=Stage.REVIEW):
        simulated.residency.foresee((coming,), attempt=5, stage=Stage.GENERATE)
        await asyncio.sleep(0.02)
        assert simulated.on(going)
        async with simulated.residency.hold((going,), attempt=5, stage=Stage.REVIEW):  # another job, the same model
            assert simulated.on(going)
    for _ in range(200):
        await asyncio.sleep(0.01)
        if simulated.on(coming):
            break
    assert simulated.on(coming)
    await simulated.residency.aclose()


async def test_two_jobs_that_want_one_model_share_one_load(plan: Plan, tmp_path: Path) -> None:
    simulated = SimulatedGpus(plan, tmp_path)

    async def job() -> None:
        async with simulated.residency.hold(("phi4",), attempt=1, stage=Stage.THINK):
            assert simulated.on("phi4")

    await asyncio.gather(*(job() for _ in range(5)))
    await simulated.residency.aclose()
    assert simulated.events("load").count("phi4") == 1


async def test_two_processes_see_each_others_use(plan: Plan, tmp_path: Path) -> None:
    coming, going = swapped(plan)
    simulated = await begun(plan, tmp_path)
    first, second = simulated.residency, simulated.another()
    reached = asyncio.Event()

    async def other() -> None:
        async with second.hold((coming,), attempt=5, stage=Stage.GENERATE):
            reached.set()

    async with first.hold((going,), attempt=5, stage=Stage.REVIEW):
        task = asyncio.create_task(other())
        await asyncio.sleep(0.15)
        assert not reached.is_set()
        assert simulated.on(going)
    await asyncio.wait_for(task, 10)
    assert not simulated.on(going)
    await first.aclose()
    await second.aclose()


async def test_one_that_waits_in_vain_goes_on_and_says_so(plan: Plan, tmp_path: Path) -> None:
    coming, going = swapped(plan)
    simulated = await begun(plan, tmp_path, timeout=0.2)
    async with simulated.residency.hold((going,), attempt=5, stage=Stage.REVIEW):
        async with simulated.residency.hold((coming,), attempt=5, stage=Stage.GENERATE) as remarks:
            assert list(remarks) == [f"{coming}: the GPU's memory was not free within 0.2 s"]
        assert simulated.on(going)
    await simulated.residency.aclose()


async def test_a_load_slower_than_the_deadline_is_told_and_goes_on(plan: Plan, tmp_path: Path) -> None:
    simulated = SimulatedGpus(
        plan, tmp_path, timeout=0.1, bandwidth=plan.need("codestral").footprint.bytes / 200
    )  # 0.4 s
    async with simulated.residency.hold(("codestral",), attempt=5, stage=Stage.GENERATE) as remarks:
        assert list(remarks) == ["codestral: codestral is still being loaded after 0.1 s"]
    await asyncio.sleep(0.5)
    async with simulated.residency.hold(("codestral",), attempt=5, stage=Stage.GENERATE) as remarks:
        assert list(remarks) == []
    await simulated.residency.aclose()
    assert simulated.events("load").count("codestral") == 1


@pytest.mark.parametrize(
    "error",
    [DeadlineExceeded("phi4 was not loaded within 1 s.", deadline="load"), ServerUnreachable("it died")],
    ids=["deadline", "death"],
)
async def test_a_load_that_fails_is_left_to_the_call_and_hinders_no_later_one(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: ModelError
) -> None:
    simulated = SimulatedGpus(plan, tmp_path)

    async def fails(key: str) -> float:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(simulated, "load", fails)
        async with simulated.residency.hold(("phi4",), attempt=1, stage=Stage.THINK) as remarks:
            assert list(remarks) == []
    async with simulated.residency.hold(("phi4",), attempt=1, stage=Stage.THINK) as remarks:
        assert simulated.on("phi4")
    await simulated.residency.aclose()


async def test_memory_that_a_game_has_taken_is_seen_and_told(plan: Plan, tmp_path: Path) -> None:
    simulated = SimulatedGpus(plan, tmp_path)
    uuid = plan.placement["codestral"]
    server, whole = simulated.server_of("codestral").scheduler, next(d.free for d in plan.devices if d.uuid == uuid)
    taken = whole - 6 * GIB
    server.free -= taken
    simulated.free = lambda device: server.available if device == uuid else None
    async with simulated.residency.hold(("codestral",), attempt=5, stage=Stage.GENERATE) as remarks:
        (remark,) = remarks
    assert remark.startswith("codestral is partly on the CPU (")
    assert f"{taken / GIB:.1f} GiB of GPU" in remark
    assert len([model for model in simulated.events("load") if model == "codestral"]) == 2, "tried once more"
    await simulated.residency.aclose()


async def test_a_cancel_ends_the_waiting_and_leaves_nothing_held(plan: Plan, tmp_path: Path) -> None:
    coming, going = swapped(plan)
    simulated = await begun(plan, tmp_path)

    async def wait() -> None:
        async with simulated.residency.hold((coming,), attempt=5, stage=Stage.GENERATE):
            raise AssertionError("it came in although the other was in use")

    async with simulated.residency.hold((going,), attempt=5, stage=Stage.REVIEW):
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    async with simulated.residency.hold((coming,), attempt=5, stage=Stage.GENERATE):
        assert simulated.on(coming)
    await simulated.residency.aclose()


async def test_models_of_servers_that_are_not_ours_are_passed_over(plan: Plan, tmp_path: Path) -> None:
    simulated = SimulatedGpus(plan, tmp_path)
    async with simulated.residency.hold(("sonnet",), attempt=7, stage=Stage.GENERATE) as remarks:
        assert list(remarks) == []
    await simulated.residency.aclose()
