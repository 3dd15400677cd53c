"""A text as it is compiled beside calls of it: its scope is open to them, and a compiler takes its other stubs.

No line is moved. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from forge_lsp.checking.examples.types import Signature
from forge_lsp.core.ports import Item, ItemKind

__all__ = ["filled", "opened", "walked"]


def walked(items: Sequence[Item], outer: str = "") -> Iterator[tuple[str, Item]]:
    """Yield the items of a text, each with the dotted name of what holds it."""
    for item in items:
        yield outer, item
        yield from walked(item.children, f"{outer}.{item.name}".lstrip("."))


def opened(text: str, items: Sequence[Item], signature: Signature, plain: Callable[[str], str]) -> str:
    """Return ``text`` with blanks for the ``private`` of the scope and of what holds it: its own package may call it.
    ``plain`` blanks comments and literals."""
    code = plain(text)
    for outer, item in walked(items):
        full = f"{outer}.{item.name}".lstrip(".")
        holds = signature.container == full or signature.container.startswith(f"{full}.")
        if not holds and not (outer == signature.container and item.name == signature.name):
            continue
        start = code.find(item.name or "", item.range.start)
        for match in re.finditer(r"\b(?:private|protected)\b", code[item.range.start : start]):
            at = item.range.start + match.start()
            text = text[:at] + " " * len(match[0]) + text[at + len(match[0]) :]
    return text


def filled(
    text: str,
    items: Sequence[Item],
    signature: Signature,
    plain: Callable[[str], str],
    *,
    body: str,
    without: str | None = None,
) -> str:
    """Return ``text`` with a body in other stubs that have an empty one, which a compiler refuses where something is to
    be returned; ``without`` stands behind the header of one that has none (None: that is nothing to repair)."""
    places: list[tuple[int, str]] = []
    for outer, item in walked(items):
        own = item.name == signature.name and outer == signature.container
        if item.kind is not ItemKind.FUNCTION or not item.stub or (own and _as_many(item, signature)):
            continue
        if item.body is None:
            places += [(item.range.end, without)] if without is not None else []
        elif not item.body.of(plain(text)).strip("{} \t\r\n"):
            places.append((item.body.end - 1, body))
    for at, more in sorted(places, reverse=True):
        text = text[:at] + more + text[at:]
    return text


def _as_many(item: Item, signature: Signature) -> bool:
    return len(item.parameters or ()) == len(signature.parameters)
