"""What stands where in a Java text: without comments and literals, its methods, its types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "ANNOTATION",
    "Method",
    "literals",
    "methods_of",
    "package_of",
    "plain",
    "types_of",
    "unescaped",
    "without_comments",
    "words_of",
]

_LITERAL = re.compile(
    r"/\*.*?(?:\*/|\Z)|//[^\n]*|"
    r'"""(?:\\.|.)*?(?:"""|\Z)|"(?:\\.|[^"\\\n])*"?|'
    r"'(?:\\.|[^'\\\n])*'?",
    re.S,
)
_PACKAGE = re.compile(r"^[ \t]*package\s+([\w.]+)\s*;", re.M)
_WORD = re.compile(r"[^\W\d]\w*")
_TYPE = re.compile(r"\b(?:class|interface|enum|record)\s+(\w+)")
ANNOTATION = re.compile(r"@(?!interface\b)[\w.]+(?:\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?")
_CALLED = re.compile(r"(?<!\w)(\w++)\s*+\(")
_UNICODE = re.compile(r"\\u+([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method or constructor: the types it stands in (``AreaTest.Inner``), the offsets of its header's first character
    and of the character after its body, and where its body begins."""

    name: str
    type: str
    start: int
    body: int
    end: int
    header: str


def plain(text: str) -> str:
    """``text`` with blanks for its comments and literals; every other character stays where it is."""
    return _LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def literals(text: str) -> str:
    """The string and character literals of ``text``, a line each."""
    found = (match[0] for match in _LITERAL.finditer(unescaped(text)))
    return "\n".join(literal for literal in found if literal[0] != "/")


def unescaped(text: str) -> str:
    """``text`` as the compiler reads it: with the characters that stand as ``\\u0041``."""
    return _UNICODE.sub(lambda match: chr(int(match[1], 16)), text)


def without_comments(text: str) -> str:
    """``text`` with a blank for each of its comments."""
    return _LITERAL.sub(lambda match: " " if match[0].startswith("/") else match[0], text)


def words_of(text: str) -> frozenset[str]:
    """The words of a text's code."""
    return frozenset(_WORD.findall(plain(text)))


def package_of(text: str) -> str | None:
    """The package that a text says it belongs to."""
    found = _PACKAGE.search(text)
    return found[1] if found is not None else None


def types_of(text: str) -> frozenset[str]:
    """The types that a text declares, annotations too."""
    return frozenset(_TYPE.findall(plain(unescaped(text))))


def methods_of(text: str) -> tuple[Method, ...]:
    """The methods of a text's named types, in their order."""
    return tuple(sorted(_methods(plain(text)), key=lambda method: method.start))


def _methods(code: str) -> Iterator[Method]:
    """Walk the braces: what stands before one that opens says what it opens."""
    open_blocks: list[tuple[str | None, tuple[str, int, str, int] | None]] = []
    brackets = 0
    begin = 0
    for match in re.finditer(r"[{}();]", code):
        char, at = match[0], match.start()
        if char in "()":
            brackets = max(brackets + (1 if char == "(" else -1), 0)
        elif char == "{" and not brackets:
            header = code[begin:at]
            bare = ANNOTATION.sub(lambda found: " " * len(found[0]), header)
            types = [name for name, _ in open_blocks if name is not None]
            inside = not open_blocks or open_blocks[-1][0] is not None
            kind = _TYPE.search(bare) if inside else None
            call = _CALLED.search(bare) if inside and kind is None and "=" not in bare else None
            if kind is not None:
                open_blocks.append((kind[1], None))
            elif call is not None and types:
                start = begin + len(header) - len(header.lstrip())
                open_blocks.append((None, (call[1], start, ".".join(types), at)))
            else:
                open_blocks.append((None, None))
            begin = at + 1
        elif char == "{":
            open_blocks.append((None, None))  # the values of an annotation, or a block in a lambda's brackets
        elif char == "}":
            _, method = open_blocks.pop() if open_blocks else (None, None)
            if method is not None:
                name, start, within, body = method
                header = code[start:body]
                yield Method(name=name, type=within, start=start, body=body, end=at + 1, header=header)
            if not brackets:
                begin = at + 1
        elif not brackets:
            begin = at + 1
