"""The product's question in a replay: a reference solution plays the user, whom the product asks and listens to.

The product's own code says what is asked, if anything, and what an answer changes. The user answers at once, and from
what the reference gives to the call: the choice that says it, or that none does and its own value. With ``slips`` that
share of the answers is a wrong choice, drawn by a seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.questions import Answer, AskedQuestion, Question
from forge_lsp.ensemble.check_stage import CheckedCandidate, Checks
from forge_lsp.ensemble.leaderboard import Leaderboard
from forge_lsp.ensemble.questioning import Questioning
from forge_lsp.ensemble.replies import gives
from forge_lsp.ensemble.values import same

if TYPE_CHECKING:
    from forge_lsp.ensemble.stages import Stages

__all__ = ["User", "ask", "reference_gives"]


def reference_gives(evidence: Evidence) -> Callable[[Question], str | None]:
    """What a reference with this evidence gives to the call of a question; None: it was not run on it."""
    return lambda question: gives(question, evidence.results, evidence.observed)


@dataclass(slots=True, kw_only=True)
class User:
    """Answers at most ``most`` questions by ``gives``."""

    most: int
    gives: Callable[[Question], str | None]
    slips: float = 0.0
    draw: random.Random = field(default_factory=lambda: random.Random(1))
    _answers: list[Answer] = field(default_factory=list[Answer])

    def offer(self, question: Question) -> None:
        """Take a question."""
        value = self.gives(question)
        choices = [choice.value for choice in question.choices]
        if value is None:
            answer = Answer(question=question.id, value=None)
        elif self.slips and self.draw.random() < self.slips:
            wrong = [choice for choice in choices if not same(choice, value)]
            answer = Answer(question=question.id, value=self.draw.choice(wrong) if wrong else None, own=not wrong)
        else:
            own = not any(same(choice, value) for choice in choices)
            answer = Answer(question=question.id, value=value, own=own)
        self._answers.append(answer)

    def taken(self) -> tuple[Answer, ...]:
        """Hand the answers over."""
        answers, self._answers = tuple(self._answers), []
        return answers


def ask(checks: Checks, checked: Sequence[CheckedCandidate], user: User) -> tuple[AskedQuestion, ...]:
    """Ask about candidates that ``checks`` knows, as often as the product would once all have written. The answers are
    in ``checks`` then."""
    checked = _distinct(checked)

    # Of the stages of a job the questions need what judges candidates, and somebody to tell that one was put.
    def tell(event: object) -> None:
        del event

    stages = SimpleNamespace(checks=checks, emit=tell)
    questioning = Questioning(user, cast("Stages", stages), Leaderboard(checks))
    while True:
        before = len(questioning.asked)
        questioning.offer(1, checked, last=True)
        if len(questioning.asked) == before:
            return questioning.asked
        questioning.take(checked)


def _distinct(checked: Sequence[CheckedCandidate]) -> list[CheckedCandidate]:
    """What models wrote alike as one candidate, as the product checks it."""
    by_text: dict[str, list[CheckedCandidate]] = {}
    for one in checked:
        by_text.setdefault(one.candidate.text, []).append(one)
    return [
        replace(each[0], also=tuple(dict.fromkeys(one.candidate.model for one in each[1:])))
        for each in by_text.values()
    ]
