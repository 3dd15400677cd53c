"""The definitions of one file, by line: what can be shown of it piece by piece."""

from __future__ import annotations

import re
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from forge_lsp.context.shortening import first_sentence, without_value
from forge_lsp.context.words import each_name_in, names_in, parts_of
from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport
from forge_lsp.editing.fitting import estimate_tokens
from forge_lsp.editing.tree import Grammars
from forge_lsp.redaction import Pairs, hidden

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Definition", "FileRead", "Kind", "Reader", "lines_of"]

_ENDING = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_CALLED = re.compile(r"((?:(?<!\w)\w++(?:<[^<>]*>)?::)*)(~?(?<!\w)[A-Za-z_]\w*+)\s*+\(")
_RUNS = frozenset({"it", "test", "specify"})
_COMMENT = re.compile(r"\s*(?:#(?!\[)|//|/\*|\*)")
_DOCSTRING = re.compile(r"\s*[rRuUbB]?(?:\"\"\"|'''|\"|')")
_MOST_HEADER = 10  # lines
_MOST_VALUE = 8
_REMEMBERED = 512


class Kind(StrEnum):
    """What a definition is."""

    FUNCTION = "function"
    TYPE = "type"
    FIELD = "field"
    VALUE = "value"
    PART = "part"


_KINDS = tuple((str(kind), kind) for kind in Kind)
_HOLDERS = (Kind.TYPE, Kind.PART)


