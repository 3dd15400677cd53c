"""Other ways to write code down, each read back where there is no doubt: HTML entities, numbered lines, JSON, escaped
line breaks, and unified diffs."""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Iterator
from typing import cast

from forge_lsp.domain.task import Task
from forge_lsp.ensemble.extraction.harvest import normal
from forge_lsp.ensemble.words import without_thinking

__all__ = ["escaped_as_html", "undressed"]

_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#39|#x27|#34);")
_NUMBERED = re.compile(r"^[ \t]*(\d{1,5})(?:[:.|)]|[ \t]*\||\t)(?: ?(.*))?$")
_KEYS = ("code", "implementation", "solution", "answer", "content", "function", "new_code", "replacement")
_HUNK = re.compile(r"^@@(?: -\d+(?:,\d+)? \+\d+(?:,\d+)? )?@@.*$|^@@.*$")
_FENCE_LINE = re.compile(r"^\s*(?:`{3,}|~{3,})[\w+#.-]*\s*$")


def escaped_as_html(text: str, task: Task) -> bool:
    """Whether an answer has its code in HTML entities: it has some that the document has not, and no such character
    plain."""
    body = "\n".join(line for line in without_thinking(text).split("\n") if not _FENCE_LINE.match(line))
    return bool(_ENTITY.search(body)) and "<" not in body and not _ENTITY.search(task.document.text)


def undressed(text: str, task: Task) -> Iterator[tuple[str, str]]:
    """``text`` as it was meant, and what it was written as; several where more than one way of writing fits."""
    text = normal(without_thinking(text))
    if escaped_as_html(text, task):
        yield html.unescape(text), "HTML entities"
    for code in _from_json(text):
        yield _fenced(code), "JSON"
    patched = _from_diff(text, normal(task.document.text))
    if patched is not None:
        yield _fenced(patched), "a diff"
    plain = _without_numbers(text)
    if plain is not None:
        yield plain, "numbered lines"
    if "\\n" in text:
        lines = [line.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"') for line in text.split("\n")]
        yield "\n".join(lines), "escaped line breaks"


def _fenced(code: str) -> str:
    ticks = "`" * max(3, max((len(run) for run in re.findall(r"`+", code)), default=0) + 1)
    return f"{ticks}\n{code.strip(chr(10))}\n{ticks}\n"


def _from_json(text: str) -> Iterator[str]:
    """The texts that JSON objects in ``text`` hold under a key that speaks of code."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    tries = 0
    while at >= 0 and tries < 20:
        tries += 1
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        fields = cast("dict[str, object]", found) if isinstance(found, dict) else {}
        for key, value in fields.items():
            if key.lower() in _KEYS and isinstance(value, str) and value.strip():
                yield value
        at = text.find("{", end)


def _without_numbers(text: str) -> str | None:
    """``text`` without the numbers before its lines, where a run of them counts up by one."""
    lines = text.split("\n")
    matches = [_NUMBERED.match(line) for line in lines]
    numbers = [int(match[1]) for match in matches if match is not None]
    if len(numbers) < 2 or any(after != before + 1 for before, after in itertools.pairwise(numbers)):
        return None
    first = next(at for at, match in enumerate(matches) if match is not None)
    last = max(at for at, match in enumerate(matches) if match is not None)
    if last - first + 1 != len(numbers):
        return None
    return "\n".join(
        (match[2] or "") if match is not None else line for match, line in zip(matches, lines, strict=True)
    )


def _from_diff(text: str, document: str) -> str | None:
    """The document after the hunks of a unified diff; None where they do not fit it in exactly one place each."""
    hunks: list[list[str]] = []
    held: list[str] | None = None
    for line in text.split("\n"):
        if _HUNK.match(line):
            held = []
            hunks.append(held)
        elif held is not None and (_FENCE_LINE.match(line) or line.startswith(("diff ", "--- ", "+++ ", "index "))):
            held = None
        elif held is not None and line[:1] in ("+", "-", " ", ""):
            held.append(line)
        elif held is not None and not line.startswith("\\"):
            held = None
    lines = document.split("\n")
    for hunk in hunks:
        while hunk and not hunk[-1].strip():
            hunk.pop()
        before = [line[1:].rstrip() for line in hunk if not line.startswith("+")]
        after = [line[1:].rstrip() for line in hunk if not line.startswith("-")]
        if not before or before == after:
            return None
        stripped = [line.rstrip() for line in lines]
        places = [at for at in range(len(lines)) if stripped[at : at + len(before)] == before]
        if len(places) != 1:
            return None
        lines[places[0] : places[0] + len(before)] = after
    return "\n".join(lines) if hunks else None
