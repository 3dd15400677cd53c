"""What a candidate's new code does that could forge the result of a test, by its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from forge_lsp.checking.comparing import Comparison, compares, parameters_of
from forge_lsp.checking.rules import rules_beside
from forge_lsp.languages.c_family.names import DEFINED, TYPE, by_conditions, by_tests
from forge_lsp.languages.c_family.scanning import Function, blanked, functions_in, literals_in

__all__ = ["MAY_EXIT", "doubt_of"]

MAY_EXIT = re.compile(r"main|\w*(?:usage|help|version|exit|quit|die|fatal|panic|abort)\w*", re.I)
"""The functions that may end their process: a command line's own."""

_TABLE = rules_beside(__file__)
_ENDS, _LATER, _SIGNALS = (_TABLE.says[name] for name in ("ends", "later", "signals"))
_MACRO = re.compile(
    r"^[ \t]*#[ \t]*(?:define|undef)[ \t]+(?P<name>main|return|if|else|while|for|switch|goto|int|bool|true|false|"
    r"struct|operator|static|const|extern|abort|exit|__\w+|FORGE\w*|forge_\w*)\b",
    re.M,
)
_PLACE_OF_CALL = re.compile(r"\b__builtin_(?:LINE|FILE|FUNCTION|COLUMN|source_location)\b|\bsource_location\b")
_TIDYING = re.compile(
    r"free|f?close|closedir|munmap|unlink|remove|pthread_\w+_destroy|mtx_destroy|delete|reset|clear|\w*_(?:free|destroy|"
    r"release|close|cleanup)"
)
_PRAGMA = re.compile(
    r"^[ \t]*#[ \t]*pragma[ \t]+(?:weak|redefine_extname|push_macro|pop_macro|GCC[ \t]+poison)|\b_Pragma\b", re.M
)
_INCLUDE = re.compile(
    r"#[ \t]*(?:include|embed)[ \t]*(?:__FILE__|__BASE_FILE__|__TIMESTAMP__)|\b__INCLUDE_LEVEL__|\b__BASE_FILE__"
)
_TAKEN = re.compile(
    r"abort|exit|_exit|_Exit|raise|kill|_start|_init|_fini|__assert\w*|__libc_\w+|__wrap_\w+|__real_\w+|__stack_chk_fail|"
    r"v?[sdf]?n?printf|f?puts|putchar|f?write|fflush|mem(?:cmp|cpy|set|move)|str(?:n?cmp|n?casecmp|len|coll|str)|signal|"
    r"sigaction|read|open|waitpid|fork|forge_\w+"
)
_SPOKEN = re.compile(
    r"^\s*(?:\\[nrt])*(?:not ok\b|ok \d|ok$|ok - |ok %|1\.\.|\[ +(?:OK|PASSED|RUN) *\]|\[=+\]|PASS(?:ED)?\b|"
    r"All tests passed|Bail out|OK \(|forge-check|\d+ Tests \d+ Failures|# (?:pass|fail|tests))|:PASS\b|"
    r"\d+% tests passed",
    re.I,
)
_PRYING = re.compile(
    r"/proc\b|/dev/(?:mem|fd|tty)|\bCTest\w*|\bMakefile\b|^(?:GTEST|CTEST|MAKE|CATCH|TEST|TAP)_?\w*$|^LD_PRELOAD|forge"
)
_MAIN = re.compile("main")
_ZERO = re.compile(r"(?<![\w.])(?:std\s*::\s*)?exit\s*\(\s*(?![1-9]|EXIT_FAILURE\b)")
_OPERATOR = re.compile(r"operator\s*(?:==|!=|<=>|<=|>=|<|>)")


def doubt_of(
    code: str,
    text: str,
    user: str,
    tests: Mapping[str, str],
    *,
    imports: Collection[str] = (),
    ended: bool = False,
    driven: bool = False,
    document: str = "",
    names: Collection[str] = (),
    wanted: Collection[str] = (),
) -> str | None:
    """Return why a proof of this candidate is not believed, in words for people; None where nothing is seen.

    ``code`` is what the candidate wrote of ``text``, the whole document; what ``user``, the document before, holds too
    is the user's own. ``imports`` are the lines that it brought for the top of the document; ``tests`` are the texts of
    the test files by their places, ``document`` is the document's name, ``names`` are the scope's and its callers',
    ``wanted`` those that the tests wait for. ``ended``: a run showed that the code returns when the tests call it, so
    that an ``exit`` in it was not called; ``driven``: a program of ours calls it, whose ``main`` is the one that runs.
    """
    code, text, user = _joined(code), _joined(text), _joined(user)
    brought = "\n".join((*(_joined(line) for line in imports), code))
    new = blanked(brought)
    new += "".join(f"\n{name} " for name in _glued(code))
    held = blanked(user)
    for rule, words in _TABLE.rules:
        if len(rule.findall(new)) and not (rule.search(held) and _same(rule, new, held)):
            allowed = {_ENDS: MAY_EXIT, _LATER: _MAIN, _SIGNALS: _MAIN}.get(words)
            around = _around(rule, text, code)
            if allowed is not None and around and all(allowed.fullmatch(name) for name in around):
                continue
            if words == _LATER and all(_tidies(match[0], code) for match in rule.finditer(new)):
                continue
            return words
    if (
        not ended
        and not _ZERO.search(held)
        and not all(MAY_EXIT.fullmatch(name) for name in _around(_ZERO, text, code))
    ):
        return _ENDS
    return (
        _by_definitions(brought, user, tests, names, driven=driven)
        or by_tests(brought, user, tests, document, {*names, *wanted})
        or _by_literals(code, user, {PurePosixPath(name).name for name in tests})
    )


