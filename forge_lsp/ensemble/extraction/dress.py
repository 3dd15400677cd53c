"""Other ways to write code down, each read back where there is no doubt: HTML entities, numbered lines, JSON, escaped
line breaks, and unified diffs."""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import cast

from forge_lsp.core.task import Task
from forge_lsp.ensemble.extraction.harvest import normal

__all__ = [
    "escaped_as_html",
    "from_edits",
    "from_elements",
    "from_numbered",
    "from_quotes",
    "undressed",
    "without_file_names",
]

_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#39|#x27|#34);")
_NUMBERED = re.compile(r"^[ \t]*(?:[lL]|\[)?(\d{1,5})(?:(\]?[:.|)│→]|\]|[ \t]*[|│→]|\t| )(.*)|)$")
_QUOTED = re.compile(r"^[ \t]*> ?(?:`{3,}|~{3,})", re.M)
_FILE_NAME = re.compile(
    r"^(?P<fence>[ \t]*(?:`{3,}|~{3,})[^\n`]*\n)(?P<line>[ \t]*(?:\#|//|/\*|--|<!--)[ \t]*"
    r"(?:file(?:name)?:|path:)?[ \t]*[\w.\\/@-]+\.\w{1,5}[ \t]*(?:\*/|-->)?[ \t]*)\n",
    re.M | re.I,
)
_PRE = re.compile(r"^[ \t]*<(?:pre|code)\b", re.I | re.M)
_ELEMENT = re.compile(
    r"^[ \t]*(?:<pre\b[^>]*>\s*(?:<code\b[^>]*>)?|<code\b[^>]*>[ \t]*(?=\n))\n?(?P<code>.*?)"
    r"(?:</code>\s*</pre>|</pre>|</code>)",
    re.S | re.I | re.M,
)
_SURE = 3
"""Lines of a fence that are numbered in a row: not by chance."""
_KEYS = ("code", "implementation", "solution", "answer", "content", "function", "new_code", "replacement")
_CALLS = ("arguments", "input", "parameters", "args")
_DEEPEST = 5
_HUNK = re.compile(r"^@@(?: -\d+(?:,\d+)? \+\d+(?:,\d+)? )?@@.*$|^@@.*$")
_DIFF_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})(?:diff|patch)\s*$")
_EDIT = re.compile(r"^<{5,9} ?SEARCH\n(?P<old>.*?)^={5,9}\n(?P<new>.*?)^>{5,9} ?REPLACE", re.M | re.S)
_FENCED = re.compile(r"^[ \t]*(?P<ticks>`{3,})[^\n`]*\n(?P<inside>.*?)^[ \t]*(?P=ticks)[ \t]*$", re.M | re.S)
_FENCE_LINE = re.compile(r"^\s*(?:`{3,}|~{3,})[\w+#.-]*\s*$")


def escaped_as_html(text: str, task: Task) -> bool:
    """Whether an answer has its code in HTML entities: it has some that the document has not, and no such character
    plain."""
    if _ENTITY.search(text) is None or _ENTITY.search(task.document.text) is not None:
        return False
    body = "\n".join(line for line in text.split("\n") if not _FENCE_LINE.match(line))
    return bool(_ENTITY.search(body)) and "<" not in body


def from_elements(text: str, task: Task) -> str:
    """Return ``text`` with its HTML elements of preformatted code as fences; as it is where it has fences of its own,
    or the document speaks of such elements."""
    if _PRE.search(text) is None or _PRE.search(task.document.text) is not None:
        return text
    if any(_FENCE_LINE.match(line) for line in text.split("\n")):
        return text
    return _ELEMENT.sub(lambda match: f"\n{_fenced(html.unescape(match['code']))}", text)


def from_quotes(text: str) -> str:
    """Return ``text`` without the marks of a quotation before its lines, where fences stand in one."""
    if _QUOTED.search(text) is None:
        return text
    return re.sub(r"^[ \t]*>(?: |$)", "", text, flags=re.M)


def without_file_names(text: str, task: Task) -> str:
    """Return ``text`` without the comments at the start of its fences that say the name of a file, which the document
    has not."""
    known = {line.strip() for line in task.document.text.splitlines()}
    return _FILE_NAME.sub(lambda match: match[0] if match["line"].strip() in known else match["fence"], text)


def from_numbered(text: str) -> str:
    """Return ``text`` without the numbers of the lines of its fences, where all lines of one are numbered in a row:
    some grammars read a number before a statement as another statement."""
    lines = text.replace("\r\n", "\n").split("\n")
    fences = [at for at, line in enumerate(lines) if ("```" in line or "~~~" in line) and _FENCE_LINE.match(line)]
    for start, end in itertools.pairwise([*fences, len(lines)]):
        inner = lines[start + 1 : end]
        if len(inner) < _SURE or any(_NUMBERED.match(line.rstrip()) is None for line in inner[:_SURE]):
            continue
        while inner and not inner[-1].strip():
            inner.pop()
        found = [match for line in inner if (match := _NUMBERED.match(line.rstrip())) is not None]
        if len(found) == len(inner):
            first = int(found[0][1])
            if [int(match[1]) for match in found] == list(range(first, first + len(found))):
                lines[start + 1 : start + 1 + len(inner)] = _rests(found)
    return "\n".join(lines)


