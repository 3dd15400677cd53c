"""A C project's own tests, run in the sandbox before and after."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import AGAINST, CheckKind, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family.toolchain import CFamilyToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.integration.test_proofs import Injecting
from tests.support import lang
from tests.support.builds import candidate_of, write_files

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None or shutil.which("make") is None, reason="no gcc or no make")

AREA = '#include "area.h"\n\n«int area(int a, int b) {\n    return 0; // TODO\n}»\n'
FILES = {
    "Makefile": (
        "CFLAGS = -I.\n.PHONY: test\ntest: tests/test_area\n\t./tests/test_area\n"
        "tests/test_area: tests/test_area.c area.c\n\t$(CC) $(CFLAGS) -o $@ $^\n"
    ),
    "area.h": "int area(int a, int b);\n",
    "area.c": AREA,
    "tests/test_area.c": (
        '#include "area.h"\n#include <stdio.h>\n'
        'int main(void) {\n    if (area(2, 3) != 6) { puts("area is wrong"); return 1; }\n    return 0;\n}\n'
    ),
}
LISTS = (
    "cmake_minimum_required(VERSION 3.10)\nproject(area C)\nenable_testing()\n"
    "add_executable(test_area tests/test_area.c area.c)\ntarget_include_directories(test_area PRIVATE .)\n"
    "add_test(NAME multiplies COMMAND test_area)\nadd_test(NAME never COMMAND false)\n"
)
GOOD = "int area(int a, int b) {\n    return a * b;\n}"
WRONG = "int area(int a, int b) {\n    return a + b;\n}"


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


async def evidence(sandbox: Sandbox, task: Task, code: str) -> Evidence:
    toolchain = CFamilyToolchain(sandbox, timeout=90, environment=os.environ)
    return await toolchain.evidence(task, candidate_of(task, code))


async def test_the_target_of_the_makefile(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.C, FILES, "area.c")
    (good,) = (await evidence(sandbox, task, GOOD)).results
    assert (good.id, good.kind, good.status) == ("make test", CheckKind.TEST, CheckStatus.PROOF)
    (wrong,) = (await evidence(sandbox, task, WRONG)).results
    assert wrong.status is CheckStatus.OWED, "it failed before as well, for the scope"
    assert "area is wrong" in wrong.detail
    done = project_task(tmp_path, lang.C, {**FILES, "area.c": AREA.replace("0; // TODO", "a * b;")}, "area.c")
    (worse,) = (await evidence(sandbox, done, WRONG)).results
    assert (worse.status, "area is wrong" in worse.detail) == (CheckStatus.FAILED, True)
    assert not (tmp_path / "tests/test_area").exists(), "the user's tree is untouched"


@pytest.mark.parametrize(("over", "good", "bad"), [
    ("return a * b;", CheckStatus.KEPT, CheckStatus.FAILED),
    ("return 0; // TODO", CheckStatus.PROOF, CheckStatus.OWED),
])  # fmt: skip
async def test_objects_that_were_built_earlier_are_built_again(
    sandbox: Sandbox, tmp_path: Path, over: str, good: CheckStatus, bad: CheckStatus
) -> None:
    """A Makefile whose objects do not depend on headers: what they hold of the document is old."""
    files = {
        "Makefile": (
            "CFLAGS = -I.\n.PHONY: test\ntest: test_area\n\t./test_area\n"
            "test_area: test_area.o sum.o\n\t$(CC) -o $@ $^\n%.o: %.c\n\t$(CC) $(CFLAGS) -c -o $@ $<\n"
        ),
        "area.h": f"«static inline int area(int a, int b) {{\n    {over}\n}}»\n",
        "sum.h": "int sum(int a, int b);\n",
        "sum.c": '#include "sum.h"\n#include "area.h"\nint sum(int a, int b) { return area(a, b) + area(b, a); }\n',
        "test_area.c": (
            '#include "sum.h"\n#include "area.h"\n#include <stdio.h>\n'
            'int main(void) {\n    if (sum(2, 3) != 12) { puts("area is wrong"); return 1; }\n    return 0;\n}\n'
        ),
    }
    task = project_task(tmp_path, lang.C, files, "area.h")
    await asyncio.to_thread(subprocess.run, ("make", "-s", "test_area"), cwd=tmp_path, check=True)
    for code, status in ((GOOD, good), (WRONG, bad)):
        found = await evidence(sandbox, task, f"static inline {code}")
        assert [one.status for one in found.results] == [status], found
        assert found.doubt is None


WERROR = {
    **FILES,
    "Makefile": (
        "CFLAGS = -I. -Wall -Wextra -Werror\n.PHONY: test\ntest: tests/test_area\n\t./tests/test_area\n"
        "tests/test_area: tests/test_area.c area.c\n\t$(CC) $(CFLAGS) -o $@ $^\n"
    ),
    "tests/test_area.c": (
        '#include "area.h"\n#include <stdio.h>\n'
        "int main(void) {\n"
        '    printf("tests/test_area.c:4:test_area:%s\\n", area(2, 3) == 6 ? "PASS" : "FAIL");\n'
        '    printf("tests/test_area.c:5:test_later:IGNORE\\n");\n    return area(2, 3) != 6;\n}\n'
    ),
}


@pytest.mark.parametrize("build", ["make", "cmake"])
async def test_a_stub_is_tested_where_warnings_are_errors(sandbox: Sandbox, tmp_path: Path, build: str) -> None:
    """The parameters of a stub are not used: its tests are built all the same, and one that is ignored stays so."""
    files = dict(WERROR)
    if build == "cmake":
        if shutil.which("cmake") is None:
            pytest.skip("cmake is not installed")
        flags = "add_compile_options(-Wall -Wextra -Werror)\nadd_executable(test_area"
        files = {**files, "CMakeLists.txt": LISTS.replace("add_executable(test_area", flags)}
        del files["Makefile"]
    task = project_task(tmp_path, lang.C, files, "area.c")
    if build == "cmake":
        await asyncio.to_thread(subprocess.run, ("cmake", "-S", ".", "-B", "build"), cwd=tmp_path, check=True)
    statuses = {
        name: {
            re.split("[ :]", one.id)[-1]: one.status
            for one in (await evidence(sandbox, task, code)).results
            if one.id.endswith(("test_area", "test_later"))
        }
        for name, code in (("good", GOOD), ("wrong", WRONG), ("careless", GOOD.replace("{", "{\n    int unused;")))
    }
    passed = {"test_area": CheckStatus.PROOF, "test_later": CheckStatus.NOT_RUNNABLE}
    assert statuses["good"] == passed
    assert statuses["wrong"] == {**passed, "test_area": CheckStatus.OWED}
    assert statuses["careless"]["test_area"] is CheckStatus.OWED, "the project's build refuses it"


@pytest.mark.parametrize("over", ["return 0;", "return a * b;"])
async def test_tests_that_call_it_without_naming_it_are_kept(sandbox: Sandbox, tmp_path: Path, over: str) -> None:
    """A helper that tests reach by what calls it; they pass on the stub as well, and one of another function is
    skipped: it says nothing of this one."""
    files = {
        **FILES,
        "area.h": "int positive(int a, int b);\nint other(void);\n",
        "area.c": (
            f'#include "area.h"\n\n«static int area(int a, int b) {{\n    {over}\n}}»\n\n'
            "int positive(int a, int b) {\n    return area(a, b) >= 0;\n}\n\nint other(void) {\n    return 1;\n}\n"
        ),
        "tests/test_area.c": (
            '#include "area.h"\n#include <stdio.h>\n\n'
            'static int test_other(void) {\n    puts("tests/test_area.c:5:test_other:IGNORE");\n'
            "    return other();\n}\n\n"
            "static int test_positive(void) {\n    return positive(2, 3);\n}\n\n"
            "int main(void) {\n    test_other();\n"
            '    printf("tests/test_area.c:10:test_positive:%s\\n", test_positive() ? "PASS" : "FAIL");\n'
            "    return test_positive() != 1;\n}\n"
        ),
    }
    task = project_task(tmp_path, lang.C, files, "area.c")
    good = await evidence(sandbox, task, f"static {GOOD}")
    assert {re.split("[ :]", one.id)[-1]: one.status for one in good.results} == {
        "test": CheckStatus.KEPT,
        "test_positive": CheckStatus.KEPT,
    }
    wrong = await evidence(sandbox, task, f"static {GOOD.replace('a * b', '-1')}")
    assert any(one.status is CheckStatus.FAILED for one in wrong.results)


async def test_tests_that_speak_of_something_else_are_not_run(sandbox: Sandbox, tmp_path: Path) -> None:
    other = {**FILES, "tests/test_area.c": "int main(void) { return 1; }\n"}
    task = project_task(tmp_path, lang.C, other, "area.c")
    assert await evidence(sandbox, task, GOOD) == Evidence()


async def test_ctest_tells_of_each_test(sandbox: Sandbox, tmp_path: Path) -> None:
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed")
    if sandbox.kind != "bubblewrap":
        pytest.skip("a build folder knows its own place")
    files = {**FILES, "CMakeLists.txt": LISTS, "area.c": AREA.replace("0; // TODO", "a * b;")}
    task = project_task(tmp_path, lang.C, files, "area.c")
    _configure(tmp_path)
    results = {result.source: result for result in (await evidence(sandbox, task, WRONG)).results}
    assert results["ctest: multiplies"].status is CheckStatus.FAILED
    assert results["ctest: never"].status is CheckStatus.UNRELATED
    results = {result.source: result for result in (await evidence(sandbox, task, GOOD)).results}
    assert results["ctest: multiplies"].status is CheckStatus.KEPT


async def test_a_suite_that_hangs_is_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.C, {**FILES, "area.c": AREA.replace("0; // TODO", "a * b;")}, "area.c")
    write_files(tmp_path, {"Makefile": "test:\n\tsleep 300\n"})
    toolchain = CFamilyToolchain(sandbox, timeout=1, environment=os.environ)
    (result,) = (await toolchain.evidence(task, candidate_of(task, GOOD))).results
    assert (result.status, "did not finish" in result.detail) == (CheckStatus.OWED, True)


MAKE, TEST = "Makefile", "tests/test_area.c"


@pytest.mark.parametrize(
    ("file", "old", "new", "words", "remedy"),
    [
        (TEST, "#include <stdio.h>", "#include <CUnit/CUnit.h>", "CUnit/CUnit.h", "libcunit1-dev"),
        (MAKE, "-o $@ $^", "-o $@ $^ -lnone_such", "-lnone_such", "install the library libnone_such"),
        (MAKE, "CFLAGS", "CC = none-such-cc\nCFLAGS", "none-such-cc", "install none-such-cc"),
    ],
)
async def test_tests_that_cannot_be_built_here_say_why_and_what_to_do(
    sandbox: Sandbox, tmp_path: Path, file: str, old: str, new: str, words: str, remedy: str
) -> None:
    task = project_task(tmp_path, lang.C, {**FILES, file: FILES[file].replace(old, new, 1)}, "area.c")
    (only,) = (await evidence(sandbox, task, GOOD)).results
    assert (only.status, only.environment) == (CheckStatus.NOT_RUNNABLE, True), only
    assert words in only.detail, only
    assert only.remedy is not None, only
    assert remedy in only.remedy, only


async def test_a_broken_cmake_list_says_why_and_what_to_do(sandbox: Sandbox, tmp_path: Path) -> None:
    if shutil.which("cmake") is None or sandbox.kind != "bubblewrap":
        pytest.skip("no cmake here, or no sandbox in which a build folder knows its own place")
    task = project_task(tmp_path, lang.C, {**FILES, "CMakeLists.txt": LISTS}, "area.c")
    _configure(tmp_path)
    write_files(tmp_path, {"CMakeLists.txt": LISTS + "none_such_command(1)\n"})
    results = {result.source: result for result in (await evidence(sandbox, task, GOOD)).results}
    broken = results["ctest: multiplies"]
    assert (broken.status, broken.environment) == (CheckStatus.NOT_RUNNABLE, True), broken
    assert "none_such_command" in broken.detail
    assert broken.remedy == "cmake -S . -B build"


MOODY = """#include "area.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    char turn[8] = "";
    FILE *file = fopen("turn.txt", "r");
    if (file != NULL) (void)!fscanf(file, "%7s", turn);
    assert(area(2, 3) == 6);
    assert(area(1, 1) && strcmp(turn, "pass") == 0);
    return 0;
}
"""


@pytest.mark.parametrize("turns", [("pass", "fail", "pass"), ("fail", "pass", "pass")])
async def test_a_test_that_changes_its_mind_is_neither_proof_nor_against(
    sandbox: Sandbox, tmp_path: Path, turns: tuple[str, ...]
) -> None:
    files = {**FILES, "area.c": AREA.replace("0; // TODO", "b * a;"), "tests/test_area.c": MOODY}
    task = project_task(tmp_path, lang.C, files, "area.c")
    injecting = Injecting(sandbox, (*turns, *("pass",) * 8))
    found = await evidence(injecting, task, GOOD)  # type: ignore[arg-type]
    told = {result.id.rpartition(":")[2]: result for result in found.results}
    assert (told["10"].status, told["11"].status) == (CheckStatus.KEPT, CheckStatus.FLAKY), found
    assert "passes and fails" in told["11"].detail
    assert not any(result.status in AGAINST for result in found.results), found


def _configure(folder: Path) -> None:
    command = ["cmake", "-S", str(folder), "-B", str(folder / "build")]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
