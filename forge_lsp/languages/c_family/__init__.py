"""C and C++."""

import re

from forge_lsp.core.languages import Language
from forge_lsp.core.support import CheckingSupport, ContextSupport

__all__ = ["CPP", "C"]

_FAMILY = ("c", "cpp")
_SUFFIXES = (".c", ".h"), (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++")
_BESIDE = (*_SUFFIXES[0], *_SUFFIXES[1], ".C", ".inl", ".ipp", ".tpp", ".inc")
# The rest of a build folder is none: headers that are made there are included.
_OUTPUT = {"CMakeFiles": (), "Testing": ("CMakeCache.txt",), ".deps": (), ".libs": ()}
_TEST_FILES = re.compile(r"(?:^|.*[/_-])tests?(?:[/_.-].*)", re.I)


def _c_context() -> ContextSupport:
    from forge_lsp.languages.c_family.context import C_CONTEXT

    return C_CONTEXT


def _cpp_context() -> ContextSupport:
    from forge_lsp.languages.c_family.context import CPP_CONTEXT

    return CPP_CONTEXT


def _c_checking() -> CheckingSupport:
    from forge_lsp.languages.c_family.checking import C_CHECKING

    return C_CHECKING


def _cpp_checking() -> CheckingSupport:
    from forge_lsp.languages.c_family.checking import CPP_CHECKING

    return CPP_CHECKING


# What ends in .h is taken for C.
C = Language(
    id="c",
    title="C",
    suffixes=_SUFFIXES[0],
    shared=(".h",),
    beside=_BESIDE,
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
    context=_c_context,
    checking=_c_checking,
)
CPP = Language(
    id="cpp",
    title="C++",
    suffixes=_SUFFIXES[1],
    names=("c++",),
    beside=_BESIDE,
    family=_FAMILY,
    test_files=_TEST_FILES,
    output_folders=_OUTPUT,
    context=_cpp_context,
    checking=_cpp_checking,
)
