"""Which tests a C project has, and why those that are there cannot be run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from forge_lsp.checking.project import place_of
from forge_lsp.core.checks import Cause
from forge_lsp.languages.c_family.instrumenting import without_warnings
from forge_lsp.languages.c_family.outputs import warnings_in
from forge_lsp.languages.c_family.reading import Reading
from forge_lsp.languages.c_family.suites import IdleTests, Suite, suite_of
from tests.support import lang
from tests.support.builds import task_of, write_files

MARKED = "«int area(int w, int h) {\n    return w * h;\n}»\n"
TEST = "#include <assert.h>\nint area(int, int);\nint main(void) {\n    assert(area(2, 3) == 6);\n    return 0;\n}\n"


def found(root: Path, files: Mapping[str, str]) -> Suite | IdleTests | None:
    path = root / "shapes.c"
    write_files(root, {**files, "shapes.c": MARKED.replace("«", "").replace("»", "")})
    task = task_of(MARKED, language=lang.C, path=path, workspace=root, name="area")
    return suite_of(task, place_of(task))


@pytest.mark.parametrize(("build", "name", "words"), [
    ({"CMakeLists.txt": "project(shapes C)\n"}, "ctest", "cmake -S . -B build"),
    ({"meson.build": "project('shapes', 'c')\n"}, "meson test", "Meson"),
    ({"configure.ac": "AC_INIT([shapes], [1])\n", "Makefile.am": "TESTS = test\n"}, "make check", "./configure"),
    ({"Makefile": "all:\n\tcc -c shapes.c\n"}, "make", "no target called test"),
    ({}, "tests", "no build file"),
])  # fmt: skip
def test_tests_that_nothing_here_runs_are_named(
    build: Mapping[str, str], name: str, words: str, tmp_path: Path
) -> None:
    idle = found(tmp_path, {**build, "tests/test_area.c": TEST})
    assert isinstance(idle, IdleTests)
    assert idle.name == name
    assert words in f"{idle.reason} - {idle.remedy}"
    assert idle.reason.startswith("tests/test_area.c: ")
    assert "check.c.tests" in idle.remedy


def test_tests_that_do_not_speak_of_it_are_none(tmp_path: Path) -> None:
    assert found(tmp_path, {"tests/test_other.c": "int main(void) { return 0; }\n"}) is None


def test_a_makefile_with_its_target_runs_them(tmp_path: Path) -> None:
    suite = found(tmp_path, {"Makefile": "test:\n\t./run\n", "tests/test_area.c": TEST})
    assert isinstance(suite, Suite)
    assert suite.name == "make test"


@pytest.mark.parametrize("command", ["./area_tests", "FOLDER/build/tests/area_tests"])
def test_programs_that_a_loop_of_cmake_makes_speak_by_their_tests(command: str, tmp_path: Path) -> None:
    text = (
        "int area(int, int);\nvoid one_area(void) { TEST_ASSERT_EQUAL(6, area(2, 3)); }\n"
        "void other_shape(void) { TEST_ASSERT_EQUAL(2, side(2)); }\n"
    )
    suite = found(
        tmp_path,
        {
            "sides.h": "int side(int w);\n",
            "tests/area_tests.c": text,
            "tests/CMakeLists.txt": 'foreach(one ${all})\n  add_executable("${one}" "${one}.c")\nendforeach()\n',
            "build/CMakeCache.txt": "",
            "build/CTestTestfile.cmake": 'subdirs("tests")\n',
            "build/tests/CTestTestfile.cmake": f'add_test(area_tests "{command.replace("FOLDER", str(tmp_path))}")\n',
        },
    )
    assert isinstance(suite, Suite)
    assert not suite.reading.silent
    assert suite.reading.speaks("area_tests one_area")
    assert not suite.reading.speaks("area_tests other_shape")


@pytest.mark.parametrize(("build", "file"), [
    ({"CMakeLists.txt": "add_executable(shapestest shapestest.c)\nadd_test(NAME all COMMAND shapestest)\n"},
     "shapestest.c"),
    ({"CMakeLists.txt": "add_executable(unittests\n  run.c)\ngtest_discover_tests(unittests)\n"}, "run.c"),
    ({"Makefile": "test: shapestest\n\t./shapestest\nshapestest: shapestest.c shapes.o\n\tcc -o $@ $^\n"},
     "shapestest.c"),
    ({"Makefile": "check: selftest\n\t./selftest\n"}, "selftest.c"),
    ({"Makefile": "test:\n\t./run\n"}, "shapes.test.c"),
    ({"Makefile": "test:\n\t./run\n"}, "src/shapes_unittest.c"),
    ({"Makefile": "test:\n\t./run\n"}, "ShapesTest.c"),
    ({"Makefile": "test:\n\t./run\n"}, "TestShapes.c"),
])  # fmt: skip
def test_tests_that_lie_anywhere(build: Mapping[str, str], file: str, tmp_path: Path) -> None:
    built = {"build/CTestTestfile.cmake": "", "build/CMakeCache.txt": ""} if "CMakeLists.txt" in build else {}
    suite = found(tmp_path, {**build, **built, file: TEST})
    assert isinstance(suite, Suite)
    assert set(suite.reading.tests) == {file}


@pytest.mark.parametrize(("build", "file"), [
    ({"CMakeLists.txt": "add_executable(app main.c)\nadd_test(NAME version COMMAND app --version)\n"}, "main.c"),
    ({"CMakeLists.txt": "add_executable(latest latest.c)\n"}, "latest.c"),
    ({"Makefile": "test: app\n\t./app --version\napp: main.c shapes.c\n\tcc -o $@ $^\n"}, "main.c"),
    ({"Makefile": "all: latest\nlatest: latest.c shapes.c\n\tcc -o $@ $^\ntest:\n\t./run\n"}, "latest.c"),
])  # fmt: skip
def test_a_program_that_only_uses_it_is_no_test(build: Mapping[str, str], file: str, tmp_path: Path) -> None:
    assert found(tmp_path, {**build, file: TEST}) is None


def test_tests_that_load_it_and_do_not_name_it(tmp_path: Path) -> None:
    test = '#include "../shapes.h"\nint main(void) { return perimeter(1, 2) == 6 ? 0 : 1; }\n'
    files = {"Makefile": "test:\n\t./run\n", "shapes.h": "int perimeter(int, int);\n", "tests/all.c": test}
    assert isinstance(found(tmp_path, files), Suite)
    assert isinstance(found(tmp_path / "other", {"tests/all.c": test}), IdleTests)
    assert found(tmp_path / "apart", {**files, "tests/all.c": test.replace("shapes.h", "colours.h")}) is None


def test_tests_that_name_the_class_of_a_method(tmp_path: Path) -> None:
    marked = "«int Shape::area() {\n    return w * h;\n}»\n"
    test = "int main() {\n    Shape shape(2, 3);\n    return shape.perimeter() == 10 ? 0 : 1;\n}\n"
    write_files(tmp_path, {"Makefile": "test:\n\t./run\n", "shapes.cpp": marked.strip("«"), "tests/all.cpp": test})
    task = task_of(marked, language=lang.CPP, path=tmp_path / "shapes.cpp", workspace=tmp_path, name="Shape::area")
    suite = suite_of(task, place_of(task))
    assert isinstance(suite, Suite)
    assert suite.reading.names == ("area", "Shape")


def test_names_of_operators_are_words() -> None:
    reading = Reading(names=("area",), others=frozenset({"operator[]", "operator+", "perimeter"}), tests={})
    assert reading.cause("shape.operator[](1) is 2") is Cause.ELSEWHERE
    assert reading.cause("perimeter gives 3") is Cause.ELSEWHERE
    assert reading.cause("perimeters: 3") is Cause.UNKNOWN
    assert reading.cause("area gives 3, perimeter 4") is Cause.SCOPE


@pytest.mark.parametrize("mark", ["-Werror=unused-parameter", "-Werror,-Wunused-parameter"])
def test_warnings_that_are_errors(mark: str) -> None:
    output = f"/p/shapes.c:2:14: error: unused parameter 'w' [{mark}]\n/p/other.c:2:14: error: unused 'w' [{mark}]\n"
    assert warnings_in(output, "shapes.c") == {"-Wunused-parameter"}
    assert warnings_in(output, "main.c") == frozenset()
    assert without_warnings("int a;\n", ["-Wb", "-Wa"]).startswith('#pragma GCC diagnostic ignored "-Wa"\n')
    assert without_warnings("int a;\n", ["-Wb", "-Wa"]).endswith("#line 1\nint a;\n")
