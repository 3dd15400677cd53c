"""The parts of test files that need what is not there, left out of a copy so that the other tests can be run. Pure.

A part is a statement, or the whole of a function where its head needs the name. What is left out becomes spaces: lines
and columns stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from forge_lsp.checking import scanning
from forge_lsp.languages.c_family.scanning import Function, blanked, calls_in, functions_in

__all__ = ["CutPart", "CutTests"]

_LINE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
_WORD = re.compile(r"[A-Za-z_]\w*")
_CONTROL = ("if", "for", "while", "switch", "catch")
_BLOCK = re.compile(r"(?:[;{}):]|\b(?:else|do|try|const|noexcept|override|final|mutable))\s*\Z")
_WORDS = frozenset(
    {"int", "long", "double", "float", "char", "const", "auto", "bool", "unsigned", "std", "true", "false", "size_t"}
)
_CHECK = re.compile(r"\s*(?:\w+::)*\w*(?:assert|expect|check|require|verify|ensure|test|ok|is)\w*\s*\(", re.I)


@dataclass(frozen=True, slots=True, order=True)
class CutPart:
    """What is left out of the test ``file``, by its offsets, and the ``missing`` names that it needs."""

    file: str
    begin: int
    end: int
    missing: frozenset[str] = field(compare=False)


@dataclass(frozen=True, slots=True)
class CutTests:
    """The test files' ``texts`` and the ``parts`` that are left out of them."""

    texts: Mapping[str, str]
    parts: tuple[CutPart, ...] = ()

    def remaining(self) -> Mapping[str, str]:
        """Return the texts without the parts."""
        found = dict(self.texts)
        for part in self.parts:
            text = found[part.file]
            spaces = re.sub(r"[^\n]", " ", text[part.begin : part.end])
            found[part.file] = f"{text[: part.begin]};{spaces[1:]}{text[part.end :]}"
        return found

    def without_lines(self, errors: Iterable[tuple[str, int, int, frozenset[str]]]) -> CutTests:
        """Return the cut that leaves out, too, the parts at these places: a file as the compiler names it, a line, a
        column, and the names that are missing there. What needs a variable of such a part needs what that does.
        """
        parts = set(self.parts)
        for named, line, column, missing in errors:
            file = self.file_of(named)
            if file is None:
                continue
            text = self.texts[file]
            offset = sum(len(one) for one in text.splitlines(keepends=True)[: line - 1]) + column - 1
            span = _span(text, offset)
            if span is None:
                continue
            needs = frozenset[str]().union(*(self._meant(file, name, span[0]) for name in missing))
            parts.add(CutPart(file, *span, needs))
        return CutTests(self.texts, _outermost(parts))

    def without_names(self, names: Collection[str]) -> CutTests:
        """Return the cut that leaves out, too, every part that speaks of one of ``names``."""
        parts = set(self.parts)
        word = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)" if names else r"(?!)")
        for file, text in self.texts.items():
            for match in word.finditer(_plain(text)):
                span = _span(text, match.start())
                if span is not None:
                    parts.add(CutPart(file, *span, frozenset({match[0]})))
        return CutTests(self.texts, _outermost(parts))

    def without_tests(self, places: Iterable[str]) -> CutTests:
        """Return the cut that leaves out, too, the assertions at ``places`` (``tests/test.c:8``) and the tests of these
        names (``Suite.name``, ``test_area``)."""
        parts = set(self.parts)
        for place in places:
            known, _, line = place.rpartition(":")
            file = self.file_of(known) if line.isdigit() else None
            if file is not None:
                lines = self.texts[file].splitlines(keepends=True)
                start = sum(len(one) for one in lines[: int(line) - 1])
                head = len(lines[int(line) - 1]) - len(lines[int(line) - 1].lstrip()) if int(line) <= len(lines) else 0
                span = _span(self.texts[file], start + head)
                if span is not None:
                    parts.add(CutPart(file, *span, frozenset()))
                continue
            for file, one in self._functions():
                if _tests(one, place, self.texts[file]):
                    parts.add(CutPart(file, one.body, one.end, frozenset()))
        return CutTests(self.texts, _outermost(parts))

    def touches(self, name: str, place: str) -> bool:
        """Return whether the test ``name`` (or the assertion at ``place``) is left out in part, or depends on what is:
        its function, one that it calls, or a variable of an earlier part that is no check itself."""
        known, _, line = place.rpartition(":")
        file = self.file_of(known) if line.isdigit() else None
        if file is not None:
            return self._depends(file, int(line))
        partial = self._partial()
        own = [(file, one) for file, one in self._functions() if _tests(one, name, self.texts[file])]
        if own:
            return any(one.name in partial or (file, one.begin) in partial for file, one in own)
        for file, text in self.texts.items():
            if len(name) > 2 and (at := text.find(name)) >= 0:
                return self._depends(file, text.count("\n", 0, at) + 1)
        return False

    def speaks_of(self, names: Collection[str]) -> bool:
        """Return whether what is left speaks of one of ``names``."""
        word = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)" if names else r"(?!)")
        return any(word.search(_plain(text)) for text in self.remaining().values())

    def file_of(self, named: str) -> str | None:
        """Return the test file that a tool names so, however it writes its folder."""
        named = str(PurePosixPath(named)).lstrip("./")
        return next(
            (file for file in self.texts if f"/{file}".endswith(f"/{named}") or named.endswith(f"/{file}")), None
        )

    @property
    def missing(self) -> frozenset[str]:
        """The names for want of which parts are left out."""
        return frozenset[str]().union(*(part.missing for part in self.parts))

    def _meant(self, file: str, name: str, offset: int) -> frozenset[str]:
        for part in self.parts:
            if part.file == file and part.begin < offset and name not in part.missing:
                text = _plain(self.texts[file])[part.begin : part.end]
                if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
                    return part.missing
        return frozenset({name})

    def _depends(self, file: str, line: int) -> bool:
        text = self.texts[file]
        lines = text.splitlines(keepends=True)
        if not 0 < line <= len(lines):
            return False
        start = sum(len(one) for one in lines[: line - 1])
        offset = start + len(lines[line - 1]) - len(lines[line - 1].lstrip())
        span = _span(text, offset)
        if span is None:
            return False
        around = next((one for one in functions_in(text) if one.begin <= offset < one.end), None)
        words = _variables(text, span)
        for part in self.parts:
            if part.file != file:
                continue
            if part.begin < span[1] and span[0] < part.end:
                return True
            inside = around is None or around.begin <= part.begin < around.end
            checks = _CHECK.match(text, part.begin) is not None
            if inside and part.begin < span[0] and not checks and words & _variables(text, (part.begin, part.end)):
                return True
        return bool(calls_in(text[span[0] : span[1]]) & {one for one in self._partial() if isinstance(one, str)})

    def _partial(self) -> set[str | tuple[str, int]]:
        """The functions of which something is left out, and those that call them: by name, and by place."""
        partial: set[str | tuple[str, int]] = set()
        every = [(file, one) for file, one in self._functions() if one.name != "main"]
        for file, one in every:
            if any(part.file == file and part.begin < one.end and one.begin < part.end for part in self.parts):
                partial |= _keys(file, one)
        grown = True
        while grown:
            grown = False
            for file, one in every:
                calls = calls_in(self.texts[file][one.body : one.end])
                if (file, one.begin) not in partial and not partial.isdisjoint(calls):
                    partial |= _keys(file, one)
                    grown = True
        return partial

    def _functions(self) -> Iterator[tuple[str, Function]]:
        for file, text in self.texts.items():
            for one in functions_in(text):
                yield file, one


