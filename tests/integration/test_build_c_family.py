"""The gates of C and C++ with the real compilers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.c_family.toolchain import CFamilyToolchain, findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="gcc and g++ are not installed")

C = {
    "Makefile": "CFLAGS = -std=c11 -Iinclude\nall: $(OBJS)\n\tcurl http://example.com\n",
    "include/area.h": "#ifndef AREA_H\n#define AREA_H\nint area(int width, int height);\n#endif\n",
    "src/area.c": '#include "area.h"\n\n«int area(int width, int height) {\n    return 0;\n}»\n',
    "src/use.c": "int area(int width, int height);\n\nint total(void) { return area(2, 3); }\n",
}
CPP = {
    "CMakeLists.txt": "set(CMAKE_CXX_STANDARD 17)\ntarget_include_directories(x PUBLIC include)\n",
    "include/area.hpp": "#pragma once\n#include <string>\nint area(int width, int height);\n",
    "src/area.cpp": '#include "area.hpp"\n\n«int area(int width, int height) {\n    return 0; // TODO\n}»\n',
    "src/use.cpp": '#include "area.hpp"\n\nint total() { return area(2, 3); }\n',
}
HEADER = {
    "lib/box.h": "#pragma once\n«struct box { int width; };»\n",
    "lib/deep.h": '#pragma once\n#include "box.h"\n',
    "app/main.cpp": (
        '#include <vector>\n#include "../lib/deep.h"\nint main() { std::vector<box> all{{3}}; return all[0].width; }\n'
    ),
}
HEAD = "int area(int width, int height) {\n"
GOOD = f"{HEAD}    return width * height;\n}}"
C_CASES = [
    Case(
        name="syntax error",
        code=f"{HEAD}    return width *;\n}}",
        file="src/area.c",
        line=4,
        codes=("",),
        message="expected",
    ),
    Case(name="unknown name", code=f"{HEAD}    return wid;\n}}", file="src/area.c", line=4, codes=("",), message="wid"),
    Case(
        name="wrong type",
        code=f'{HEAD}    return "w";\n}}',
        file="src/area.c",
        line=4,
        codes=("int-conversion",),
        message="int",
    ),
    Case(
        name="wrong arity",
        code=f"int add(int a);\n{HEAD}    return add(width, height);\n}}",
        file="src/area.c",
        line=5,
        codes=("",),
        message="too many arguments",
    ),
    Case(
        name="missing import",
        code=f'{HEAD}    return printf("x") + width;\n}}',
        file="src/area.c",
        line=4,
        codes=("implicit-function-declaration",),
        message="printf",
    ),
    Case(
        name="break of another file",
        code="int surface(int width, int height) {\n    return width * height;\n}",
        file="src/use.c",
        line=3,
        codes=("undefined-reference",),
        message="area",
    ),
]
CPP_CASES = [
    Case(
        name="syntax error",
        code=f"{HEAD}    return width *;\n}}",
        file="src/area.cpp",
        line=4,
        codes=("",),
        message="expected",
    ),
    Case(
        name="unknown name", code=f"{HEAD}    return wid;\n}}", file="src/area.cpp", line=4, codes=("",), message="wid"
    ),
    Case(
        name="wrong type",
        code=f'{HEAD}    return std::string("w");\n}}',
        file="src/area.cpp",
        line=4,
        codes=("",),
        message="cannot convert",
    ),
    Case(
        name="wrong arity",
        code=f"int add(int a);\n{HEAD}    return add(width, height);\n}}",
        file="src/area.cpp",
        line=5,
        codes=("",),
        message="too many arguments",
    ),
    Case(
        name="missing import",
        code=f"{HEAD}    std::vector<int> all;\n    return width;\n}}",
        file="src/area.cpp",
        line=4,
        codes=("",),
        message="vector",
    ),
    Case(
        name="break of another file",
        code="int area(int width, double height) {\n    return width * height;\n}",
        file="src/use.cpp",
        line=3,
        codes=("undefined-reference",),
        message="area(int, int)",
    ),
]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


@pytest.fixture
def toolchain(sandbox: Sandbox) -> CFamilyToolchain:
    return CFamilyToolchain(sandbox, timeout=60, environment=os.environ)


@pytest.mark.parametrize(
    ("language", "files", "file", "cases"),
    [(lang.C, C, "src/area.c", C_CASES), (lang.CPP, CPP, "src/area.cpp", CPP_CASES)],
    ids=["c", "cpp"],
)
async def test_a_good_candidate_passes_and_bad_ones_are_refused(
    toolchain: CFamilyToolchain,
    tmp_path: Path,
    language: Language,
    files: Mapping[str, str],
    file: str,
    cases: list[Case],
) -> None:
    task = project_task(tmp_path, language, files, file)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in cases:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message


@pytest.mark.parametrize("language", [lang.C, lang.CPP])
async def test_a_header_is_checked_by_those_that_include_it(
    toolchain: CFamilyToolchain, tmp_path: Path, language: Language
) -> None:
    """And in their language: editors call every .h the same."""
    task = project_task(tmp_path, language, HEADER, "lib/box.h")
    good = await toolchain.build(task, with_code(task, "struct box { int width; bool full = false; };"))
    assert good.status is BuildStatus.PASSED, good
    report = await toolchain.build(task, with_code(task, "struct box { int wide; };"))
    assert report.status is BuildStatus.FAILED, report
    assert [(d.file, d.line) for d in report.diagnostics] == [("app/main.cpp", 3)]


async def test_flags_come_from_the_database_and_load_nothing(toolchain: CFamilyToolchain, tmp_path: Path) -> None:
    command = "gcc -DWIDE=3 -I../own -fplugin=./evil.so -B/tmp -o x.o -MD -MF x.d -c ../a.c"
    files = {
        "own/wide.h": "int wide(void);\n",
        "a.c": "#include <wide.h>\nint f(void) {\n    «return 0;»\n}\n",
        "build/compile_commands.json": json.dumps(
            [{"directory": str(tmp_path / "build"), "command": command, "file": "../a.c"}]
        ),
    }
    task = project_task(tmp_path, lang.C, files, "a.c")
    report = await toolchain.build(task, with_code(task, "return WIDE + wide();"))
    assert report.status is BuildStatus.PASSED, report
    assert (await toolchain.build(task, with_code(task, "return NARROW;"))).compiled is False
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == ["compile_commands.json"]


async def test_problems_that_were_there_do_not_count_and_columns_are_code_points(
    toolchain: CFamilyToolchain, tmp_path: Path
) -> None:
    text = "int old(void) { return gone; }\n«int f(void) { return 0; }»\n"
    task = task_of(text, language=lang.C, path=tmp_path / "a.c", workspace=tmp_path)
    assert (await toolchain.build(task, with_code(task, "int f(void) { return 1; }"))).compiled is True
    report = await toolchain.build(task, with_code(task, 'int f(void) { return sizeof("é😀") + wid; }'))
    assert [(d.line, d.column, d.end_column) for d in report.diagnostics] == [(2, 37, 40)]


async def test_a_library_that_is_not_installed_is_the_environments_fault(
    toolchain: CFamilyToolchain, tmp_path: Path
) -> None:
    text = "#include <curl/none_such.h>\n«int f(void) { return 0; }»\n"
    task = task_of(text, language=lang.C, path=tmp_path / "a.c", workspace=tmp_path)
    report = await toolchain.build(task, with_code(task, "int f(void) { return none_such(); }"))
    assert report.status is BuildStatus.UNVERIFIED
    assert report.remedy == "apt-get install libcurl4-openssl-dev"
    assert "curl/none_such.h" in (report.reason or "")
    bare = task_of("«int f(void) { return 0; }»\n", language=lang.C, path=tmp_path / "a.c", workspace=tmp_path)
    report = await toolchain.build(bare, "#include <none_such.h>\nint f(void) { return 1; }\n")
    assert report.status is BuildStatus.FAILED, "the candidate itself brought it in"


async def test_a_lone_file_and_one_without_a_name(toolchain: CFamilyToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"b.h": "int b(void);\n", "a.c": ""})
    task = task_of("«»", language=lang.C, path=tmp_path / "a.c")
    assert (await toolchain.build(task, '#include "b.h"\nint a(void) { return b(); }\n')).compiled is True
    untitled = task_of("«»", language=lang.CPP)
    assert (await toolchain.build(untitled, "#include <span>\nint f(std::span<int> s) { return s[0]; }\n")).compiled
    assert (await toolchain.build(untitled, "int f() { return x; }\n")).compiled is False


async def test_a_file_from_outside_is_not_read(sandbox: Sandbox, tmp_path: Path) -> None:
    if sandbox.kind in ("off", "none"):
        pytest.skip("no sandbox works here")
    key = tmp_path / "keys" / "id"
    write_files(tmp_path, {"keys/id": "SECRETWORD\n", "work/a.c": ""})
    toolchain = CFamilyToolchain(sandbox, timeout=60, environment=os.environ)
    task = task_of(
        "«int f(void) { return 0; }»\n", language=lang.C, path=tmp_path / "work/a.c", workspace=tmp_path / "work"
    )
    for name in (str(key), "../keys/id"):
        report = await toolchain.build(task, f'#include "{name}"\nint f(void) {{ return 1; }}\n')
        assert report.status is BuildStatus.FAILED
        assert "SECRETWORD" not in str(report)
        assert "No such file" in report.diagnostics[0].message


async def test_without_a_compiler_nothing_is_known(sandbox: Sandbox, tmp_path: Path) -> None:
    for language, remedy in ((lang.C, "gcc"), (lang.CPP, "g++")):
        bare = CFamilyToolchain(sandbox, timeout=60, environment={"PATH": "/nonexistent"})
        task = task_of("«»", language=language, path=tmp_path / "a.c")
        if language is lang.CPP:
            task = task_of("«»", language=language, path=tmp_path / "a.cpp")
        report = await bare.build(task, "int x;\n")
        assert (report.status, remedy in (report.remedy or "")) == (BuildStatus.UNVERIFIED, True)
    (absent,) = await findings(lang.C, sandbox, {"PATH": "/nonexistent"})
    assert absent.status is FindingStatus.ABSENT
    for found in (*await findings(lang.C, sandbox, os.environ), *await findings(lang.CPP, sandbox, os.environ)):
        assert found.status is FindingStatus.OK, found


async def test_a_command_of_ones_own(sandbox: Sandbox, tmp_path: Path) -> None:
    commands = {lang.C: ("gcc", "-Wall", "-Werror", "-c", "{file}")}
    own = toolchains(lang.BUILT_IN, sandbox, timeout=60, commands=commands)[lang.C]
    task = task_of("«»", language=lang.C, path=tmp_path / "a.c", workspace=tmp_path)
    assert (await own.build(task, "int f(void) { return 1; }\n")).compiled is True
    assert (await own.build(task, "int f(void) { int unused; return 1; }\n")).compiled is False


STUB, FINE = "«int area(int w, int h) { return 0; }»\n", "int area(int w, int h) { return w; }"


@pytest.mark.parametrize(
    ("marked", "code", "compiled"),
    [
        (f"#ifdef FEATURE\n{STUB}#endif\n", "int area(int w, int h) { no(w); }", False),
        (f"#if 0\n{STUB}#endif\n", "int area(int w, int h) { return w * h; }", False),
        (f"#ifdef __linux__\n{STUB}#endif\n", FINE, True),
        (f"#if 0\nint no;\n#else\n{STUB}#endif\n", FINE, True),
        (STUB, "#if 0\nint area(int w, int h) { return w * h; }\n#endif", False),
        (
            STUB,
            f"#ifdef _WIN32\nint area(int w, int h) {{ return no(w); }}\n#else\n{FINE}\n#endif",
            True,
        ),
        (f"#ifndef A_H\n#define A_H\n{STUB}#endif\n", FINE, True),
    ],
)
async def test_code_that_is_not_compiled_here_is_not_passed(
    toolchain: CFamilyToolchain, tmp_path: Path, marked: str, code: str, compiled: bool
) -> None:
    task = project_task(tmp_path, lang.C, {"area.c": marked}, "area.c")
    report = await toolchain.build(task, with_code(task, code))
    assert report.status is (BuildStatus.PASSED if compiled else BuildStatus.UNVERIFIED), report
    if not compiled:
        assert report.reason is not None
        assert report.reason.startswith("not compiled here: area.c:"), report
        assert report.remedy
