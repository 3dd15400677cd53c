"""TypeScript and JavaScript."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["JAVASCRIPT", "TEST_FILES", "TYPESCRIPT"]

_FAMILY = ("typescript", "javascript")
_MIXED = (".vue", ".svelte", ".astro")
TEST_FILES = re.compile(
    r"(?:.*/)?(?:(?:__tests__|tests?|specs?)/.*|[^/]*(?:[._-](?:test|spec)|[a-z\d](?:Test|Spec))|test(?:-[^/]*)?)"
    r"\.[cm]?[jt]sx?"
)
"""What runners take for tests by themselves: ``test/area.js``, ``area.test.ts``, ``test-area.js``, ``areaSpec.js``."""

TYPESCRIPT = Language(
    id="typescript",
    title="TypeScript",
    suffixes=(".ts", ".tsx", ".mts", ".cts"),
    names=("typescriptreact", "typescript.tsx", "tsx", "ts"),
    family=_FAMILY,
    mixed=_MIXED,
    test_files=TEST_FILES,
    **supports("forge_lsp.languages.ecmascript", "TYPESCRIPT_"),
)
JAVASCRIPT = Language(
    id="javascript",
    title="JavaScript",
    suffixes=(".js", ".mjs", ".cjs", ".jsx"),
    names=("javascriptreact", "javascript.jsx", "jsx", "js"),
    family=_FAMILY,
    mixed=_MIXED,
    test_files=TEST_FILES,
    **supports("forge_lsp.languages.ecmascript", "JAVASCRIPT_"),
)
