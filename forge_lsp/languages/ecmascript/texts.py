"""The strings of JavaScript text that lead to tests: paths, commands, what modules are loaded by. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from forge_lsp.languages.ecmascript.reading import Token, closing

__all__ = ["SOURCE_OF_TESTS", "beside", "is_glob", "is_source", "joined", "names_tests", "only_asked", "plain"]

_TEST_TEXT = re.compile(
    r"(?:^|[/\\._\s*`'\"(-])(?:__tests__|tests?|spec|specs)(?:$|[/\\.*\s`'\")-])|\*\.[cm]?[jt]s|/proc\b|/dev/(?:fd|std)"
)
# In what people read, "test" is a word like others.
_TEST_PATH = re.compile(r"(?:__tests__|\btests?|\bspecs?)/|\.(?:test|spec)\.[cm]?[jt]sx?\b|/proc/|/dev/(?:fd|std)")
# A test file that is loaded as a module or as text.
SOURCE_OF_TESTS = re.compile(r"[._-](?:test|spec)s?\b|(?:^|/)(?:__tests__|tests?)/[^?]*(?:\?|\*|$)|\*\*")
_SEARCHING = re.compile(
    r"\b(?:grep|egrep|rg|ag|ack)\b(?=.*(?:\s-\w*[rR]|\*))|^(?:rg|ag|ack)$|\bgit grep\b"
    r"|\bfind\s+[./]|\b(?:cat|tar)\b.*(?:\*|\s\.)"
)


def is_source(tokens: Sequence[Token], text: str) -> bool:
    """Whether a string is what a module is loaded by."""
    for index, token in enumerate(tokens):
        if token.kind == "string" and token.text == text and index:
            before = tokens[index - 1].text
            opener = tokens[index - 2].text if index > 1 else ""
            loads = ("require", "import", "getBuiltinModule", "importActual", "requireActual")
            if before in ("from", "import") or (before == "(" and opener in loads):
                return True
    return text not in (token.text for token in tokens if token.kind == "string")  # it was put together


def only_asked(tokens: Sequence[Token], index: int) -> bool:
    """Whether a string that may be a folder's name is only compared, or the name of a member."""
    token = tokens[index]
    if token.kind != "string" or token.text not in ("test", "tests", "spec", "specs") or index < 2:
        return False
    before, owner = tokens[index - 1], tokens[index - 2]
    following = tokens[index + 1].text if index + 1 < len(tokens) else ""
    member = before.text == "[" and following == "]" and (owner.kind == "name" or owner.text in (")", "]"))
    return member or before.text in ("===", "!==", "==", "!=", "case") or following in ("===", "!==", "==", "!=", ":")


def names_tests(text: str, *, runs: bool) -> bool:
    """Whether a string leads to the tests: a path, or, where the code ``runs`` programs, a command."""
    if runs or not re.search(r"\s", text):
        return _TEST_TEXT.search(text) is not None or _SEARCHING.search(text) is not None
    return _TEST_PATH.search(text) is not None


def is_glob(tokens: Sequence[Token], text: str) -> bool:
    """Whether a string stands in a call of the bundler's ``import.meta.glob``."""
    for index, token in enumerate(tokens[:-1]):
        if token.text == "glob" and index > 1 and tokens[index - 2].text == "meta":
            end = closing(tokens, index + 1)
            if any(each.kind == "string" and plain(each.text) == text for each in tokens[index + 1 : end]):
                return True
    return False


def joined(tokens: Sequence[Token]) -> Iterator[str]:
    """The strings, those that are put together from pieces as one more."""
    index = 0
    while index < len(tokens):
        if tokens[index].kind == "string":
            text, count = plain(tokens[index].text), 1
            yield text
            while (
                index + 2 < len(tokens)
                and tokens[index + 1].text == "+"
                and tokens[index + 1].kind == "mark"
                and tokens[index + 2].kind == "string"
            ):
                index += 2
                count += 1
                text += plain(tokens[index].text)
                yield plain(tokens[index].text)
            if count > 1:
                yield text
        index += 1


def plain(text: str) -> str:
    """A string's escapes read: what hides a name in them is no less a name."""
    hidden = re.sub(r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]+)\}", _character, text)
    return re.sub(r"\\(.)", r"\1", hidden, flags=re.S)


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or found[3], 16)
    return chr(code) if code < 0x110000 else ""


def beside(tokens: Sequence[Token], index: int) -> bool:
    """Whether what is listed is the code's own folder, one above it, or the one it runs in."""
    if index + 1 >= len(tokens):
        return False
    inside = list(tokens[index + 1 : closing(tokens, index + 1)])
    if tokens[index].text in ("cp", "cpSync", "symlinkSync", "renameSync"):  # the first of two paths
        inside = inside[: next((at for at, token in enumerate(inside) if token.text == ","), len(inside))]
    if len(inside) > 1 and inside[1].kind == "name":  # what the variable was made from
        for at, token in enumerate(tokens[:-1]):
            if token.text == inside[1].text and tokens[at + 1].text == "=":
                end = next((later for later in range(at, len(tokens)) if tokens[later].text == ";"), at + 2)
                inside += tokens[at + 2 : end]
    strings = [plain(token.text) for token in inside if token.kind == "string"]
    if any(text.strip("./") and text not in ("utf8", "utf-8") for text in strings):
        return False  # a folder below
    return any(token.kind == "name" and token.text in ("__dirname", "meta", "cwd") for token in inside) or any(
        text in (".", "./", "..", "../", "/", "../..") for text in strings
    )
