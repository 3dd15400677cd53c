"""Who takes which part in one job: a model whose answers are of no use is replaced for the rest of it.

A model counts by the part it plays: one that cannot write a review in the form that is asked for may still write code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forge_lsp.core.attempt import Replacement
from forge_lsp.core.errors import (
    ConsentRefused,
    ForgeError,
    ModelMissing,
    NoAnswer,
    ServerBusy,
    ServerUnreachable,
    SpendingRefused,
    Unauthorised,
)
from forge_lsp.core.events import Degraded, Emit, Stage
from forge_lsp.core.ports import ModelDirectory, ModelInfo

__all__ = ["MOST_UNUSABLE", "MemberRole", "Members", "Team", "times"]

MOST_UNUSABLE = 2
"""Answers of no use after which a model is replaced."""


class MemberRole(StrEnum):
    """What a model does in a job."""

    THINKER = "thinker"
    VOTER = "voter"
    REVIEWER = "reviewer"
    WRITER = "writer"


_DOES = {
    MemberRole.THINKER: "plan",
    MemberRole.VOTER: "vote",
    MemberRole.REVIEWER: "review",
    MemberRole.WRITER: "write code",
}
_ENVIRONMENT = (ServerUnreachable, ModelMissing, Unauthorised, ServerBusy, SpendingRefused)


def times(error: ForgeError) -> int:
    """Return how many answers of no use an error stands for: none where the machine, not the model, is at fault, and
    two where the model was asked again already, or the user does not want it to be asked."""
    if isinstance(error, ConsentRefused):
        return MOST_UNUSABLE
    if isinstance(error, _ENVIRONMENT):
        return 0
    return MOST_UNUSABLE if isinstance(error, NoAnswer) else 1


class Members:
    """The models of one job by the part they play. ``asked`` are the settings keys of those that were sent something:
    of the paid and the off-machine ones, only they may stand in for others. ``writers`` write in this job: they review
    their own code only where nobody else can."""

    def __init__(
        self, *, models: ModelDirectory, asked: Callable[[], Sequence[str]], writers: Collection[str], emit: Emit
    ) -> None:
        self._models = models
        self._asked = asked
        self._writers = writers
        self._emit = emit
        self._counts: Counter[tuple[MemberRole, str]] = Counter()
        self._why: dict[tuple[MemberRole, str], str] = {}
        self._by: dict[tuple[MemberRole, str], str | None] = {}
        self._made: list[tuple[int, Replacement]] = []
        self._lacks: dict[str, None] = {}

    @property
    def lacks(self) -> tuple[str, ...]:
        """A sentence for each member in whose place nobody could be found, with what to fetch."""
        return tuple(self._lacks)

    def made(self, number: int) -> tuple[Replacement, ...]:
        """Return the replacements of attempt ``number``, in order."""
        return tuple(replacement for attempt, replacement in self._made if attempt == number)

    def team(self, part: MemberRole, *, number: int, stage: Stage) -> Team:
        """Return the members of one part in one stage of an attempt."""
        return Team(members=self, part=part, number=number, stage=stage)

    def speaker(self, part: MemberRole, model: str) -> str | None:
        """Who plays the part that ``model`` is set for; None: nobody can."""
        seen: str | None = model
        while seen is not None and (part, seen) in self._by:
            seen = self._by[part, seen]
        return seen

    def unusable(self, part: MemberRole, model: str, why: str, count: int = 1) -> None:
        """An answer of ``model`` was of no use; ``count`` of them."""
        if count:
            self._counts[part, model] += count
            self._why[part, model] = why

    def mute(self, part: MemberRole, model: str) -> bool:
        """Whether ``model`` is to be replaced."""
        return self._counts[part, model] >= MOST_UNUSABLE

    async def stand_in(
        self, part: MemberRole, model: str, *, beside: Iterable[str], number: int, stage: Stage
    ) -> str | None:
        """Replace ``model``, and return who plays its part from now on; None: nobody else can.

        ``beside`` are those who play the same part already. Raises nothing but a cancel.
        """
        if (part, model) in self._by:
            return self.speaker(part, model)
        present = set(beside) | {model}
        by, remedy = await self._next(part, present)
        self._by[part, model] = by
        why = self._why.get((part, model), "")
        self._made.append((number, Replacement(role=str(part), model=model, by=by, reason=why)))
        head = f"{model} gives no usable answers as {part} ({why.rstrip('.')})"
        if by is not None:
            said = f"{head}: {by} takes its place for the rest of the job"
        else:
            lack = f"no other model that is installed can {_DOES[part]} in the place of {model}; {remedy}"
            self._lacks[lack] = None
            said = f"{head}: {lack}"
        self._emit(Degraded(number=number, stage=stage, reason=said))
        return by

    async def _next(self, part: MemberRole, present: set[str]) -> tuple[str | None, str]:
        """The best that is left, and what to do where there is none."""
        others = await self._models.stand_ins()
        asked = set(self._asked())
        families = {self._models.get(key).info.family for key in present} - {""}

        def rank(item: tuple[int, ModelInfo]) -> tuple[object, ...]:
            place, info = item
            return (
                info.paid or info.off_machine,
                info.toy,
                part is MemberRole.WRITER and not info.codes,
                part is MemberRole.REVIEWER and info.key in self._writers,
                info.family in families,
                place,
            )

        fit = [
            (place, info)
            for place, info in enumerate(others.models)
            if info.key not in present
            and not self.mute(part, info.key)
            and (info.key in asked or not (info.paid or info.off_machine))
        ]
        for _, info in sorted(fit, key=rank):
            try:
                if await self._models.unavailable(info.key) is None:
                    return info.key, ""
            except ServerUnreachable:
                continue
        return None, others.remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Those who play one part in one stage of an attempt."""

    members: Members
    part: MemberRole
    number: int
    stage: Stage

    def failed(self, model: str, error: ForgeError) -> None:
        """A call to ``model`` failed, which counts against it where it is not the machine's fault."""
        self.members.unusable(self.part, model, error.full_message, times(error))

    def unusable(self, model: str, why: str, count: int = 1) -> None:
        """``count`` answers of ``model`` were of no use."""
        self.members.unusable(self.part, model, why, count)

    def mute(self, model: str) -> bool:
        """Whether ``model`` is to be replaced."""
        return self.members.mute(self.part, model)

    def speaker(self, model: str) -> str | None:
        """Who plays the part that ``model`` is set for; None: nobody can."""
        return self.members.speaker(self.part, model)

    async def stand_in(self, model: str, beside: Iterable[str]) -> str | None:
        """See :meth:`Members.stand_in`."""
        return await self.members.stand_in(self.part, model, beside=beside, number=self.number, stage=self.stage)

    async def present(self, models: Iterable[str]) -> tuple[str, ...]:
        """Return those who fill the role for ``models`` now, each once: those who have to go are replaced first."""
        found: dict[str, None] = {}
        set_for = list(models)
        for model in set_for:
            speaker = self.speaker(model)
            while speaker is not None and self.mute(speaker):
                beside = [*found, *(other for other in set_for if not self.mute(other))]
                after = await self.stand_in(speaker, beside)
                if after == speaker:
                    break
                speaker = after
            if speaker is not None:
                found[speaker] = None
        return tuple(found)
