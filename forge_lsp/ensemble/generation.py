"""From a rung of the ladder to the text that its model wrote."""

from __future__ import annotations

from dataclasses import dataclass

from forge_lsp.core.attempt import ThinkingResult
from forge_lsp.core.ports import ChatRequest, FinishReason, Message, Role
from forge_lsp.core.task import Task
from forge_lsp.ensemble.calls import Ask
from forge_lsp.ensemble.fencing import fenced
from forge_lsp.ensemble.prompting import SharedPrefix, named_scope, render
from forge_lsp.ensemble.schedule import Generator

__all__ = ["Draft", "GenerationInput", "continue_draft", "first_request", "generate", "temperature"]

FIRST_TEMPERATURE = 0.2  # one answer: the likeliest code, with just enough freedom not to loop
AGAIN_TEMPERATURE = 0.6  # the same model again: at 0.2 it mostly writes the same answer once more
# Several samples are worth what they differ: pass@k peaks at 0.6-0.8 (Chen et al. 2021, arXiv 2107.03374, fig. 5).
MANY_TEMPERATURE = 0.8
LEAST_REST = 256
TOY_STOP = ("\n```\n",)
"""The end of a fenced block, after which a toy explains at length what it wrote. Larger models may open a block that
names no language, which looks the same, after a sentence of prose; they know when to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One sample as it came. ``truncated``: the length limit cut it off. ``sample`` counts from 1."""

    text: str
    sample: int
    truncated: bool


def temperature(samples: int, *, again: bool) -> float:
    """Return how freely a rung writes; ``again``: this model has written for this job before."""
    if samples > 1:
        return MANY_TEMPERATURE
    return AGAIN_TEMPERATURE if again else FIRST_TEMPERATURE


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationInput:
    """What a generator works with. ``insights`` is written out already and fitted to it; ``answer_tokens`` bounds
    each sample. ``toy``: the shared text is the whole prompt; anything more confuses a model that small."""

    generator: Generator
    task: Task
    ask: Ask
    shared: SharedPrefix
    thought: ThinkingResult | None
    insights: str
    answer_tokens: int
    toy: bool = False

    @property
    def turns(self) -> tuple[Message, ...]:
        """What follows the shared text."""
        if self.toy:
            return ()
        text = render(
            "generate",
            thought=f"# The plan\n\n{fenced(self.thought.text)}\n\n" if self.thought is not None else "",
            insights=self.insights,
            language=self.task.document.language,
            what=named_scope(self.task.scope),
        )
        return (Message(role=Role.USER, text=text),)


def first_request(brief: GenerationInput, *, attempt: int, again: bool) -> ChatRequest:
    """Return what the rung's model is asked. ``again``: this model has written for this job before."""
    samples = brief.generator.samples
    return brief.shared.request(
        *brief.turns,
        max_tokens=brief.answer_tokens,
        temperature=temperature(samples, again=again),
        samples=samples,
        # A batch with one seed could be one answer n times; a lone answer is repeatable by its attempt's number.
        seed=attempt if samples == 1 else None,
        stop=TOY_STOP if brief.toy else (),
        # The first answer comes soon, and what it lacks is seen; what it failed at is worth a longer look.
        think=again,
    )


async def generate(brief: GenerationInput, *, attempt: int, again: bool) -> tuple[Draft, ...]:
    """Return all samples of the rung in one batch. Raises ModelError or SpendingRefused."""
    request = first_request(brief, attempt=attempt, again=again)
    reply = await brief.ask(brief.generator.model, "generate", request)
    return tuple(
        Draft(text=completion.text, sample=index, truncated=completion.finish is FinishReason.LENGTH)
        for index, completion in enumerate(reply.completions, start=1)
    )


async def continue_draft(brief: GenerationInput, draft: Draft) -> Draft:
    """The rest of an answer that was cut off, as it came: at most half of what an answer may have, so that the first
    part still fits beside it. Raises ModelError or SpendingRefused."""
    request = brief.shared.request(
        *brief.turns,
        Message(role=Role.ASSISTANT, text=draft.text),
        Message(role=Role.USER, text=render("go_on")),
        max_tokens=max(LEAST_REST, brief.answer_tokens // 2),
        temperature=0.0,
    )
    reply = await brief.ask(brief.generator.model, "go on", request)
    rest = reply.completions[0]
    return Draft(text=rest.text, sample=draft.sample, truncated=rest.finish is FinishReason.LENGTH)
