from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.core.attempt import Severity
from forge_lsp.core.errors import ConsentRefused, ForgeError, Rambling, ServerUnreachable
from forge_lsp.core.events import Stage
from forge_lsp.core.ports import Role
from forge_lsp.ensemble.calls import Calls
from forge_lsp.ensemble.prompting import SharedPrefix
from forge_lsp.ensemble.review import PanelResult, ReviewContext, Unusable, parse_review, review, schema
from forge_lsp.ensemble.schedule import Accept, Panel, Reviewer
from tests.support.scripted import (
    Cut,
    Events,
    Hang,
    ManualClock,
    Purse,
    ScriptedDirectory,
    ScriptedModel,
    verdict_text,
)

REVIEWERS = {"a": Reviewer(aspect="security", weight=0.5), "b": Reviewer(aspect="logic", weight=0.3)}


async def sit(
    *models: ScriptedModel, reasons: dict[str, str | ForgeError] | None = None
) -> tuple[PanelResult, list[str]]:
    directory, told = ScriptedDirectory(*models, reasons=reasons), []
    calls = Calls(models=directory, spending=Purse(), emit=Events(), clock=ManualClock())

    async def shared(_: str) -> SharedPrefix:
        return SharedPrefix(system="system", text="the task")

    context = ReviewContext(
        ask=calls.line(1, Stage.REVIEW),
        shared=shared,
        subject=lambda _: "the candidate",
        unavailable=directory.unavailable,
        degraded=told.append,
        answer_tokens=lambda _: 500,
        spare_tokens=lambda _: 0,
        clock=ManualClock(),
    )
    panel = Panel(kind="moderate", members=tuple(model.info.key for model in models))
    return await review(panel, lambda key: REVIEWERS.get(key, Reviewer(weight=0.2)), context, Accept()), told


async def test_members_vote_by_weight_and_see_the_same_text_first() -> None:
    a, b = ScriptedModel("a", verdict_text(9, ("warning", "rename"))), ScriptedModel("b", verdict_text(7.0))
    result, told = await sit(a, b)
    assert result.verdict.score == pytest.approx((9 * 0.5 + 7 * 0.3) / 0.8)
    assert [one.aspect for one in result.verdict.reviews] == ["security", "logic"]
    assert result.verdict.reviews[0].issues[0].severity is Severity.WARNING
    assert told == []
    first, second = a.requests[0], b.requests[0]
    assert first.messages[:2] == second.messages[:2]
    assert [message.cache for message in first.messages] == [True, True, False]
    assert "security" in first.messages[2].text
    assert "logic" in second.messages[2].text
    assert first.temperature == 0
    assert first.schema == schema()


async def test_the_panel_runs_at_once() -> None:
    inside = most = 0
    everyone = asyncio.Event()

    async def gate(_: ScriptedModel) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == 5:
            everyone.set()
        async with asyncio.timeout(10):
            await everyone.wait()  # nobody answers before all have been asked
        inside -= 1

    models = [ScriptedModel(f"m{index}", verdict_text(8), gate=lambda m: gate(m)) for index in range(5)]
    result, _ = await sit(*models)
    assert most == 5
    assert result.verdict.score == 8


@pytest.mark.parametrize(
    "clear",
    [
        verdict_text("9"),
        verdict_text("9/10"),
        verdict_text("9.0 / 10"),
        verdict_text("9 out of 10"),
        verdict_text(9)[:-1] + ",}",
        verdict_text(9).replace('"issues": []', '"issues": [],\n'),
        '{"final": ' + verdict_text(9) + "}",
        '{"thoughts": "fine", "review": ' + verdict_text(9) + "}",
        '{"Reasoning": "commas ,} stay", "Score": 9, "Issues": null}',
        '{"reasoning": "x", "score": 9, "issues": [{"severity": "Warning", "line": "3", "message": "rename",},]}',
        '{"reasoning": "x", "score": 9, "issues": [{"severity": "info", "line": null, "message": "rename"}]}',
        '<|channel|>analysis<|message|>{"score": 1}<|end|><|start|>assistant<|channel|>final<|message|>'
        + verdict_text(9),
        '[THINK]{"score": 2}[/THINK]' + verdict_text(9),
    ],
)
def test_what_is_clear_and_not_quite_the_form_is_read(clear: str) -> None:
    assert parse_review(clear).score == 9


