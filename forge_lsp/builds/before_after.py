"""The tests of a project, on its untouched tree and on a candidate's: what the difference says of the candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forge_lsp.domain.attempt import ExampleKind, ExampleResult, ExampleStatus

__all__ = ["Outcome", "compared"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: whether each test ``passed`` (None: it was skipped), and the end of what was ``said``, by test or, under
    the empty name, in all."""

    passed: Mapping[str, bool | None]
    said: Mapping[str, str]

    def words(self, name: str) -> str:
        """What was said of one test."""
        return self.said.get(name, self.said.get("", ""))


def compared(suite: str, before: Outcome, after: Outcome) -> tuple[ExampleResult, ...]:
    """A result for each test of ``suite``. A test that failed before and fails now tells nothing of the candidate."""
    return tuple(_one(suite, name, before, after) for name in dict.fromkeys((*before.passed, *after.passed)))


def _one(suite: str, name: str, before: Outcome, after: Outcome) -> ExampleResult:
    was, now = before.passed.get(name), after.passed.get(name)
    if now is True:
        status, detail = ExampleStatus.PASSED, ""
    elif was is True:
        status, detail = ExampleStatus.FAILED, after.words(name)
    else:
        status = ExampleStatus.NOT_RUNNABLE
        detail = (
            "it was not run" if now is None else f"it did not pass before the candidate either: {after.words(name)}"
        )
    whole = name == suite
    return ExampleResult(
        id=name if whole else f"{suite}:{name}",
        kind=ExampleKind.TEST,
        status=status,
        source=name if whole else f"{suite}: {name}",
        expected="passes",
        actual="passes" if status is ExampleStatus.PASSED else "does not pass",
        detail=detail,
    )
