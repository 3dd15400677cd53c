"""What a candidate does with the names of the tests, and with how it is compiled for them, by its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from forge_lsp.languages.c_family.flags import SOURCES
from forge_lsp.languages.c_family.scanning import blanked, calls_in, functions_in

__all__ = ["DEFINED", "TYPE", "by_conditions", "by_tests"]

_MACRO_OF_TESTS = re.compile(
    r"^[ \t]*#[ \t]*(?:define|undef)[ \t]+(?P<name>assert|NDEBUG|ok|is|"
    r"(?:ASSERT|EXPECT|CHECK|REQUIRE|TEST|FAIL|SUCCEED|TAP|RUN|MU|CU|ck)_?\w*|mu_\w+|cmp_ok|printf|puts)\b",
    re.M,
)
DEFINED = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(?P<name>\w+)(?P<rest>(?:\\\n|[^\n])*)", re.M)
"""A macro."""
TYPE = re.compile(r"\b(?:struct|class|union|enum)\s+(?P<name>[A-Za-z_]\w*)[^;(){}]*\{")
"""The beginning of a type."""
_EXTERN = re.compile(r"\bextern\b[^;{}=]*?\b(?P<name>[A-Za-z_]\w*)\s*(?:\([^;{}]*\)|(?:\[[^;\]]*\])*)\s*;")
_DECLARED = re.compile(
    r"(?:^|[;{}])[ \t]*+(?!return\b|else\b|goto\b)(?:[A-Za-z_][\w:<>]*+[\s*&]++)+"
    r"(?P<name>[A-Za-z_]\w*)\s*\([^;{}()]*\)\s*;",
    re.M,
)
_GLOBAL = re.compile(
    r"^(?!static\b|typedef\b|return\b)(?:[A-Za-z_]\w*+[\s*]++)+(?P<name>[A-Za-z_]\w*+)\s*+(?:=[^;]*|\[[^;]*)?;", re.M
)
_CONDITION = re.compile(r"^[ \t]*#[ \t]*(?P<how>if\w*|el\w+|endif)\b(?P<what>(?:\\\n|[^\n])*)", re.M)
_WATCHED = re.compile(r"\b(?:__OPTIMIZE\w*|N?DEBUG|_DEBUG|\w*(?:TEST|CHECKED|COVERAGE|SANITIZE)\w*|__cplusplus_cli)\b")


def by_tests(code: str, user: str, tests: Mapping[str, str], document: str, known: Collection[str]) -> str | None:
    """Return what the candidate does with the names of the tests; None where it is nothing. ``known`` are the names
    that it may bring."""
    plain = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", "", blanked(code), flags=re.M)
    own = {one.name for one in functions_in(code)} | {one.name for one in functions_in(user)}
    theirs = {"main"}
    for text in tests.values():
        theirs |= {one.name for one in functions_in(text)} | {match["name"] for match in _GLOBAL.finditer(text)}
    asked = {match["name"] for rule in (_EXTERN, _DECLARED) for match in rule.finditer(plain)}
    if (asked & theirs) - own - set(known) - set(re.findall(r"\w+", user)):
        return "the code uses what belongs to the tests"
    if not _included(document, tests):
        return None
    bare = blanked(code, literals=False)
    if any(
        match["name"] not in {one["name"] for one in _MACRO_OF_TESTS.finditer(user)}
        for match in _MACRO_OF_TESTS.finditer(bare)
    ):
        return "the code defines macros that the tests use"
    said = "\n".join(blanked(text) for text in tests.values())
    words = set(re.findall(r"[A-Za-z_]\w*", said))
    types = set(re.findall(r"(?<![\w.>])([A-Za-z_]\w*)\b\s*(?:::|<|\{|[A-Za-z_])", said))
    brought = {match["name"] for match in DEFINED.finditer(bare)} & words
    brought |= {match["name"] for match in TYPE.finditer(bare)} & types
    brought |= {
        one.name
        for one in functions_in(code)
        if not re.search(r"operator\s*$", code[max(one.begin - 12, 0) : one.begin])
    } & calls_in(said)
    taken = sorted(brought - set(known) - set(re.findall(r"\w+", user)) - {"main"})
    return f"the code brings a {taken[0]} of its own, which the tests use" if taken else None


def _included(document: str, tests: Mapping[str, str]) -> bool:
    """Whether the tests compile the document's text with their own: a header, or a source that they include."""
    if PurePosixPath(document).suffix not in SOURCES:
        return True
    included = re.compile(rf"^[ \t]*#[ \t]*include[ \t]*[<\"][^>\"\n]*{re.escape(PurePosixPath(document).name)}", re.M)
    return any(included.search(text) for text in tests.values())


def by_conditions(code: str, held: str, names: Collection[str]) -> bool:
    """Return whether what is written is chosen by how it is compiled for the tests: a definition of one of ``names``,
    or what it returns. ``held`` is the text before, blanked."""
    plain = blanked(code)
    opened: list[tuple[bool, int]] = []
    word = re.compile(rf"\b(?:{'|'.join(map(re.escape, names)) or 'main'})\s*\(")
    inside = [(one.body, one.end) for one in functions_in(code) if one.name in names]
    for match in _CONDITION.finditer(plain):
        watched = any(name not in held for name in _WATCHED.findall(match["what"]))
        if match["how"].startswith("if"):
            opened.append((watched, match.end()))
        elif match["how"] == "endif" and opened:
            was, begin = opened.pop()
            part = plain[begin : match.start()]
            within = any(body <= begin < end for body, end in inside)
            if was and (word.search(part) or (within and re.search(r"\breturn\b", part))):
                return True
        elif watched and opened:
            opened[-1] = (True, opened[-1][1])
    return False