class Definition(NamedTuple):  # thousands are made for a task, in a third of the time that a dataclass takes
    """One definition. Lines count from 0, both ends included.

    ``first`` is the first line of its comments and decorators, ``line`` its own first line, ``header`` the last line
    of its header, ``last`` its last line. ``container`` is the type it is a member of (""), ``parent`` the index of the
    definition that encloses it (-1), ``test`` says that it is a test, ``extends`` that
    it is called as a member of another's type.
    """

    name: str
    kind: Kind
    container: str
    parent: int
    first: int
    line: int
    header: int
    last: int
    test: bool = False
    extends: bool = False


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """A file's lines, its definitions in order, the lines of its imports, and of its tests that are calls.

    What is made of them is made once, when it is first asked for: the same file is looked at for many tasks.
    """

    lines: tuple[str, ...]
    definitions: tuple[Definition, ...]
    imports: tuple[tuple[int, int], ...]
    tests: tuple[tuple[int, int], ...]
    lead_tells: bool = True
    typed_values: bool = False

    @cached_property
    def values(self) -> dict[int, str]:
        """The lines that declare a field or a constant whose value need not be shown elsewhere, each with its name."""
        if not self.typed_values:
            return {}
        often = Counter(item.line for item in self.definitions)
        alone = [item for item in self.definitions if item.line == item.last and often[item.line] == 1]
        return {item.line: item.name for item in alone if item.kind in (Kind.FIELD, Kind.VALUE)}

    @cached_property
    def words(self) -> Counter[str]:
        """How often each name occurs."""
        return names_in(self.lines)

    @cached_property
    def header_words(self) -> tuple[frozenset[str], ...]:
        """The names in the header of each definition."""
        return tuple(each_name_in(self.lines[d.line : d.header + 1]) for d in self.definitions)

    @cached_property
    def header_often(self) -> Counter[str]:
        """In how many headers each name occurs."""
        found: Counter[str] = Counter()
        for words in self.header_words:
            found.update(words)
        return found

    @cached_property
    def functions(self) -> tuple[int, ...]:
        """The numbers of the definitions that are functions with a body."""
        return tuple(n for n, d in enumerate(self.definitions) if d.kind is Kind.FUNCTION and d.last > d.line)

    @cached_property
    def told(self) -> tuple[frozenset[str], ...]:
        """For each of :attr:`functions` what is told of it before its body: the names in its header and in that of its
        class, and the parts of its own name, each after a dash."""
        found: list[frozenset[str]] = []
        for number in self.functions:
            item = self.definitions[number]
            words = {*self.header_words[number], *(f"-{part}" for part in parts_of(item.name))}
            if item.container:
                words.add(item.container)
            if item.parent >= 0 and self.definitions[item.parent].kind in (Kind.TYPE, Kind.PART):
                words |= self.header_words[item.parent]
            found.append(frozenset(words))
        return tuple(found)

    @cached_property
    def told_often(self) -> Counter[str]:
        """For how many of :attr:`functions` each word of :attr:`told` is told."""
        found: Counter[str] = Counter()
        for words in self.told:
            found.update(words)
        return found

    @cached_property
    def _used(self) -> dict[int, frozenset[str]]:
        return {}

    def used(self, place: int) -> frozenset[str]:
        """The names in the body of the function at ``place`` in :attr:`functions`."""
        known = self._used.get(place)
        if known is None:
            item = self.definitions[self.functions[place]]
            words = each_name_in(self.lines[min(item.header + 1, item.last) : item.last + 1])
            known = self._used[place] = words
        return known

    @cached_property
    def headers(self) -> tuple[tuple[int, ...], ...]:
        """For each definition the lines of its header, of those of what encloses it as well."""
        found: list[tuple[int, ...]] = []
        for item in self.definitions:
            outer = found[item.parent] if item.parent >= 0 else ()
            holder = self.definitions[item.parent] if item.parent >= 0 else None
            if holder is not None:  # its header alone: neither decorators nor documentation
                outer = tuple(
                    n for n in outer if not holder.first <= n < holder.line and n <= min(holder.header, holder.line + 3)
                )
            found.append(tuple(sorted({*outer, *self.header_lines(item)})))
        return tuple(found)

    @cached_property
    def shapes(self) -> tuple[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], ...]:
        """For each definition the lines of :attr:`headers`, these with its documentation, and these with all of it;
        the latter two are empty where there is nothing more."""
        found: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = []
        for item, shown in zip(self.definitions, self.headers, strict=True):
            words = self.documentation(item)
            more = item.kind is not Kind.FIELD and item.header < item.last
            whole = tuple(sorted({*shown, *range(item.line, item.last + 1)})) if more else ()
            found.append((shown, tuple(sorted({*words, *shown})) if words else (), whole))
        return tuple(found)

    @cached_property
    def header_costs(self) -> tuple[int, ...]:
        """What the lines of :attr:`headers` take, of each definition, in tokens."""
        costs = self.costs
        return tuple(sum([costs[n] for n in shown]) for shown in self.headers)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that are defined."""
        return frozenset(d.name for d in self.definitions if d.kind is not Kind.PART)

    @cached_property
    def types(self) -> frozenset[str]:
        """The names of the types that are defined."""
        return frozenset(d.name for d in self.definitions if d.kind is Kind.TYPE)

    @cached_property
    def named(self) -> frozenset[str]:
        """The names that are defined, and those of what they are members of."""
        return frozenset(name for d in self.definitions for name in (d.name, d.container))

    @cached_property
    def code(self) -> tuple[tuple[int, Definition], ...]:
        """The definitions that other code may use, with their numbers: no tests, nothing that has no name of its
        own."""
        return tuple((n, d) for n, d in enumerate(self.definitions) if d.kind is not Kind.PART and not d.test)

    @cached_property
    def begins(self) -> frozenset[int]:
        """The lines at which what is shown of a definition may begin: it needs no note that lines before it are left
        out. A field that a function sets is none: what is left out before it is code of the function."""
        inside = {n for n, item in enumerate(self.definitions) if item.kind is Kind.FUNCTION}
        found = [item for item in self.definitions if item.kind is not Kind.FIELD or item.parent not in inside]
        return frozenset(n for item in found for n in range(item.first, item.line + 1))

    @cached_property
    def costs(self) -> tuple[int, ...]:
        """What each line takes, in tokens, without the :attr:`values`."""
        values = self.values
        return tuple(
            estimate_tokens((without_value(line, values[n]) if n in values else line) + "\n")
            for n, line in enumerate(self.lines)
        )

    def decorators(self, item: Definition) -> list[int]:
        """The lines above it that are no comments: decorators, annotations, attributes."""
        return [n for n in range(item.first, item.line) if _COMMENT.match(self.lines[n]) is None]

    def header_lines(self, item: Definition) -> list[int]:
        """The lines that say what it is: its header, and the decorators where they say more."""
        tells = self.lead_tells or item.kind in (Kind.TYPE, Kind.PART)
        told = self.decorators(item) if tells else []
        return [*told, *range(item.line, min(item.header, item.line + _MOST_HEADER) + 1)]

    def documentation(self, item: Definition) -> list[int]:
        """The first sentence of its documentation: of the comment above it, or of the docstring below its header."""
        lead = [n for n in range(item.first, item.line) if _COMMENT.match(self.lines[n])]
        if lead:
            count = first_sentence([self.lines[n] for n in lead])
            closed = next((n for n in lead if "*/" in self.lines[n]), lead[-1])
            opened = count < len(lead) and "/*" in self.lines[lead[0]] and lead[count - 1] < closed
            return [*lead[:count], *([closed] if opened else [])]
        below = item.header + 1
        if item.kind not in (Kind.FUNCTION, Kind.TYPE) or below > item.last:
            return []
        return [below] if _DOCSTRING.match(self.lines[below]) and _NAME.search(self.lines[below]) else []

    def text(self, first: int, last: int) -> str:
        """Some lines, ends included."""
        return "\n".join(self.lines[first : last + 1])


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text, as editors count them."""
    return tuple(_ENDING.split(text))


