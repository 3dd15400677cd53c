"""Comments that stand for code that a model did not write out: ``... existing code ...``. Pure."""

from __future__ import annotations

import re
from functools import cache

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import TextRange

__all__ = ["elided_lines", "inside", "is_hollow", "placeholder_lines", "without_comments"]

_CODE = r"(?:code|implementations?|methods?|functions?|logic|members?|imports?|fields?|properties|definitions?)"
_SAME = r"(?:(?:the\s+)?same|unchanged|here|as\s+(?:is|before|above)|omitted|intact|untouched|below|above)"
_STAYS = rf"(?:(?:is|are|remains?|stays?|goes?|go|kept|continues?)\s+)*{_SAME}"
_LEFT = (
    r"(?:rest|remainder|existing|remaining|other|others|previous|original|same|unchanged|omitted|as is|as before|keep)"
)
_STRONG = re.compile(
    rf"(?:\.{{3}}|…)\W*|(?:\.{{3}}|…)\W*.*\b(?:{_LEFT}|{_CODE})\b.*"
    rf"|.*\b(?:{_LEFT}\b.*\b{_CODE}|unchanged|omitted|rest\s+of)\b.*(?:\.{{3}}|…)\W*"
    rf"|(?:the\s+)?(?:rest|remainder)\s+of\s+(?:(?:the|your|this|my|its)\s+)?(?:\w+\s+){{0,2}}"
    rf"(?:{_CODE}|class|file|script|module|body)(?:\s+\(?{_STAYS}.*)?\W*"
    rf"|(?:the\s+)?(?:rest|everything\s+else|all\s+else)\s+{_STAYS}\W*"
    rf"|(?:your\s+|the\s+|all\s+)?(?:existing|remaining|other)\s+(?:\w+\s+){{0,2}}{_CODE}(?:\s+\(?{_STAYS}.*)?\W*"
    rf"|(?:the\s+)?(?:original|previous|same|current)\s+(?:\w+\s+){{0,2}}{_CODE}\s+\(?{_STAYS}.*"
    rf"|(?:the\s+)?(?:\w+\s+){{0,2}}(?:{_CODE}|rest)\s+(?:is|are|remains?|stays?)\s+(?:the\s+same|unchanged|as\s+(?:is|before))\W*"
    rf"|.*\b(?:omitted|elided|left\s+out|skipped)\s+for\s+(?:brevity|clarity|space)\b.*"
    rf"|(?:keep|leave|copy|insert|paste|put)\s+(?:the\s+|your\s+)?(?:existing|rest|original|remaining|other|previous)\b"
    rf".*\b(?:{_CODE}|as\s+is|unchanged|here)\b.*",
    re.I,
)
_WEAK = re.compile(
    rf"(?:\w+\s+){{0,2}}unchanged|no\s+changes?(?:\s+(?:needed|here|required))?|{_SAME}|same\s+as\s+(?:\w+\s*){{1,3}}"
    rf"|(?:(?:your|actual|the|real)\s+)*{_CODE}\s+(?:goes\s+|comes\s+)?here.*|{_CODE}\s+omitted|implement\w*\b.*|(?:\w+\s+)?{_CODE}",
    re.I,
)
_AND_SO_ON = re.compile(
    r"etc\.?|and\s+so\s+on\.?|snip(?:ped)?\.?|(?:previous|prior|original|more|further)\s+(?:\w+\s+)?" + _CODE, re.I
)
_TRAILING = re.compile(r"(?:#|//|/\*)[ \t]*(?P<words>[^#/]*?)[ \t]*(?:\*/)?[ \t]*$")
_TRIVIAL = re.compile(
    r"(?:return(?:\s+[\w.:\"'\[\]{}()]*)?|pass|\.{3}|raise\s+\w+.*|throw\b.*|panic\s*\(.*|(?:todo|unimplemented)!.*)?;?",
    re.S,
)
_FRAME = re.compile(r"^[\s\[\](){}<>=*~\-✂…#]+(?=\w|\.)|[\s\[\](){}<>=*~\-#]+$")
_STRING = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"


