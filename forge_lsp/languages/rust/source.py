"""Rust text taken apart as far as tests and examples need it: tokens and items. Pure, and tolerant of what is
half-written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["TESTED", "Item", "Token", "blanked", "items_of", "tokens_of", "walked"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>//[^\n]*|/\*)
    |(?P<string>(?:br|cr|r)(?P<hashes>\#*)"(?s:.*?)"(?P=hashes)|[bc]?"(?s:[^"\\]|\\.)*")
    |(?P<char>b?'(?:[^'\\\n]|\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.))')
    |(?P<life>'[^\W\d]\w*)
    |(?P<word>(?:r\#)?[^\W\d]\w*)
    |(?P<number>\d\w*(?:\.\d\w*)?)
    |(?P<sign>::|->|=>|==|!=|\|\||&&|.)""",
    re.X | re.S,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_KINDS = frozenset({"fn", "mod", "struct", "enum", "union", "trait", "impl", "use", "const", "static", "type"})
_BEFORE = frozenset({"pub", "async", "unsafe", "default", "extern", "const"})
TESTED = re.compile(
    r"#\s*\[\s*(?:\w+\s*::\s*)*(?:test|rstest|test_case|test_matrix|quickcheck|property_test|wasm_bindgen_test)\b"
    r"|(?<!\w)quickcheck\s*!"
)
"""What makes a test: an attribute, the widespread packages' too, or a macro."""
_CFG_TEST = re.compile(r"#\s*\[\s*cfg\s*\(\s*(?:all\s*\(\s*)?test\b")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``kind`` is a group of the pattern above."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a text. ``start`` is where its documentation and attributes begin, ``head`` where it itself does,
    ``body`` what stands in its braces (None: it has none), ``attributes`` and ``docs`` their texts. ``path`` are the
    names of what encloses it and its own. ``testing``: it or what encloses it is only there for tests."""

    kind: str
    name: str
    start: int
    head: int
    end: int
    attributes: str
    docs: tuple[Token, ...]
    body: tuple[int, int] | None
    path: tuple[str, ...]
    testing: bool
    items: tuple[Item, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether it is a function that the runner takes for a test."""
        return self.kind == "fn" and TESTED.search(self.attributes) is not None


def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text, comments included, white space left out."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            break
        kind, end = str(match.lastgroup), match.end()
        if kind == "hashes":
            kind = "string"
        if match[0] == "/*":
            depth = 1
            while depth and (edge := _BLOCK_EDGE.search(text, end)) is not None:
                depth, end = depth + (1 if edge[0] == "/*" else -1), edge.end()
            end = end if not depth else len(text)
        if kind != "space":
            found.append(Token(kind, text[place:end], place, end))
        place = end
    return tuple(found)


def items_of(text: str) -> tuple[Item, ...]:
    """Return the items of a text, those in modules, ``impl`` blocks, traits and macro calls below them."""
    tokens = tokens_of(text)
    return tuple(_items(text, tokens, 0, len(tokens), (), False))


def walked(items: Sequence[Item]) -> Iterator[Item]:
    """Yield all items, each before those in it."""
    for item in items:
        yield item
        yield from walked(item.items)


def blanked(text: str, start: int, end: int) -> str:
    """Return a text with a part taken out, the lines below it where they were."""
    return text[:start] + "\n" * text.count("\n", start, end) + text[end:]


def _items(
    text: str, tokens: Sequence[Token], place: int, stop: int, path: tuple[str, ...], testing: bool
) -> Iterator[Item]:
    while place < stop:
        begin = place
        docs: list[Token] = []
        attributes: list[str] = []
        while place < stop:
            token = tokens[place]
            if token.kind == "comment":
                if re.match(r"///(?!/)|/\*\*(?![*/])", token.text):
                    docs.append(token)
                elif not docs and not attributes:
                    begin = place + 1
                place += 1
            elif token.text == "#" and place + 1 < stop and tokens[place + 1].text == "[":
                close = _closing(tokens, place + 1, stop)
                attributes.append(text[token.start : tokens[min(close, stop - 1)].end])
                place = close + 1
            else:
                break
        if place >= stop:
            return
        head = place
        while place < stop and (tokens[place].text in _BEFORE or tokens[place].kind == "string"):
            if tokens[place].text == "const" and place + 1 < stop and tokens[place + 1].text not in ("fn", *_BEFORE):
                break
            place += 1
            if place < stop and tokens[place - 1].text == "pub" and tokens[place].text == "(":
                place = _closing(tokens, place, stop) + 1
        word = tokens[place].text if place < stop else ""
        is_macro = place + 1 < stop and tokens[place].kind == "word" and tokens[place + 1].text == "!"
        if word not in _KINDS and not is_macro:
            place = _past(tokens, place, stop) if place < stop else place
            continue
        kind = "macro" if is_macro else word
        end, brace = _extent(tokens, place, stop, until_semicolon=kind in ("use", "const", "static", "type"))
        name = _name(tokens, kind, place, brace if brace is not None else end)
        attribute_text = "\n".join(attributes)
        tests = testing or TESTED.search(attribute_text) is not None or _CFG_TEST.search(attribute_text) is not None
        inner: tuple[Item, ...] = ()
        below = path if kind == "macro" else (*path, name)
        if brace is not None and kind in ("mod", "impl", "trait", "macro"):
            inner = tuple(_items(text, tokens, brace + 1, end, below, tests))
        last = tokens[min(end, stop - 1)]
        yield Item(
            kind=kind,
            name=name,
            start=tokens[begin].start,
            head=tokens[head].start,
            end=last.end,
            attributes=attribute_text,
            docs=tuple(docs),
            body=(tokens[brace].end, last.start) if brace is not None else None,
            path=(*path, name),
            testing=tests,
            items=inner,
        )
        place = end + 1


def _past(tokens: Sequence[Token], place: int, stop: int) -> int:
    """The place after what is no item: a whole group, or one token."""
    return (_closing(tokens, place, stop) if tokens[place].text in _PAIRS else place) + 1


def _closing(tokens: Sequence[Token], place: int, stop: int) -> int:
    """Where the group that opens at ``place`` closes, or the last token."""
    depth = 0
    for number in range(place, stop):
        if tokens[number].kind == "sign":
            depth += (tokens[number].text in "([{") - (tokens[number].text in ")]}")
            if depth <= 0:
                return number
    return stop - 1


def _extent(tokens: Sequence[Token], place: int, stop: int, *, until_semicolon: bool) -> tuple[int, int | None]:
    """Where an item ends, and where its braces open."""
    number = place
    while number < stop:
        text = tokens[number].text if tokens[number].kind == "sign" else ""
        if text == ";":
            return number, None
        if text == "{" and not until_semicolon:
            return _closing(tokens, number, stop), number
        if text in _PAIRS:
            number = _closing(tokens, number, stop)
        number += 1
    return stop - 1, None


def _name(tokens: Sequence[Token], kind: str, place: int, stop: int) -> str:
    words = [token for token in tokens[place + 1 : stop] if token.kind == "word"]
    if kind == "macro":
        return words[0].text if tokens[place].text == "macro_rules" and words else tokens[place].text
    if kind != "impl":
        return next((word.text for word in words if word.text not in ("mut",)), "")
    depth = 0
    name = ""
    for token in tokens[place + 1 : stop]:
        if token.text == "where":
            break
        depth += (token.text == "<") - (token.text == ">")
        if token.text == "for" and depth == 0:
            name = ""
        elif token.kind == "word" and depth == 0 and token.text not in ("mut", "dyn", "unsafe", "const"):
            name = token.text
    return name
