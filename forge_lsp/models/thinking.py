"""How much one model is made to think, and what its answers have shown of it.

What a model can do is told by its server (capabilities) and corrected by what comes: a model that thinks though it
was told not to, or that answers nothing where a schema is enforced, is asked differently from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from forge_lsp.core.errors import NoAnswer
from forge_lsp.core.ports import ChatRequest, ModelInfo, Purpose, ThinkingSupport, Usage
from forge_lsp.models.answer import total_usage
from forge_lsp.models.capabilities import LEVELS, AnswerForm, LearntCapabilities
from forge_lsp.models.prompt import holds_object
from forge_lsp.models.wire import SampleFinished
from forge_lsp.reading import table_beside

__all__ = ["CallPlan", "PartialAnswer", "Thinker", "ThinkingPreference"]

_AUTO = "medium"
"""How much a model thinks where nobody said."""
_MOST = LEVELS["high"]
"""Tokens of thought that the second try of a call may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """How one call is made. ``off``: the model is told not to think; ``level``: how much it is to think, None where it
    does not or cannot be told. ``room``: tokens of thought beside the answer's. ``form``: how an answer that has a
    schema is asked for."""

    level: str | None = None
    off: bool = False
    room: int = 0
    form: AnswerForm = AnswerForm.SCHEMA

    @property
    def prose(self) -> bool:
        """Whether the schema is told in words."""
        return self.form is not AnswerForm.SCHEMA


_MARKS: Mapping[str, str] = table_beside(__file__, "../thoughts.toml")["streamed"]
"""How thoughts begin that stand in the answer itself, in small letters, and what ends them."""


@dataclass(slots=True, kw_only=True)
class PartialAnswer:
    """What has come of one call so far, over its tries: text by sample, pieces of thought, the ends and the usages."""

    texts: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    thought: int = 0
    ends: list[SampleFinished] = field(default_factory=list[SampleFinished])
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

    def answer(self) -> str:
        """All that has come of the first sample."""
        return "".join(self.texts.get(0, ()))

    @property
    def empty(self) -> bool:
        """Whether no sample holds a word beside its thoughts."""
        return self.inline is not None or not any("".join(parts).strip() for parts in self.texts.values())

    @property
    def usage(self) -> Usage:
        """What all tries cost."""
        return total_usage(self.usages)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingPreference:
    """How much the user wants a model to think: auto, off, low, medium or high; ``by_purpose`` counts before
    ``always``."""

    always: str = "auto"
    by_purpose: Mapping[Purpose, str] = field(default_factory=dict[Purpose, str])

    def of(self, purpose: Purpose) -> str:
        """The wish for answers of one purpose."""
        return self.by_purpose.get(purpose, self.always)

    @property
    def auto(self) -> bool:
        """Whether all is left to the model and its server."""
        return all(self.of(purpose) == "auto" for purpose in Purpose)

    @property
    def off(self) -> bool:
        """Whether it is never to think."""
        return all(self.of(purpose) == "off" for purpose in Purpose)


