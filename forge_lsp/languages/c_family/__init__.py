"""C and C++."""

import re

from forge_lsp.core.languages import Language

__all__ = ["CPP", "C"]

_FAMILY = ("c", "cpp")
_SUFFIXES = (".c", ".h"), (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++")
_BESIDE = (*_SUFFIXES[0], *_SUFFIXES[1], ".C", ".inl", ".ipp", ".tpp", ".inc")
_TEST_FILES = re.compile(r"(?:^|.*[/_-])tests?(?:[/_.-].*)", re.I)

# What ends in .h is taken for C.
C = Language(id="c", title="C", suffixes=_SUFFIXES[0], beside=_BESIDE, family=_FAMILY, test_files=_TEST_FILES)
CPP = Language(
    id="cpp",
    title="C++",
    suffixes=_SUFFIXES[1],
    names=("c++",),
    beside=_BESIDE,
    family=_FAMILY,
    test_files=_TEST_FILES,
)
