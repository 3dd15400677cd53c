"""Asks models for examples and for inputs: from the task alone, or from two candidates. Nothing is run here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from forge_lsp.core.attempt import Candidate, Example
from forge_lsp.core.ports import ChatRequest, Message, Purpose, Role
from forge_lsp.core.task import Task
from forge_lsp.ensemble.answers import ask_twice
from forge_lsp.ensemble.calls import Ask
from forge_lsp.ensemble.expectations import (
    MOST_CALLS,
    MOST_EXAMPLES,
    calls_schema,
    examples_schema,
    parse_calls,
    parse_examples,
    speaks_of,
    stated_calls,
    stated_examples,
)
from forge_lsp.ensemble.fencing import fenced
from forge_lsp.ensemble.prompting import SharedPrefix, named_scope, render
from forge_lsp.ensemble.words import clip

__all__ = ["ANSWER_TOKENS", "propose", "write_examples"]

ANSWER_TOKENS = 700
"""Tokens of an answer with examples or inputs."""

T = TypeVar("T")


async def write_examples(
    author: str, *, task: Task, shared: SharedPrefix, ask: Ask, tokens: int
) -> tuple[Example, ...]:
    """Return what ``author`` expects of calls, by the task alone. ``shared`` is its prefix, ``tokens`` bounds its
    answer. Raises Unusable where it says nothing usable, ModelError and SpendingRefused."""
    words = {"what": named_scope(task.scope), "language": task.document.language, "most": MOST_EXAMPLES}
    pairs = await _asked(
        author,
        "examples",
        shared,
        ask,
        tokens,
        prompt=render("examples", **words),
        schema=examples_schema(),
        read=lambda text, cut: parse_examples(text, cut=cut),
        again="examples_again",
        words=stated_examples,
    )
    return tuple(Example(call=call, value=value, author=author) for call, value in pairs if speaks_of(call, task.scope))


async def propose(
    model: str, pair: tuple[Candidate, Candidate], *, task: Task, shared: SharedPrefix, ask: Ask, tokens: int, room: int
) -> tuple[str, ...]:
    """Return calls for which ``model`` thinks that two candidates give different answers. ``room`` is how many tokens
    of each it is shown. Raises Unusable, ModelError and SpendingRefused."""
    language = task.document.language
    first, second = (fenced(clip("\n".join((*one.imports, one.code)), room), str(language)) for one in pair)
    words = {"what": named_scope(task.scope), "language": language, "most": MOST_CALLS}
    calls = await _asked(
        model,
        "inputs",
        shared,
        ask,
        tokens,
        prompt=render("inputs", first=first, second=second, **words),
        schema=calls_schema(),
        read=lambda text, cut: parse_calls(text, cut=cut),
        again="inputs_again",
        words=stated_calls,
    )
    return tuple(call for call in calls if speaks_of(call, task.scope))


async def _asked(
    model: str,
    role: str,
    shared: SharedPrefix,
    ask: Ask,
    tokens: int,
    *,
    prompt: str,
    schema: Mapping[str, object],
    read: Callable[[str, bool], T],
    again: str,
    words: Callable[[str], T | None],
) -> T:
    def request(turns: Sequence[Message]) -> ChatRequest:
        return shared.request(*turns, max_tokens=tokens, temperature=0.0, schema=schema, purpose=Purpose.REVIEW)

    return await ask_twice(
        ask,
        model,
        role,
        [Message(role=Role.USER, text=prompt)],
        request=request,
        read=read,
        again=lambda problem: render(again, problem=problem),
        words=words,
    )