def undressed(text: str, task: Task) -> Iterator[tuple[str, str]]:
    """Yield ``text`` as it was meant, and what it was written as; several where more than one way of writing fits."""
    text = normal(text)
    if escaped_as_html(text, task):
        yield html.unescape(text), "HTML entities"
    for code in _from_json(text):
        fenced = any(_FENCE_LINE.match(line) for line in code.split("\n"))
        yield code if fenced else _fenced(code), "JSON"
    patched = _from_diff(text, normal(task.document.text))
    if patched is not None:
        yield _fenced(patched), "a diff"
    plain = _without_numbers(text)
    if plain is not None:
        yield plain, "numbered lines"
    if "\\n" in text:
        lines = [line.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"') for line in text.split("\n")]
        yield "\n".join(lines), "escaped line breaks"
        whole = re.fullmatch(r"\s*(['\"])(?P<inside>.*)\1\s*", "\n".join(lines), re.S)
        if whole is not None:
            yield whole["inside"], "a string"


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
        yield from _codes(found, _DEEPEST)
        at = text.find("{", end)


def _codes(found: object, depth: int) -> Iterator[str]:
    """The texts below a JSON value that a key says to be code; arguments of a call may be JSON in a string."""
    if isinstance(found, list) and depth:
        for one in cast("list[object]", found):
            yield from _codes(one, depth - 1)
    if not isinstance(found, dict):
        return
    for key, held in cast("dict[str, object]", found).items():
        value = _joined(held)
        if key.lower() in _KEYS and isinstance(value, str) and value.strip():
            yield value
        elif key.lower() in _CALLS and isinstance(value, str) and depth:
            try:
                inner: object = json.loads(value, strict=False)
            except (ValueError, RecursionError):
                continue
            yield from _codes(inner, depth - 1)
        elif depth:
            yield from _codes(value, depth - 1)


def _joined(value: object) -> object:
    """A list of lines as one text."""
    if not isinstance(value, list):
        return value
    lines = cast("list[object]", value)
    if not lines or not all(isinstance(line, str) for line in lines):
        return lines
    return "\n".join(map(str, lines))


def _without_numbers(text: str) -> str | None:
    """``text`` without the numbers before its lines, where runs of them count up by one; None where there is none."""
    lines = text.split("\n")
    matches = [_NUMBERED.match(line) for line in lines]
    runs: list[list[int]] = []
    for at, match in enumerate(matches):
        before = matches[at - 1] if at else None
        if match is not None and before is not None and int(before[1]) == int(match[1]) - 1:
            runs[-1].append(at)
        elif match is not None:
            runs.append([at])
    runs = [run for run in runs if len(run) > 1]
    for run in runs:
        found = [match for at in run if (match := matches[at]) is not None]
        lines[run[0] : run[-1] + 1] = _rests(found)
    return "\n".join(lines) if runs else None


def _rests(matches: Sequence[re.Match[str]]) -> list[str]:
    """What stands behind the numbers, without the space that parts it from them where all have one."""
    rests = [match[3] or "" for match in matches]
    spaced = all(match[2] not in (None, "\t", "→") for match in matches if match[3])
    if spaced and all(rest.startswith(" ") for rest in rests if rest):
        return [rest[1:] for rest in rests]
    return rests


def _from_diff(text: str, document: str) -> str | None:
    """The document after the hunks of a unified diff; None where they do not fit it in exactly one place each."""
    hunks: list[list[str]] = []
    held: list[str] | None = None
    for line in text.split("\n"):
        if _HUNK.match(line) or _DIFF_FENCE.match(line):
            held = []
            hunks.append(held)
        elif held is not None and (_FENCE_LINE.match(line) or line.startswith(("diff ", "--- ", "+++ ", "index "))):
            held = None
        elif held is not None and line[:1] in ("+", "-", " ", ""):
            held.append(line)
        elif held is not None and not line.startswith("\\"):
            held = None
    pairs: list[tuple[list[str], list[str]]] = []
    for hunk in hunks or _unmarked(text):
        while hunk and not hunk[-1].strip():
            hunk.pop()
        if hunk:
            before = [line[1:].rstrip() for line in hunk if not line.startswith("+")]
            pairs.append((before, [line[1:].rstrip() for line in hunk if not line.startswith("-")]))
    return _exchanged(document, pairs)


def _unmarked(text: str) -> Iterator[list[str]]:
    """Fences of which each line begins as a line of a diff does, some of them as one that goes or comes."""
    for match in _FENCED.finditer(text):
        lines = match["inside"].split("\n")
        if all(line[:1] in ("+", "-", " ", "") for line in lines) and any(line[:1] in ("+", "-") for line in lines):
            yield lines


def from_edits(text: str, task: Task) -> str:
    """Return ``text`` as the document after its blocks of ``<<<<<<< SEARCH``, where each fits in exactly one place."""
    if "<<<<<<<" not in text or "<<<<<<<" in task.document.text:
        return text
    pairs = [(match["old"].split("\n")[:-1], match["new"].split("\n")[:-1]) for match in _EDIT.finditer(normal(text))]
    changed = _exchanged(normal(task.document.text), pairs)
    return text if changed is None else _fenced(changed)


def _exchanged(document: str, pairs: Sequence[tuple[list[str], list[str]]]) -> str | None:
    """The document with lines in the place of others; None where those are not there exactly once."""
    lines = document.split("\n")
    for before, after in pairs:
        if not before or before == after:
            return None
        stripped = [line.rstrip() for line in lines]
        places = [at for at in range(len(lines)) if stripped[at : at + len(before)] == before]
        if len(places) != 1:
            return None
        lines[places[0] : places[0] + len(before)] = after
    return "\n".join(lines) if pairs else None
