"""TypeScript and JavaScript."""

import re

from forge_lsp.core.languages import Language

__all__ = ["JAVASCRIPT", "TYPESCRIPT"]

_FAMILY = ("typescript", "javascript")
_TEST_FILES = re.compile(r"(?:.*/)?(?:(?:__tests__|tests?)/.*|[^/]*[._-](?:test|spec)|test)\.[cm]?[jt]sx?")
_OUTPUT = frozenset({"node_modules"})

TYPESCRIPT = Language(
    id="typescript",
    title="TypeScript",
    suffixes=(".ts", ".tsx", ".mts", ".cts"),
    names=("typescriptreact", "typescript.tsx", "tsx", "ts"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
)
JAVASCRIPT = Language(
    id="javascript",
    title="JavaScript",
    suffixes=(".js", ".mjs", ".cjs", ".jsx"),
    names=("javascriptreact", "javascript.jsx", "jsx", "js"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
)