class Reader:
    """Reads files; remembers the last few hundred by their text. Safe to use from several threads."""

    def __init__(self) -> None:
        self._grammars = Grammars()
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Language, str], FileRead] = OrderedDict()
        self._shown: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def shown(self, text: str, secrets: Pairs) -> tuple[str, ...]:
        """The lines of ``text`` without its secrets, and without the known ones."""
        if secrets:
            return lines_of(hidden(text, secrets))
        with self._lock:
            found = self._shown.get(text)
        if found is None:
            found = lines_of(hidden(text))
            with self._lock:
                self._shown[text] = found
                while len(self._shown) > _REMEMBERED:
                    self._shown.popitem(last=False)
        return found

    def read(self, text: str, language: Language) -> FileRead:
        """The definitions of ``text``."""
        key = (language, text)
        with self._lock:
            found = self._known.get(key)
            if found is None:
                reading = language.context()
                plain = text if reading.hides is None else reading.hides.sub(_blanked, text)
                matches = self._grammars.matches(plain, language, reading.queries)
                found = self._known[key] = _File(text, language.context()).read(matches)
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(key)
            return found


class _Raw(NamedTuple):
    kind: Kind
    own: bool
    name: str
    container: str
    node: Node
    body: Node | None
    named: int = 0
    inner: bool = False


