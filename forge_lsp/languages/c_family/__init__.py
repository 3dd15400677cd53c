"""C and C++."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, ContextSupport, ExtractionSupport

__all__ = ["CPP", "C"]

_FAMILY = ("c", "cpp")
_SUFFIXES = (".c", ".h"), (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++")
_BESIDE = (*_SUFFIXES[0], *_SUFFIXES[1], ".C", ".inl", ".ipp", ".tpp", ".inc")
_TEST_FILES = re.compile(r"(?:^|.*[/_-])tests?(?:[/_.-].*)", re.I)


def _c_context() -> ContextSupport:
    from forge_lsp.languages.c_family.context import C_CONTEXT

    return C_CONTEXT


def _c_extraction() -> ExtractionSupport:
    from forge_lsp.languages.c_family.extraction import C_EXTRACTION

    return C_EXTRACTION


def _c_bench() -> BenchSupport:
    from forge_lsp.languages.c_family.bench import C_BENCH

    return C_BENCH


def _cpp_context() -> ContextSupport:
    from forge_lsp.languages.c_family.context import CPP_CONTEXT

    return CPP_CONTEXT


def _cpp_extraction() -> ExtractionSupport:
    from forge_lsp.languages.c_family.extraction import CPP_EXTRACTION

    return CPP_EXTRACTION


def _cpp_bench() -> BenchSupport:
    from forge_lsp.languages.c_family.bench import CPP_BENCH

    return CPP_BENCH


# What ends in .h is taken for C.
C = Language(
    id="c",
    title="C",
    suffixes=_SUFFIXES[0],
    shared=(".h",),
    beside=_BESIDE,
    family=_FAMILY,
    test_files=_TEST_FILES,
    context=_c_context,
    extraction=_c_extraction,
    bench=_c_bench,
)
CPP = Language(
    id="cpp",
    title="C++",
    suffixes=_SUFFIXES[1],
    names=("c++",),
    beside=_BESIDE,
    family=_FAMILY,
    test_files=_TEST_FILES,
    context=_cpp_context,
    extraction=_cpp_extraction,
    bench=_cpp_bench,
)
