"""What a plan says of what does not fit."""

from __future__ import annotations

from forge_lsp.placement.explain import explained, overcommitted
from forge_lsp.placement.placement import make
from forge_lsp.placement.plan import GIB, Plan
from forge_lsp.placement.rendering import bar, sections
from tests.support.rigs import device, user_needs, user_steps

CONTEXTS = {need.key: 8192 for need in user_needs()}


def users(*sizes: float, profile: str = "three-gpu") -> Plan:
    needs = user_needs()
    devices = [device(number, size) for number, size in enumerate(sizes)]
    made = make(devices, needs, user_steps(needs))
    return explained(made, user_needs(parallel=True), profile=profile, contexts=CONTEXTS)


def test_the_layout_as_drawn_is_overcommitted_in_numbers() -> None:
    problems = {problem.device: problem for problem in users(24, 24, 12).problems if problem.kind == "overcommit"}
    assert set(problems) == {"GPU-1", "GPU-2"}
    second, third = problems["GPU-1"], problems["GPU-2"]
    # the profile lets this server answer two calls at once
    assert "deepseek-coder 12.1 + qwen 6.0" in second.text
    assert "of 23.7 GiB free of 24.0: overcommitted by 2.3 GiB" in second.text
    assert "parallel = 2" in second.text
    assert "codestral 14.4 + llama 6.3 = 20.7 GiB, and 1.0 to spare, of 11.7 GiB free" in third.text
    assert third.over is not None
    assert round(third.over / GIB, 1) == 10.0
    assert third.remedy is not None
    assert "codestral on GPU 0" in third.remedy


def test_the_thinkers_gpu_fits_as_drawn() -> None:
    assert "GPU-0" not in {problem.device for problem in users(24, 24, 12).problems}


def test_a_sum_that_fits_but_that_ollama_would_evict_is_told_apart() -> None:
    needs = [need for need in user_needs() if need.key in ("phi4", "gemma3")]
    [problem] = overcommitted([device(0, 22)], needs)
    assert problem.kind == "order"
    assert "80%" in problem.text


def test_a_model_that_fits_nowhere_gets_the_numbers_and_ways_out() -> None:
    plan = users(12)
    [problem] = [problem for problem in plan.problems if problem.kind == "nowhere"]
    assert problem.models == ("codestral",)
    assert "needs 14.4 GiB and 1.0 to spare; the largest device has 11.7 GiB free: 3.7 too few" in problem.text
    assert problem.remedy is not None
    assert "qwen2.5-coder:14b" in problem.remedy
    assert "one-gpu" in problem.remedy


def test_a_smaller_context_is_proposed_where_it_is_enough() -> None:
    needs = [need for need in user_needs() if need.key == "deepseek-coder"]
    made = make([device(0, 8.5)], needs, user_steps(needs))
    [problem] = explained(made, (), profile="custom", contexts=CONTEXTS).problems
    assert problem.remedy == "set models.deepseek-coder.context = 4096"


def test_models_that_take_turns_are_told_once_with_what_it_costs() -> None:
    problems = [problem for problem in users(16).problems if problem.kind == "turns"]
    sets = [(frozenset(problem.models), problem.text.split(":")[0].split(", ")[-1]) for problem in problems]
    assert len(sets) == len(set(sets)) > 0
    panel = next(problem for problem in problems if problem.text.startswith("attempt 5, 6, 7, 8, 9, 10, panel: phi4"))
    assert "they take turns, and the stage waits up to" in panel.text
    assert panel.remedy is not None
    assert "one-gpu" in panel.remedy


def test_a_licence_is_told_outside_its_profile_only() -> None:
    assert "licence" not in {problem.kind for problem in users(24, 24, 12).problems}
    [problem] = [problem for problem in users(24, 24, 12, profile="custom").problems if problem.kind == "licence"]
    assert problem.models == ("codestral",)
    assert problem.remedy == "qwen2.5-coder:14b is the free substitute"


def test_no_remedy_proposes_a_model_whose_licence_forbids_it() -> None:
    for sizes in ((8,), (12,), (16,), (24, 12)):
        for problem in users(*sizes, profile="custom").problems:
            assert "take codestral" not in (problem.remedy or "")


def test_the_tables_hold_what_the_plan_says() -> None:
    plan = users(24, 24, 12)
    told = {section.title: section for section in sections(plan)}
    assert [row[0] for row in told["Devices"].rows] == ["GPU 0", "GPU 1", "GPU 2"]
    assert len(told["Swaps"].rows) == sum(len(scene.moves) for scene in plan.scenes)
    assert f"{plan.loads} loads in a job of 10 attempts" in told["Swaps"].lines[0]
    attempts = [number for row in told["Expected seconds"].rows for number in row[0].split(", ")]
    assert attempts == [str(number) for number in range(1, 11)]
    assert len(told["Models (GiB)"].rows) == 8


def test_a_bar_is_full_only_when_nothing_is_left() -> None:
    assert bar(0, 100, 10) == "[----------]"
    assert bar(1, 100, 10) == "[#---------]"
    assert bar(100, 100, 10) == "[##########]"
    assert bar(5, 0, 10) == "[----------]"


def test_a_plan_without_models_says_so() -> None:
    assert "nothing to place" in sections(make([device(0, 24)], (), ()))[-1].lines[0]
