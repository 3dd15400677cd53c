"""C and C++, for the benchmark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from forge_lsp.checking.scanning import closing
from forge_lsp.core.support import BenchSupport
from forge_lsp.core.task import TextRange
from forge_lsp.languages.c_family.scanning import blanked

__all__ = ["CPP_BENCH", "C_BENCH"]

_MACRO = re.compile(r"^[ \t]*TEST(?:_F|_P|_CASE)?\s*\((?P<name>[^()]*)\)\s*(?=\{)", re.M)
_ASSERT = re.compile(r"^[ \t]*assert\s*\(.*\)\s*;[ \t]*$", re.M)


def _tests_in(text: str) -> Iterator[tuple[str, TextRange]]:
    """Test macros with their bodies; where there is none, lines with a whole ``assert``, called by their numbers."""
    macros = list(_MACRO.finditer(text))
    plain = blanked(text) if macros else ""
    for found in macros:
        end = closing(plain, found.end(), "{", "}")
        if end is not None:
            name = found["name"].rpartition(",")[2].strip().strip('"')
            yield name, TextRange(start=found.start(), end=end + 1)
    for found in _ASSERT.finditer(text) if not macros else ():
        yield str(text.count("\n", 0, found.start()) + 1), TextRange(start=found.start(), end=found.end())


# A value, not an end of the program: the assertions after the first are to be seen, too.
C_BENCH = BenchSupport(
    body="return 0; /* TODO: implement */",
    void_body="return; /* TODO: implement */",
    tests_in=_tests_in,
    keeps_lines=True,
)
CPP_BENCH = replace(C_BENCH, body="return {}; /* TODO: implement */")
