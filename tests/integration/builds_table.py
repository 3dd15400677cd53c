"""What the gates are proved by: a project of every language, a good candidate, and bad ones of every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_lsp.core.languages import Language
from tests.integration import (
    test_build_c_family,
    test_build_csharp,
    test_build_go,
    test_build_java,
    test_build_javascript,
    test_build_kotlin,
    test_build_php,
    test_build_python,
    test_build_ruby,
    test_build_rust,
    test_build_typescript,
)
from tests.integration.builds_cases import Case
from tests.support import lang

__all__ = ["KINDS", "TABLE", "Row"]

KINDS: Sequence[frozenset[str]] = (
    frozenset({"syntax error"}),
    frozenset({"unknown name"}),
    frozenset({"wrong type", "wrong arity"}),
    frozenset({"missing import"}),
    frozenset({"break of another file"}),
)
"""The names of the cases that a language must have: one of each set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A project with the scope marked in ``file``, a candidate that passes, and those that are refused. ``kinds`` are
    those that its tools can refuse: nothing but running the code tells the others where names are found as it runs."""

    files: Mapping[str, str]
    file: str
    good: str
    cases: Sequence[Case]
    kinds: Sequence[frozenset[str]] = KINDS


_C, _PYTHON, _JAVASCRIPT = test_build_c_family, test_build_python, test_build_javascript

TABLE: Mapping[Language, Row] = {
    lang.PYTHON: Row(files=_PYTHON.FILES, file=_PYTHON.FILE, good=_PYTHON.GOOD, cases=_PYTHON.CASES),
    lang.JAVASCRIPT: Row(
        files=_JAVASCRIPT.FILES,
        file=_JAVASCRIPT.FILE,
        good=_JAVASCRIPT.GOOD,
        cases=[*_JAVASCRIPT.BY_NODE, *_JAVASCRIPT.BY_TYPESCRIPT],
    ),
    lang.C: Row(files=_C.C, file="src/area.c", good=_C.GOOD, cases=_C.C_CASES),
    lang.RUBY: Row(
        files=test_build_ruby.FILES,
        file=test_build_ruby.FILE,
        good=test_build_ruby.GOOD,
        cases=test_build_ruby.CASES,
        kinds=[kind for kind in KINDS if kind & {"syntax error", "missing import"}],
    ),
    lang.CPP: Row(files=_C.CPP, file="src/area.cpp", good=_C.GOOD, cases=_C.CPP_CASES),
    **{
        language: Row(files=module.FILES, file=module.FILE, good=module.GOOD, cases=module.CASES)
        for language, module in {
            lang.CSHARP: test_build_csharp,
            lang.TYPESCRIPT: test_build_typescript,
            lang.GO: test_build_go,
            lang.RUST: test_build_rust,
            lang.JAVA: test_build_java,
            lang.PHP: test_build_php,
            lang.KOTLIN: test_build_kotlin,
        }.items()
    },
}
