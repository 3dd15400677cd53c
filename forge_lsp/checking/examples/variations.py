"""Calls of which nobody said what they should give: the user's examples with one literal changed. Pure.

Candidates of different models that behave alike on inputs nobody wrote down are more often right than not, while
generated *expectations* are hardly better than chance; so only the inputs are varied, and no answer counts as proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, zip_longest

from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value, shown

__all__ = ["variations"]

_MOST = 24
_MOST_OF_CALL = 4
_LARGEST = 10_000  # an integer above this may be a count of steps: it is not made larger


def variations(calls: Sequence[tuple[Value, ...]]) -> tuple[tuple[Value, ...], ...]:
    """Return at most 24 lists of arguments, a few of each call, each with one literal changed; the same for every
    candidate."""
    known = {_text(arguments) for arguments in calls}
    queues = [islice(_varied(arguments), _MOST_OF_CALL) for arguments in calls]
    found: dict[str, tuple[Value, ...]] = {}
    for turn in zip_longest(*queues):
        for arguments in turn:
            if arguments is not None and (text := _text(arguments)) not in known:
                found.setdefault(text, arguments)
    return tuple(islice(found.values(), _MOST))


def _text(arguments: tuple[Value, ...]) -> str:
    return ", ".join(map(shown, arguments))


def _varied(arguments: tuple[Value, ...]) -> Iterator[tuple[Value, ...]]:
    """The arguments with one literal changed, the literals taking turns."""
    queues = [
        ((*arguments[:place], other, *arguments[place + 1 :]) for other in _others_within(argument))
        for place, argument in enumerate(arguments)
    ]
    for turn in zip_longest(*queues):
        yield from (one for one in turn if one is not None)


def _others_within(value: Value) -> Iterator[Value]:
    """The value with one literal in it changed, itself first."""
    yield from _others(value)
    match value:
        case Group(items=items):
            inner = [
                (replace(value, items=(*items[:place], other, *items[place + 1 :])) for other in _others_within(item))
                for place, item in enumerate(items)
            ]
        case MapValue(items=pairs):
            inner = [
                (MapValue((*pairs[:place], (key, other), *pairs[place + 1 :])) for other in _others_within(item))
                for place, (key, item) in enumerate(pairs)
            ]
        case _:
            return
    for turn in zip_longest(*inner):
        yield from (one for one in turn if one is not None)


def _others(value: Value) -> Iterator[Value]:
    """What a literal becomes: its neighbours, and the edges of its kind."""
    match value:
        case bool():
            yield not value
        case int():
            numbers = (0, value - 1, -value) if value > _LARGEST else (value + 1, 0, -value, 2 * value + 1)
            yield from (number for number in dict.fromkeys(numbers) if number != value)
        case float():
            yield from (number for number in (value + 0.5, 0.0, -value) if number != value)
        case LanguageValue():
            return
        case str():
            longer = ("", value[::-1], value + value, value.swapcase(), value[:1])
            texts = longer if len(value) != 1 else (value.swapcase(),)  # perhaps a character
            yield from (text for text in dict.fromkeys(texts) if text != value)
        case Group(kind="list" | "braces", items=[_, *_] as items):
            yield replace(value, items=())
            if len(items) > 1:
                yield replace(value, items=tuple(items[::-1]))
            yield replace(value, items=(*items[:1], *items))
        case _:
            return
