"""The words of JavaScript and TypeScript text, and of a test file: its tests, what they name, what it imports.

Pure. A reading for evidence, not a parser: what it does not understand it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["TestBlock", "TestFile", "Token", "closing", "is_module", "reaching", "read_tests", "tokens_of", "words_of"]

Kind = Literal["name", "string", "number", "regex", "mark"]


class Token(NamedTuple):
    """One token. ``text`` of a string has no quotes; escapes stand as written."""

    kind: Kind
    text: str
    start: int


_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?(?:\*/|\Z)|\A\#![^\n]*)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?)"
    r"|(?P<name>[\#@]?(?:[^\W\d]|[$\\])(?:[\w$]|\\u)*)"
    r"|(?P<number>\d[\w.]*|\.\d[\w.]*)"
    r"|(?P<mark>\?\.(?!\d)|=>|\.\.\.|[=!]==?|[-+*/%&|^<>?]{1,3}=|\+\+|--|&&|\|\||\?\?|.)",
    re.S,
)
_REGEX = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
# Names after which a slash begins a regular expression.
_BEFORE_REGEX = frozenset(("return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "await"))
_OPEN, _CLOSE = "([{", ")]}"


def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text, comments left out; what stands in a template's ``${}`` follows it in parentheses."""
    return tuple(_tokens(text, 0, inner=False)[0])


def _tokens(text: str, at: int, *, inner: bool) -> tuple[list[Token], int]:
    found: list[Token] = []
    depth = 0
    while at < len(text):
        if text[at] == "`":
            at = _template(text, at, found)
            continue
        if text[at] == "/" and _may_be_regex(found) and (match := _REGEX.match(text, at)):
            found.append(Token("regex", match[0], at))
            at = match.end()
            continue
        match = _TOKEN.match(text, at)
        assert match is not None, "every character is a mark at least"
        kind, word = match.lastgroup, match[0]
        if kind == "mark":
            depth += (word == "{") - (word == "}")
            if inner and depth < 0:
                return found, match.end()
            found.append(Token("mark", word, at))
        elif kind == "string":
            found.append(Token("string", word[1:-1] if word[-1] == word[0] and len(word) > 1 else word[1:], at))
        elif kind in ("name", "number"):
            found.append(Token("name" if kind == "name" else "number", word, at))
        at = match.end()
    return found, at


def _template(text: str, at: int, found: list[Token]) -> int:
    start = at
    at += 1
    chunk = ""
    inside: list[Token] = []
    while at < len(text) and text[at] != "`":
        if text[at] == "\\":
            chunk += text[at : at + 2]
            at += 2
        elif text.startswith("${", at):
            chunk += "${}"
            inner, at = _tokens(text, at + 2, inner=True)
            inside += inner
        else:
            chunk += text[at]
            at += 1
    found.append(Token("string", chunk, start))
    if inside:
        found += [Token("mark", "(", start), *inside, Token("mark", ")", start)]
    return at + 1


def _may_be_regex(found: Sequence[Token]) -> bool:
    if not found:
        return True
    last = found[-1]
    if last.kind == "name":
        return last.text in _BEFORE_REGEX
    return last.kind == "mark" and last.text not in (")", "]", "}", "++", "--")


def words_of(tokens: Iterable[Token]) -> frozenset[str]:
    """Return the names among the tokens."""
    return frozenset(token.text for token in tokens if token.kind == "name")


def closing(tokens: Sequence[Token], opening: int) -> int:
    """Return where the bracket at ``opening`` is closed; the last token where it is not."""
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].kind == "mark":
            text = tokens[index].text
            depth += (text in _OPEN) - (text in _CLOSE)
            if depth == 0:
                return index
    return len(tokens) - 1


