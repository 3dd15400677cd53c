"""Where the scope is called: its tests first, then other code, as pieces to show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop
from itertools import chain
from pathlib import PurePosixPath

from forge_lsp.context.choosing import Piece
from forge_lsp.context.reading import Definition, FileRead, Kind
from forge_lsp.context.workspace import Source, Workspace
from forge_lsp.context.worth import Around

__all__ = ["Called", "callers", "tests"]

_MOST_TEST_FILES = 6
_MOST_TESTS = 8
_MOST_CALLER_FILES = 10
_MOST_CALLERS = 8
_MOST_LINES = 40  # of one test
_MOST_HELPER = 25
_MOST_IMPORTS = 40
_MOST_DECORATORS = 6
_ATTRIBUTE = re.compile(r"#\[cfg\(test\)\]")
_CALL = r"[!?]?(?:::?<[^>]*>|<[^>]*>)?\("
_COMMENT = re.compile(r"^\s*\*(?=[\s/]).*|(?:^|\s)(?:#\s|//|/\*).*")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`")
_SET_UP = re.compile(r"\b(?:setUp|setUpClass|setup_method|SetUp|beforeEach|before|setup)\b", re.I)


@dataclass(frozen=True, slots=True)
class Called:
    """Pieces, and the words of what they show."""

    pieces: tuple[Piece, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    source: Source
    first: int
    last: int
    call: int
    real: bool
    named: bool
    item: Definition | None
    alone: bool = False


_Held = tuple[int, int, Definition | None]  # the first and last line, and the function that it is


def tests(around: Around, document: Source, workspace: Workspace | None, constructors: frozenset[str]) -> Called:
    """The tests that call the scope, ranked: of the file named after the document first, then those that name its
    class, then the nearest. The first is worth most; helpers that they use follow them."""
    wanted = _wanted(around, constructors)
    if wanted is None:
        return Called((), ())
    found: list[tuple[tuple[object, ...], _Leaf]] = []
    stem = _stem(document.name)
    for source in (document, *_test_files(wanted, around, stem, workspace)):
        if source.here and not (source.test or _ATTRIBUTE.search(source.text)):
            continue
        for leaf in _leaves(source, wanted, around):
            rank = (
                not leaf.real,
                leaf.alone,
                stem not in _stem(source.name) if stem else False,
                not (leaf.named or not around.container),
                workspace.distance(source.name) if workspace is not None else 0,
                min(leaf.last - leaf.first, _MOST_LINES) // 8,
                source.name,
                leaf.first,
            )
            found.append((rank, leaf))
    found.sort(key=lambda pair: pair[0])
    pieces: list[Piece] = []
    lines: list[str] = []
    for order, (_, leaf) in enumerate(found[:_MOST_TESTS]):
        shown = _cut(leaf)
        surely = leaf.real or leaf.named
        worth = (400.0 if order == 0 and surely else 2.0 / (order + 1) ** 2.5) if surely else 0.3 / (order + 1)
        pieces.append(Piece(file=leaf.source.name, lines=shown, worth=worth, reason="a test of it"))
        lines += [leaf.source.read.lines[n] for n in shown]
    seen = {leaf.source.name: leaf.source for _, leaf in found[:_MOST_TESTS]}
    for source in seen.values():
        pieces += _helpers(source, [leaf for _, leaf in found[:_MOST_TESTS] if leaf.source is source])
    return Called(tuple(pieces), tuple(lines))


def _wanted(around: Around, constructors: frozenset[str]) -> re.Pattern[str] | None:
    """How a call of the scope looks."""
    name = around.name
    if name in constructors or name.startswith("__"):
        name = around.container
    if not name:
        return None
    return re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")


def _stem(name: str) -> str:
    stem = PurePosixPath(name).name.partition(".")[0]
    if stem in ("__init__", "index", "mod", "lib", "main"):
        stem = PurePosixPath(name).parent.name
    return stem.lower().strip("_")


def _test_files(wanted: re.Pattern[str], around: Around, stem: str, workspace: Workspace | None) -> Iterator[Source]:
    if workspace is None:
        return
    name = re.sub(r"\\(.)", r"\1", wanted.pattern.removeprefix(r"(?<![\w$])").removesuffix(r"(?![\w$])"))
    others = {file.name for file in workspace.using(around.container)} if around.container else set[str]()
    found = [
        (stem not in _stem(file.name), file.name not in others, workspace.distance(file.name), file.name)
        for file in workspace.using(name)
        if file.test
    ]
    yield from workspace.sources((file for *_, file in sorted(found)), _MOST_TEST_FILES)


def _leaves(source: Source, wanted: re.Pattern[str], around: Around) -> Iterator[_Leaf]:
    """The tests of a file that call or name the scope. Where none calls it, what else of a test file does: functions
    that its tests or a runner which is told of tests call, classes made up for tests, statements before the first."""
    read = source.read
    items: list[_Held] = [(first, last, None) for first, last in read.tests]
    tests_only = [d for d in read.definitions if d.test and d.kind is Kind.FUNCTION]
    items += [(d.line, d.last, d) for d in tests_only]
    found = list(_holding(source, wanted, around, items))
    if source.test and not any(leaf.real for leaf in found):
        outer = [d for d in read.definitions if d.kind is Kind.FUNCTION and not d.test and not _is_nested(d, read)]
        helpers = list(_holding(source, wanted, around, [(d.line, d.last, d) for d in outer]))
        if not any(leaf.real for leaf in helpers):
            helpers += _statements(source, wanted, items)
        found += [leaf for leaf in helpers if leaf.real or not found]
    yield from found


def _statements(source: Source, wanted: re.Pattern[str], tests: Sequence[_Held]) -> Iterator[_Leaf]:
    """The statements outside of functions, types and tests that call the scope."""
    read = source.read
    values = [(d.line, d.last) for d in read.definitions if d.kind is Kind.VALUE and d.parent < 0]
    runs = {n: value for value in values for n in range(value[0], value[1] + 1)}
    inside = {n for first, last, _ in tests for n in range(first, last + 1)}
    inside.update(n for d in read.definitions if d.kind is not Kind.VALUE for n in range(d.line, d.last + 1))
    calls = [n for n, line in enumerate(read.lines) if n not in inside and _calls(wanted, line)]
    for first, last in dict.fromkeys(runs.get(n, (n, n)) for n in calls):
        call = next(n for n in calls if first <= n <= last)
        yield _Leaf(source, first, last, call, real=True, named=False, item=None, alone=True)


def _holding(source: Source, wanted: re.Pattern[str], around: Around, items: Sequence[_Held]) -> Iterator[_Leaf]:
    """Those of ``items``, by their lines, that hold a call of the scope or its name."""
    read = source.read
    for first, last, item in sorted(items, key=lambda one: (one[0], one[1])):
        if item is None and any(first < f and t < last for f, t, other in items if other is None):
            continue  # it encloses others
        calls = [n for n in range(first, last + 1) if wanted.search(read.lines[n]) and (n > first or item is None)]
        if item is not None and last == first and wanted.search(read.lines[first]):
            calls = [first]
        real = [n for n in calls if _calls(wanted, read.lines[n])]
        calls = real or [n for n in calls if wanted.search(_QUOTED.sub(" ", _COMMENT.sub("", read.lines[n])))]
        if not calls:
            continue
        named = bool(around.container) and around.container in read.text(first, last)
        start = item.first if item is not None else first
        yield _Leaf(source, start, last, calls[0], bool(real), named, item)


def _calls(wanted: re.Pattern[str], line: str) -> bool:
    return re.search(wanted.pattern + _CALL, _COMMENT.sub("", line)) is not None


def _is_nested(item: Definition, read: FileRead) -> bool:
    """Whether it is defined within a function."""
    return item.parent >= 0 and read.definitions[item.parent].kind is Kind.FUNCTION


def _cut(leaf: _Leaf) -> tuple[int, ...]:
    """Its lines; of a long test the first ones and those around the call."""
    if leaf.last - leaf.first < _MOST_LINES:
        return tuple(range(leaf.first, leaf.last + 1))
    start = leaf.item.line if leaf.item is not None else leaf.first
    said = leaf.source.read.decorators(leaf.item)[-_MOST_DECORATORS:] if leaf.item is not None else []
    kept = {*said, *range(start, start + 4)} | set(range(max(start, leaf.call - 8), min(leaf.last, leaf.call + 8) + 1))
    return tuple(sorted(kept))


def _helpers(source: Source, leaves: Sequence[_Leaf]) -> Iterator[Piece]:
    """What the tests of one file use of it: fixtures, helpers, what is set up before each; and its imports."""
    read = source.read
    used: dict[str, int] = {}  # by the first test that does
    for order, leaf in enumerate(leaves):
        for word in _words(read.text(leaf.first, leaf.last)):
            used.setdefault(word, order)
    classes = {leaf.item.container for leaf in leaves if leaf.item is not None}
    count = 0
    for item in read.definitions:
        if item.test or item.kind in (Kind.FIELD, Kind.PART) or (source.here and item.parent < 0):
            continue
        set_up = _SET_UP.search(item.name) is not None and item.container in classes
        if (item.name in used or set_up) and item.last - item.line < _MOST_HELPER and item.kind is not Kind.TYPE:
            lines = tuple(range(item.first, item.last + 1))
            worth = 0.3 / (1 + max(count - 2, 0)) / (1 + used.get(item.name, 0))
            yield Piece(file=source.name, lines=lines, worth=worth, reason="used by a test of it")
            count += 1
    if not source.here:
        for first, last in read.imports[:_MOST_IMPORTS]:
            shown = tuple(range(first, min(last, first + 6) + 1))
            if any(word in used for n in shown for word in _words(read.lines[n])[1:]):  # the first is a keyword
                yield Piece(file=source.name, lines=shown, worth=0.01, reason="imported by a test of it")


def _words(line: str) -> list[str]:
    return re.findall(r"[A-Za-z_$][\w$]*", line)


def callers(around: Around, document: Source, workspace: Workspace | None, constructors: frozenset[str]) -> Called:
    """The lines that call the scope, each with the header of what it stands in, nearest first."""
    wanted = _wanted(around, constructors)
    if wanted is None:
        return Called((), ())
    call = re.compile(wanted.pattern + _CALL)
    name = around.container if around.name in constructors or around.name.startswith("__") else around.name
    names: Iterable[str] = ()
    if workspace is not None:
        others = {file.name for file in workspace.using(around.container)} if around.container else set[str]()
        found = [
            (file.name not in others, workspace.distance(file.name), file.name)
            for file in workspace.using(name)
            if not file.test
        ]
        heapify(found)  # of thousands only the first few are looked at
        names = (heappop(found)[-1] for _ in range(len(found)))
    sources = workspace.sources(names, _MOST_CALLER_FILES) if workspace is not None else ()
    pieces: list[Piece] = []
    lines: list[str] = []
    for source in chain([document], sources):
        if call.search(source.text) is None:
            continue
        read = source.read
        functions = [d for d in read.definitions if d.kind is Kind.FUNCTION and not d.test]
        for number, line in enumerate(read.lines):
            if name not in line or call.search(line) is None:
                continue
            holder = [d for d in functions if d.header < number <= d.last]
            if not holder or holder[-1].name == around.name:
                continue
            shown = {holder[-1].line, *range(max(holder[-1].line, number - 1), min(holder[-1].last, number + 1) + 1)}
            worth = (0.6 if source.here else 0.5) / (1 + len(pieces)) ** 2
            pieces.append(Piece(file=source.name, lines=tuple(sorted(shown)), worth=worth, reason="calls it"))
            lines += read.lines[holder[-1].line : min(holder[-1].last, holder[-1].line + 60) + 1]
            if len(pieces) >= _MOST_CALLERS:
                return Called(tuple(pieces), tuple(lines))
    return Called(tuple(pieces), tuple(lines))
