"""Trio, debate and vote: what is asked of whom, what runs at once, and what remains when members fail."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.core.errors import BudgetExceeded, ConsentRefused, DeadlineExceeded, ModelFault
from forge_lsp.core.events import CallFinished, CallStarted
from forge_lsp.ensemble.answers import Unusable
from forge_lsp.ensemble.thinking import THOUGHT_TOKENS
from forge_lsp.ensemble.thinking.ballots import ballot_schema, parse_ballot, shuffled
from forge_lsp.ensemble.thinking.context import ShownPlan, ThinkerPlan, fair_share, lay_out
from forge_lsp.ensemble.words import clip, estimate_tokens
from tests.support.scripted import Cut, Hang
from tests.unit.ensemble.thinkers import Stand, Thinker, VoteFor, ballot

LATE = DeadlineExceeded("no token in 60 s", deadline="first_token")
LONG = "and one more thing " * 400


# ------------------------------------------------------------------ trio


async def test_trio_is_three_calls_at_once_and_one_more() -> None:
    a, b, c = Thinker("a", "plan a", "agreed"), Thinker("b", "plan b"), Thinker("c", "plan c")
    stand = Stand((a, b, c))
    assert await stand.think("trio") == ThinkingResult(text="agreed", strategy="trio", models=("a", "b", "c"))
    assert stand.roles == [("propose", "a"), ("propose", "b"), ("propose", "c"), ("consensus", "a")]
    assert stand.told == []
    assert all(f"plan {name}" in a.prompts[1] for name in "abc")
    assert "plan a" not in b.prompts[0], "everybody plans alone"
    assert a.requests[1].messages[0] == a.requests[0].messages[0], "the shared text stays the same bytes"


async def test_trio_takes_its_slowest_member_and_the_consensus() -> None:
    stand = Stand(())
    delays = {"a": 2.0, "b": 5.0, "c": 3.0}
    stand.models = tuple(Thinker(key, "p", "all", gate=stand.clock.takes(delay)) for key, delay in delays.items())
    await stand.clock.run(stand.think("trio"))
    assert stand.clock.seconds == 5 + 2


@pytest.mark.parametrize(
    ("a", "b", "c", "expected", "told"),
    [
        (
            ("plan a", "agreed"),
            (LATE,),
            ("plan c",),
            ThinkingResult(text="agreed", strategy="trio", models=("a", "c")),
            ["b could not propose: no token in 60 s"],
        ),
        (
            ("  ",),
            ("plan b", "agreed"),
            ("plan c",),
            ThinkingResult(text="agreed", strategy="trio", models=("b", "c")),
            ["a had nothing to say (propose)", "b writes the consensus in the place of a"],
        ),
        (
            (LATE,),
            (LATE,),
            ("plan c",),
            ThinkingResult(text="plan c", strategy="solo", models=("c",)),
            [
                "a could not propose: no token in 60 s",
                "b could not propose: no token in 60 s",
                "trio became solo: the plan of c is the only one",
            ],
        ),
        (
            ("plan a", BudgetExceeded("too dear")),
            ("plan b",),
            ("plan c",),
            ThinkingResult(text="plan a", strategy="solo", models=("a",)),
            [
                "a could not write the consensus: too dear",
                "trio became solo: the plan of a stands without a consensus",
            ],
        ),
        ((LATE,), (LATE,), (ConsentRefused("no"),), None, None),
    ],
)
async def test_trio_degrades_to_whoever_answered(
    a: tuple[object, ...],
    b: tuple[object, ...],
    c: tuple[object, ...],
    expected: ThinkingResult | None,
    told: list[str],
) -> None:
    stand = Stand((Thinker("a", *a), Thinker("b", *b), Thinker("c", *c)))  # type: ignore[arg-type]
    assert await stand.think("trio") == expected
    assert stand.told == told if told is not None else len(stand.told) == 3


# ------------------------------------------------------------------ debate


async def test_debate_is_three_rounds_in_turn_and_the_last_word_counts() -> None:
    models = tuple(Thinker(key, *(f"{key} in round {number}" for number in (1, 2, 3))) for key in "abc")
    stand = Stand(models)
    found = await stand.think("debate")
    assert found == ThinkingResult(text="c in round 3", strategy="debate", models=("a", "b", "c"))
    assert stand.roles == [(f"debate {number}", key) for number in (1, 2, 3) for key in "abc"]
    assert [body.type for body in stand.events.bodies] == ["call.started", "call.finished"] * 9, "one after another"
    # Everybody sees all that was said, in order, and who said it only where it was they themselves.
    assert "in round" not in models[0].prompts[0]
    last = models[2].prompts[2]
    said = [f"{key} in round {number}" for number in (1, 2, 3) for key in "abc"][:-1]
    assert [last.index(words) for words in said] == sorted(last.index(words) for words in said)
    assert last.count("## Round 1, a colleague") == 2
    assert last.count("## Round 1, you") == 1
    assert "in round 3 of 3" in last


async def test_who_fails_in_a_debate_misses_the_turn_and_speaks_again() -> None:
    a = Thinker("a", LATE, "a2", LATE)
    b = Thinker("b", "b1", " ", "b3")
    stand = Stand((a, b))
    found = await stand.think("debate")
    assert found == ThinkingResult(text="b3", strategy="debate", models=("a", "b"))
    assert stand.told == [
        "a could not speak in round 1: no token in 60 s",
        "b had nothing to say (debate 2)",
        "a could not speak in round 3: no token in 60 s",
    ]
    assert len(stand.roles) == 6


async def test_the_last_word_is_of_whoever_spoke_last() -> None:
    stand = Stand((Thinker("a", "a1", "a2", LATE), Thinker("b", "b1", LATE, LATE)))
    found = await stand.think("debate")
    assert found == ThinkingResult(text="a2", strategy="debate", models=("a", "b"))


async def test_a_debate_of_one_is_a_solo_and_of_none_is_no_thought() -> None:
    stand = Stand((Thinker("a", LATE, LATE, LATE), Thinker("b", "b1", "b2", "b3")))
    assert await stand.think("debate") == ThinkingResult(text="b3", strategy="solo", models=("b",))
    assert stand.told[-1] == "debate became solo: only b spoke"
    stand = Stand((Thinker("a", LATE, LATE, LATE), Thinker("b", LATE, LATE, LATE)))
    assert await stand.think("debate") is None
    assert len(stand.told) == 6


@pytest.mark.parametrize("context", [4096, 8192, 200_000])
async def test_long_words_fit_the_window_of_who_hears_them(context: int) -> None:
    models = tuple(Thinker(key, *(f"{key}{number} {LONG}" for number in (1, 2, 3))) for key in "abc")
    stand = Stand(models, context=context)
    found = await stand.think("debate")
    assert estimate_tokens(found.text) <= THOUGHT_TOKENS
    for model in models:
        for request, prompt in zip(model.requests, model.prompts, strict=True):
            assert estimate_tokens(prompt) + request.max_tokens <= context
    last = models[2].prompts[2]
    assert all(f"{key}{number}" in last for key, number in ("a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3"))


# ------------------------------------------------------------------ vote


def voters(*votes: object, plans: str = "abcde") -> tuple[Thinker, ...]:
    """One voter a plan, with what it answers when it is asked to vote."""
    made = []
    for key, answers in zip(plans, votes, strict=True):
        later = answers if isinstance(answers, tuple) else (answers,)
        made.append(
            Thinker(key, f"plan {key}", *(VoteFor(f"plan {one}") if one in tuple(plans) else one for one in later))
        )
    return tuple(made)


async def test_vote_is_two_waves_and_the_majority_wins() -> None:
    models = voters("b", "b", "a", "b", "e")
    stand = Stand(models)
    found = await stand.think("vote")
    note = "the plan of b wins with 3 of 5 votes"
    assert found == ThinkingResult(text="plan b", strategy="vote", models=tuple("abcde"), note=note)
    assert stand.roles == [("propose", key) for key in "abcde"] + [("vote", key) for key in "abcde"]
    assert stand.told == []
    asked = models[0].requests[1]
    assert asked.temperature == 0
    assert asked.schema == ballot_schema("ABCDE")


async def test_ballots_are_unsigned_complete_and_in_another_order_for_each() -> None:
    names = ("phi4", "gemma3", "qwen", "llama")
    models = tuple(Thinker(key, f"plan {at}", VoteFor("plan 0")) for at, key in enumerate(names))
    await Stand(models).think("vote")
    seen = [[text for _, text in ballot(model.requests[1])] for model in models]
    assert all(sorted(one) == ["plan 0", "plan 1", "plan 2", "plan 3"] for one in seen)
    assert len({tuple(one) for one in seen}) == 4
    for place in range(4):
        assert len({one[place] for one in seen}) == 4, "each plan stands once in each place"
    for model in models:
        own = model.prompts[1].replace(f"<{model.info.key}>", "")
        assert not any(name in own for name in names)


async def test_the_order_is_the_same_again_and_another_in_another_attempt() -> None:
    async def seen(seed: str) -> list[list[tuple[str, str]]]:
        models = voters("a", "a", "a", "a", "a")
        await Stand(models, seed=seed).think("vote")
        return [ballot(model.requests[1]) for model in models]

    assert await seen("1\ntask") == await seen("1\ntask")
    assert len({str(await seen(f"{number}\ntask")) for number in range(1, 9)}) > 1


@given(st.text(), st.integers(2, 9), st.integers(0, 30))
def test_a_shuffle_keeps_every_plan(seed: str, count: int, turn: int) -> None:
    plans = [ThinkerPlan(model=str(number), text="same") for number in range(count)]
    assert set(shuffled(plans, seed=seed, turn=turn)) == set(plans)
    assert shuffled(plans, seed=seed, turn=turn) != shuffled(plans, seed=seed, turn=turn + 1)


async def test_vote_takes_the_slowest_of_each_wave() -> None:
    stand = Stand(())
    delays = {"a": 1.0, "b": 4.0, "c": 2.0}
    stand.models = tuple(
        Thinker(key, f"plan {key}", VoteFor("plan c"), gate=stand.clock.takes(delay)) for key, delay in delays.items()
    )
    found = await stand.clock.run(stand.think("vote"))
    assert (found.text, stand.clock.seconds) == ("plan c", 8)


async def test_a_tie_is_one_run_off_among_the_tied() -> None:
    models = voters(("a", "d"), ("a", "d"), ("d", "a"), ("d", "d"), ("e", "a"))
    stand = Stand(models)
    found = await stand.think("vote")
    assert (found.text, found.note) == ("plan d", "the plan of d wins the run-off with 3 of 5 votes")
    assert Counter(role for role, _ in stand.roles) == {"propose": 5, "vote": 5, "run-off": 5}
    assert {text for _, text in ballot(models[0].requests[2])} == {"plan a", "plan d"}
    assert stand.told == []


async def test_a_tie_in_the_run_off_is_broken_by_the_order_of_the_profile() -> None:
    stand = Stand(voters(("c", "c"), ("b", "b"), ("c", "c"), ("b", "b"), plans="abcd"))
    found = await stand.think("vote")
    assert found.text == "plan b"
    assert found.note == "the plan of b ties with others in the run-off too and is the first by order"
    assert len(stand.roles) == 12, "no third vote"


async def test_a_run_off_without_ballots_is_told_and_the_order_decides() -> None:
    stand = Stand(voters(("c", LATE), ("b", "c"), ("c", LATE), ("b", LATE), plans="abcd"))
    found = await stand.think("vote")
    assert (found.text, found.strategy) == ("plan b", "vote")
    assert stand.told[-1] == "the run-off has no winner: 1 ballot of at least 2, so the order decides"


async def test_an_invalid_ballot_is_asked_again_once_and_then_abstains() -> None:
    models = voters("c", ("I like plan B", "c"), ("?", '{"reason": "x", "vote": "Z"}', "c"), plans="abc")
    stand = Stand(models)
    found = await stand.think("vote")
    assert found.note == "the plan of c wins with 2 of 2 votes"
    assert stand.told == ['c abstains from the vote: its answers were no ballots: "vote" is not one of A, B or C']
    assert [role for role, model in stand.roles if model == "c"] == ["propose", "vote", "vote again"]
    assert models[2].requests[1].messages != models[2].requests[2].messages
    assert "I like plan B" not in models[1].prompts[2]


async def test_who_had_no_plan_still_votes_and_who_fails_twice_is_left_out() -> None:
    a, b = Thinker("a", LATE, VoteFor("plan c")), Thinker("b", "plan b", VoteFor("plan c"))
    c, d = Thinker("c", "plan c", ModelFault("broken")), Thinker("d", LATE, LATE)
    stand = Stand((a, b, c, d))
    found = await stand.think("vote")
    assert (found.text, found.models) == ("plan c", ("a", "b", "c"))
    assert len(stand.told) == 4


async def test_with_one_plan_nobody_votes() -> None:
    stand = Stand((Thinker("a", LATE), Thinker("b", "plan b"), Thinker("c", LATE)))
    assert await stand.think("vote") == ThinkingResult(text="plan b", strategy="solo", models=("b",))
    assert len(stand.roles) == 3
    assert stand.told[-1] == "vote became solo: the plan of b is the only one"


async def test_with_one_ballot_the_first_plan_by_order_stands() -> None:
    stand = Stand(voters(LATE, "c", LATE, plans="abc"))
    assert await stand.think("vote") == ThinkingResult(text="plan a", strategy="solo", models=("a",))
    assert stand.told[-1] == ("vote became solo: 1 ballot of at least 2, so the plan of a stands, the first by order")
    stand = Stand((Thinker("a", LATE), Thinker("b", LATE)))
    assert await stand.think("vote") is None


@pytest.mark.parametrize(
    "text", ["B", '{"vote": 1}', '{"vote": "D"}', '{"vote": ""}', '{"vote": "A, B"}', "[]", '{"vote": null}', ""]
)
def test_nothing_is_guessed_of_a_ballot(text: str) -> None:
    with pytest.raises(Unusable):
        parse_ballot(text, "ABC")


def test_a_ballot_in_other_clothes_is_read() -> None:
    assert parse_ballot('<think>{"vote": "A"}</think>```json\n{"reason": "x", "vote": " C "}\n```', "ABC") == 2
    with pytest.raises(Unusable, match="cut off"):
        parse_ballot('{"reason": "because {', "ABC", cut=True)
    with pytest.raises(Unusable, match="repeats the schema"):
        parse_ballot(str(dict(ballot_schema("AB"))).replace("'", '"').replace("False", "false"), "AB")


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize(
    ("strategy", "count", "answers"),
    [
        ("solo", 1, ()),
        ("duo", 3, ("p", "p")),
        ("trio", 4, ("p",)),
        ("debate", 9, ("p", "p")),
        ("vote", 6, (VoteFor("plan a"),)),
    ],
)
async def test_calls_are_those_of_the_table(strategy: str, count: int, answers: tuple[object, ...]) -> None:
    stand = Stand(tuple(Thinker(key, f"plan {key}", *answers) for key in "abc"))  # type: ignore[arg-type]
    assert await stand.think(strategy) is not None
    assert len(stand.roles) == count
    assert stand.told == []


@pytest.mark.parametrize(
    ("strategy", "at", "hanging"),
    [
        ("trio", 0, 3),
        ("trio", 1, 1),
        ("debate", 0, 1),
        ("debate", 2, 1),
        ("vote", 0, 3),
        ("vote", 1, 3),
        ("vote", 2, 3),
    ],
)
async def test_a_cancel_in_the_middle_closes_and_settles_every_call(strategy: str, at: int, hanging: int) -> None:
    hangs: list[Hang] = []

    def answers(key: str) -> list[object]:
        hangs.append(Hang())
        before: list[object] = [f"plan {key}", VoteFor(f"plan {key}")] if strategy == "vote" else ["p", "p"]
        return [*before[:at], hangs[-1], "never"]

    stand = Stand(tuple(Thinker(key, *answers(key), paid=True) for key in "abc"))  # type: ignore[arg-type]
    job = asyncio.create_task(stand.think(strategy))
    async with asyncio.timeout(20):
        for hang in hangs[:hanging]:
            await hang.started.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert [hang.closed for hang in hangs if hang.started.is_set()] == [True] * hanging
    assert len(stand.purse.admitted) == len(stand.purse.settled) == len(stand.roles)
    finished = [body.error for body in stand.events.bodies if isinstance(body, CallFinished)]
    assert len(stand.events.of(CallStarted)) == len(finished)
    assert finished.count("cancelled") == hanging
    assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []


async def test_a_thought_that_was_cut_off_is_still_one() -> None:
    stand = Stand((Thinker("a", Cut("half a plan")), Thinker("b", "x"), Thinker("c", LATE)))
    stand.models[0].answers.append("both")
    assert (await stand.think("trio")).text == "both"


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.integers(0, 3000))
def test_the_room_is_shared_fairly(sizes: list[int], room: int) -> None:
    cap = fair_share(sizes, room)
    used = sum(min(size, cap) for size in sizes)
    assert used <= room or cap == 0
    if cap < max(sizes):
        assert sum(min(size, cap + 1) for size in sizes) > room, "nobody could have had more"


def test_short_plans_are_shown_whole_beside_long_ones() -> None:
    text = lay_out([ShownPlan(heading="Plan 1", text=LONG), ShownPlan(heading="Plan 2", text="short")], 200)
    assert "## Plan 2\n\n```text\nshort\n```" in text
    assert "[...]" in text
    assert estimate_tokens(text) <= 220
    assert clip(LONG, 32)[:20] in lay_out([ShownPlan(heading="Plan 1", text=LONG)], -5)