@cache
def _comment_line(mark: str) -> re.Pattern[str]:
    """Match a line that is a comment alone, which ``mark`` begins; where that is ``//``, those of blocks as well."""
    begins = r"(?:\{\s*)?(?://+[/!]*|/\*+|\*(?!/)|#+[ \t])" if mark == "//" else rf"{re.escape(mark)}+(?!\[|!)"
    return re.compile(rf"^[ \t]*{begins}[ \t]*(?P<words>.*?)[ \t]*(?:\*/\s*\}}?)?[ \t]*$")


@cache
def _comment(mark: str) -> re.Pattern[str]:
    """Match a string (the only group) or a comment."""
    blocks = r"|/\*.*?\*/" if mark == "//" else ""
    return re.compile(rf"({_STRING})|{re.escape(mark)}[^\n]*{blocks}", re.S)


def elided_lines(code: str, original: str, language: Language, syntax: Syntax) -> tuple[int, ...]:
    """Return the lines of ``code``, from 0, that say that code was left out and do not stand in ``original``."""
    known = {line.strip() for line in original.split("\n")}
    lines = code.split("\n")
    found = [number for number, line in enumerate(lines) if line.strip() not in known and _elides(line, language)]
    if not found:
        return ()
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    strings = syntax.multiline_strings(code, language)
    return tuple(n for n in found if not any(one.start < starts[n] < one.end for one in strings))


def placeholder_lines(code: str, original: str, language: Language) -> tuple[int, ...]:
    """Return the comments of ``code``, by lines from 0, that may stand for members where some are missing: what would
    be said of the code beside it in a body (``unchanged``), or means nothing (``etc.``)."""
    known = {line.strip() for line in original.split("\n")}
    comment = _comment_line(language.comment)
    return tuple(
        number
        for number, line in enumerate(code.split("\n"))
        if line.strip() not in known
        and (match := comment.match(line)) is not None
        and any(_WEAK.fullmatch(words) or _AND_SO_ON.fullmatch(words) for words in _plain(match["words"]))
    )


def is_hollow(item: Item, text: str, language: Language) -> bool:
    """Whether a function or a class does nothing: a stub, no statement at all, or a comment beside a bare return that
    speaks of code that is elsewhere."""
    if item.body is None:
        return False
    if item.stub:
        return True
    body = inside(item, text).of(text)
    if item.kind is ItemKind.CLASS:
        return False
    body = "\n".join(line for line in body.split("\n") if not _elides(line, language) or line.strip() == "...")
    bare = without_comments(body, language).strip().removeprefix("{").removesuffix(language.editing().closer).strip()
    if bare in ("", "pass", "...", ";"):
        return True
    if _TRIVIAL.fullmatch(bare) is None:
        return False
    words = [match["words"] for line in body.split("\n") if (match := _TRAILING.search(line)) is not None]
    return any(_WEAK.fullmatch(said) or _STRONG.fullmatch(said) for said in words if said)


def inside(item: Item, text: str) -> TextRange:
    """Return what follows the header: the body with the comments before its first statement."""
    start = item.body.start if item.body is not None else item.range.end
    at = text.rfind(item.signature, item.range.start, start) if item.signature else -1
    return TextRange(start=at + len(item.signature or "") if at >= 0 else start, end=item.range.end)


def without_comments(text: str, language: Language) -> str:
    """Return ``text`` without comments."""
    return _comment(language.comment).sub(lambda match: match[1] or "", text)


def _elides(line: str, language: Language) -> bool:
    if line.strip() in ("...", "…"):
        return True
    match = _comment_line(language.comment).match(line)
    return match is not None and any(_STRONG.fullmatch(words) for words in _plain(match["words"]))


def _plain(words: str) -> tuple[str, str]:
    """The words of a comment, and without brackets and rules around them."""
    return words, _FRAME.sub("", words)
