"""TypeScript and JavaScript."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, ContextSupport, ExtractionSupport

__all__ = ["JAVASCRIPT", "TYPESCRIPT"]

_FAMILY = ("typescript", "javascript")
_TEST_FILES = re.compile(r"(?:.*/)?(?:(?:__tests__|tests?)/.*|[^/]*[._-](?:test|spec)|test)\.[cm]?[jt]sx?")
_OUTPUT = frozenset({"node_modules"})


def _typescript_context() -> ContextSupport:
    from forge_lsp.languages.ecmascript.context import TYPESCRIPT_CONTEXT

    return TYPESCRIPT_CONTEXT


def _typescript_extraction() -> ExtractionSupport:
    from forge_lsp.languages.ecmascript.extraction import TYPESCRIPT_EXTRACTION

    return TYPESCRIPT_EXTRACTION


def _bench() -> BenchSupport:
    from forge_lsp.languages.ecmascript.bench import BENCH

    return BENCH


def _javascript_context() -> ContextSupport:
    from forge_lsp.languages.ecmascript.context import JAVASCRIPT_CONTEXT

    return JAVASCRIPT_CONTEXT


def _javascript_extraction() -> ExtractionSupport:
    from forge_lsp.languages.ecmascript.extraction import JAVASCRIPT_EXTRACTION

    return JAVASCRIPT_EXTRACTION


TYPESCRIPT = Language(
    id="typescript",
    title="TypeScript",
    suffixes=(".ts", ".tsx", ".mts", ".cts"),
    names=("typescriptreact", "typescript.tsx", "tsx", "ts"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
    context=_typescript_context,
    extraction=_typescript_extraction,
    bench=_bench,
)
JAVASCRIPT = Language(
    id="javascript",
    title="JavaScript",
    suffixes=(".js", ".mjs", ".cjs", ".jsx"),
    names=("javascriptreact", "javascript.jsx", "jsx", "js"),
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
    context=_javascript_context,
    extraction=_javascript_extraction,
    bench=_bench,
)
