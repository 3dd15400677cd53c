"""Answers that must be JSON: read without guessing, asked for once more, and given up then."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from forge_lsp.core.ports import ChatRequest, FinishReason, Message, Role
from forge_lsp.ensemble.calls import Ask
from forge_lsp.ensemble.words import without_thinking

__all__ = ["Unusable", "ask_twice", "json_object", "shorten", "unwrapped"]

T = TypeVar("T")

_TRAILING = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
"""A text in quotes, or a comma after the last entry, which JSON does not have and models write."""


class Unusable(ValueError):
    """An answer that does not say what was asked for; says why, in words that the model can be told."""


async def ask_twice(
    ask: Ask,
    model: str,
    role: str,
    turns: Sequence[Message],
    *,
    request: Callable[[Sequence[Message]], ChatRequest],
    read: Callable[[str, bool], T],
    again: Callable[[str], str],
    words: Callable[[str], T | None] = lambda _: None,
) -> T:
    """Return what ``read(text, cut)`` makes of the answer to ``turns``; where it refuses, of the answer to ``turns``
    and what ``again`` says of the problem. Where that is no JSON at all, ``words(text)`` is what it says without doubt
    (None: nothing): some models cannot write JSON. One that is known for that is not asked again for what it said.
    Raises Unusable after the second, and what the calls raise."""
    problem = ""
    for part in (role, f"{role} again"):
        reply = await ask(model, part, request(turns))
        completion = reply.completions[0]
        try:
            return read(completion.text, completion.finish is FinishReason.LENGTH)
        except Unusable as error:
            problem = str(error)
            cut = completion.finish is FinishReason.LENGTH
            readable = (reply.in_words or part != role) and not cut and "{" not in completion.text
            said = words(completion.text) if readable else None
            if said is not None:
                return said
        # What it said stays unseen: a model shown its own nonsense repeats it, and at temperature 0 the same prompt
        # gives the same answer.
        turns = [*turns, Message(role=Role.USER, text=again(problem))]
    raise Unusable(problem)


def json_object(text: str, *, cut: bool) -> dict[str, object]:
    """Return the first JSON object in ``text``, thoughts left out. Raises Unusable where there is none, and for a
    schema that is repeated. ``cut``: the length limit ended the answer."""

    def refuse(constant: str) -> float:
        raise Unusable(f"{constant} is not JSON")

    text = without_thinking(text)
    decoder = json.JSONDecoder(parse_constant=refuse)
    if not cut:
        text = _TRAILING.sub(lambda found: found[1] or "", text)
    at = text.find("{")
    while at >= 0:
        try:
            found, _ = decoder.raw_decode(text, at)
        except RecursionError:
            raise Unusable("it is nested too deeply") from None
        except Unusable:
            raise
        except ValueError:
            at = text.find("{", at + 1)
            if cut:
                break  # its outermost object never ended; an inner one is no answer
            continue
        document = cast("dict[str, object]", found)
        if "properties" in document or "$schema" in document:
            raise Unusable("it repeats the schema")
        return document
    raise Unusable("it was cut off before its end" if cut else "it holds no JSON object")


def unwrapped(document: dict[str, object], key: str) -> dict[str, object]:
    """Return ``document``, or the one object in it that holds ``key`` where it does not itself: ``{"final": {"score":
    9}}``. Keys count in any case."""
    folded = {name.lower(): value for name, value in document.items()}
    if key in folded:
        return folded
    inner = [cast("dict[str, object]", value) for value in document.values() if isinstance(value, dict)]
    held = [one for one in ({name.lower(): value for name, value in one.items()} for one in inner) if key in one]
    return held[0] if len(held) == 1 else folded


def shorten(text: str, most: int) -> str:
    """Return ``text`` on one line, of at most ``most`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
