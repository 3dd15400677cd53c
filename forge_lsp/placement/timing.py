"""How long calls and swaps take, and the schedule as the steps that a plan is made for. Pure; times in seconds.

A local model writes a token by reading its weights once, so the time of a call is (tokens written + tokens read /
READ_SHARE) * weights / (bandwidth * EFFICIENCY). These are expectations, good enough to compare placements; what
calls really take is in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forge_lsp.placement.plan import Footprint, Stage, Step

__all__ = ["ELSEWHERE", "REFERENCE", "UNLOAD", "TimedRow", "call_seconds", "steps"]

REFERENCE = 936e9
"""Bytes a second of the reference device, an RTX 3090."""
EFFICIENCY = 0.6
"""Share of the bandwidth that decoding with one call reaches."""
READ_SHARE = 25
"""Tokens of the prompt that are read in the time of one token written."""
UNLOAD = 1.0
"""Seconds until the memory of unloaded models is free (0.5 to 1.5 seen)."""
CHECK = 5.0
"""Seconds of a compile check, between writing and reviewing."""
ELSEWHERE: Mapping[Stage, float] = {"think": 6.0, "generate": 20.0, "panel": 8.0}
"""Seconds of a call that a service answers."""

_PROMPT = 1500
#: Tokens written, by what a call is for.
_PLAN, _DECISION, _CODE, _REVIEW = 250, 80, 1000, 300
#: Each further sample of a rung, as a share of the first: samples share their reading and most of their time.
_SAMPLE = 0.25
_DEBATE_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRow:
    """A row of the schedule in plain words; models by settings key. ``beside``: who writes at the same time."""

    attempts: tuple[int, ...]
    strategy: str
    thinkers: tuple[str, ...]
    generator: str
    samples: int = 1
    members: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def call_seconds(weights: int, written: float, *, read: float = _PROMPT, bandwidth: float = REFERENCE) -> float:
    """One call of a model whose weights have so many bytes."""
    return weights * (written + read / READ_SHARE) / (bandwidth * EFFICIENCY)


def steps(rows: Iterable[TimedRow], footprints: Mapping[str, Footprint]) -> tuple[Step, ...]:
    """The schedule, row by row and stage by stage. Models without a footprint are answered elsewhere."""
    made: list[Step] = []
    taken: set[int] = set()
    for row in rows:
        attempts = tuple(number for number in row.attempts if number not in taken)
        taken.update(attempts)
        if not attempts:
            continue
        for stage, rounds in _stages(row):
            if not rounds:
                continue
            ours = [
                {key: _seconds(key, tokens, footprints) for key, tokens in each if key in footprints} for each in rounds
            ]
            away = sum(ELSEWHERE[stage] for each in rounds if any(key not in footprints for key, _ in each))
            made.append(
                Step(
                    attempts=attempts,
                    stage=stage,
                    rounds=tuple(each for each in ours if each),
                    elsewhere=away,
                    after=CHECK if stage == "generate" else 0.0,
                )
            )
    return tuple(made)


def _seconds(key: str, tokens: float, footprints: Mapping[str, Footprint]) -> float:
    return call_seconds(int(footprints[key].weights * footprints[key].active), tokens)


_Rounds = list[list[tuple[str, float]]]


def _stages(row: TimedRow) -> tuple[tuple[Stage, _Rounds], ...]:
    writing = _CODE * (1 + _SAMPLE * (row.samples - 1))
    return (
        ("think", _thinking(row.strategy, row.thinkers)),
        ("generate", [[(row.generator, writing), *((key, _CODE) for key in row.beside)]]),
        ("panel", [[(key, _REVIEW) for key in row.members]] if row.members else []),
    )


def _thinking(strategy: str, models: tuple[str, ...]) -> _Rounds:
    """Who is called when; see docs/ensemble.md for the strategies."""
    if not models:
        return []
    match strategy:
        case "solo":
            return [[(models[0], _PLAN)]]
        case "duo":
            proposer, critic = models[0], models[min(1, len(models) - 1)]
            return [[(proposer, _PLAN)], [(critic, _PLAN)], [(proposer, _PLAN)]]
        case "trio":
            return [[(key, _PLAN) for key in models[:3]], [(models[0], _DECISION)]]
        case "debate":
            return [[(key, _PLAN)] for _ in range(_DEBATE_ROUNDS) for key in models]
        case "vote":
            return [[(key, _PLAN) for key in models], [(key, _DECISION) for key in models]]
        case _:
            return []
