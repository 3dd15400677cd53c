"""From the text of a model to the blocks of code in it that parse: fences, else the longest spans of lines.

Tolerates fences that never close, thoughts aloud, prompts of a REPL, lost or doubled indentation, prose around and
between the code, and an end in the middle of things.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import ItemKind, Outline, Syntax

__all__ = ["CodeBlock", "broken", "fences", "harvest", "normal", "tidy", "with_plain_endings"]

MOST_TRIES = 150  # parses for one span: bounds the time on a long answer that is no code at all
_LINE_LIMIT = 5_000
_SAID_LINES = 2
_INNER_FENCES = 20

_FENCE = re.compile(r"^(?P<before>.*?)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[\w+#.-]*)(?P<after>.*)$")
_BARE_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*$")
_IN_COMMENT = re.compile(r"\s*(?://|#|\*)")
_COMMENT_LINE = re.compile(r"\s*(?://|#|\*|/\*)")
_COMMENTED = re.compile(r"\s*(?:[*#]|//)")
_RULE = re.compile(r"={2,}")  # small models do not count: they echo `==== x ====` as `=== x =====`
_PROMPT = re.compile(r"^\s*(?:>>>|\.\.\.)(?: |$)")
_NOT_CODE = frozenset(
    {"bash", "console", "csv", "diff", "html", "ini", "json", "log", "markdown", "md", "output", "patch", "plaintext"}
    | {"powershell", "sh", "shell", "sql", "text", "toml", "txt", "xml", "yaml", "yml"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """A piece of code that parses, its first column at 0. ``fenced``: it stood between fences. ``closed``: its end
    was written, so that a length limit cut off nothing of it. ``said`` is what the text says right before it. ``part``:
    the fence holds more, which does not parse with it."""

    code: str
    outline: Outline
    fenced: bool
    closed: bool
    said: str = ""
    part: bool = False

    @property
    def defines(self) -> bool:
        """Whether a function or a class stands at its top level."""
        return any(item.kind in (ItemKind.FUNCTION, ItemKind.CLASS) for item in self.outline.items)


def normal(text: str) -> str:
    """Line endings as ``\\n``, no byte order mark, no form feeds or other odd blanks at the end of lines."""
    return "\n".join(line.rstrip() for line in with_plain_endings(text).split("\n"))


def tidy(code: str, language: Language, syntax: Syntax) -> str:
    """Return ``code`` without blanks at the end of its lines, but for those within strings."""
    lines = code.split("\n")
    if not any(line != line.rstrip() for line in lines):
        return code
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    strings = syntax.multiline_strings(code, language)
    for number, line in enumerate(lines):
        if not any(place.start < starts[number + 1] - 1 < place.end for place in strings):
            lines[number] = line.rstrip()
    return "\n".join(lines)


def with_plain_endings(text: str) -> str:
    """Line endings as ``\\n``, no byte order mark, no odd blanks; the ends of lines as they are."""
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").replace("\u00a0", " ")


def harvest(text: str, language: Language, syntax: Syntax, markers: Sequence[str] = ()) -> tuple[CodeBlock, ...]:
    """Return all blocks of a text without thoughts, those from fences before those from prose, each in order of
    appearance.

    ``markers`` are the lines that marked the scope in the prompt; a model that echoes them means nothing by it.
    """
    lines = _lines(text, markers)
    fenced: list[CodeBlock] = []
    loose: list[CodeBlock] = []
    done = 0
    for piece, said in _with_words(_pieces(lines, language)):
        if piece.start < done:
            continue
        if piece.fenced:
            found = list(_blocks(piece, language, syntax))
            longer = _with_inner_fences(lines, piece, language, syntax) if not _is_whole(found, piece) else None
            if longer is not None:
                found, done = [longer[0]], longer[1]
            fenced.extend(replace(block, said=said) for block in found)
        elif any(line.strip() for line in piece.lines):
            loose.extend(_blocks(piece, language, syntax))
    return (*fenced, *loose)


def _with_words(pieces: Iterable[_Piece]) -> Iterator[tuple[_Piece, str]]:
    """Each piece with the last lines of the text right before it."""
    said = ""
    for piece in pieces:
        yield piece, said
        words = [line for line in piece.lines if line.strip()]
        if piece.fenced:
            said = ""
        elif words:
            said = "\n".join(words[-_SAID_LINES:])


def _is_whole(blocks: Sequence[CodeBlock], piece: _Piece) -> bool:
    return len(blocks) == 1 and blocks[0].code.count("\n") >= len("\n".join(piece.lines).strip().split("\n"))


def _with_inner_fences(
    lines: Sequence[str], piece: _Piece, language: Language, syntax: Syntax
) -> tuple[CodeBlock, int] | None:
    """A fence that does not parse because a string in it holds fences at the margin: up to a later fence, if that
    parses. And the number of the line after it."""
    ends = [at for at in range(piece.start + len(piece.lines) + 1, len(lines)) if _BARE_FENCE.match(lines[at])]
    for end in ends[:_INNER_FENCES]:
        code = _dedented(lines[piece.start : end])
        outline = syntax.outline(code, language)
        if not outline.errors and any(item.kind in (ItemKind.FUNCTION, ItemKind.CLASS) for item in outline.items):
            return CodeBlock(code=code, outline=outline, fenced=True, closed=True), end + 1
    return None


def broken(text: str, language: Language, syntax: Syntax, markers: Sequence[str] = ()) -> tuple[CodeBlock, ...]:
    """Return the closed fences that do not parse, as blocks of what can be made out in them. The compiler says what is
    wrong with them, or takes what the grammar here does not know."""
    found: list[CodeBlock] = []
    for piece, said in _with_words(_pieces(_lines(text, markers), language)):
        code = _dedented(piece.lines)
        if not piece.fenced or not piece.closed or not code.strip():
            continue
        outline = syntax.outline(code, language)
        if outline.errors:
            found.append(CodeBlock(code=code, outline=outline, fenced=True, closed=True, said=said))
    return tuple(found)


def fences(text: str, language: Language, markers: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what stands in fences that were closed and may hold code, whether it parses or not."""
    pieces = _pieces(_lines(text, markers), language)
    return tuple("\n".join(piece.lines) for piece in pieces if piece.fenced and piece.closed)