class Thinker:
    """What is known of one model's thinking and of the forms it can answer in. ``wishes`` are the user's, ``keep`` is
    told what its answers have shown, whenever that changes."""

    def __init__(
        self,
        *,
        wishes: ThinkingPreference | None = None,
        thinks: ThinkingSupport = ThinkingSupport.NO,
        keep: Callable[[LearntCapabilities], None] | None = None,
    ) -> None:
        self._wishes = wishes or ThinkingPreference()
        self._told = thinks
        self._learnt = LearntCapabilities()
        self._keep = keep

    @property
    def thinks(self) -> ThinkingSupport:
        """As its server says, or as its answers have shown."""
        if self._learnt.always:
            return ThinkingSupport.ALWAYS
        return ThinkingSupport.SWITCH if self._learnt.thinks and self._told is ThinkingSupport.NO else self._told

    def learn(self, thinks: ThinkingSupport, learnt: LearntCapabilities | None = None) -> None:
        """The server says this of the model, and its answers have shown that, before now."""
        self._told = thinks
        if learnt is not None:
            self._learnt = learnt

    def most(self, context: int) -> int:
        """The most that a call may think, in tokens, before its answer."""
        if self.thinks is ThinkingSupport.NO or (self.thinks is ThinkingSupport.SWITCH and self._wishes.off):
            return 0
        wishes = {self._wishes.of(purpose) for purpose in Purpose}
        # Not by what was seen: the windows of a job are shared out once.
        most = max(self._tokens(_level(wish)) for wish in (wishes - {"off"} or wishes))
        return min(most, context // 3)

    def plan(self, request: ChatRequest, info: ModelInfo) -> CallPlan:
        """How to ask the first time.

        Left to itself, a model that can be switched thinks where the request says that it is worth its time, and not
        for an answer that follows a schema, unless the user set that it thinks for this purpose. One that knows levels
        only is kept low there, and one that always thinks has its room.
        """
        structured = request.schema is not None
        form = self._learnt.form if structured else AnswerForm.SCHEMA
        wish = self._wishes.of(request.purpose)
        wanted = wish in LEVELS or (wish == "auto" and request.think)
        if structured and request.purpose not in self._wishes.by_purpose:
            wanted = False
        level = _level(wish)
        match self.thinks:
            case ThinkingSupport.NO:
                return CallPlan(form=form)
            case ThinkingSupport.SWITCH if not wanted:
                # A model that answers nothing under a schema mostly does so because it is not allowed to think.
                if form is AnswerForm.PROSE and self._learnt.empty:
                    return self._thinking("low", info, form=form)
                return CallPlan(off=True, form=form)
            case ThinkingSupport.ALWAYS:
                return self._thinking(level, info, form=form)
            case _:
                return self._thinking(level if wanted else "low", info, form=form)

    def again(self, request: ChatRequest, info: ModelInfo, plan: CallPlan, *, thought: bool) -> CallPlan | None:
        """How to ask once more after an answer without a word; None: asking differently would not help.

        ``thought``: the model spent it on thinking.
        """
        structured = request.schema is not None
        if not thought:
            if not structured and not plan.off:
                return None
            if structured:
                self._learn(form=AnswerForm.PROSE, empty=True)
            if self.thinks is ThinkingSupport.NO:
                return None if plan.form is AnswerForm.PROSE else CallPlan(form=AnswerForm.PROSE)
            return CallPlan(level="low", room=self._second(info), form=AnswerForm.PROSE if structured else plan.form)
        if self.thinks is ThinkingSupport.SWITCH and not plan.off:
            return CallPlan(off=True, room=self._second(info), form=plan.form)
        # It cannot be kept from thinking: all the room there is, and nothing enforced that it could not think under.
        if structured:
            self._learn(form=AnswerForm.PROSE, empty=True)
        return CallPlan(level="low", room=self._second(info), form=AnswerForm.PROSE if structured else plan.form)

    def saw(self, plan: CallPlan, *, thought: bool, tokens: int) -> None:
        """An answer to ``plan`` came, with thoughts or without; ``tokens`` were written for both."""
        if thought:
            always = plan.off or self.thinks is ThinkingSupport.NO
            self._learn(written=max(self._learnt.written, tokens), always=self._learnt.always or always)

    def thought_unasked(self) -> None:
        """A model of which nothing was known thinks."""
        self._learn(thinks=True)

    def answered(self, request: ChatRequest, plan: CallPlan, text: str, *, cut: bool) -> None:
        """A whole answer came. One without an object, where a schema asks for one, was not made to follow it: the form
        is asked for in another way from then on. ``cut``: the length limit ended it, which says nothing of the form."""
        if request.schema is None or cut or not text.strip() or holds_object(text):
            return
        after = {
            AnswerForm.SCHEMA: AnswerForm.JSON,
            AnswerForm.JSON: AnswerForm.PROSE,
            AnswerForm.PROSE: AnswerForm.PROSE,
        }[plan.form]
        if after is not self._learnt.form and not (after is AnswerForm.JSON and self._learnt.form is AnswerForm.PROSE):
            self._learn(form=after)

    def _learn(
        self,
        *,
        form: AnswerForm | None = None,
        always: bool | None = None,
        thinks: bool | None = None,
        empty: bool | None = None,
        written: int | None = None,
    ) -> None:
        old = self._learnt
        self._learnt = replace(
            old,
            form=old.form if form is None else form,
            always=old.always if always is None else always,
            thinks=old.thinks if thinks is None else thinks,
            empty=old.empty if empty is None else empty,
            written=old.written if written is None else written,
        )
        if self._keep is not None and self._learnt != old:
            self._keep(self._learnt)

    def no_answer(self, info: ModelInfo, said: PartialAnswer) -> NoAnswer:
        """It thought, twice, and answered nothing."""
        tokens = max(said.usages[-1].output_tokens if said.usages else 0, said.thought)
        remedy = f"raise models.{info.key}.context, or name a model that thinks less"
        if self.thinks is not ThinkingSupport.ALWAYS and not self._wishes.off:
            remedy = f'set models.{info.key}.think = "off", or raise models.{info.key}.context'
        return NoAnswer(f"{info.name} spent its {tokens} tokens on thinking and gave no answer.", remedy=remedy)

    def _thinking(self, level: str, info: ModelInfo, *, form: AnswerForm) -> CallPlan:
        return CallPlan(level=level, room=self._budget(level, info.context), form=form)

    def _budget(self, level: str, context: int) -> int:
        """Tokens of thought for a level: as planned, or twice what an answer of this model took, thoughts included."""
        return max(min(self._tokens(level), context // 3), min(2 * self._learnt.written, _MOST, context // 2))

    def _tokens(self, level: str) -> int:
        """A level in tokens; a model that cannot be told how much to think has the usual room."""
        return max(LEVELS[level], LEVELS[_AUTO]) if self.thinks is ThinkingSupport.ALWAYS else LEVELS[level]

    def _second(self, info: ModelInfo) -> int:
        """Tokens of thought for a second try. They are a bound: a model that does not think leaves them."""
        return min(_MOST, info.context // 2)


def _level(wish: str) -> str:
    return wish if wish in LEVELS else _AUTO
