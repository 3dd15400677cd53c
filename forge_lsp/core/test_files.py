"""Which files hold tests, by their names: what the runners run is what models are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_lsp.core.task import Language

__all__ = ["is_test_file"]

_ECMASCRIPT = re.compile(r"(?:.*/)?(?:(?:__tests__|tests?)/.*|[^/]*[._-](?:test|spec)|test)\.[cm]?[jt]sx?")
_C = re.compile(r"(?:^|.*[/_-])tests?(?:[/_.-].*)", re.I)
_FILES: Mapping[Language, re.Pattern[str]] = {
    Language.PYTHON: re.compile(r"(?:.*/)?(?:(?:test[^/]*|[^/]*_tests?|conftest)\.pyi?|tests?/.*\.pyi?)"),
    Language.CSHARP: re.compile(r"(?:.*/)?(?:[^/]*(?:Tests?|Specs?|Fixtures?)\.cs|(?:[^/]*[._-])?[Tt]ests?/.*\.cs)"),
    Language.TYPESCRIPT: _ECMASCRIPT,
    Language.JAVASCRIPT: _ECMASCRIPT,
    Language.GO: re.compile(r"(?:.*/)?[^/]*_test\.go"),
    Language.RUST: re.compile(r"(?:.*/)?(?:tests/.*|tests?|[^/]*_tests?)\.rs"),
    Language.JAVA: re.compile(r"(?:.*/)?(?:tests?/.*|Test[^/]*|[^/]*(?:Tests?|TestCase|IT))\.java"),
    Language.C: _C,
    Language.CPP: _C,
}


def is_test_file(name: str, language: Language) -> bool:
    """Whether a file of ``language`` holds tests or what only tests use; ``name`` is its path in the workspace, with
    ``/``. Rust's unit tests stand in other files as well."""
    return _FILES[language].fullmatch(name) is not None
