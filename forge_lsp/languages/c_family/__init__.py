"""C and C++."""

import re

from forge_lsp.core.languages import Language, supports

__all__ = ["CPP", "TEST_FILES", "C"]

_FAMILY = ("c", "cpp")
_SUFFIXES = (".c", ".h"), (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++")
_BESIDE = (*_SUFFIXES[0], *_SUFFIXES[1], ".C", ".inl", ".ipp", ".tpp", ".inc")
# The rest of a build folder is none: headers that are made there are included.
_OUTPUT = {"CMakeFiles": (), "Testing": ("CMakeCache.txt",), ".deps": (), ".libs": ()}
TEST_FILES = re.compile(
    r"(?:^|.*[/_.-])(?:(?:unit|g|u)?tests?\d*(?:[/_.-].*)|testing/.*)"
    r"|.*(?-i:[a-z\d]Tests?)\.[^/]*|(?:.*/)?(?-i:Tests?[A-Z\d])[^/]*",
    re.I,
)
"""Paths of test files: ``tests/area.c``, ``testing/area.c``, ``test_area.c``, ``area.test.c``, ``area_unittest.cc``,
``AreaTest.cpp``."""

# What ends in .h is taken for C.
C = Language(
    id="c",
    title="C",
    suffixes=_SUFFIXES[0],
    shared=(".h",),
    beside=_BESIDE,
    family=_FAMILY,
    test_files=TEST_FILES,
    output_folders=_OUTPUT,
    listed=True,
    **supports("forge_lsp.languages.c_family", "C_"),
)
CPP = Language(
    id="cpp",
    title="C++",
    suffixes=_SUFFIXES[1],
    names=("c++",),
    beside=_BESIDE,
    family=_FAMILY,
    test_files=TEST_FILES,
    output_folders=_OUTPUT,
    listed=True,
    **supports("forge_lsp.languages.c_family", "CPP_"),
)
