"""What a prompt asks for: the place it mentions, and the words beside it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

__all__ = ["Mention", "PromptBlock", "read_prompt"]

_AT = re.compile(
    r"(?<![\w@])@(?P<path>\"[^\"]+\"|[^\s:#\"]+?)(?::(?P<lines>\d+(?:-\d+)?)|#L(?P<hash>\d+(?:[-:]L?\d+)?)|:(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*))?"
    r"(?=[\s,;)]|[.!?](?:\s|$)|$)"
)
_FRAGMENT = re.compile(r"L?(\d+)(?:[-:]L?(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptBlock:
    """A part of a prompt: words (``uri`` None), or a file that the user mentioned; ``text`` is what the client sent of
    it, None where it sent only the name."""

    text: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A place. ``lines`` count from 1, both ends included; one line is a cursor. ``name`` is a definition's."""

    path: Path
    lines: tuple[int, int] | None = None
    name: str | None = None

    @property
    def selection(self) -> str | None:
        """The lines as the command line names them."""
        if self.lines is None:
            return None
        first, last = self.lines
        return str(first) if first == last else f"{first}:{last}"


def read_prompt(blocks: Iterable[PromptBlock], folder: Path) -> tuple[Mention | None, str]:
    """Return the first place that a prompt mentions, and the user's words without their mentions.

    ``@file``, ``@file:12``, ``@file:12-20``, ``@file:name``, and files that the client attached, with the lines of a
    selection where it says them (``#L12:20``). Paths count from ``folder``.
    """
    words: list[str] = []
    found: list[Mention] = []
    for block in blocks:
        if block.uri is not None:
            if (linked := _linked(block.uri)) is not None:
                found.append(linked)
            continue

        def taken(match: re.Match[str]) -> str:
            path = folder / match["path"].strip('"')
            if not (path.suffix or path.exists()):
                return match[0]  # `@property` and names of people are no files
            found.append(Mention(path=path, lines=_lines(match["lines"] or match["hash"]), name=match["name"]))
            return ""

        words.append(_AT.sub(taken, block.text or ""))
    exact = next((one for one in found if one.lines is not None or one.name is not None), None)
    task = re.sub(r"[ \t]+", " ", " ".join(words)).strip()
    return exact or next(iter(found), None), task


def _linked(uri: str) -> Mention | None:
    parts = urlsplit(uri)
    if parts.scheme not in ("file", ""):
        return None
    path = Path(url2pathname(unquote(parts.path)) if parts.scheme else unquote(parts.path))
    return Mention(path=path, lines=_lines(parts.fragment))


def _lines(text: str | None) -> tuple[int, int] | None:
    match = _FRAGMENT.fullmatch(text or "")
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return (first, last) if 1 <= first <= last else None
