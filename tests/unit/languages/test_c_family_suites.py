"""Which tests a C project has, and why those that are there cannot be run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from forge_lsp.checking.project import place_of
from forge_lsp.languages.c_family.suites import Idle, Suite, suite_of
from tests.support import lang
from tests.support.builds import task_of, write_files

MARKED = "«int area(int w, int h) {\n    return w * h;\n}»\n"
TEST = "#include <assert.h>\nint area(int, int);\nint main(void) {\n    assert(area(2, 3) == 6);\n    return 0;\n}\n"


def found(root: Path, files: Mapping[str, str]) -> Suite | Idle | None:
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
    assert isinstance(idle, Idle)
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
