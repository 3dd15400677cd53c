"""What a candidate's new code does that could forge the result of a test, by its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from forge_lsp.builds.c_family.scanning import blanked, functions_in, literals_in

__all__ = ["MAY_EXIT", "doubt_of"]

MAY_EXIT = re.compile(r"main|\w*(?:usage|help|version|exit|quit|die|fatal|panic|abort)\w*", re.I)
"""The functions that may end their process: a command line's own."""

_ENDS = "the code ends the process while it is tested"
_LATER = "the code runs when the tests end"
_SIGNALS = "the code catches signals"
_RULES: tuple[tuple[str, str], ...] = (
    (r"(?:std\s*::\s*)?(?:_exit|_Exit|quick_exit|at_quick_exit)\s*\(|\bSYS_exit|\b__NR_exit|\bexit_group\b", _ENDS),
    (r"\bsyscall\s*\(", "the code calls the kernel by itself"),
    (r"\b(?:__asm__|__asm|asm)\b", "the code holds assembly"),
    (
        r"(?:__attribute__|\[\[)[^;{}]*\b_*(?:constructor|destructor|init_priority|section|alias|ifunc|weakref)_*\b",
        "the code runs outside of its calls",
    ),
    (r"\b(?:atexit|on_exit|__cxa_atexit)\s*\(", _LATER),
    (r"\b(?:sig|_)?longjmp\s*\(|\b(?:setcontext|swapcontext)\s*\(", "the code jumps out of its call"),
    (r"\b(?:signal|sigaction|sigset|bsd_signal|set_terminate|sigaltstack)\s*\(", _SIGNALS),
    (
        r"\b(?:fork|vfork|clone|clone3|posix_spawnp?|popen|system|daemon|exec[lv]p?e?|pthread_exit|thrd_exit)\s*\(",
        "the code starts or replaces processes",
    ),
    (
        r"\b(?:ptrace|process_vm_\w+|dl(?:sym|open|vsym|addr|_iterate_phdr)|backtrace\w*|getauxval)\s*\(",
        "the code looks into the process that tests it",
    ),
    (
        r"\b__builtin_(?:return_address|frame_address|extract_return_addr)\b|\b_Unwind_\w+|\bstacktrace\b",
        "the code looks at its caller",
    ),
    (
        r"\b(?:freopen|dup2?|dup3|setvbuf|setbuf|rdbuf|fclose\s*\(\s*std(?:out|err)|close\s*\(\s*[012])\b",
        "the code redirects the output of the tests",
    ),
    (
        r"\b(?:write|dprintf|pwrite|writev)\s*\(\s*(?:[012]|STD\w+_FILENO|fileno)\b",
        "the code writes into the output of the tests",
    ),
    (
        r"\bextern\b[^;{}]*\b(?:environ|program_invocation_name|stdout|stderr)\b|\bGetEnvironment\w*|\b__environ\b",
        "the code looks into the process that tests it",
    ),
    (
        r"\b(?:pthread_create|thrd_create)\s*\(|\bstd\s*::\s*(?:thread|jthread|async)\b(?=[^;]*\b(?:exit|abort|kill|raise)\b)",
        "the code starts threads",
    ),
    (r"\b(?:kill|raise|tgkill|killpg)\s*\(", "the code sends signals"),
)
_MACRO = re.compile(
    r"^[ \t]*#[ \t]*(?:define|undef)[ \t]+(?P<name>assert|NDEBUG|main|return|if|else|while|for|int|bool|true|false|ok|"
    r"is|(?:ASSERT|EXPECT|CHECK|REQUIRE|TEST|FAIL|SUCCEED|TAP|RUN|FORGE|MU|CU|ck)_?\w*|mu_\w+|cmp_ok|printf|puts|"
    r"abort|exit)\b",
    re.M,
)
_PRAGMA = re.compile(
    r"^[ \t]*#[ \t]*pragma[ \t]+(?:weak|redefine_extname|push_macro|pop_macro|GCC[ \t]+poison)|\b_Pragma\b", re.M
)
_INCLUDE = re.compile(
    r"#[ \t]*(?:include|embed)[ \t]*(?:__FILE__|__BASE_FILE__|__TIMESTAMP__)|\b__INCLUDE_LEVEL__|\b__BASE_FILE__"
)
_TAKEN = re.compile(
    r"abort|exit|_exit|_Exit|raise|kill|main|_start|_init|_fini|__assert\w*|__libc_\w+|__wrap_\w+|__real_\w+|__stack_chk_fail|"
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
_VOID = re.compile(r"\(\s*void\s*\)\s*\w+\s*;|static_cast\s*<\s*void\s*>\s*\(\s*\w+\s*\)\s*;")


def doubt_of(code: str, text: str, user: str, tests: Collection[str], *, ended: bool = False) -> str | None:
    """Return why a proof of this candidate is not believed, in words for people; None where nothing is seen.

    ``code`` is what the candidate wrote of ``text``, the whole document; what ``user``, the document before, holds too
    is the user's own. ``tests`` are the names of the test files. ``ended``: a run showed that the code returns when
    the tests call it, so that an ``exit`` in it was not called.
    """
    new = blanked(code)
    held = blanked(user)
    for pattern, words in _RULES:
        rule = re.compile(pattern)
        if len(rule.findall(new)) and not (rule.search(held) and _same(rule, code, user)):
            allowed = {_ENDS: MAY_EXIT, _LATER: _MAIN, _SIGNALS: _MAIN}.get(words)
            if allowed is not None and all(allowed.fullmatch(name) for name in _around(rule, text, code)):
                continue
            return words
    if (
        not ended
        and not _ZERO.search(held)
        and not all(MAY_EXIT.fullmatch(name) for name in _around(_ZERO, text, code))
    ):
        return _ENDS
    return _by_definitions(code, user) or _by_literals(code, user, tests)


def _by_definitions(code: str, user: str) -> str | None:
    plain, held = blanked(code, literals=False), blanked(user, literals=False)
    if any(match["name"] not in _names(_MACRO, held) for match in _MACRO.finditer(plain)):
        return "the code defines macros that the tests use"
    if _PRAGMA.search(plain) and not _PRAGMA.search(held):
        return "the code changes what the names of the tests mean"
    if _INCLUDE.search(plain) and not _INCLUDE.search(held):
        return "the code reads the text of the tests"
    known = {one.name for one in functions_in(user)}
    for one in functions_in(code):
        if _TAKEN.fullmatch(one.name) and one.name not in known:
            return f"the code brings a {one.name} of its own, which the tests use"
        if _OPERATOR.match(one.name) and not _looks(one.parameters, code[one.body : one.end]):
            return "the code compares without looking at the other side"
    return None


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


def _looks(parameters: str, body: str) -> bool:
    """Whether a comparison looks at what it is given."""
    plain = _VOID.sub(" ", blanked(body))
    if re.search(r"\breturn\s+(?:true|1|!?0|false|0)\s*;", plain) and not re.search(
        r"\b(?:if|\?|switch|while|for)\b", plain
    ):
        return False
    names = [name for part in parameters.split(",") if (name := _name_of(part)) is not None]
    if len(names) < len([part for part in parameters.split(",") if part.strip() and part.strip() != "void"]):
        return False
    return all(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain) for name in names)


def _name_of(parameter: str) -> str | None:
    match = re.search(r"[\w>&*\s][\s&*>]([A-Za-z_]\w*)\s*$", parameter)
    return match[1] if match is not None else None


def _around(rule: re.Pattern[str], text: str, code: str) -> list[str]:
    """The functions of ``code`` in which a rule matches; "" for what stands outside of them."""
    begin = max(text.rfind(code), 0)
    plain = blanked(text)
    every = functions_in(text)
    return [
        next((one.name for one in every if one.body <= match.start() < one.end), "")
        for match in rule.finditer(plain, begin, begin + len(code))
    ]


def _same(rule: re.Pattern[str], code: str, user: str) -> bool:
    mine, theirs = (
        {match[0] for match in rule.finditer(blanked(code))},
        {match[0] for match in rule.finditer(blanked(user))},
    )
    return mine <= theirs


def _names(rule: re.Pattern[str], text: str) -> set[str]:
    return {match["name"] for match in rule.finditer(text)}
