"""C and C++ without a compiler: flags, what is compiled, and what the answers mean."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.project import Place
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family.compilers import flavour, missing_header, problems_of
from forge_lsp.languages.c_family.flags import flags_of
from forge_lsp.languages.c_family.heads import head_of
from forge_lsp.languages.c_family.packages import package_of
from forge_lsp.languages.c_family.symbols import outline, symbols_in, undefined
from forge_lsp.languages.c_family.units import units_of
from tests.support import lang
from tests.support.builds import write_files

C, CPP = lang.C, lang.CPP


def place(root: Path, document: str) -> Place:
    return Place(source=root, document=PurePosixPath(document))


def flags(root: Path, document: str, language: Language = C) -> tuple[str, ...]:
    file = PurePosixPath(document)
    return flags_of(place(root, document), (file,), {file: language})[file].at("/box")


def test_only_harmless_flags_of_the_database_pass(tmp_path: Path) -> None:
    command = [
        *("/usr/bin/clang", "-I../include", "-isystem", "/opt/x/include", '-DA="b c"', "-D", "B", "-std=c11", "-Wall"),
        *(
            "-fplugin=./x.so",
            "-Xclang",
            "-load",
            "-B/tmp",
            "-specs=x",
            "@response",
            "-wrapper",
            "sh",
            "-Wp,-MD,x",
            "-o",
        ),
        *("a.o", "-fno-exceptions", "-include", "conf.h", "-c", "a.c"),
    ]
    entry = {"directory": str(tmp_path / "build"), "arguments": command, "file": "../src/a.c"}
    write_files(tmp_path, {"build/compile_commands.json": json.dumps([entry]), "src/a.c": "", "src/new.c": ""})
    expected = (
        *("-I", "/box/include", "-isystem", "/opt/x/include", '-DA="b c"', "-DB", "-std=c11", "-Wall"),
        *("-fno-exceptions", "-include", "/box/build/conf.h"),
    )
    assert flags(tmp_path, "src/a.c") == expected
    assert flags(tmp_path, "src/new.c") == expected, "a new file is compiled like its neighbours"
    found = flags_of(place(tmp_path, "src/a.c"), (PurePosixPath("src/a.c"),), {PurePosixPath("src/a.c"): C})
    assert found[PurePosixPath("src/a.c")].clang


def test_a_makefile_is_read_and_not_run(tmp_path: Path) -> None:
    text = (
        "INC = -I$(ROOT)/inc \\\n  -Ivendor\nROOT := .\nCFLAGS = -Wall -std=c99 $(INC) $(shell touch ran)\n"
        "CFLAGS += -DX=1\nCXXFLAGS = -std=c++14\nall:\n\tCFLAGS=-DNOT\n"
    )
    write_files(tmp_path, {"Makefile": text, "vendor/v.h": "", "inc/i.h": "", "src/a.c": ""})
    got = flags(tmp_path, "src/a.c")
    assert got[:7] == ("-Wall", "-std=c99", "-I", "/box/inc", "-I", "/box/vendor", "-DX=1")
    assert flags(tmp_path, "src/a.c", CPP)[0] == "-std=c++14"
    assert not (tmp_path / "ran").exists()


def test_cmake_is_read_and_not_run(tmp_path: Path) -> None:
    text = (
        "project(x) # set(CMAKE_CXX_STANDARD 11)\nset(CMAKE_CXX_STANDARD 17)\n"
        "target_include_directories(x PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/api ${OTHER}/no)\n"
        "add_compile_definitions(A=1 B)\n"
    )
    write_files(tmp_path, {"CMakeLists.txt": text, "api/a.h": "", "src/a.cpp": ""})
    assert flags(tmp_path, "src/a.cpp", CPP)[:5] == ("-std=gnu++17", "-I", "/box/api", "-DA=1", "-DB")


def test_the_name_of_a_target_is_no_definition(tmp_path: Path) -> None:
    text = "target_compile_definitions(shapes PRIVATE X=1 PUBLIC -DY)\nadd_definitions(-DZ=2)\n"
    write_files(tmp_path, {"CMakeLists.txt": text, "a.cpp": ""})
    assert [word for word in flags(tmp_path, "a.cpp", CPP) if word.startswith("-D")] == ["-DX=1", "-DY", "-DZ=2"]


@pytest.mark.parametrize("generator", ["Unix Makefiles", "Ninja"])
def test_a_build_folder_of_cmake_says_how_each_source_is_compiled(tmp_path: Path, generator: str) -> None:
    if shutil.which("cmake") is None or (generator == "Ninja" and shutil.which("ninja") is None):
        pytest.skip("cmake or ninja is not installed")
    text = (
        "cmake_minimum_required(VERSION 3.16)\nproject(shapes C CXX)\nconfigure_file(config.h.in config.h)\n"
        "add_library(shapes src/a.c 'src/b c.cpp')\nset_target_properties(shapes PROPERTIES CXX_STANDARD 17)\n"
        'target_compile_definitions(shapes PRIVATE "X=\\"one two\\"")\nadd_subdirectory(inner)\n'
        "target_include_directories(shapes PRIVATE ${CMAKE_CURRENT_BINARY_DIR})\n"
    ).replace("'", '"')
    inner = "add_library(inner d.c)\ntarget_compile_definitions(inner PRIVATE INNER)\n"
    files = {"CMakeLists.txt": text, "config.h.in": "", "src/a.c": "", "src/b c.cpp": "", "inner/CMakeLists.txt": inner}
    write_files(tmp_path, {**files, "inner/d.c": ""})
    command = ["cmake", "-G", generator, "-S", str(tmp_path), "-B", str(tmp_path / "made here")]
    subprocess.run(command, check=True, capture_output=True)
    assert flags(tmp_path, "src/a.c") == ('-DX="one two"', "-I", "/box/made here")
    assert flags(tmp_path, "src/b c.cpp", CPP) == ('-DX="one two"', "-I", "/box/made here", "-std=gnu++17")
    assert flags(tmp_path, "inner/d.c") == ("-DINNER",)
    assert flags(tmp_path, "src/new.c") == ('-DX="one two"', "-I", "/box/made here")


def test_a_build_folder_of_another_project_says_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.c": "", "build/CMakeCache.txt": "CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere\n"})
    assert flags(tmp_path, "a.c")[0] == "-std=gnu17"


def test_a_build_folder_of_autotools_is_read(tmp_path: Path) -> None:
    text = "top_srcdir = ..\nDEFS = -DHAVE_CONFIG_H\nDEFAULT_INCLUDES = -I.\nAM_CPPFLAGS = -I$(top_srcdir)/include\n"
    write_files(tmp_path, {"src/a.c": "", "build/config.status": "", "build/Makefile": text, "build/config.h": ""})
    assert flags(tmp_path, "src/a.c")[:5] == ("-DHAVE_CONFIG_H", "-I", "/box/build", "-I", "/box/include")


def test_guesses_where_nothing_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, {"include/a.h": "", "src/a.c": ""})
    assert flags(tmp_path, "src/a.c") == (*("-std=gnu17", "-I", "/box/src", "-I", "/box", "-I", "/box/include"),)


def test_what_includes_a_header_is_compiled_in_its_own_language(tmp_path: Path) -> None:
    files = {
        "inc/a.h": "",
        "inc/b.h": '#include "a.h"\n',
        "src/one.cpp": "#include <b.h>\n",
        "src/two.cc": '#include "../inc/a.h"\n',
        "src/other.c": '#include "not/a.hpp"\n',
        "lib/a.h": "",
    }
    write_files(tmp_path, files)
    units = units_of(place(tmp_path, "inc/a.h"), C)
    assert {str(path) for path in units.files} == {"src/one.cpp", "src/two.cc"}
    assert (units.language, units.header) == (CPP, False)
    assert [str(path) for path in units.others] == ["src/other.c"]
    alone = units_of(place(tmp_path, "new.h"), CPP)
    assert ([str(path) for path in alone.files], alone.header) == (["new.h"], True)
    write_files(tmp_path / "c", {"x.h": "", "y.c": ""})
    assert units_of(Place(source=tmp_path / "c", document=PurePosixPath("x.h")), CPP).language is C


def test_what_clang_says() -> None:
    output = (
        "/box/a.c:2:12: error: use of undeclared identifier 'wid'\n"
        "/box/a.c:3:1: warning: unused variable 'x' [-Wunused-variable]\n"
        "/box/a.c:4:9: error: call to undeclared function 'f' [-Wimplicit-function-declaration]\n"
        "/box/a.c:1:10: fatal error: 'x.h' file not found\n1 error generated.\n"
    )
    found = problems_of(
        output, "/box", "clang", lambda path: '#include "x.h"\nint é = wid;\n' if str(path) == "a.c" else None
    )
    assert [(p.file, p.line, p.column, p.code) for p in found] == [
        ("a.c", 2, 11, ""),
        ("a.c", 4, 9, "implicit-function-declaration"),
        ("a.c", 1, 10, ""),
    ]
    assert missing_header(found[2]) == "x.h"
    assert missing_header(found[0]) is None


def test_a_file_has_one_name() -> None:
    output = "/box/src/../include/a.h:2:12: error: use of undeclared identifier 'wid'\n"
    (problem,) = problems_of(output, "/box", "clang", lambda path: None)
    assert problem.file == "include/a.h"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("#include <a>\n#include <b>\nint x;\n#include <c>\n", 2),
        ('// a\n/* b\n */ #include "a.h" // c\n\n#define X 1\n#undef X\nint x;\n', 3),
        ("#ifdef X\n#include <a>\n#else\n#include <b>\n#endif\nint x;\n", 5),
        ("#ifndef A_H\n#define A_H\n#include <a>\nint x;\n#endif\n", 0),
        ("#pragma once\r\n#include <a>\r\n#pragma pack(1)\r\n#include <b>\r\n", 2),
        ("#include <a> /* it\ngoes on */\n#include <b>\nint x;\n", 3),
        ("#define X \\\n#include <a>\n#include <b>\n", 3),
        ('#include <a>\n#include "stop.h"\n#include <b>\n', 1),
        ("#include <a>\n#include NAME\n", 1),
        ("#include <a>\nextern int x; /*\n*/\n#include <b>\n", 1),
        ("#include <a>", 0),
        ("/* #include <a>\n*/\n", 0),
        ("#define X\nint x;\n", 0),
        ("\x0c#include <a>\n\u2028\n", 1),
    ],
)
def test_what_a_text_includes_first(text: str, lines: int) -> None:
    head = head_of(text, {"stop.h"})
    assert text.startswith(head)
    assert head.count("\n") == lines


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("int f(int x) { return x; }", "int f(int x) { if (x) { return '}'; } /* } */ return \"}\" ? 1 : 2; }"),
        ("int A::f() const noexcept {}", 'int A::f() const noexcept { return R"x(} " )")x"[0]; }'),
        ("auto f(int x) -> std::vector<int> {} // a", "auto f(int x) -> std::vector<int> { return {x}; } // b"),
        ("namespace a { int f() { return 1; } }", "namespace a { int f() { return 1'000; } }"),
    ],
)
def test_what_functions_do_leaves_the_outline(one: str, two: str) -> None:
    assert outline(one) == outline(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("int f(int x) { return x; }", "int f(double x) { return x; }"),
        ("int f() {}\nint g() {}", "int f() { int g() {} }"),
        ("int x[] = {1};", "int x[] = {1, 2};"),
        ("namespace N __attribute__((x)) { int f(); }", "namespace N __attribute__((x)) { int g() {} }"),
        ('extern "C" { int f() {} }', 'extern "C" { int g() {} }'),
        ("struct A { static int x; };", "struct A { static int y; };"),
        ("int f() {\n#define X 1\n}", "int f() {\n#define X 2\n}"),
    ],
)
def test_what_others_see_stays_in_the_outline(one: str, two: str) -> None:
    assert outline(one) != outline(two)


@pytest.mark.parametrize(
    ("version", "clang", "json_"),
    [
        ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", False, True),
        ("g++ (GCC) 16.1.0", False, False),
        ("gcc (GCC) 8.5.0 20210514", False, False),
        ("Apple clang version 15.0.0 (clang-1500.3.9.4)", True, False),
        ("Debian clang version 14.0.6", True, False),
    ],
)
def test_flavours(version: str, clang: bool, json_: bool) -> None:
    found = flavour(Path("/usr/bin/cc"), C, version)
    assert (found.clang, found.json) == (clang, json_)


def test_symbols(tmp_path: Path) -> None:
    listing = "shop::area(int, int) T 0 17\nstd::move<int>(int&) W 0 3\nputs U\ncount B 0 4\n"
    assert symbols_in(listing, "TDBRCG") == {"shop::area(int, int)", "count"}
    assert symbols_in(listing, "U") == {"puts"}
    text = '#include "area.h"\nint area(int a, int b);\nint x = 1; // area(\nint y() { return area(1, 2); }\n'
    write_files(tmp_path, {"use.cpp": text})
    found = undefined("shop::area(int, int)", PurePosixPath("use.cpp"), place(tmp_path, "a.cpp"), "ld")
    assert (found.file, found.line) == ("use.cpp", 4)


@pytest.mark.parametrize(
    ("header", "word"),
    [("openssl/ssl.h", "libssl-dev"), ("stdio.h", "libc6-dev"), ("vector", "g++"), ("q/z.h", "q/z.h")],
)
def test_packages(header: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    assert word in package_of(header)