def _keys(file: str, one: Function) -> set[str | tuple[str, int]]:
    # All tests of a framework are called TEST: only their places tell them apart.
    return {(file, one.begin)} if one.name.isupper() else {(file, one.begin), one.name}


def _tests(one: Function, name: str, text: str) -> bool:
    """Whether a function of a text is the test of that name."""
    bare = name.rpartition(".")[2]
    if one.name == name or f'"{name.removeprefix("Scenario: ")}"' in text[one.begin : one.body]:
        return True
    return bare != name and re.search(rf"(?<!\w){re.escape(bare)}\s*$", one.parameters) is not None


def _plain(text: str) -> str:
    """``text`` without comments, strings and the preprocessor's lines."""
    return _LINE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), blanked(text))


def _variables(text: str, span: tuple[int, int]) -> set[str]:
    plain = _plain(text)
    return {
        match[0] for match in _WORD.finditer(plain, *span) if not re.match(r"\s*(?:\(|::|<)", plain[match.end() :])
    } - {
        "int",
        "long",
        "double",
        "float",
        "char",
        "const",
        "auto",
        "bool",
        "unsigned",
        "std",
        "true",
        "false",
        "size_t",
    }


def _outermost(parts: Iterable[CutPart]) -> tuple[CutPart, ...]:
    found: list[CutPart] = []
    for part in sorted(parts, key=lambda one: (one.file, one.begin, -one.end)):
        last = found[-1] if found else None
        if last is not None and last.file == part.file and part.begin < last.end:
            end = max(last.end, part.end)
            found[-1] = CutPart(last.file, last.begin, end, last.missing | part.missing)
        else:
            found.append(part)
    return tuple(found)


