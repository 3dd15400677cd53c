"""What each attempt does: who thinks, who writes, who reviews. Data: these are the classes of the settings themselves,
their docstrings the help on them; nothing here runs.

The tables that say which strategies and panels exist are :data:`STRATEGIES` and :data:`PANELS`; the code behind the
names is registered in thinking/ and review/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from forge_lsp.core.checks import Grade

__all__ = [
    "MOST_THINKERS",
    "PANELS",
    "STRATEGIES",
    "Accept",
    "Generator",
    "Ladder",
    "Panel",
    "Reviewer",
    "Row",
    "Schedule",
    "Thinking",
]

STRATEGIES: Mapping[str, int] = {"none": 0, "solo": 1, "duo": 2, "trio": 2, "debate": 2, "vote": 2}
"""The thinking strategies that run, each with the least number of models it needs."""

MOST_THINKERS: Mapping[str, int] = {"trio": 3, "vote": 26}
"""The largest number of models, where a strategy has one. Ballots name plans by letters."""

PANELS: tuple[str, ...] = ("none", "simple", "moderate", "complex", "critical")
"""The kinds of panel that sit."""

MOST_SAMPLES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """Who thinks before the code is written, and how."""

    strategy: Literal["none", "solo", "duo", "trio", "debate", "vote"] = "none"
    """none, solo (one model), duo (propose, critique, refine), trio (up to three at once, then a consensus by the
    first), debate (three rounds, each seeing what was said) or vote (all propose at once, then all vote at once)."""
    models: tuple[str, ...] = ()
    """Settings keys, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """Who writes the code."""

    model: str
    """Settings key."""
    samples: Annotated[int, Ge(1), Le(MOST_SAMPLES)] = 1
    """Independent answers, in one batch where the server can; the checks choose the best."""
    beside: tuple[str, ...] = ()
    """Settings keys of models that write at the same time, one answer each: their agreement is evidence."""

    @property
    def writers(self) -> tuple[str, ...]:
        """Everybody who writes, each once, the rung's own model first."""
        return tuple(dict.fromkeys((self.model, *self.beside)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Who reviews a candidate that compiles."""

    kind: Literal["none", "simple", "moderate", "complex", "critical"] = "none"
    """simple, moderate and complex differ in size: the weighted mean of those who vote counts, and votes that can no
    longer change the outcome are not waited for. critical hears everybody and needs a weighted consensus: besides the
    mean, at least 0.6 of the weight finds it good enough, and no reviewer of security gives less than 5."""
    members: tuple[str, ...] = ()
    """Settings keys of models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the schedule: the first row whose attempts hold an attempt's number is used."""

    attempts: Annotated[tuple[Annotated[int, Ge(1), Le(50)], ...], MinLen(1)]
    """Attempt numbers, from 1."""
    generator: Generator
    """The rung of the ladder."""
    thinking: Thinking = Thinking()
    """Before the code is written."""
    panel: Panel = Panel()
    """After it compiled."""

    @property
    def models(self) -> tuple[str, ...]:
        """Every model of the row, each once, in the order of the stages."""
        return tuple(dict.fromkeys((*self.thinking.models, *self.generator.writers, *self.panel.members)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """What a model looks at when it sits in a panel."""

    aspect: Literal["patterns", "architecture", "quality", "security", "logic"] = "quality"
    """What it looks at."""
    weight: Annotated[float, Gt(0), Le(1)] = 0.2
    """Share in the panel's score; renormalised over those who sit in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """When a candidate is good enough; the rules are spelt out in decision.py. ``proof`` is the least grade; with
    ``panel`` "unproven" no panel is called for what is proven."""

    rule: Literal["score", "evidence", "never"] = "score"
    score: float = 8.0
    proof: Grade = Grade.REVIEWED
    panel: Literal["always", "unproven"] = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How attempts climb from free local models to paid ones."""

    after: Literal["stop", "last_local"] = "stop"
    """If no paid rung may run: stop, or repeat the last local rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The whole table. ``reviewers`` is keyed by model; a member that is not in it gets the default reviewer.

    ``effort`` full follows the table to the letter; need: see effort.py. ``committee``: where no check of the user's
    can be run, models write examples and propose inputs; see widening.py."""

    rows: tuple[Row, ...]
    reviewers: Mapping[str, Reviewer] = field(default_factory=dict[str, Reviewer])
    accept: Accept = Accept()
    ladder: Ladder = Ladder()
    effort: Literal["full", "need"] = "full"
    committee: bool = False

    def row_for(self, number: int) -> Row:
        """Return the first row whose attempts hold ``number``. A number that no row holds (more attempts than the table
        has, or a gap) takes the row that came last before it. Raises ValueError for an empty schedule."""
        if not self.rows:
            raise ValueError("the schedule has no rows")
        for row in self.rows:
            if number in row.attempts:
                return row
        return max(
            self.rows, key=lambda row: (max((a for a in row.attempts if a < number), default=0), -min(row.attempts))
        )

    def reviewer(self, model: str) -> Reviewer:
        """Return what ``model`` looks at."""
        return self.reviewers.get(model, Reviewer())

    def validate(self) -> tuple[str, ...]:
        """Return what is wrong, as lines ``key.path: what is wrong``; () for a schedule that runs."""
        problems: list[str] = [] if self.rows else ["schedule: no rows; nothing could be attempted"]
        for index, row in enumerate(self.rows):
            problems.extend(f"schedule.{index}.{line}" for line in _row_problems(row))
            if self.accept.rule == "score" and row.panel.kind == "none":
                problems.append(
                    f"schedule.{index}.panel: without one nothing reaches a score; set accept.rule = 'evidence'"
                )
        for key, reviewer in self.reviewers.items():
            if not 0 < reviewer.weight <= 1:
                problems.append(f"reviewers.{key}.weight: {reviewer.weight} is not above 0 and at most 1")
        if not 0 <= self.accept.score <= 10:
            problems.append(f"accept.score: {self.accept.score} is not between 0 and 10")
        return tuple(problems)


def _row_problems(row: Row) -> list[str]:
    problems: list[str] = []
    if not row.attempts or min(row.attempts) < 1:
        problems.append("attempts: list the numbers of the attempts, from 1")
    strategy, thinkers = row.thinking.strategy, row.thinking.models
    if strategy not in STRATEGIES:
        problems.append(f"thinking.strategy: no strategy {strategy!r} here; use one of {', '.join(STRATEGIES)}")
    elif len(thinkers) < STRATEGIES[strategy]:
        problems.append(f"thinking.models: {strategy} needs {STRATEGIES[strategy]}, {len(thinkers)} given")
    elif len(thinkers) > MOST_THINKERS.get(strategy, len(thinkers)):
        problems.append(f"thinking.models: {strategy} takes at most {MOST_THINKERS[strategy]}, {len(thinkers)} given")
    elif strategy == "vote" and len(set(thinkers)) != len(thinkers):
        problems.append("thinking.models: a model votes once")
    if not 1 <= row.generator.samples <= MOST_SAMPLES:
        problems.append(f"generator.samples: {row.generator.samples} is not between 1 and {MOST_SAMPLES}")
    if len(row.generator.writers) != 1 + len(row.generator.beside):
        problems.append("generator.beside: a model writes once; for more answers of one set generator.samples")
    kind, members = row.panel.kind, row.panel.members
    if kind not in PANELS:
        problems.append(f"panel.kind: no panel {kind!r} here; use one of {', '.join(PANELS)}")
    elif kind != "none" and not members:
        problems.append(f"panel.members: a {kind} panel needs members")
    elif len(set(members)) != len(members):
        problems.append("panel.members: a model sits in a panel once")
    return problems
