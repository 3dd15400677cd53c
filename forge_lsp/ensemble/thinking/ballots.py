"""Ballots: each voter sees the plans unsigned and in an order of its own, and names one letter."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from forge_lsp.core.errors import ModelError, SpendingRefused
from forge_lsp.core.ports import ChatRequest, Message, Purpose, Role
from forge_lsp.ensemble.answers import Unusable, ask_twice, json_object, unwrapped
from forge_lsp.ensemble.members import MOST_UNUSABLE
from forge_lsp.ensemble.plain_words import stated_vote
from forge_lsp.ensemble.prompting import render
from forge_lsp.ensemble.thinking.context import ShownPlan, ThinkerPlan, ThinkingContext

__all__ = ["BALLOT_TOKENS", "ballot_schema", "parse_ballot", "place_of", "poll", "shuffled"]

BALLOT_TOKENS = 200
MOST_REASON = 200  # characters


async def poll(
    voters: Sequence[str], plans: Sequence[ThinkerPlan], context: ThinkingContext, *, role: str
) -> dict[str, ThinkerPlan]:
    """Return the plan that each voter chose, by voter, all asked at once; those who abstain are left out and told."""
    voters = voters if context.voters is None else await context.voters.present(voters)
    cast = await _all_cast(list(enumerate(voters)), plans, context, role)
    while context.voters is not None and (mute := [one for one in cast if context.voters.mute(one)]):
        turns: list[tuple[int, str]] = []
        for voter in mute:
            del cast[voter]
            by = await context.voters.stand_in(voter, [*voters, *cast, *(name for _, name in turns)])
            if by is not None:
                turns.append((len(voters) + len(turns), by))
        cast |= await _all_cast(turns, plans, context, role)
    return {voter: plan for voter, plan in cast.items() if plan is not None}


async def _all_cast(
    voters: Sequence[tuple[int, str]], plans: Sequence[ThinkerPlan], context: ThinkingContext, role: str
) -> dict[str, ThinkerPlan | None]:
    """What each voter chose, all asked at once; the number of a voter gives it its order of the plans."""
    async with asyncio.TaskGroup() as group:
        tasks = {
            voter: group.create_task(
                _cast(voter, shuffled(plans, seed=f"{context.seed}\n{role}", turn=turn), context, role)
            )
            for turn, voter in voters
        }
    return {voter: task.result() for voter, task in tasks.items()}


def shuffled(plans: Sequence[ThinkerPlan], *, seed: str, turn: int) -> tuple[ThinkerPlan, ...]:
    """Return the order in which voter number ``turn`` sees the plans: one shuffle from ``seed``, turned by one place a
    voter.

    Models favour what they read first; over the voters every plan stands equally often in each place (a cyclic Latin
    square), and no voter can tell a place from an author.
    """

    def mixed(plan: ThinkerPlan) -> bytes:
        return hashlib.sha256(f"{seed}\n{plan.model}".encode()).digest()

    order = sorted(plans, key=mixed)
    at = turn % len(order)
    return (*order[at:], *order[:at])


def ballot_schema(letters: Sequence[str]) -> Mapping[str, object]:
    """Return the bounded JSON schema of a ballot."""
    return {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "maxLength": MOST_REASON},
            "vote": {"type": "string", "enum": list(letters)},
        },
        "required": ["reason", "vote"],
        "additionalProperties": False,
    }


def parse_ballot(text: str, letters: Sequence[str], *, cut: bool = False) -> int:
    """Return which of ``letters`` an answer votes for. Raises Unusable: nothing is guessed."""
    chosen = unwrapped(json_object(text, cut=cut), "vote").get("vote")
    named = {letter: index for index, letter in enumerate(letters)}
    if not isinstance(chosen, str) or chosen.strip() not in named:
        raise Unusable(f'"vote" is not one of {_either(letters)}')
    return named[chosen.strip()]


def place_of(text: str, letters: Sequence[str]) -> int | None:
    """Return which of ``letters`` an answer in words votes for without doubt; None: none."""
    letter = stated_vote(text, letters)
    return None if letter is None else list(letters).index(letter)


async def _cast(voter: str, plans: Sequence[ThinkerPlan], context: ThinkingContext, role: str) -> ThinkerPlan | None:
    letters = ascii_uppercase[: len(plans)]
    shown = [ShownPlan(heading=f"Plan {letter}", text=plan.text) for letter, plan in zip(letters, plans, strict=True)]
    either = _either(letters)
    try:
        shared, text = await context.prompt(voter, "vote", shown, BALLOT_TOKENS, letters=either)

        def request(turns: Sequence[Message]) -> ChatRequest:
            return shared.request(
                *turns, max_tokens=BALLOT_TOKENS, temperature=0.0, schema=ballot_schema(letters), purpose=Purpose.REVIEW
            )

        chosen = await ask_twice(
            context.ask,
            voter,
            role,
            [Message(role=Role.USER, text=text)],
            request=request,
            read=lambda answer, cut: parse_ballot(answer, letters, cut=cut),
            again=lambda problem: render("vote_again", problem=problem, letters=either),
            words=lambda answer: place_of(answer, letters),
        )
    except (ModelError, SpendingRefused) as error:
        if context.voters is not None:
            context.voters.failed(voter, error)
        context.degraded(f"{voter} abstains from the {role}: {error.full_message}")
        return None
    except Unusable as error:
        if context.voters is not None:  # it was asked twice
            context.voters.unusable(voter, f"its answers were no ballots: {error}", MOST_UNUSABLE)
        context.degraded(f"{voter} abstains from the {role}: its answers were no ballots: {error}")
        return None
    return plans[chosen]


def _either(letters: Sequence[str]) -> str:
    return f"{', '.join(letters[:-1])} or {letters[-1]}"