@pytest.mark.parametrize(
    "nonsense",
    [
        "I like it, 9/10",
        "",
        verdict_text(11),
        verdict_text(-1),
        verdict_text("90"),
        verdict_text("8 or 9"),
        verdict_text("nine"),
        verdict_text("8/5"),
        json.dumps({"final": dict(schema())}),
        json.dumps({"a": {"score": 3}, "b": {"score": 9}}),
        verdict_text(True),
        verdict_text(None),
        verdict_text(8).replace("8", "NaN"),
        verdict_text(8).replace("8", "Infinity"),
        verdict_text(8).replace("8", "1e999"),
        verdict_text(8, ("fatal", "no")),
        verdict_text(8, ("error", "")),
        json.dumps(dict(schema())),
        '{"score": 8}',
        '{"reasoning": "x", "score": 8}',
        '{"reasoning": "x", "score": 8, "issues": {}}',
        '{"reasoning": 1, "score": 8, "issues": []}',
        Cut('{"reasoning": "x", "score": 8, "issues": [{"severity": "error", "li'),
        Cut(verdict_text(8)[:-1]),
    ],
)
async def test_nonsense_is_asked_again_once_and_then_abstains(nonsense: str | Cut) -> None:
    model = ScriptedModel("a", nonsense, verdict_text(6))
    result, told = await sit(model)
    assert (result.verdict.score, told) == (6, [])
    assert model.requests[0].messages != model.requests[1].messages
    assert all(message.role is Role.USER for message in model.requests[1].messages)

    model = ScriptedModel("a", nonsense, nonsense, verdict_text(10))
    result, told = await sit(model)
    assert result.verdict.score is None
    assert result.verdict.reviews[0].score is None
    assert result.verdict.reviews[0].abstained is not None
    assert len(model.requests) == 2
    assert "abstains" in told[0]
    assert result.fault is None, "nonsense is the model's fault, not the machine's"


@pytest.mark.parametrize(
    ("text", "score"),
    [
        (f"```json\n{verdict_text(7.5)}\n```", 7.5),
        (f"<think>maybe {{3}}</think>{verdict_text(4)} done", 4),
        (f"The review: {verdict_text(0)}", 0),
        (verdict_text(10), 10),
    ],
)
def test_a_review_in_other_clothes_is_read(text: str, score: float) -> None:
    assert parse_review(text).score == score


def test_what_is_too_long_is_cut() -> None:
    many = [("info", "m" * 500)] * 9
    found = parse_review(verdict_text(5, *many, reasoning="r" * 2000))
    assert (len(found.issues), len(found.issues[0].message), len(found.reasoning)) == (5, 200, 400)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(["score", "reasoning", "issues", "severity", "line", "message"]), x, max_size=5
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_valid_review_or_none(document: object) -> None:
    try:
        found = parse_review(json.dumps(document))
    except Unusable:
        return
    assert 0 <= found.score <= 10
    assert isinstance(document, dict | list)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Unusable):
        parse_review('{"score":' * 100_000)


async def test_a_member_that_fails_abstains_and_the_rest_decide() -> None:
    result, told = await sit(ScriptedModel("a", verdict_text(9)), ScriptedModel("b", Rambling("it repeats itself")))
    assert result.verdict.score == 9
    assert result.verdict.reviews[1].abstained == "it repeats itself"
    assert told == ["b (logic) abstains: it repeats itself"]


async def test_without_quorum_there_is_no_score() -> None:
    result, _ = await sit(ScriptedModel("a", Rambling("no")), ScriptedModel("b", verdict_text(10)))
    assert result.verdict.score is None
    assert result.verdict.note == "the panel has no quorum: 1 of 2 voted"
    assert result.fault is None


async def test_a_quorum_that_the_machine_kept_away_is_its_fault() -> None:
    down = ServerUnreachable("nothing answers at gpu1", remedy="ollama serve")
    result, told = await sit(ScriptedModel("a", down), ScriptedModel("b", verdict_text(9)))
    assert result.fault is not None
    assert (str(result.fault), result.fault.remedy) == ("nothing answers at gpu1", "ollama serve")
    result, _ = await sit(ScriptedModel("a"), ScriptedModel("b", verdict_text(9)), reasons={"a": down})
    assert result.fault is not None
    result, _ = await sit(ScriptedModel("a"), ScriptedModel("b"), reasons={"b": "pull it"})
    assert result.fault is None, "with b there would have been no quorum either"
    assert told


async def test_a_refused_payment_abstains_with_its_reason() -> None:
    model = ScriptedModel("a", ConsentRefused("the user said no"))
    result, _ = await sit(model)
    assert result.verdict.reviews[0].abstained == "the user said no"


async def test_a_cancel_closes_every_member() -> None:
    hangs = [Hang(), Hang(), Hang()]
    result = asyncio.create_task(sit(*(ScriptedModel(f"m{i}", hang) for i, hang in enumerate(hangs))))
    for hang in hangs:
        await hang.started.wait()
    result.cancel()
    with pytest.raises(asyncio.CancelledError):
        await result
    assert all(hang.closed for hang in hangs)
