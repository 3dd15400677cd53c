"""How much one model is made to think, and what its answers have shown of it.

What a model can do is told by its server (capabilities) and corrected by what comes: a model that thinks though it
was told not to, or that answers nothing where a schema is enforced, is asked differently from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from forge_lsp.domain.errors import NoAnswer
from forge_lsp.domain.ports import ChatRequest, ModelInfo, Thinks, Usage
from forge_lsp.models.answer import total_usage
from forge_lsp.models.capabilities import LEVELS
from forge_lsp.models.wire import Finished

__all__ = ["Plan", "Said", "Thinker"]

_AUTO = "medium"
"""How much a model thinks where nobody said."""
_MOST = LEVELS["high"]
"""Tokens of thought that the second try of a call may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one call is made. ``off``: the model is told not to think; ``level``: how much it is to think, None where it
    does not or cannot be told. ``room``: tokens of thought beside the answer's. ``prose``: the schema is told in
    words, not enforced."""

    level: str | None = None
    off: bool = False
    room: int = 0
    prose: bool = False


_MARKS: Mapping[str, str] = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[think]": "[/THINK]",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|channel|>analysis": "<|channel|>final<|message|>",
}
"""How thoughts begin that stand in the answer itself, in small letters, and what ends them."""


@dataclass(slots=True, kw_only=True)
class Said:
    """What has come of one call so far, over its tries: text by sample, pieces of thought, the ends and the usages."""

    texts: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    thought: int = 0
    ends: list[Finished] = field(default_factory=list[Finished])
    usages: list[Usage] = field(default_factory=list[Usage])

    def begin(self) -> None:
        """Another try begins; what the former ones cost stays."""
        self.texts.clear()
        self.thought = 0
        self.ends.clear()

    def take(self, text: str, *, thought: bool, sample: int = 0) -> None:
        """A piece of the answer, or of a thought."""
        if text:
            self.texts.setdefault(sample, []).append(text)
        self.thought += thought

    @property
    def inline(self) -> str | None:
        """The mark that ends a thought which stands in the answer and is all of it; None where there is no such."""
        for parts in self.texts.values():
            text = "".join(parts).strip()
            small = text[:40].lower()
            end = next((end for mark, end in _MARKS.items() if small.startswith(mark)), None)
            if end is not None and end.lower() not in text.lower():
                return end
        return None

    @property
    def thinks_inline(self) -> bool:
        """Whether an answer begins with a thought."""
        heads = ("".join(parts[:20]).lstrip()[:40].lower() for parts in self.texts.values())
        return any(head.startswith(mark) for head in heads for mark in _MARKS)

    @property
    def empty(self) -> bool:
        """Whether no sample holds a word beside its thoughts."""
        return self.inline is not None or not any("".join(parts).strip() for parts in self.texts.values())

    @property
    def usage(self) -> Usage:
        """What all tries cost."""
        return total_usage(self.usages)


class Thinker:
    """What is known of one model's thinking. ``setting`` is the user's: auto, off, low, medium or high."""

    def __init__(self, *, setting: str = "auto", thinks: Thinks = Thinks.NO) -> None:
        self._setting = setting
        self._told = thinks
        self._always = False
        self._prose = False
        self._written = 0

    @property
    def thinks(self) -> Thinks:
        """As its server says, or as its answers have shown."""
        return Thinks.ALWAYS if self._always else self._told

    def told(self, thinks: Thinks) -> None:
        """The server says this of the model."""
        self._told = thinks

    def most(self, context: int) -> int:
        """The most that a call may think, in tokens, before its answer."""
        if self.thinks is Thinks.NO or (self.thinks is Thinks.SWITCH and self._setting == "off"):
            return 0
        # Not by what was seen: the windows of a job are shared out once.
        return min(self._tokens(self._level()), context // 3)

    def plan(self, request: ChatRequest, info: ModelInfo) -> Plan:
        """How to ask the first time.

        Left to itself, a model that can be switched thinks where the request says that it is worth its time, and not
        for an answer that follows a schema. One that knows levels only is kept low there, and one that always thinks
        has its room.
        """
        structured = request.schema is not None
        prose = structured and self._prose
        wanted = (self._setting in LEVELS or (self._setting == "auto" and request.think)) and not structured
        match self.thinks:
            case Thinks.NO:
                return Plan(prose=prose)
            case Thinks.SWITCH if prose or not wanted:
                # A model that answers nothing under a schema mostly does so because it is not allowed to think.
                return self._thinking("low", info, prose=True) if prose else Plan(off=True)
            case Thinks.ALWAYS:
                return self._thinking(self._level(), info, prose=prose)
            case _:
                return self._thinking(self._level() if wanted else "low", info, prose=prose)

    def again(self, request: ChatRequest, info: ModelInfo, plan: Plan, *, thought: bool) -> Plan | None:
        """How to ask once more after an answer without a word; None: asking differently would not help.

        ``thought``: the model spent it on thinking.
        """
        structured = request.schema is not None
        if not thought:
            if not structured and not plan.off:
                return None
            self._prose = self._prose or structured
            if self.thinks is Thinks.NO:
                return None if plan.prose else Plan(prose=True)
            return Plan(level="low", room=self._second(info), prose=structured)
        if self.thinks is Thinks.SWITCH and not plan.off:
            return Plan(off=True, room=self._second(info), prose=plan.prose)
        # It cannot be kept from thinking: all the room there is, and nothing enforced that it could not think under.
        self._prose = self._prose or structured
        return Plan(level="low", room=self._second(info), prose=structured)

    def saw(self, plan: Plan, *, thought: bool, tokens: int) -> None:
        """An answer to ``plan`` came, with thoughts or without; ``tokens`` were written for both."""
        if thought:
            self._written = max(self._written, tokens)
            if plan.off or self._told is Thinks.NO:
                self._always = True

    def nothing_said(self, info: ModelInfo, said: Said) -> NoAnswer:
        """It thought, twice, and answered nothing."""
        tokens = max(said.usages[-1].output_tokens if said.usages else 0, said.thought)
        remedy = f"raise models.{info.key}.context, or name a model that thinks less"
        if self.thinks is not Thinks.ALWAYS and self._setting != "off":
            remedy = f'set models.{info.key}.think = "off", or raise models.{info.key}.context'
        return NoAnswer(f"{info.name} spent its {tokens} tokens on thinking and gave no answer.", remedy=remedy)

    def _level(self) -> str:
        return self._setting if self._setting in LEVELS else _AUTO

    def _thinking(self, level: str, info: ModelInfo, *, prose: bool) -> Plan:
        return Plan(level=level, room=self._room(level, info.context), prose=prose)

    def _room(self, level: str, context: int) -> int:
        """Tokens of thought for a level: as planned, or twice what an answer of this model took, thoughts included."""
        return max(min(self._tokens(level), context // 3), min(2 * self._written, _MOST, context // 2))

    def _tokens(self, level: str) -> int:
        """A level in tokens; a model that cannot be told how much to think has the usual room."""
        return max(LEVELS[level], LEVELS[_AUTO]) if self.thinks is Thinks.ALWAYS else LEVELS[level]

    def _second(self, info: ModelInfo) -> int:
        """Tokens of thought for a second try. They are a bound: a model that does not think leaves them."""
        return min(_MOST, info.context // 2)
