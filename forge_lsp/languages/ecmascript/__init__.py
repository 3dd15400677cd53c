"""TypeScript and JavaScript."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport, ContextSupport

__all__ = ["JAVASCRIPT", "TYPESCRIPT"]

_FAMILY = ("typescript", "javascript")
_TEST_FILES = re.compile(r"(?:.*/)?(?:(?:__tests__|tests?)/.*|[^/]*[._-](?:test|spec)|test)\.[cm]?[jt]sx?")


def _typescript_context() -> ContextSupport:
    from forge_lsp.languages.ecmascript.context import TYPESCRIPT_CONTEXT

    return TYPESCRIPT_CONTEXT


def _javascript_context() -> ContextSupport:
    from forge_lsp.languages.ecmascript.context import JAVASCRIPT_CONTEXT

    return JAVASCRIPT_CONTEXT


def _typescript_checking() -> CheckingSupport:
    from forge_lsp.languages.ecmascript.checking import TYPESCRIPT_CHECKING

    return TYPESCRIPT_CHECKING


def _javascript_checking() -> CheckingSupport:
    from forge_lsp.languages.ecmascript.checking import JAVASCRIPT_CHECKING

    return JAVASCRIPT_CHECKING


TYPESCRIPT = Language(
    id="typescript",
    title="TypeScript",
    suffixes=(".ts", ".tsx", ".mts", ".cts"),
    names=("typescriptreact", "typescript.tsx", "tsx", "ts"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    context=_typescript_context,
    checking=_typescript_checking,
)
JAVASCRIPT = Language(
    id="javascript",
    title="JavaScript",
    suffixes=(".js", ".mjs", ".cjs", ".jsx"),
    names=("javascriptreact", "javascript.jsx", "jsx", "js"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    context=_javascript_context,
    checking=_javascript_checking,
)
