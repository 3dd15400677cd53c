"""What scanners of languages with braces share: texts without comments and strings, and closing brackets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

__all__ = ["blanked", "closing", "closing_at", "parts_of", "statement_end", "without"]

_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">"}


def blanked(token: re.Pattern[str], text: str, *, literals: bool = True) -> str:
    """Return ``text`` with spaces for comments and (``literals``) for string literals, at the same places. ``token``
    matches any token of the language: a ``comment``, a literal (``text``), or one other character."""

    def spaces(match: re.Match[str]) -> str:
        if match["comment"] is not None or (literals and match["text"] is not None):
            return re.sub(r"[^\n]", " ", match[0])
        return match[0]

    return token.sub(spaces, text)


def without(text: str, start: int, end: int) -> str:
    """Return ``text`` with blanks from ``start`` to ``end``; its lines keep their numbers."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def closing(text: str, start: int, opener: str, closer: str) -> int | None:
    """Return where the bracket closes that is the first one to open at ``start`` or below; None where none does.
    ``text`` is blanked."""
    return _pairs(text, opener, closer).get(text.find(opener, start))


def statement_end(text: str, start: int) -> int | None:
    """Return where the semicolon stands that ends the statement at ``start``; None where none does, or a bracket closes
    before. ``text`` is blanked."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth < 0:
            return None
        if text[at] == ";" and not depth:
            return at
    return None


@lru_cache(maxsize=8)  # readers ask for one bracket after the other, of texts in which none may close
def _pairs(text: str, opener: str, closer: str) -> dict[int, int]:
    """Where the brackets of a text open, and where each of them closes."""
    open_: list[int] = []
    found: dict[int, int] = {}
    for match in re.compile(rf"[{re.escape(opener + closer)}]").finditer(text):
        if match[0] == opener:
            open_.append(match.start())
        elif open_:
            found[open_.pop()] = match.start()
    return found


def _depths(text: str, start: int, brackets: str, arrows: str) -> Iterator[tuple[int, int, bool]]:
    """Each place of ``text`` from ``start``, how many brackets are open behind it, and whether one closes there."""
    closers, depth = {_CLOSERS[opener] for opener in brackets}, 0
    for at in range(start, len(text)):
        char = text[at]
        closes = char in closers and not (char == ">" and at > 0 and text[at - 1] in arrows)
        depth += (char in brackets) - closes
        yield at, depth, closes


def closing_at(text: str, opening: int, *, brackets: str = "([{<", arrows: str = "") -> int:
    """Return the place behind the bracket that closes the one at ``opening``, the text's end where none does. Only
    ``brackets`` count, and no ``>`` that stands behind one of ``arrows``. ``text`` is blanked."""
    depths = _depths(text, max(opening, 0), brackets, arrows)
    return next((at + 1 for at, depth, closes in depths if closes and not depth), len(text))


def parts_of(text: str, *, brackets: str = "([{<", arrows: str = "") -> tuple[str, ...]:
    """Return what stands between the commas outside of all brackets; see :func:`closing_at`."""
    commas = [at for at, depth, _ in _depths(text, 0, brackets, arrows) if text[at] == "," and not depth]
    parts = (text[start + 1 : end].strip() for start, end in pairwise((-1, *commas, len(text))))
    return tuple(part for part in parts if part)
