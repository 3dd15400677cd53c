"""The committee's examples: what models that have not seen a candidate expect of calls, beside what candidates give.

They are opinions that can be run. A model's examples never judge what it wrote itself, and an author of whose examples
candidates pass fewer than half is switched off: weak authors are more often wrong than the code. Nothing is run here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from forge_lsp.core.attempt import Evidence, Example, Expectation
from forge_lsp.ensemble.merit import ENOUGH_AUTHORED
from forge_lsp.ensemble.values import same

__all__ = ["LEAST_PASSED", "SUPPORTING_PASSED", "Committee", "share", "supports"]

LEAST_PASSED = 0.5
"""The share of an author's examples that candidates must pass for it to be heard."""
SUPPORTING_PASSED = 0.5
"""The share of other authors' examples that supports a candidate."""


@dataclass(frozen=True, slots=True)
class _Answered:
    model: str
    answers: Mapping[str, str]


class Committee:
    """The examples of one job. ``identity`` gives the model behind a settings key: two keys may name one model."""

    def __init__(self, identity: Callable[[str], str] = lambda key: key) -> None:
        self._identity = identity
        self._examples: dict[tuple[str, str], Example] = {}
        self._known: dict[tuple[str, str], _Answered] = {}

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls of all examples, each once."""
        return tuple(dict.fromkeys(call for _, call in self._examples))

    def add(self, examples: Iterable[Example]) -> None:
        """Take in examples. Where an author expects two things of one call, the first one counts."""
        for example in examples:
            self._examples.setdefault((self._identity(example.author), example.call), example)

    def answered(self, model: str, key: str, answers: Mapping[str, str]) -> None:
        """Take in what a candidate of ``model`` gave, by call. ``key`` tells candidates apart."""
        self._known[model, key] = _Answered(model, answers)

    @property
    def off(self) -> frozenset[str]:
        """The authors that are not heard, by the identity of their models."""
        passed: dict[str, list[bool]] = {}
        for (author, call), example in self._examples.items():
            for one in self._known.values():
                if one.model != author and call in one.answers:
                    passed.setdefault(author, []).append(same(one.answers[call], example.value))
        return frozenset(author for author, each in passed.items() if sum(each) < LEAST_PASSED * len(each))

    def judge(self, model: str, evidence: Evidence) -> tuple[Expectation, ...]:
        """Return what authors other than ``model``, as far as they are heard, expect of a candidate of ``model``."""
        if not self._examples:
            return ()
        answers = {seen.call: seen.answer for seen in evidence.observed}
        off = self.off
        return tuple(
            Expectation(
                author=example.author,
                call=call,
                value=example.value,
                answer=answers[call],
                passed=same(answers[call], example.value),
            )
            for (author, call), example in self._examples.items()
            if author != model and author not in off and call in answers
        )


def share(expectations: Iterable[Expectation]) -> float | None:
    """Return the share that is passed, None where there are none."""
    each = [one.passed for one in expectations]
    return sum(each) / len(each) if each else None


def supports(expectations: Iterable[Expectation]) -> bool:
    """Return whether enough examples of others are there, and enough of them are passed."""
    each = tuple(expectations)
    passed = share(each)
    return len(each) >= ENOUGH_AUTHORED and passed is not None and passed >= SUPPORTING_PASSED
