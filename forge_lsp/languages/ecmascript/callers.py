"""What calls a function in other modules of a project, step by step, and which test files name that. Reads texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath

from forge_lsp.checking.project import Place
from forge_lsp.languages.ecmascript.reading import Token, closing, tokens_of, words_of

__all__ = ["callers_by_step", "callers_in", "declarations", "named_by_step"]

_MOST_STEPS = 5
_MOST_READ = 40
"""Modules that are read for one step."""
_MOST_NAMES = 200
_SHORT = 2
_FEW = 2
_VARIABLES = frozenset(("const", "let", "var"))
_TYPES = frozenset(("function", "class"))
_CONTROL = frozenset(("if", "for", "while", "switch", "catch", "function", "with", "return", "await", "super"))
_FUNCTION = frozenset(("function", "=>", "async"))
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


def callers_by_step(place: Place, names: Iterable[str], modules: Mapping[str, int]) -> Iterator[frozenset[str]]:
    """Yield the names of what calls one of ``names`` in ``modules`` (by how far they are from the document), then of
    what calls these, and so on: functions, classes, methods, variables of a module, and what they are exported as."""
    order = sorted(modules, key=lambda file: (modules[file], file))

    def using(words: re.Pattern[str]) -> Iterator[str]:
        texts = (place.text(PurePosixPath(file)) or "" for file in order)
        return islice(filter(words.search, texts), _MOST_READ)

    return _by_step(frozenset(names), using)


def callers_in(text: str, name: str) -> tuple[str, ...]:
    """Return the names of what calls ``name`` in its own module, the nearest first."""
    steps = _by_step(frozenset((name,)), lambda words: iter((text,) if words.search(text) else ()))
    return tuple(one for step in steps for one in sorted(step))


def _by_step(names: frozenset[str], using: Callable[[re.Pattern[str]], Iterator[str]]) -> Iterator[frozenset[str]]:
    """``using`` gives the texts that have some names."""
    known, fresh = set(names), names
    for _ in range(_MOST_STEPS):
        texts = using(re.compile(rf"(?<![\w$])(?:{'|'.join(map(re.escape, sorted(fresh)))})(?![\w$])"))
        pairs = (pair for text in texts for pair in declarations(text))
        found = {name for name, used in pairs if len(name) > _SHORT and not used.isdisjoint(fresh)}
        fresh = frozenset(sorted(found - known)[:_MOST_NAMES])
        if not fresh:
            return
        known |= fresh
        yield fresh


def named_by_step(
    place: Place, files: Sequence[str], steps: Iterable[frozenset[str]], *, most: int
) -> tuple[PurePosixPath, ...]:
    """Return those of ``files`` that name a caller: of the nearest step first, of each those that name it most often.
    Names that most of the files have say nothing of any of them."""
    texts = {file: place.text(PurePosixPath(file)) or "" for file in files}
    words = {file: Counter(re.findall(r"[A-Za-z_$][\w$]*", text)) for file, text in texts.items()}
    holders = Counter(word for own in words.values() for word in own)
    found: dict[str, None] = {}
    for names in steps:
        telling = [name for name in names if 0 < holders[name] <= max(_FEW, len(files) // 2)]
        counts = {file: sum(own[name] for name in telling) for file, own in words.items() if file not in found}
        ranked = sorted((file for file, count in counts.items() if count), key=lambda file: (-counts[file], file))
        found |= dict.fromkeys(ranked)
        if len(found) >= most:
            break
    return tuple(map(PurePosixPath, list(found)[:most]))


@lru_cache(maxsize=256)  # a module is read once, for all steps
def declarations(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return each name that others can use, with the names in what it stands for: functions, classes, methods,
    variables of the module or that hold a function, assigned members, other names of exports."""
    return tuple(_declarations(text))


def _declarations(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    tokens = tokens_of(text)
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind == "mark":
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
        if token.kind != "name" or index + 2 >= len(tokens):
            continue
        after = tokens[index + 1]
        if token.text in _TYPES | _VARIABLES and after.kind == "name":
            end = _end(tokens, index + 2, braces=token.text in _TYPES)
            words = tokens[index + 2 : end]
            if token.text in _TYPES or not depth or any(one.text in _FUNCTION for one in words[:8]):
                yield after.text, words_of(words)
        elif after.text == "as" and tokens[index + 2].kind == "name":
            yield tokens[index + 2].text, frozenset((token.text,))
        elif after.text == "(" and token.text not in _CONTROL and _may_be_method(tokens, index):
            body = _body(tokens, closing(tokens, index + 1) + 1)
            if body is not None:
                yield token.text, words_of(tokens[body : closing(tokens, body)])
        elif (
            after.text == "="
            and index > 1
            and tokens[index - 1].text == "."
            and (not depth or tokens[index - 2].text in ("exports", "prototype"))
        ) or (after.text == ":" and any(one.text in _FUNCTION for one in tokens[index + 2 : index + 3])):
            yield token.text, words_of(tokens[index + 2 : _end(tokens, index + 2)])
        elif after.text == ":" and tokens[index + 2].text == "(":
            end = closing(tokens, index + 2)
            if end + 1 < len(tokens) and tokens[end + 1].text == "=>":
                yield token.text, words_of(tokens[end + 1 : _end(tokens, end + 1)])


def _may_be_method(tokens: Sequence[Token], index: int) -> bool:
    """Whether the name at ``index``, before a bracket, may declare a method: no call of a member, no ``new``."""
    return not index or tokens[index - 1].text not in (".", "?.", "new", "function", "return", "=", "await")


def _body(tokens: Sequence[Token], at: int) -> int | None:
    """Where the body of a method begins, after its parameters and what it gives; None: there is none."""
    if at < len(tokens) and tokens[at].text == ":":
        while at < len(tokens) and tokens[at].text not in ("{", ";", "}", ",", "=>"):
            at += 1
    return at if at < len(tokens) and tokens[at].text == "{" else None


def _end(tokens: Sequence[Token], at: int, *, braces: bool = False) -> int:
    """Where a declaration or a value ends: at a semicolon or comma, the end of what holds it, the next declaration;
    with ``braces`` after its body."""
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "mark":
            if token.text in (";", ",") or token.text in _CLOSE:
                return at
            if token.text in _OPEN:
                at = closing(tokens, at)
                if braces and token.text == "{" and tokens[at + 1 : at + 2] and tokens[at + 1].text != "{":
                    return at + 1
        elif _begins(token, tokens[at - 1]):
            return at
        at += 1
    return at


def _begins(token: Token, before: Token) -> bool:
    """Whether a word begins another declaration."""
    if token.text in ("export", "import"):
        return before.text not in (".", "await")
    return token.text in _TYPES | _VARIABLES and before.text in (")", "}")
