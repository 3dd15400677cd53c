"""Tests in test files: where each stands, which of them a job is shown, and a file without the others. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind, Syntax
from forge_lsp.core.task import TextRange
from forge_lsp.languages.c_family import CPP, C
from forge_lsp.languages.csharp import CSHARP
from forge_lsp.languages.ecmascript import JAVASCRIPT, TYPESCRIPT
from forge_lsp.languages.go import GO
from forge_lsp.languages.java import JAVA
from forge_lsp.languages.python import PYTHON
from forge_lsp.languages.rust import RUST

__all__ = ["Unit", "hidden_of", "is_of", "units_in", "without"]

_NAMES = {PYTHON: re.compile(r"test\w*"), GO: re.compile(r"(?:Test|Fuzz|Example)\w*")}
_MARKS = {
    RUST: re.compile(r"#\[(?:\w+::)*(?:test|rstest)\b"),
    JAVA: re.compile(r"@(?:Test|ParameterizedTest|RepeatedTest)\b"),
    CSHARP: re.compile(r"\[\s*(?:Fact|Theory|Test|TestCase|TestMethod|DataTestMethod)\b"),
}
_CALLED = re.compile(
    r"^[ \t]*(?:test|it)(?:\.\w+)?\s*\(\s*(?P<quote>[\"'`])(?P<name>(?:\\.|(?!(?P=quote)).)*)(?P=quote)", re.M
)
_MACRO = re.compile(r"^[ \t]*TEST(?:_F|_P|_CASE)?\s*\((?P<name>[^()]*)\)\s*(?=\{)", re.M)
_ASSERT = re.compile(r"^[ \t]*assert\s*\(.*\)\s*;[ \t]*$", re.M)
_TOKENS = re.compile(r"::|\.|/|\[|\(|:|\s+>\s+|\s+")
_TEXT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`", re.S)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One test in a text: its whole lines in ``range``. ``line`` (from 1) is its first, and its name where it has no
    other; ``inside`` whether it is a member of something, ``alone`` whether it is the only one there."""

    name: str
    range: TextRange
    line: int
    inside: bool = False


def units_in(text: str, language: Language, syntax: Syntax) -> tuple[Unit, ...]:
    """Return the tests of a text, in order."""
    if language in (JAVASCRIPT, TYPESCRIPT):
        return tuple(_called(text))
    if language in (C, CPP):
        return tuple(_asserted(text))
    items = syntax.outline(text, language).items
    return tuple(_defined(items, text, language, inside=False))


def is_of(unit: Unit, file: str, name: str) -> bool:
    """Return whether the result of a check, called ``name`` by its runner, is that of a test in ``file``."""
    if unit.name.isdigit():
        return re.search(rf"(?:^|[\s/]){re.escape(file.rpartition('/')[2])}:{unit.name}\b", name) is not None
    if " > " in name:
        return name.startswith(file) and name.endswith(f" > {unit.name}")
    return unit.name in _TOKENS.split(name)


def hidden_of(names: Iterable[str], seed: str, *, all_but: int) -> frozenset[str]:
    """Return the names of the tests to hide: half of them, drawn by ``seed``, and at most all but ``all_but``."""
    drawn = sorted(set(names))
    random.Random(seed).shuffle(drawn)
    return frozenset(drawn[: min((len(drawn) + 1) // 2, len(drawn) - all_but)])


def without(text: str, language: Language, units: Sequence[Unit]) -> str:
    """Return a text without some of its tests. Only a ``pass`` stays of a method of Python's."""
    for unit in sorted(units, key=lambda unit: unit.range.start, reverse=True):
        start, end = unit.range.start, unit.range.end
        filler = ""
        if language is PYTHON and unit.inside:
            before = text[text.rfind("\n", 0, start) + 1 : start]
            filler = "pass" if not before.strip() else ""
        elif language in (C, CPP):
            filler = "\n" * text.count("\n", start, end)  # line numbers name the other tests
        text = text[:start] + filler + text[end:]
    return text


def _defined(items: Sequence[Item], text: str, language: Language, *, inside: bool) -> Iterator[Unit]:
    for item in items:
        yield from _defined(item.children, text, language, inside=True)
        if item.kind is not ItemKind.FUNCTION or item.name is None:
            continue
        names, marks = _NAMES.get(language), _MARKS.get(language)
        named = names is not None and names.fullmatch(item.name) is not None
        if named or (marks is not None and marks.search(item.range.of(text)) is not None):
            line = text.count("\n", 0, item.range.start) + 1
            yield Unit(name=item.name, range=item.range, line=line, inside=inside)


def _called(text: str) -> Iterator[Unit]:
    """Calls of ``test`` and ``it`` that begin a line, with the statement's semicolon."""
    for found in _CALLED.finditer(text):
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        end = _closed(text, text.index("(", start))
        if end is not None:
            tail = re.compile(r"[ \t]*;?").match(text, end)
            stop = tail.end() if tail is not None else end
            line = text.count("\n", 0, start) + 1
            yield Unit(name=found["name"], range=TextRange(start=start, end=stop), line=line)


def _asserted(text: str) -> Iterator[Unit]:
    """Test macros with their bodies; where there is none, lines with a whole ``assert``, called by their numbers."""
    macros = list(_MACRO.finditer(text))
    for found in macros:
        end = _closed(text, found.end())
        if end is not None:
            name = found["name"].rpartition(",")[2].strip().strip('"')
            line = text.count("\n", 0, found.start()) + 1
            yield Unit(name=name, range=TextRange(start=found.start(), end=end), line=line)
    for found in _ASSERT.finditer(text) if not macros else ():
        line = text.count("\n", 0, found.start()) + 1
        yield Unit(name=str(line), range=TextRange(start=found.start(), end=found.end()), line=line)


def _closed(text: str, at: int) -> int | None:
    """The offset behind the bracket that closes the one at ``at``; None where none does."""
    awaited: list[str] = []
    while at < len(text):
        skipped = _TEXT.match(text, at)
        if skipped is not None:
            at = skipped.end()
            continue
        if text[at] in _CLOSING:
            awaited.append(_CLOSING[text[at]])
        elif awaited and text[at] == awaited[-1]:
            awaited.pop()
            if not awaited:
                return at + 1
        at += 1
    return None
