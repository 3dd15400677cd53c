"""Plans, carried out on servers that follow Ollama's rules."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from forge_lsp.placement.branching import Branch
from forge_lsp.placement.placement import make, weigher
from forge_lsp.placement.plan import GIB, Device, Footprint, ModelNeed, Plan, Step
from forge_lsp.placement.search import search
from tests.support.replay import replay
from tests.support.rigs import chance, device, user_needs, user_steps

RIGS = ((24, 24, 12), (24, 24, 16))


def users(sizes: tuple[int, ...]) -> Plan:
    needs = user_needs()
    return make([device(number, size) for number, size in enumerate(sizes)], needs, user_steps(needs))


def need(key: str, gib: float, *, predicted: float | None = None, **more: object) -> ModelNeed:
    made = Footprint(
        key=key,
        weights=int(gib * GIB),
        kv=0,
        compute=0,
        overhead=0,
        predicted=int((gib if predicted is None else predicted) * GIB),
    )
    return replace(ModelNeed(key=key, name=key, footprint=made, server="s"), **more)  # type: ignore[arg-type]


def step(attempt: int, stage: str, *rounds: dict[str, float]) -> Step:
    return Step(attempts=(attempt,), stage=stage, rounds=rounds)  # type: ignore[arg-type]


@pytest.mark.parametrize("sizes", RIGS)
def test_the_users_rig_holds_at_every_stage_of_all_ten_attempts(sizes: tuple[int, ...]) -> None:
    plan = users(sizes)
    assert len(plan.placement) == 8
    assert {scene.attempt for scene in plan.scenes} == set(range(1, 11))
    replayed = replay(plan)
    assert replayed.faults == []
    assert replayed.loads == plan.loads


@pytest.mark.parametrize("sizes", RIGS)
def test_the_writer_of_attempt_five_comes_in_while_the_thinkers_think(sizes: tuple[int, ...]) -> None:
    scene = users(sizes).scene(5, "generate")
    assert scene is not None
    [move] = scene.moves
    assert move.load == ("codestral",)
    assert move.overlaps == (5, "think")
    assert move.hidden > move.seconds / 2
    assert scene.waiting == pytest.approx(move.seconds - move.hidden)


def test_what_went_for_the_writer_is_back_for_the_panel() -> None:
    plan = users((24, 24, 12))
    uuid = plan.placement["codestral"]
    away = set(plan.at(4, "panel")[uuid]) - set(plan.at(5, "generate")[uuid])
    assert away
    assert away <= set(plan.at(5, "panel")[uuid])


def test_a_larger_third_gpu_is_no_worse() -> None:
    assert users((24, 24, 16)).cost <= users((24, 24, 12)).cost


def test_the_larger_is_loaded_first() -> None:
    plan = users((24, 24, 12))
    for keys in plan.base.values():
        sizes = [plan.need(key).footprint.bytes for key in keys]
        assert sizes == sorted(sizes, reverse=True)


def test_another_order_is_found_where_the_larger_first_would_evict() -> None:
    # big first leaves 13 GiB, of which 80% are less than the 12 that are predicted for the small one
    needs = (need("big", 10, predicted=9), need("small", 9, predicted=12))
    plan = make([device(0, 23.3)], needs, [step(1, "panel", {"big": 1.0, "small": 1.0})])
    assert plan.base == {"GPU-0": ("small", "big")}
    assert replay(plan).faults == []


def test_models_called_together_go_to_different_devices() -> None:
    needs = (need("a", 4), need("b", 4))
    devices = [device(0, 24), device(1, 24)]
    together = make(devices, needs, [step(1, "panel", {"a": 5.0, "b": 5.0})])
    assert len(set(together.placement.values())) == 2
    assert together.cost == pytest.approx(5.0)


def test_the_faster_device_gets_the_work() -> None:
    slow, fast = device(0, 24, bandwidth=200e9), device(1, 24, bandwidth=900e9)
    plan = make([slow, fast], [need("a", 4)], [step(1, "think", {"a": 5.0})])
    assert plan.placement == {"a": "GPU-1"}


def test_a_stage_whose_models_do_not_fit_together_takes_turns() -> None:
    needs = (need("a", 8), need("b", 7))
    plan = make([device(0, 12)], needs, [step(1, "panel", {"a": 5.0, "b": 5.0})])
    [scene] = plan.scenes
    assert scene.turns == {"GPU-0": (("a",), ("b",))}
    assert [(move.unload, move.load, move.before) for move in scene.moves] == [(("a",), ("b",), 1)]
    assert plan.max_loaded == {"GPU-0": 1}
    replayed = replay(plan)
    assert replayed.faults == []
    assert replayed.loads == plan.loads == 2


def test_what_is_needed_again_the_latest_goes() -> None:
    needs = (need("a", 4), need("b", 4), need("c", 4))
    order = ("a", "b", "c", "a", "b")
    plan = make([device(0, 12)], needs, [step(n, "think", {key: 5.0}) for n, key in enumerate(order, 1)])
    assert [move.unload for scene in plan.scenes for move in scene.moves] == [("b",), ("c",)]
    assert replay(plan).faults == []


def test_a_model_that_may_not_be_moved_stays() -> None:
    needs = (need("a", 4, gpu="GPU-1", movable=False), need("b", 4, gpu="GPU-1"))
    plan = make([device(0, 24), device(1, 24)], needs, [step(1, "panel", {"a": 5.0, "b": 5.0})])
    assert plan.placement == {"a": "GPU-1", "b": "GPU-0"}


def test_a_model_stays_where_the_settings_put_it_if_nothing_is_better() -> None:
    needs = (need("a", 4, gpu="GPU-2"),)
    plan = make([device(number, 24) for number in range(4)], needs, [step(1, "think", {"a": 5.0})])
    assert plan.placement == {"a": "GPU-2"}


def test_a_model_that_fits_nowhere_is_left_out_and_the_others_are_planned() -> None:
    plan = make([device(0, 12)], (need("huge", 20), need("a", 4)), [step(1, "panel", {"huge": 5.0, "a": 5.0})])
    assert plan.placement == {"a": "GPU-0"}
    assert replay(plan).faults == []


def test_no_models_and_no_devices_are_plans_too() -> None:
    assert make([device(0, 12)], (), ()).scenes == ()
    assert make([], (need("a", 4),), [step(1, "think", {"a": 1.0})]).placement == {}


def test_the_same_plan_is_found_again() -> None:
    rig = chance(random.Random(60))
    assert make(*rig) == make(*rig)


@pytest.mark.parametrize("seed", range(40))
def test_made_up_rigs_never_overcommit(seed: int) -> None:
    plan = make(*chance(random.Random(seed)), effort=10_000)
    replayed = replay(plan)
    assert replayed.faults == []
    assert replayed.loads == plan.loads
    for one in plan.devices:
        for scene in plan.scenes:
            taken = sum(plan.need(key).footprint.bytes for key in scene.resident[one.uuid])
            assert taken == 0 or taken + GIB <= one.free


def _small(seed: int) -> tuple[tuple[Device, ...], tuple[ModelNeed, ...], tuple[Step, ...]]:
    rng = random.Random(seed)
    while True:
        devices, needs, steps = chance(rng)
        if 2 <= len(devices) <= 3 and 4 <= len(needs) <= 6:
            return devices, needs, steps


@pytest.mark.parametrize("seed", range(8))
def test_small_rigs_are_placed_as_well_as_by_trying_everything(seed: int) -> None:
    devices, needs, steps = _small(seed)
    weigh = weigher(devices, needs, steps)
    every = (weigh.score(where) for where in itertools.product(*weigh.allowed))
    plan = make(devices, needs, steps)
    assert plan.cost == pytest.approx(min(score[0] for score in every if score is not None))
    assert plan.cost == pytest.approx(
        sum(scene.seconds for scene in plan.scenes) + sum(one.after * len(one.attempts) for one in steps)
    )


@pytest.mark.parametrize("seed", range(8))
def test_branch_and_bound_cuts_no_branch_with_the_best_in_it(seed: int) -> None:
    weigh = weigher(*_small(seed))
    every = [weigh.score(where) for where in itertools.product(*weigh.allowed)]
    guess = tuple(allowed[-1] for allowed in weigh.allowed)
    score = weigh.score(guess)
    assert score is not None
    branch = Branch(weigh, (score, guess), lambda: False)
    least, where = branch.run()
    assert branch.finished
    assert least == weigh.score(where)
    assert least[0] == pytest.approx(min(score[0] for score in every if score is not None))


# Rigs on which earlier searches were 2 to 9% off, by the seed and the number in it, and the least that each can cost:
# found and proven by benchmarks/placement.py --native.
HARD = (
    (1, 91, 231.349033),
    (1, 398, 106.688681),
    (1, 476, 222.307428),
    (1, 517, 505.875094),
    (1, 912, 102.77835),
    (1, 913, 202.210275),
    (3, 61, 851.538902),
)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "number", "least"), HARD)
def test_hard_rigs_are_placed_well_whatever_chance_does(seed: int, number: int, least: float) -> None:
    rng = random.Random(seed)
    devices, needs, steps = next(itertools.islice((chance(rng) for _ in itertools.count()), number, None))
    for shaken in (7, 1, 2, 3):
        found = search(weigher(devices, needs, steps), seed=shaken)
        assert least - 1e-4 <= found.score[0] <= least * 1.02


def test_servers_are_allowed_as_many_models_as_any_turn_has() -> None:
    needs = (need("big", 20), need("a", 6), need("b", 6), need("c", 6))
    plan = make([device(0, 23)], needs, [step(1, "think", {"big": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0})])
    assert plan.scenes[0].turns == {"GPU-0": (("big",), ("a", "b", "c"))}
    assert plan.max_loaded == {"GPU-0": 3}
    assert replay(plan).faults == []


def test_json_tells_numbers_a_machine_can_use() -> None:
    told = users((24, 24, 12)).to_json()
    assert told["loads"] == users((24, 24, 12)).loads
    needs = told["needs"]
    assert isinstance(needs, list)
    assert {"estimate", "bytes", "predicted", "measured"} <= set(needs[0]["footprint"])
    assert "maxLoaded" in told