def _span(text: str, offset: int) -> tuple[int, int] | None:
    """The statement at ``offset``; the whole function where that is in its head. None: it cannot be left out."""
    plain = _plain(text)
    if not 0 <= offset < len(plain):
        return None
    around = next((one for one in functions_in(text) if one.begin <= offset < one.end), None)
    start = _start(plain, around.body if around is not None and offset >= around.body else 0, offset)
    start += len(plain[start:]) - len(plain[start:].lstrip())
    if around is not None and offset < around.body:
        return start, around.end + 1
    end = _end(plain, start)
    return (start, end) if start <= offset < end else None


def _start(plain: str, begin: int, offset: int) -> int:
    """Where the statement begins in which ``offset`` lies; ``begin`` is where a statement begins."""
    start, at, depth = begin, begin, 0
    held: list[bool] = []
    while at < offset:
        one = plain[at]
        if one in "([":
            depth += 1
        elif one in ")]":
            depth -= 1
        elif one == "{" and not depth:
            block = _BLOCK.search(plain[start:at] or ";") is not None or not plain[start:at].strip()
            held.append(block)
            if block:
                start = at + 1
            else:
                depth += 1  # an initializer
        elif one == "{":
            held.append(False)
            depth += 1
        elif one == "}":
            block = held.pop() if held else True
            if block:
                start = at + 1
            else:
                depth -= 1
        elif one == ";" and not depth:
            start = at + 1
        at += 1
    return start


def _end(plain: str, start: int) -> int:
    """Where the statement ends that begins at ``start``."""
    start += len(plain[start:]) - len(plain[start:].lstrip())
    word = _WORD.match(plain, start)
    if word is not None and word[0] in _CONTROL:
        close = scanning.closing(plain, plain.find("(", word.end()), "(", ")")
        if close is None:
            return start
        end = _end(plain, close + 1)
        other = re.compile(r"\s*else\b").match(plain, end) if word[0] == "if" else None
        return _end(plain, other.end()) if other is not None else end
    if word is not None and word[0] in ("else", "do", "try"):
        end = _end(plain, word.end())
        if word[0] == "do":
            return plain.find(";", end) + 1 or end
        while word[0] == "try" and (handler := re.compile(r"\s*catch\b").match(plain, end)) is not None:
            end = _end(plain, handler.end() - len("catch"))
        return end
    if plain[start : start + 1] == "{":
        close = scanning.closing(plain, start, "{", "}")
        return close + 1 if close is not None else start
    end = scanning.statement_end(plain, start)
    return end + 1 if end is not None else start
