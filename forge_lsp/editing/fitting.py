"""How much fits: token estimates, and a document cut down to what matters for its scope."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Document, Scope, ScopeKind
from forge_lsp.editing.lines import Lines, leading_space, normalised
from forge_lsp.editing.markers import INSERT_HERE, LEFT_OUT, SCOPE_BEGINS, SCOPE_ENDS, comment

__all__ = ["estimate_tokens", "fenced", "fitted_document", "rendered", "shortened"]

# Code models spend 3 to 4 characters of ASCII code on a token; 3.2 errs on the safe side. Beyond ASCII a token holds
# about two bytes of UTF-8 at worst (byte-level vocabularies on scripts that they saw little of).
_ASCII_PER_TOKEN = 3.2
_BYTES_PER_TOKEN = 2.0


def estimate_tokens(text: str) -> int:
    """A cautious estimate of how many tokens ``text`` takes, without any model's tokenizer."""
    if text.isascii():
        return math.ceil(len(text) / _ASCII_PER_TOKEN)
    ascii_part = sum(character < "\x80" for character in text)
    other = len(text.encode(errors="replace")) - ascii_part
    return math.ceil(ascii_part / _ASCII_PER_TOKEN + other / _BYTES_PER_TOKEN)


def fenced(text: str, info: str) -> str:
    """``text`` in a Markdown fence that is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text.rstrip()}\n{fence}"


def shortened(text: str, tokens: int) -> str:
    """The first lines of ``text`` that fit ``tokens``, and ``[...]`` where some do not; "" where none fits."""
    if estimate_tokens(text) <= tokens:
        return text
    left = tokens - estimate_tokens("[...]") - 1
    kept: list[str] = []
    for line in text.split("\n"):
        left -= estimate_tokens(line + "\n")
        if left < 0:
            break
        kept.append(line)
    return "\n".join([*kept, "[...]"]) if kept else ""


def fitted_document(document: Document, text: str, scope: Scope, items: Sequence[Item], tokens: int) -> str:
    """The document with its scope marked, whole if it fits ``tokens``.

    Else what is nearest: the scope's own lines, the imports, the headers of what encloses it, lines around it, the
    headers of the other definitions; runs of lines left out are told by a comment. ``text`` has the document's
    offsets (its secrets may be hidden).
    """
    lines = Lines(text)
    every = range(len(lines) if lines.line(len(lines) - 1) else max(len(lines) - 1, 1))
    whole = rendered(document, lines, scope, set(every))
    if estimate_tokens(whole) <= tokens:
        return whole
    left = tokens - 60  # the markers and the first notes of lines left out
    kept: set[int] = set()
    for number in _by_importance(lines, scope, items, len(every)):
        if number in kept:
            continue
        # A line that stands alone may bring a note of its own about the lines before it.
        lonely = 0 if number - 1 in kept or number + 1 in kept else 12
        cost = estimate_tokens(lines.line(number) + "\n") + lonely
        if cost > left:
            if kept:
                break
            continue
        left -= cost
        kept.add(number)
    return rendered(document, lines, scope, kept)


def _by_importance(lines: Lines, scope: Scope, items: Sequence[Item], count: int) -> Iterator[int]:
    first, last = lines.of(scope.range)
    insertion = scope.kind is ScopeKind.INSERTION
    if not insertion:
        # From both ends: what a long scope loses is its middle.
        for step in range((last - first) // 2 + 1):
            yield first + step
            yield last - step
    for item in items:
        if item.kind is ItemKind.IMPORT:
            top, bottom = lines.of(item.range)
            yield from range(top, bottom + 1)
    yield from _headers(lines, items, lambda item: item.range.start <= scope.range.start <= item.range.end)
    near = 40
    yield from _around(first, last, count, range(1, near))
    yield from _headers(lines, items, _any_item)
    yield from _around(first, last, count, range(near, count))


def _any_item(_: Item) -> bool:
    return True


def _around(first: int, last: int, count: int, steps: Iterable[int]) -> Iterator[int]:
    for step in steps:
        if first - step >= 0:
            yield first - step
        if last + step < count:
            yield last + step


def _headers(lines: Lines, items: Sequence[Item], wanted: Callable[[Item], bool]) -> Iterator[int]:
    """The lines of the signatures of classes and functions."""
    for item in items:
        if not wanted(item):
            continue
        if item.signature is not None:
            at = lines.text.find(item.signature, item.range.start, item.range.end)
            if at >= 0:
                top = lines.at(at)
                yield from range(top, top + normalised(item.signature).count("\n") + 1)
        yield from _headers(lines, item.children, wanted)


def rendered(
    document: Document, lines: Lines, scope: Scope, kept: set[int], begins: Collection[int] = frozenset()
) -> str:
    """The kept lines of the document, its scope marked; a comment tells of each run of lines left out, but not before
    ``begins``, the first lines of definitions."""
    first, last = lines.of(scope.range)
    insertion = scope.kind is ScopeKind.INSERTION
    whole = scope.kind is ScopeKind.FILE
    language = document.language
    shown: list[str] = []
    gap = 0

    def close_gap() -> None:
        nonlocal gap
        if gap:
            shown.append(comment(language, f"{LEFT_OUT} {gap}"))
            gap = 0

    at_end = insertion and scope.range.start > lines.start(len(lines) - 1)
    for number in range(len(lines)):
        if number == first and not whole and not at_end:
            close_gap()
            indent = scope.indent or ("" if insertion else leading_space(lines.line(number)))
            shown.append(comment(language, INSERT_HERE if insertion else SCOPE_BEGINS, indent))
        if number in kept:
            if number in begins:
                gap = 0
            close_gap()
            shown.append(lines.line(number))
        elif number < len(lines) - 1 or lines.line(number):
            gap += 1
        if number == last and not insertion and not whole:
            close_gap()
            shown.append(comment(language, SCOPE_ENDS, scope.indent))
    close_gap()
    if at_end:
        shown.append(comment(language, INSERT_HERE, scope.indent))
    return "\n".join(shown)
