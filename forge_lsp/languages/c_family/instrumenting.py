"""What is laid into the temp copy for a run of the tests: assertions that report, and code that must fail.

``assert`` is replaced by one that reports each assertion by its place and goes on, so that a program of several
assertions says what it thinks of each. The code under work can be made to crash (:func:`crashing`): a test that passes
in spite of that does not call it, or is not to be believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path, PurePosixPath
from string import Template

from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.c_family.scanning import Function, blanked, functions_in

__all__ = ["ASSERT", "FOLDER", "MARK", "MISSED", "Crash", "crashing", "with_missing", "without_warnings"]

FOLDER = PurePosixPath(".forge-include")
"""Where the header lies; ``CPATH`` names it."""
MARK = "forge-check:"
"""How a line of an assertion begins, as ``runners/assert.h`` writes it: ``forge-check: pass tests/test.c:8 1 == 1``."""

MISSED = "forge-missing"
"""What is printed where something is called that nobody defines."""

_MISSING = Path(__file__).with_name("runners") / "missing.h"
ASSERT = (Path(__file__).with_name("runners") / "assert.h").read_text("utf-8")
"""An ``assert.h`` that writes such lines."""


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
    words = f'(void)!forge_write_m_(2, "\\n{MISSED}\\n", {len(MISSED) + 2})'
    lines: list[str] = []
    for symbol in sorted(symbols):
        name = f"forge_missing_{symbol}".replace("__", "_0_")  # two underscores are the compiler's own
        label = f'__asm__(FORGE_TEXT2_M_(__USER_LABEL_PREFIX__) "{symbol}")'
        lines.append(f"extern void {name}(void) {label};")
        lines.append(f"__attribute__((weak)) void {name}(void) {{ {words}; __builtin_trap(); }}")
    return f"{text}\n{Template(_MISSING.read_text('utf-8')).substitute(symbols=chr(10).join(lines))}"


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