_DECLARING = frozenset(("function", "class", "const", "let", "var"))
_NAMING = _DECLARING | {"interface", "type"}
_REMEMBERED = 128
"""Texts whose reading is kept."""
_GROUPS = frozenset(("describe", "suite", "context", "fdescribe", "xdescribe", "module"))
_TESTS = frozenset(("test", "tape", "it", "specify", "fit", "xit", "xtest"))
_HOOKS = frozenset(("before", "after", "beforeEach", "afterEach", "beforeAll", "afterAll", "setup", "teardown"))
_PLACE = re.compile(r"\\?\$\\?\{\\?\}|%[sdifjoOpc#%]|\\?\$[\w.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestBlock:
    """A test of a test file: its groups' titles and its own (None: not a plain text), and the names in its call."""

    titles: tuple[str | None, ...]
    words: frozenset[str]

    def is_named(self, name: Sequence[str]) -> bool:
        """Whether a test of that name (its groups before it) may be this one."""
        return len(name) == len(self.titles) and all(
            title is None or _fits(title, part) for title, part in zip(self.titles, name, strict=True)
        )


def _fits(title: str, part: str) -> bool:
    plain = re.sub(r"\\(.)", r"\1", title)
    if plain == part:
        return True
    return _PLACE.search(title) is not None and (
        re.fullmatch(".*".join(re.escape(piece) for piece in _PLACE.split(title)), part, re.S) is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFile:
    """What a test file holds.

    ``imports`` are the names that it imports, and from where; ``made`` the variables that hold a ``new`` one of a
    name; ``shared`` the names in its hooks. ``free`` are the names that are no member's, ``declared`` what it declares.
    """

    __test__ = False

    text: str
    blocks: tuple[TestBlock, ...]
    shared: frozenset[str]
    words: frozenset[str]
    free: frozenset[str]
    declared: frozenset[str]
    imports: Mapping[str, str]
    made: Mapping[str, str]

    def speaks(self, name: Sequence[str], wanted: frozenset[str]) -> bool:
        """Whether the test of that name calls one of ``wanted``, by what its own text and the hooks name."""
        own = [block for block in self.blocks if block.is_named(name)]
        if not own:
            return not self.words.isdisjoint(wanted)
        return any(not (block.words | self.shared).isdisjoint(wanted) for block in own)

    def skips(self, name: Sequence[str]) -> bool:
        """Whether the test of that name may skip itself, by what its own text and the hooks name."""
        own = [block for block in self.blocks if block.is_named(name)]
        words = self.shared.union(*(block.words for block in own)) if own else self.words
        return any(map(_SKIPS.fullmatch, words))


_SKIPS = re.compile(r"skip\w*|todo|pending|fails|failing|only|runIf|x(?:it|test|specify|describe|context)", re.I)
_FROM = re.compile(r"\bimport\s++(?!type\b)(?P<names>[\w$*{}\s,]+?)\bfrom\s*+[\"'](?P<source>[^\"'\n]+)[\"']")
_REQUIRED = re.compile(
    r"\b(?:const|let|var)\s+(?P<names>\{[^{}]*\}|[\w$]+)\s*=\s*"
    r"(?:await\s+import|require)\(\s*[\"'](?P<source>[^\"'\n]+)[\"']\s*\)"
)
_SUITE = re.compile(r"(?P<name>[\w$]+)\s*=\s*(?:[\w$]+\.)?suite\(\s*[\"'](?P<title>[^\"'\n]*)[\"']")
_MADE = re.compile(r"(?P<name>[\w$]+)\s*=\s*(?:await\s+)?new\s+(?:[\w$]+\.)*(?P<of>[\w$]+)")


@lru_cache(maxsize=_REMEMBERED)  # the same files are read for each candidate
def read_tests(text: str) -> TestFile:
    """Read a test file."""
    tokens = tokens_of(text)
    imports: dict[str, str] = {}
    for pattern in (_FROM, _REQUIRED):
        for match in pattern.finditer(text):
            for part in re.split(r"[{},]", match["names"]):
                words = re.split(r"\s+as\s+|\s*:\s*", part.strip())
                if words[-1]:
                    imports[words[-1]] = match["source"]
    shared: set[str] = set()
    for index, token in enumerate(tokens[:-1]):
        if token.kind == "name" and token.text in _HOOKS and tokens[index + 1].text == "(":
            shared |= words_of(tokens[index : closing(tokens, index + 1)])
    before = (None, *(token.text for token in tokens))
    names = [(token.text, last) for token, last in zip(tokens, before, strict=False) if token.kind == "name"]
    suites = {match["name"]: match["title"] for match in _SUITE.finditer(text)}
    blocks = tuple(_blocks(tokens, 0, len(tokens), (), suites))
    return TestFile(
        text=text,
        blocks=blocks,
        shared=frozenset(shared),
        words=frozenset(name for name, _ in names),
        free=frozenset(name for name, last in names if last not in (".", "?.")),
        declared=frozenset(token.text for token, last in zip(tokens, before, strict=False) if last in _NAMING),
        imports=imports,
        made={match["name"]: match["of"] for match in _MADE.finditer(text)},
    )


def _blocks(
    tokens: Sequence[Token], start: int, stop: int, above: tuple[str | None, ...], suites: Mapping[str, str]
) -> Iterator[TestBlock]:
    """``suites`` are the titles of uvu's suites by the functions that add a test to them."""
    index = start
    while index < stop:
        token = tokens[index]
        callee = token.kind == "name" and (token.text in _GROUPS | _TESTS or token.text in suites)
        opening = _call(tokens, index, stop) if callee else None
        if opening is None:
            index += 1
            continue
        end = closing(tokens, opening)
        first = tokens[opening + 1] if opening + 1 < stop else token
        around = (suites[token.text],) if suites.get(token.text) else above
        titles = (*around, first.text if first.kind == "string" else None)
        inner = tuple(_blocks(tokens, opening + 1, end, titles, suites))
        if token.text in _TESTS or token.text in suites:
            yield TestBlock(titles=titles, words=words_of(tokens[index:end]))
        yield from inner
        index = end + 1


def _call(tokens: Sequence[Token], index: int, stop: int) -> int | None:
    """Where the call of a test function opens: ``test(``, ``it.only(``, ``test.each([..])(``; None: it is no call."""
    at = index + 1
    while at + 1 < stop and tokens[at].text == "." and tokens[at + 1].kind == "name":
        at += 2
    if tokens[at - 1].text in ("each", "for") and at < stop:
        if tokens[at].text == "(":
            at = closing(tokens, at) + 1
        elif tokens[at].kind == "string":  # a table in a template
            at += 1
            if at < stop and tokens[at].text == "(" and tokens[at].start == tokens[at - 1].start:
                at = closing(tokens, at) + 1
    return at if at < stop and tokens[at].text == "(" and tokens[at].kind == "mark" else None


def reaching(names: Iterable[str], *texts: str) -> frozenset[str]:
    """Return ``names`` and all that is declared in the texts by their help: their callers, and callers of those."""
    wanted = set(names)
    declared = [pair for text in texts for pair in _declared_in(text)]
    while True:
        more = {name for names, words in declared if not words.isdisjoint(wanted) for name in names} - wanted
        if not more:
            return frozenset(wanted)
        wanted |= more


@lru_cache(maxsize=_REMEMBERED)
def _declared_in(text: str) -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    return tuple(_declared(tokens_of(text)))


def _declared(tokens: Sequence[Token]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    """What each declaration declares, and the names in it."""
    for index, token in enumerate(tokens):
        if token.kind != "name" or token.text not in _DECLARING or index + 1 >= len(tokens):
            continue
        head = index + 1
        if tokens[head].text in ("{", "["):
            end = closing(tokens, head)
            names = tuple(part.text for part in tokens[head:end] if part.kind == "name")
        else:
            names = tuple(part.text for part in tokens[head : head + 2] if part.kind == "name")[:1]
            end = head
        stop = _end(tokens, end + 1)
        words = words_of(tokens[end + 1 : stop])
        if "require" not in words:
            yield names, words


def _end(tokens: Sequence[Token], at: int) -> int:
    """Where a declaration ends: at a semicolon, the end of what holds it, or what can only begin another."""
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "mark":
            if token.text == ";" or token.text in _CLOSE:
                return at
            if token.text in _OPEN:
                at = closing(tokens, at)
        elif token.kind == "name" and token.text in _DECLARING | _TESTS | _GROUPS | _HOOKS | {"export", "import"}:
            before = tokens[at - 1].text
            if before not in ("=", "(", ",", "=>", "return", "async", "default", ".", "new", "extends", ":"):
                return at
        at += 1
    return at


def is_module(name: str, text: str) -> bool:
    """Whether a file is an ES module, by its name and text."""
    if re.search(r"\.m[jt]s$", name):
        return True
    if re.search(r"\.c[jt]s$", name):
        return False
    return re.search(r"^\s*(?:import\b(?!\s*\()|export\b)", text, re.M) is not None