class _File:
    def __init__(self, text: str, reading: ContextSupport) -> None:
        self._lines = lines_of(text)
        self._reading = reading
        self._imports: list[tuple[int, int]] = []
        self._tests: list[tuple[int, int]] = []

    def read(self, matches: list[dict[str, list[Node]]]) -> FileRead:
        raw: dict[tuple[int, int], _Raw] = {}
        for captures in matches:
            found = self._raw(captures)
            if found is not None:
                # Of two patterns for one node the later is the more general.
                raw.setdefault((found.node.start_byte, found.node.end_byte, found.name), found)  # type: ignore[arg-type]
        return FileRead(
            lines=self._lines,
            definitions=tuple(self._nested(sorted(raw.values(), key=lambda r: (r.node.start_byte, -r.node.end_byte)))),
            imports=tuple(self._imports),
            tests=tuple(self._tests),
            lead_tells=self._reading.lead_tells,
            typed_values=self._reading.typed_values,
        )

    def _raw(self, captures: dict[str, list[Node]]) -> _Raw | None:
        if "import" in captures:
            node = captures["import"][0]
            self._imports.append((node.start_point.row, self._end(node)))
            return None
        if "test" in captures:
            node = captures["test"][0]
            if _text(captures["callee"][0]) in _RUNS:
                self._tests.append((node.start_point.row, self._end(node)))
            return None
        if "inner" in captures:
            return _Raw(Kind.FUNCTION, False, "", "", captures["inner"][0], None, inner=True)
        name = captures["name"][0]
        receiver = _text(captures["receiver"][0]) if "receiver" in captures else ""
        kind = next((kind for value, kind in _KINDS if value in captures), None)
        own = "own" in captures
        if own and receiver not in self._reading.owner:
            return None
        node = captures["own" if own else str(kind)][0]
        body = captures["body"][0] if "body" in captures else None
        container = ""
        text = _text(name)
        if "declarator" in name.type:
            called = _CALLED.search(text)
            if called is not None and kind is Kind.FUNCTION:
                container = re.sub(r"<.*?>", "", called[1]).strip(":").rpartition("::")[2]
                text = called[2]
        elif receiver and not own:  # Go: (c *Command[T])
            words = _NAME.findall(receiver.partition("[")[0])
            container = words[-1] if words else ""
        if kind is Kind.PART:
            text = re.sub(r"<.*", "", text, flags=re.S).rpartition("::")[2]
        word = _NAME.search(text)
        if word is None:
            return None
        return _Raw(
            Kind.FIELD if own else kind or Kind.VALUE, own, word[0], container, node, body, name.start_point.row
        )

    def _nested(self, found: list[_Raw]) -> list[Definition]:
        made: list[Definition] = []
        stack: list[tuple[int, int]] = []  # end byte, index in made, -1 for a function without a name
        own: set[tuple[str, str]] = set()
        for raw in found:
            while stack and stack[-1][0] <= raw.node.start_byte:
                stack.pop()
            if raw.inner:
                named = any(made[index].line == raw.node.start_point.row for _, index in stack[-1:] if index >= 0)
                stack.append((raw.node.end_byte, stack[-1][1] if named else -1))
                continue
            around = (made[index] for _, index in reversed(stack) if index >= 0)  # from the inside
            parent = stack[-1][1] if stack else -1
            inside = bool(stack) and (parent < 0 or made[parent].kind is Kind.FUNCTION)
            container = raw.container
            kind = raw.kind
            if raw.own:
                holders = list(around)
                holder = next((one for one in holders if one.kind in _HOLDERS), None)
                holder = holder or next((one for one in holders if one.kind is Kind.FUNCTION), None)
                container = holder.name if holder is not None else ""
                if (container, raw.name) in own:
                    continue
            elif inside and (kind not in (Kind.TYPE, Kind.FUNCTION) or parent < 0):
                continue  # a local name
            elif not container and not inside:
                holder = next((one for one in around if one.kind in _HOLDERS), None)
                container = holder.name if holder is not None else ""
            if kind is Kind.VALUE and container:
                kind = Kind.FIELD
            if kind is Kind.FIELD:
                own.add((container, raw.name))
            made.append(self._definition(raw, kind, container, parent))
            stack.append((raw.node.end_byte, len(made) - 1))
        return made

    def _definition(self, raw: _Raw, kind: Kind, container: str, parent: int) -> Definition:
        line, last = raw.node.start_point.row, self._end(raw.node)
        while line < raw.named and self._reading.lead.match(self._lines[line]):
            line += 1  # annotations that the grammar counts as part of it
        body = raw.body
        if body is not None:
            row, column = body.start_point
            alone = not self._lines[row].encode()[:column].strip()
            header = row - 1 if alone and row > line else row
        elif kind in (Kind.VALUE, Kind.FIELD, Kind.TYPE) and last - line >= _MOST_VALUE:
            header = line
        elif kind in (Kind.VALUE, Kind.FIELD) and self._reading.typed_values and self._lines[raw.named].endswith("="):
            header = raw.named
        else:
            header = last
        first = line
        while first > 0 and self._reading.lead.match(self._lines[first - 1]):
            first -= 1
        test = False
        if kind is Kind.FUNCTION and self._reading.is_test is not None:
            test = self._reading.is_test.search("\n".join(self._lines[first : header + 1])) is not None
        pattern = self._reading.extends if kind is Kind.FUNCTION else None
        extends = pattern is not None and pattern.search("\n".join(self._lines[line : header + 1])) is not None
        return Definition(
            name=raw.name,
            kind=kind,
            container=container,
            parent=parent,
            first=first,
            line=line,
            header=max(line, header),
            last=max(last, line),
            test=test,
            extends=extends,
        )

    def _end(self, node: Node) -> int:
        """The last line of a node; a line's end that belongs to it is none."""
        row, column = node.end_point  # a new object each time it is asked for
        return row - 1 if column == 0 and row > node.start_point.row else row


def _blanked(match: re.Match[str]) -> str:
    start, end = match.span(match.lastindex or 0)
    begin, text = match.start(), match[0]
    # As many bytes and lines as before: what the grammar finds is looked up by its place.
    blank = "".join(sign if sign == "\n" else " " * len(sign.encode()) for sign in text[start - begin : end - begin])
    return text[: start - begin] + blank + text[end - begin :]


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
