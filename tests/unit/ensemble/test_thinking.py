from __future__ import annotations

import pytest

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.core.errors import BudgetExceeded, DeadlineExceeded
from forge_lsp.core.events import Stage
from forge_lsp.ensemble.calls import Calls
from forge_lsp.ensemble.generation import Draft, GenerationInput, continue_draft, generate, temperature
from forge_lsp.ensemble.prompting import SharedPrefix, render, shared_prefix, toy_prefix, window
from forge_lsp.ensemble.schedule import Generator, Thinking
from forge_lsp.ensemble.thinking import ANSWER_TOKENS, THOUGHT_TOKENS, ThinkingContext, think
from forge_lsp.ensemble.words import estimate_tokens
from tests.support.scripted import (
    Cut,
    Events,
    ManualClock,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    task,
)

LATE = DeadlineExceeded("no token in 60 s", deadline="first_token")
SHARED = SharedPrefix(system="system", text="the task")


async def thought(strategy: str, *models: ScriptedModel) -> tuple[ThinkingResult | None, list[str]]:
    told: list[str] = []
    calls = Calls(models=ScriptedDirectory(*models), spending=Purse(), emit=Events(), clock=ManualClock())

    async def shared(_: str) -> SharedPrefix:
        return SHARED

    context = ThinkingContext(
        ask=calls.line(1, Stage.THINK),
        shared=shared,
        insights=lambda model: f"<{model}> ",
        degraded=told.append,
        context=lambda _: 8192,
        seed="1",
    )
    keys = tuple(dict.fromkeys(model.info.key for model in models))
    return await think(Thinking(strategy=strategy, models=keys), context), told


async def test_none_asks_nobody() -> None:
    model = ScriptedModel("a", "x")
    assert await thought("none", model) == (None, [])
    assert model.requests == []


async def test_solo_is_one_bounded_call() -> None:
    model = ScriptedModel("a", "<think>hm</think>Signature: add(a, b) " + "and more words " * 400)
    found, told = await thought("solo", model)
    assert found is not None
    assert (found.strategy, found.models, told) == ("solo", ("a",), [])
    assert found.text.startswith("Signature: add(a, b)")
    assert estimate_tokens(found.text) <= THOUGHT_TOKENS
    assert model.requests[0].max_tokens == ANSWER_TOKENS
    assert model.requests[0].messages[0].text == "the task"
    assert model.requests[0].messages[0].cache
    assert model.requests[0].messages[1].text.startswith("<a> ")


async def test_duo_is_three_calls_in_order() -> None:
    a, b = ScriptedModel("a", "plan one", "plan two"), ScriptedModel("b", "step 2 is wrong")
    found, told = await thought("duo", a, b)
    assert found == ThinkingResult(text="plan two", strategy="duo", models=("a", "b"))
    assert (len(a.requests), len(b.requests), told) == (2, 1, [])
    assert "plan one" in b.prompts[0]
    assert "plan one" in a.prompts[1]
    assert "step 2 is wrong" in a.prompts[1]


@pytest.mark.parametrize(
    ("a", "b", "expected", "notes"),
    [
        (("plan", "better"), (LATE,), ThinkingResult(text="plan", strategy="solo", models=("a",)), 1),
        (("plan", LATE), ("bad",), ThinkingResult(text="plan", strategy="solo", models=("a",)), 1),
        (("plan", "  "), ("bad",), ThinkingResult(text="plan", strategy="solo", models=("a",)), 1),
        ((LATE,), ("mine",), ThinkingResult(text="mine", strategy="solo", models=("b",)), 1),
        ((LATE,), (BudgetExceeded("too dear"),), None, 2),
    ],
)
async def test_duo_degrades_to_whoever_answered(
    a: tuple[str, ...], b: tuple[str, ...], expected: ThinkingResult | None, notes: int
) -> None:
    found, told = await thought("duo", ScriptedModel("a", *a), ScriptedModel("b", *b))
    assert found == expected
    assert len(told) == notes


# ------------------------------------------------------------------ prompts and generation


def brief(
    model: ScriptedModel, *, samples: int = 1, plan: ThinkingResult | None = None, toy: bool = False
) -> GenerationInput:
    calls = Calls(models=ScriptedDirectory(model), spending=Purse(), emit=Events(), clock=ManualClock())
    return GenerationInput(
        generator=Generator(model=model.info.key, samples=samples),
        task=task(),
        ask=calls.line(1, Stage.GENERATE),
        shared=SHARED,
        thought=plan,
        insights="KNOWN\n\n",
        answer_tokens=900,
        toy=toy,
    )


async def test_the_request_has_the_shared_text_the_plan_and_the_lessons_in_this_order() -> None:
    model = ScriptedModel("m", "code")
    plan = ThinkingResult(text="PLAN", strategy="solo", models=("x",))
    (draft,) = await generate(brief(model, plan=plan), attempt=4, again=False)
    assert draft == Draft(text="code", sample=1, truncated=False)
    (request,) = model.requests
    assert [message.cache for message in request.messages] == [True, False]
    text = request.messages[1].text
    assert text.index("PLAN") < text.index("KNOWN") < text.index("one fenced block")
    assert "the definition of `add`" in text
    assert (request.max_tokens, request.temperature, request.samples, request.seed) == (900, 0.2, 1, 4)


async def test_samples_come_in_one_batch_with_freedom_and_without_a_seed() -> None:
    model = ScriptedModel("m", ("one", "two", "three"))
    drafts = await generate(brief(model, samples=3), attempt=1, again=False)
    assert [(draft.text, draft.sample) for draft in drafts] == [("one", 1), ("two", 2), ("three", 3)]
    assert (model.requests[0].samples, model.requests[0].temperature, model.requests[0].seed) == (3, 0.8, None)
    assert temperature(1, again=True) > temperature(1, again=False)


async def test_a_toy_sees_the_short_prompt_alone() -> None:
    model = ScriptedModel("m", "code", toy=True)
    await generate(brief(model, toy=True), attempt=1, again=False)
    assert len(model.requests[0].messages) == 1
    assert model.requests[0].stop == ("\n```\n",), "a toy explains at length what it wrote"
    prefix = toy_prefix(task(), 1000)
    assert prefix.text.startswith("Complete it.")
    assert "```python\ndef add(a, b):" in prefix.text


async def test_going_on_shows_what_was_said() -> None:
    model = ScriptedModel("m", Cut("rest"))
    rest = await continue_draft(brief(model), Draft(text="first", sample=2, truncated=True))
    assert rest == Draft(text="rest", sample=2, truncated=True)
    roles = [str(message.role) for message in model.requests[0].messages]
    assert roles == ["user", "user", "assistant", "user"]
    assert model.requests[0].messages[2].text == "first"


def test_the_shared_prefix_is_the_same_bytes_for_the_same_task() -> None:
    assert shared_prefix(task(), "context") == shared_prefix(task(), "context")
    assert "context" in shared_prefix(task(), "context").text


def test_code_with_dollars_survives_the_templates() -> None:
    assert "cost $5 for $x" in render("toy", instruction="i", language="php", code="cost $5 for $x")
    with pytest.raises(KeyError):
        render("toy", instruction="i")


@pytest.mark.parametrize("context", [2048, 4096, 8192, 200_000])
def test_a_window_shares_out_no_more_than_there_is(context: int) -> None:
    share = window(ScriptedModel("m", context=context).info, task())
    writing = share.context + share.answer + share.insights + share.thought
    reviewing = share.context + share.answer + share.facts + share.review
    assert writing < context
    assert reviewing < context
    assert share.answer >= 512
    assert share.context <= 16_000