def _lines(text: str, markers: Sequence[str]) -> list[str]:
    # Blanks at the end of a line may be a part of a string.
    lines = with_plain_endings(text).split("\n")[:_LINE_LIMIT]
    marks = [_RULE.sub("==", marker.strip()) for marker in markers if marker.strip()]
    return [line for line in lines if not any(mark in _RULE.sub("==", line) for mark in marks)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    lines: Sequence[str]
    fenced: bool
    closed: bool
    start: int = 0


def _pieces(lines: Sequence[str], language: Language) -> Iterator[_Piece]:
    """The text cut at its fences; what a fence says is not code (a shell session, JSON) is left out."""
    held: list[str] = []
    fence: _Fence | None = None
    start = 0
    for number, line in enumerate(lines):
        match = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if match is None or (fence is not None and not fence.ended_by(match)):
            held.append(line)
            continue
        if fence is None and match["before"].strip(" >*-0123456789.") and match["after"].strip():
            held.append(line)  # ticks in the middle of a sentence
            continue
        if fence is None and _IN_COMMENT.match(match["before"]) and (held and _COMMENT_LINE.match(held[-1])):
            held.append(line)  # an example in the documentation of code that stands in no fence
            continue
        if fence is None:
            yield _Piece(lines=held, fenced=False, closed=True, start=start)
        else:
            if match["before"].strip():
                held.append(match["before"])
            if fence.code:
                yield _Piece(lines=held, fenced=True, closed=True, start=start)
        opens = fence is None or bool(match["info"])  # an opening inside a fence: the first one never closed
        fence = _Fence.opened_by(match, language) if opens else None
        held, start = [], number + 1
    if held and (fence is None or fence.code):
        yield _Piece(lines=held, fenced=fence is not None, closed=False, start=start)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """A fence that is open: its ticks, how far it is indented, and whether what it holds may be code."""

    ticks: str
    indent: int
    code: bool

    @classmethod
    def opened_by(cls, match: re.Match[str], language: Language) -> _Fence:
        indent = _indent(match[0]) if not match["before"].strip() else 0
        info = match["info"].lower()
        code = info in (language.id, *language.names) or info not in _NOT_CODE
        return cls(ticks=match["ticks"], indent=indent, code=code)

    def ended_by(self, match: re.Match[str]) -> bool:
        """Whether a line with ticks ends this fence. Examples in documentation have fences of their own: those stand
        deeper, or behind the mark of a comment."""
        if match["ticks"][0] != self.ticks[0] or len(match["ticks"]) < len(self.ticks):
            return False
        before = match["before"]
        if before.strip():
            return not match["info"] and not match["after"].strip() and not _COMMENTED.match(before)
        return _indent(match[0]) < self.indent + 4


def _blocks(piece: _Piece, language: Language, syntax: Syntax) -> Iterator[CodeBlock]:
    if piece.fenced:
        for code in _readings(piece.lines):
            outline = syntax.outline(code, language)
            if not outline.errors and code.strip():  # a language without a grammar has neither errors nor items
                yield CodeBlock(code=code, outline=outline, fenced=True, closed=piece.closed)
                return
    lines = _without_prompts(piece.lines)
    start = 0
    starts = language.extraction().starts
    while start < len(lines):
        found = _longest(lines, start, language, syntax) if starts.match(lines[start]) else None
        if found is None:
            start += 1
            continue
        end, code, outline = found
        yield CodeBlock(
            code=code, outline=outline, fenced=piece.fenced, closed=piece.closed or end < len(lines), part=piece.fenced
        )
        start = end


def _readings(lines: Sequence[str]) -> Iterator[str]:
    """The ways to read the lines of a fence: as they are; with the first line's lost indentation; without prompts."""
    yield _dedented(lines)
    inner = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    if inner and min(inner) > 0 and lines[0].strip():
        yield _dedented([" " * min(inner) + lines[0].lstrip(), *lines[1:]])
    if any(_PROMPT.match(line) for line in lines):
        yield _dedented(_without_prompts(lines))


def _without_prompts(lines: Sequence[str]) -> Sequence[str]:
    """A REPL session as the code that was typed; other text as it is. Examples in a docstring are no session."""
    first = next((line for line in lines if line.strip()), "")
    if not first.lstrip().startswith(">>>"):
        return lines
    return [_PROMPT.sub("", line, count=1) for line in lines if _PROMPT.match(line)]


def _longest(lines: Sequence[str], start: int, language: Language, syntax: Syntax) -> tuple[int, str, Outline] | None:
    """The longest run of lines from ``start`` that parses and holds more than loose expressions."""
    indent = _indent(lines[start])
    rest = range(start + 1, len(lines))
    outer = [at for at in rest if lines[at].strip() and _indent(lines[at]) <= indent]
    inner = [at for at in rest if lines[at].strip() and _indent(lines[at]) > indent]
    ends = [len(lines), *reversed(outer), *reversed(inner)]
    for end in ends[:MOST_TRIES]:
        code = _dedented(lines[start:end])
        outline = syntax.outline(code, language)
        if not outline.errors and any(item.kind not in (ItemKind.OTHER, ItemKind.COMMENT) for item in outline.items):
            return end, code, outline
    return None


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def _dedented(lines: Sequence[str]) -> str:
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"
