"""TypeScript and JavaScript."""

import re

from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport

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
    editing=imported(EditingSupport, "forge_lsp.languages.ecmascript.editing:TYPESCRIPT_EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.ecmascript.extraction:TYPESCRIPT_EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.ecmascript.context:TYPESCRIPT_CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.ecmascript.checking:TYPESCRIPT_CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.ecmascript.bench:BENCH"),
)
JAVASCRIPT = Language(
    id="javascript",
    title="JavaScript",
    suffixes=(".js", ".mjs", ".cjs", ".jsx"),
    names=("javascriptreact", "javascript.jsx", "jsx", "js"),
    family=_FAMILY,
    mixed=_MIXED,
    test_files=TEST_FILES,
    editing=imported(EditingSupport, "forge_lsp.languages.ecmascript.editing:JAVASCRIPT_EDITING"),
    extraction=imported(ExtractionSupport, "forge_lsp.languages.ecmascript.extraction:JAVASCRIPT_EXTRACTION"),
    context=imported(ContextSupport, "forge_lsp.languages.ecmascript.context:JAVASCRIPT_CONTEXT"),
    checking=imported(CheckingSupport, "forge_lsp.languages.ecmascript.checking:JAVASCRIPT_CHECKING"),
    bench=imported(BenchSupport, "forge_lsp.languages.ecmascript.bench:BENCH"),
)
