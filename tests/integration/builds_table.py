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
    test_build_python,
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
    """A project with the scope marked in ``file``, a candidate that passes, and those that are refused."""

    files: Mapping[str, str]
    file: str
    good: str
    cases: Sequence[Case]


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
    lang.CPP: Row(files=_C.CPP, file="src/area.cpp", good=_C.GOOD, cases=_C.CPP_CASES),
    **{
        language: Row(files=module.FILES, file=module.FILE, good=module.GOOD, cases=module.CASES)
        for language, module in {
            lang.CSHARP: test_build_csharp,
            lang.TYPESCRIPT: test_build_typescript,
            lang.GO: test_build_go,
            lang.RUST: test_build_rust,
            lang.JAVA: test_build_java,
            lang.KOTLIN: test_build_kotlin,
        }.items()
    },
}
