"""TypeScript and JavaScript."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import ContextSupport, EditingSupport

__all__ = ["JAVASCRIPT", "TYPESCRIPT"]

_FAMILY = ("typescript", "javascript")
_TEST_FILES = re.compile(r"(?:.*/)?(?:(?:__tests__|tests?)/.*|[^/]*[._-](?:test|spec)|test)\.[cm]?[jt]sx?")
_OUTPUT = frozenset({"node_modules"})


def _typescript_editing() -> EditingSupport:
    from forge_lsp.languages.ecmascript.editing import TYPESCRIPT_EDITING

    return TYPESCRIPT_EDITING


def _typescript_context() -> ContextSupport:
    from forge_lsp.languages.ecmascript.context import TYPESCRIPT_CONTEXT

    return TYPESCRIPT_CONTEXT


def _javascript_editing() -> EditingSupport:
    from forge_lsp.languages.ecmascript.editing import JAVASCRIPT_EDITING

    return JAVASCRIPT_EDITING


def _javascript_context() -> ContextSupport:
    from forge_lsp.languages.ecmascript.context import JAVASCRIPT_CONTEXT

    return JAVASCRIPT_CONTEXT


TYPESCRIPT = Language(
    id="typescript",
    title="TypeScript",
    suffixes=(".ts", ".tsx", ".mts", ".cts"),
    names=("typescriptreact", "typescript.tsx", "tsx", "ts"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
    editing=_typescript_editing,
    context=_typescript_context,
)
JAVASCRIPT = Language(
    id="javascript",
    title="JavaScript",
    suffixes=(".js", ".mjs", ".cjs", ".jsx"),
    names=("javascriptreact", "javascript.jsx", "jsx", "js"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
    editing=_javascript_editing,
    context=_javascript_context,
)
