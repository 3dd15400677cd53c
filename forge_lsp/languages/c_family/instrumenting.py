"""What is laid into the temp copy for a run of the tests: assertions that report, and code that must fail.

``assert`` is replaced by one that reports each assertion by its place and goes on, so that a program of several
assertions says what it thinks of each. The code under work can be made to crash (:func:`crashing`): a test that passes
in spite of that does not call it, or is not to be believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath

from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.c_family.scanning import Function, blanked, functions_in

__all__ = ["ASSERT", "FOLDER", "MARK", "MISSED", "Crash", "crashing", "with_missing", "without_warnings"]

FOLDER = PurePosixPath(".forge-include")
"""Where the header lies; ``CPATH`` names it."""
MARK = "forge-check:"
"""How a line of an assertion begins: ``forge-check: pass tests/test.c:8 1 == 1``."""

MISSED = "forge-missing"
"""What is printed where something is called that nobody defines."""

ASSERT = f"""\
#ifndef FORGE_ASSERT_ONCE
#define FORGE_ASSERT_ONCE
#ifdef __cplusplus
extern "C" {{
#endif
extern int forge_print_(char *, unsigned long, const char *, ...) __asm__(FORGE_SYMBOL_("snprintf"));
extern long forge_write_(int, const void *, unsigned long) __asm__(FORGE_SYMBOL_("write"));
extern int forge_flush_(void *) __asm__(FORGE_SYMBOL_("fflush"));
extern void forge_exit_(int) __asm__(FORGE_SYMBOL_("_exit")) __attribute__((noreturn));
extern void forge_abort_(void) __asm__(FORGE_SYMBOL_("abort")) __attribute__((noreturn));
#ifdef __cplusplus
}}
#endif
static int forge_failed_;
static __attribute__((destructor)) void forge_end_(void) {{
    if (!forge_failed_) return;
    forge_flush_((void *)0);
    forge_exit_(134);
}}
static __attribute__((unused)) void forge_say_(const char *how, const char *file, int line, const char *text) {{
    static const char *known[3][512];
    static int lines[3][512];
    char words[1024];
    int kind = how[0] == 'b' ? 0 : how[0] == 'p' ? 1 : 2, place = (line * 31) & 511, size;
    if (kind == 2) forge_failed_ = 1;
    if (known[kind][place] == file && lines[kind][place] == line) return;
    known[kind][place] = file;
    lines[kind][place] = line;
    size = forge_print_(words, sizeof words, "\\n{MARK} %s %s:%d %s\\n", how, file, line, text);
    if (size > (int)sizeof words - 1) size = (int)sizeof words - 1;
    (void)!forge_write_(2, words, (unsigned long)size);
}}
static __attribute__((unused, noreturn)) void forge_stop_(const char *file, int line, const char *text) {{
    forge_say_("fail", file, line, text);
    forge_abort_();
}}
#endif
#undef assert
#ifdef NDEBUG
#define assert(...) ((void)0)
#elif defined __cplusplus
#define FORGE_CONST_ __builtin_is_constant_evaluated()
#define assert(...) \\
    (FORGE_CONST_ ? ((__VA_ARGS__) ? (void)0 : forge_stop_(__FILE__, __LINE__, #__VA_ARGS__)) \\
                  : (forge_say_("begin", __FILE__, __LINE__, #__VA_ARGS__), \\
                     (__VA_ARGS__) ? forge_say_("pass", __FILE__, __LINE__, #__VA_ARGS__) \\
                     : __builtin_constant_p(__VA_ARGS__) ? forge_stop_(__FILE__, __LINE__, #__VA_ARGS__) \\
                                                         : forge_say_("fail", __FILE__, __LINE__, #__VA_ARGS__)))
#else
#define assert(...) \\
    (forge_say_("begin", __FILE__, __LINE__, #__VA_ARGS__), \\
     (__VA_ARGS__) ? forge_say_("pass", __FILE__, __LINE__, #__VA_ARGS__) \\
     : __builtin_constant_p(__VA_ARGS__) ? forge_stop_(__FILE__, __LINE__, #__VA_ARGS__) \\
                                         : forge_say_("fail", __FILE__, __LINE__, #__VA_ARGS__))
#if !defined static_assert && (!defined __STDC_VERSION__ || __STDC_VERSION__ < 202311L)
#define static_assert _Static_assert
#endif
#endif
""".replace(
    "#ifdef __cplusplus\nextern",
    "#define FORGE_TEXT_(x) #x\n#define FORGE_TEXT2_(x) FORGE_TEXT_(x)\n"
    "#define FORGE_SYMBOL_(name) FORGE_TEXT2_(__USER_LABEL_PREFIX__) name\n#ifdef __cplusplus\nextern",
    1,
)
"""An ``assert.h``."""


class Crash(StrEnum):
    """Where code is made to crash."""

    ENTRY = "entry"
    """As soon as it is called."""
    RETURN = "return"
    """When it returns: code that ends the process, or jumps out, does not come to that."""


_C_MARK = (
    "extern void forge_crash_(int *); __attribute__((cleanup(forge_crash_))) int forge_mark_ = 0; (void)forge_mark_;"
)
_C_TAIL = (
    "\nextern void forge_crash_(int *);\n__attribute__((weak)) void forge_crash_(int *forge_mark_)"
    " { (void)forge_mark_; __builtin_trap(); }\n"
)
_CPP_MARK = "struct ForgeCrash_ { ~ForgeCrash_() { __builtin_trap(); } } forge_mark_; (void)forge_mark_;"
_LAUNCH = re.compile(r"\b(?:constructor|destructor)\b")


def crashing(text: str, code: str, name: str | None, language: Language, crash: Crash) -> str | None:
    """Return ``text`` with a function ``name`` of ``code`` (a part of it) made to crash, else every function of
    ``code``; None where there is none. Lines stay where they are."""
    begin = text.rfind(code) if code else -1
    end = begin + len(code)
    every = functions_in(text)
    inside = [one for one in every if begin >= 0 and begin <= one.begin < end] or _members(text, begin, end)
    bare = (name or "").rpartition("::")[2]
    chosen = [one for one in inside if one.name == bare] or [one for one in inside if not _launched(text, one)]
    if not chosen:
        return None
    cpp = language is CPP
    mark = " __builtin_trap(); " if crash is Crash.ENTRY else f" {_CPP_MARK if cpp else _C_MARK} "
    for one in sorted(chosen, key=lambda one: one.body, reverse=True):
        text = text[: one.body] + mark + text[one.body :]
    return text if cpp or crash is Crash.ENTRY else text + _C_TAIL


def with_missing(text: str, symbols: Iterable[str]) -> str:
    """Return a C or C++ text that defines the symbols which nobody defines (``side``, ``_ZN6shapes4sideEi``), so that
    what does not call them can run: each of them crashes when it is called."""
    lines = [
        "",
        "#ifndef FORGE_MISSING_",
        "#define FORGE_MISSING_",
        "#define FORGE_TEXT_M_(x) #x",
        "#define FORGE_TEXT2_M_(x) FORGE_TEXT_M_(x)",
    ]
    lines += ["#ifdef __cplusplus", 'extern "C" {', "#endif"]
    label = '__asm__(FORGE_TEXT2_M_(__USER_LABEL_PREFIX__) "write")'
    lines.append(f"extern long forge_write_m_(int, const void *, unsigned long) {label};")
    words = f'(void)!forge_write_m_(2, "\\n{MISSED}\\n", {len(MISSED) + 2})'
    for symbol in sorted(symbols):
        name = f"forge_missing_{symbol}".replace("__", "_0_")  # two underscores are the compiler's own
        label = f'__asm__(FORGE_TEXT2_M_(__USER_LABEL_PREFIX__) "{symbol}")'
        lines.append(f"extern void {name}(void) {label};")
        lines.append(f"__attribute__((weak)) void {name}(void) {{ {words}; __builtin_trap(); }}")
    lines += ["#ifdef __cplusplus", "}", "#endif", "#endif"]
    return text + "\n".join(lines) + "\n"


def without_warnings(text: str, warnings: Iterable[str]) -> str:
    """Return a C or C++ text about which compilers do not give these warnings (``-Wunused-parameter``). Lines keep
    their numbers."""
    pragmas = "".join(f'#pragma GCC diagnostic ignored "{name}"\n' for name in sorted(warnings))
    return f"{pragmas}#line 1\n{text}" if pragmas else text


def _members(text: str, begin: int, end: int) -> list[Function]:
    """The functions that stand in a part of a larger one's braces (a local class, a macro's braces)."""
    if begin < 0:
        return []
    return [
        Function(one.name, one.parameters, one.begin + begin, one.body + begin, one.end + begin)
        for one in functions_in(text[begin:end])
    ]


def _launched(text: str, one: Function) -> bool:
    before = blanked(text)[: one.begin]
    return _LAUNCH.search(re.split(r"[;{}]", before)[-1]) is not None
