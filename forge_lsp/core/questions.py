"""A question to the user about what a call should give, and the answer to it. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Answer", "AskedQuestion", "Choice", "Effect", "Question", "Reply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An answer that can be chosen: its ``value`` as text (``raises ValueError`` for an error), and the ``models``
    whose candidates give it, by their settings keys; none: only the text of the user's check gives it."""

    value: str
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What should ``call`` give? ``id`` names the question within its job, ``attempt`` is the one it came up in.

    ``choices`` are what candidates give, the most likely first. ``source`` says where the call comes from, as of an
    :class:`~forge_lsp.core.attempt.Observation`, or ``example`` where a check of the user's is disputed: then ``check``
    is its id, ``expected`` what it says, and ``line`` where it stands, counted from 1 (0: not known).
    """

    id: str
    call: str
    choices: tuple[Choice, ...]
    source: str
    attempt: int
    line: int = 0
    check: str | None = None
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the user answered to the question of that id.

    ``value`` is what the call should give; ``own``: none of the choices, but the user's own value, or with ``value``
    None that it is none of them. Neither: the user cannot say.
    """

    question: str
    value: str | None
    own: bool = False

    @property
    def is_definite(self) -> bool:
        """Whether it says anything of what is right."""
        return self.own or self.value is not None


class Effect(StrEnum):
    """What an answer did."""

    NOTHING = "nothing"
    """The user could not say, or the job had nothing to which it matters."""
    CONFIRMED = "confirmed"
    """The candidate that was the best gives what the user answered."""
    CHANGED = "changed"
    """Another candidate is the best one now."""
    REFUTED = "refuted"
    """The best candidate, or the one that was applied, gives something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question that was put to the user, and what came of it.

    ``late``: the answer came after the job had ended. ``other`` is the id of a candidate that gives what the user
    answered where the one that was applied does not. ``kept``: the answer became an example of the documentation.
    """

    question: Question
    answer: Answer | None = None
    effect: Effect | None = None
    late: bool = False
    other: str | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of the user's beside what one candidate gives. ``expected`` is "" where the user said only that it is
    none of the choices."""

    call: str
    expected: str
    actual: str
    agrees: bool
