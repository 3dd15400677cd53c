"""What the benchmark knows of a language: stubs, and where its tests stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_lsp.core.task import TextRange

__all__ = ["BenchSupport"]

_NEVER = re.compile(r"(?!)")


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSupport:
    """What the benchmark knows of a language: stubs, and where its tests stand.

    ``body`` is what people leave in a function that is still to be written ("": no stubs are made), ``void_body`` in
    one that returns nothing, where that differs. ``indent`` is one step of indentation. ``docstring`` matches the
    documentation that a body begins with.

    A function is a test by its name (``test_names``, all of it), or by what stands in its text (``test_marks``).
    ``tests_in`` finds tests that are no functions: the name and the place of each; None: there are none of that kind.
    ``filler`` is put in the place of a test that was a member; with ``keeps_lines`` the lines of a test stay, emptied,
    since line numbers name the others.
    ``tests_inside``: a file may hold the tests of what it defines. ``without_idle_imports`` returns a text without the
    imports that nothing in it uses, where compilers refuse them.
    """

    body: str = ""
    void_body: str = ""
    indent: str = "    "
    docstring: re.Pattern[str] = _NEVER
    test_names: re.Pattern[str] = _NEVER
    test_marks: re.Pattern[str] = _NEVER
    tests_in: Callable[[str], Iterable[tuple[str, TextRange]]] | None = None
    filler: str = ""
    keeps_lines: bool = False
    tests_inside: bool = False
    without_idle_imports: Callable[[str], str] = _as_it_is