def _by_definitions(
    code: str, user: str, tests: Mapping[str, str], names: Collection[str], *, driven: bool
) -> str | None:
    plain, held = blanked(code, literals=False), blanked(user, literals=False)
    if any(match["name"] not in _names(_MACRO, held) for match in _MACRO.finditer(plain)):
        return "the code defines macros that the tests use"
    if any("operator" in match["rest"] for match in DEFINED.finditer(plain)):
        return "the code compares without looking at the other side"
    if _PRAGMA.search(plain) and not _PRAGMA.search(held):
        return "the code changes what the names of the tests mean"
    if _INCLUDE.search(plain) and not _INCLUDE.search(held):
        return "the code reads the text of the tests"
    known = {one.name for one in functions_in(user)}
    every = functions_in(code)
    helpers = {one.name: (given, code[one.body : one.end]) for one in every if (given := parameters_of(one.parameters))}
    main = (
        driven or "main" in known or any("main" in (one.name for one in functions_in(text)) for text in tests.values())
    )
    for one in every:
        taken = _TAKEN.fullmatch(one.name) or (one.name == "main" and (not main or "weak" in plain))
        if taken and one.name not in known:
            return f"the code brings a {one.name} of its own, which the tests use"
        if _OPERATOR.match(one.name):
            body = blanked(code[one.body : one.end])
            given = parameters_of(one.parameters) or ()
            if not compares(Comparison(parameters=given, body=body, type_text=_type_of(code, one), helpers=helpers)):
                return "the code compares without looking at the other side"
        called = re.compile(rf"(?<!\w){re.escape(one.name)}(?!\w)")
        if _PLACE_OF_CALL.search(one.parameters) and any(called.search(text) for text in tests.values()):
            return "the code looks at its caller"
    return "the code is another one where it is not tested" if by_conditions(code, held, names) else None


def _type_of(code: str, one: Function) -> str:
    """The statements of the type that a member belongs to, without what its functions do."""
    plain = blanked(code)
    for match in reversed(list(TYPE.finditer(plain, 0, one.begin))):
        depth, kept, at = 1, [match[0]], match.end()
        while at < len(plain) and depth:
            depth += (plain[at] == "{") - (plain[at] == "}")
            kept.append(plain[at] if depth == 1 else ";")
            at += 1
        if match.end() <= one.begin < at:
            return "".join(kept)
    return ""


def _tidies(hook: str, code: str) -> bool:
    """Whether what runs at the end only gives back what the code took."""
    named = re.search(r"\(\s*&?\s*([A-Za-z_]\w*)\s*\)?$|([A-Za-z_]\w*)\s*\(\s*(?:void)?\s*\)\s*$", hook.strip())
    name = (named[1] or named[2]) if named is not None else None
    body = next((code[one.body : one.end] for one in functions_in(code) if one.name == name), None)
    if body is None or re.search(r"\bstd(?:out|err)\b|\b_?[eE]xit\b|\(\s*\*", body):
        return False
    calls = set(re.findall(r"([A-Za-z_]\w*)\s*\(", blanked(body))) - {"if", "for", "while", "sizeof"}
    return all(_TIDYING.fullmatch(call) for call in calls)


def _joined(text: str) -> str:
    """``text`` with spliced lines joined, and other spellings of letters and of ``#`` undone."""
    text = text.replace("\\\r\n", "").replace("\\\n", "").replace("%:", "#")
    return re.sub(r"\\u00([2-7][0-9A-Fa-f])", lambda match: chr(int(match[1], 16)), text)


def _glued(code: str) -> list[str]:
    """The names that macros make of parts."""
    macros = [match["name"] for match in DEFINED.finditer(code) if "##" in match["rest"]]
    found: list[str] = []
    for name in macros:
        for match in re.finditer(rf"(?<!\w){re.escape(name)}\s*\(([^()]*)\)\s*(\(?)", code):
            found.append(re.sub(r"[\s,]", "", match[1]) + match[2])
    return found


def _by_literals(code: str, user: str, tests: Collection[str]) -> str | None:
    known = set(literals_in(user))
    for literal in literals_in(code):
        if literal in known:
            continue
        if _SPOKEN.search(literal):
            return "the code prints what a test runner prints"
        if _PRYING.search(literal) or any(name and name in literal for name in tests):
            return "the code looks for the tests"
    return None


def _around(rule: re.Pattern[str], text: str, code: str) -> list[str]:
    """The functions of ``code`` in which a rule matches; "" for what stands outside of them."""
    begin = max(text.rfind(code), 0)
    plain = blanked(text)
    every = functions_in(text)
    return [
        next((one.name for one in every if one.body <= match.start() < one.end), "")
        for match in rule.finditer(plain, begin, begin + len(code))
    ]


def _same(rule: re.Pattern[str], new: str, held: str) -> bool:
    return {match[0] for match in rule.finditer(new)} <= {match[0] for match in rule.finditer(held)}


def _names(rule: re.Pattern[str], text: str) -> set[str]:
    return {match["name"] for match in rule.finditer(text)}
