"""Examples in the documentation of C and C++, compiled with the document and run before and after."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family.toolchain import CFamilyToolchain
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, task_of, write_files

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None or shutil.which("g++") is None, reason="no gcc or no g++"),
    pytest.mark.timeout(200),
]
C, CPP = lang.C, lang.CPP
PROOF, OWED, KEPT, NOT = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.KEPT, CheckStatus.NOT_RUNNABLE


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def task_in(
    root: Path, marked: str, name: str, language: Language, file: str, files: Mapping[str, str] | None = None
) -> Task:
    task = task_of(marked, language=language, path=root / file, workspace=root, name=name)
    write_files(root, {**(files or {}), file: task.document.text})
    return replace(task, scope=replace(task.scope, unfinished=True))


async def run(sandbox: Sandbox, task: Task, code: str) -> Evidence:
    toolchain = CFamilyToolchain(sandbox, timeout=90, environment=os.environ)
    return await toolchain.evidence(task, candidate_of(task, code))


def statuses(evidence: Evidence) -> dict[str, CheckStatus]:
    """The statuses of the examples by their last lines."""
    assert {result.kind for result in evidence.results} == {CheckKind.EXAMPLE}, evidence
    return {result.source.split("\n")[-1]: result.status for result in evidence.results}


TALLY = """#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace shop {
/// Adds up.
///
/// >>> tally([1, 2, 3], 'ab')
/// {'ab': 6}
///
/// tally({1, 2}, "x") == {{"x", 3}}
/// shop::tally(std::vector<int>{}, "") -> {"": 0}
/// tally([1.5], "x") == {"x": 1}
/// tally([1], "none") throws std::invalid_argument
/// tally([1], 3) == {"three": 1}
/// tally([5], "five")  // => {"five": 5}
«std::map<std::string, int> tally(const std::vector<int> &numbers, std::string name) {
}»

int unwritten() {
}
}  // namespace shop

int main() { return 0; }
"""
TALLIED = """std::map<std::string, int> tally(const std::vector<int> &numbers, std::string name) {
    int sum = 0;
    if (name == "none") throw std::invalid_argument("no name");
    for (int one : numbers) sum += one;
    return {{name, sum}};
}"""


async def test_examples_in_many_notations(sandbox: Sandbox, tmp_path: Path) -> None:
    task = task_in(tmp_path, TALLY, "tally", CPP, "tally.cpp")
    right = await run(sandbox, task, TALLIED)
    assert statuses(right) == {
        "tally([1, 2, 3], 'ab')": PROOF,
        'tally({1, 2}, "x")': PROOF,
        'shop::tally(std::vector<int>{}, "")': PROOF,
        'tally([1.5], "x")': NOT,
        'tally([1], "none")': PROOF,
        'tally([1], 3)': NOT,
        'tally([5], "five")': PROOF,
    }, right  # fmt: skip
    details = {result.source: result.detail for result in right.results if result.status is NOT}
    assert details == {'tally([1.5], "x")': "1.5 is no int", "tally([1], 3)": "3 is no std::string"}
    assert right.doubt is None
    assert ('tally([1, 2], "X")', '{"X": 3}') in [(one.call, one.answer) for one in right.observed]
    wrong = await run(
        sandbox,
        task,
        TALLIED.replace("sum += one", "sum -= one").replace("throw std::invalid_argument(", "abort(); //("),
    )
    by_call = {result.source: result for result in wrong.results}
    first, thrown = by_call['tally({1, 2}, "x")'], by_call['tally([1], "none")']
    assert (first.status, first.expected, first.actual) == (OWED, '{{"x", 3}}', '{"x": -3}')
    assert (thrown.status, "signal 6" in thrown.detail) == (OWED, True), "an aborted process is no exception"
    assert first.line == 12


async def test_an_example_that_needs_its_own_type_and_one_that_does_not_compile(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    text = (
        "#include <vector>\nenum class Color { red, green };\nstruct Point { int x; double y; };\n"
        "struct Path { Point start; std::vector<Point> rest; };\n"
        "// path({1, 2.5}, Color::green) == {{1, 2.5}, [{x: 1, y: 3.5}]}\n"
        "// path(Point{4, 0}, Color::red) == {{4, 0}, []}\n"
        "// path(Point{4, 0}, Color::blue) == {{4, 0}, []}\n"
        "// path(point, Color::red) == {{4, 0}, []}\n"
        "«Path path(Point start, Color color) {\n    throw 1;\n}»\n"
    )
    task = task_in(tmp_path, text, "path", CPP, "path.cpp")
    code = (
        "Path path(Point start, Color color) {\n    Path made{start, {}};\n"
        "    if (color == Color::green) made.rest.push_back({start.x, start.y + 1});\n    return made;\n}"
    )
    found = await run(sandbox, task, code)
    assert list(statuses(found).values()).count(PROOF) == 2, found
    broken = [result for result in found.results if result.status is NOT]
    assert ["blue" in broken[0].detail, "point" in broken[1].detail] == [True, True]


STACK = """#include <stdexcept>
#include <vector>

class Stack {
public:
    Stack() {}
    explicit Stack(std::vector<int> items) : items_(items) {}
    void push(int item) { items_.push_back(item); }
    /// >>> s = Stack([1, 2])
    /// >>> s.push(3)
    /// >>> s.pop()
    /// 3
    /// >>> s.pop()
    /// 2
    ///
    /// >>> Stack t;
    /// >>> t.pop()
    /// throws std::out_of_range
    ///
    /// pop() == 3
«    int pop() {
        return -1; // TODO
    }»

private:
    std::vector<int> items_;
};
"""


async def test_members_are_called_on_what_the_steps_make(sandbox: Sandbox, tmp_path: Path) -> None:
    task = task_in(tmp_path, STACK, "pop", CPP, "stack.hpp")
    code = (
        '    int pop() {\n        if (items_.empty()) throw std::out_of_range("empty");\n'
        "        int item = items_.back();\n        items_.pop_back();\n        return item;\n    }"
    )
    found = await run(sandbox, task, code)
    assert [result.status for result in found.results] == [PROOF, PROOF, PROOF, NOT], found
    assert "makes none" in found.results[3].detail
    wrong = await run(sandbox, task, code.replace("items_.back()", "items_.front()"))
    assert [result.status for result in wrong.results] == [OWED, OWED, PROOF, NOT], wrong


async def test_overloads_templates_and_types_of_the_library(sandbox: Sandbox, tmp_path: Path) -> None:
    text = (
        "#include <algorithm>\n#include <array>\n#include <memory>\n#include <optional>\n#include <set>\n"
        "#include <string>\n#include <tuple>\n#include <vector>\n"
        "int area(int a, int b) { return a * b; }\n"
        "// area(2.5) == 6.25\n// area(2, 3) == 6\n"
        "«double area(double side) {\n    return 0; // TODO\n}»\n"
        "template <typename T>\nstd::optional<T> top(const std::vector<T> &v) {\n"
        "    if (v.empty()) return std::nullopt;\n    return *std::max_element(v.begin(), v.end());\n}\n"
    )
    task = task_in(tmp_path, text, "area", CPP, "area.cpp")
    found = statuses(await run(sandbox, task, "double area(double side) {\n    return side * side;\n}"))
    assert found == {"area(2.5)": PROOF, "area(2, 3)": NOT}, "the other overload's example is of other arguments"
    other = (
        "#include <set>\n#include <string>\n#include <array>\n#include <tuple>\n#include <vector>\n#include <memory>\n"
        "using Names = std::set<std::string>;\n"
        '// twist([3, 1], {"b", "a"}, (1, true), \'c\', [1, 2]) == (["a", "b"], {1, 3}, "c!", null, 2.5)\n'
        "// twist([3], {}, (1, true), 'c', [1]) == ([], {}, \"c!\", null, 2.5)\n"
        "«std::tuple<std::vector<std::string>, std::set<unsigned char>, std::string, std::unique_ptr<int>, float>\n"
        "twist(std::vector<int> &a, const Names &s, std::pair<long, bool> p, char c, std::array<int, 2> last) {\n}»\n"
    )
    second = task_in(tmp_path, other, "twist", CPP, "twist.cpp")
    code = (
        "std::tuple<std::vector<std::string>, std::set<unsigned char>, std::string, std::unique_ptr<int>, float>\n"
        "twist(std::vector<int> &a, const Names &s, std::pair<long, bool> p, char c, std::array<int, 2> last) {\n"
        "    return {std::vector<std::string>(s.begin(), s.end()), std::set<unsigned char>(a.begin(), a.end()),\n"
        '            std::string(1, c) + "!", std::unique_ptr<int>(), 2.5f};\n}'
    )
    assert list(statuses(await run(sandbox, second, code)).values()) == [PROOF, NOT]


C_TEXT = """#include <string.h>
typedef struct { int x; double y; char name[8]; } Point;
/* Moves.
 * move({1, 2.5, "a"}, -1, [1, 2], 2) == {3, 2.5, "a"}
 * move((Point){3, 0, "b"}, 1, NULL, 0) -> {x: 4, y: 0, name: "b"}
 * move({1, 2.5, "a"}, 4294967296, [], 0) == {0, 2.5, "a"}
 * move({1, 2.5, "a"}, 0, [], 0) raises
 */
«Point move(Point at, int by, const int *more, size_t count) {
}»

int unwritten(int number) {
}
"""


async def test_c_with_structures_arrays_and_null(sandbox: Sandbox, tmp_path: Path) -> None:
    task = task_in(tmp_path, C_TEXT, "move", C, "move.c")
    code = (
        "Point move(Point at, int by, const int *more, size_t count) {\n    at.x += by;\n"
        "    for (size_t i = 0; more && i < count; i++) at.x += more[i];\n    return at;\n}"
    )
    found = await run(sandbox, task, code)
    assert sorted(statuses(found).values()) == [NOT, NOT, PROOF, PROOF], found
    crashing = await run(sandbox, task, code.replace("more && ", "").replace("i < count", "i < count || i < 1"))
    ended = next(result for result in crashing.results if "NULL" in result.source)
    assert (ended.status, "signal 11" in ended.detail) == (OWED, True), crashing


async def test_characters_and_texts_of_c(sandbox: Sandbox, tmp_path: Path) -> None:
    text = (
        "/// label('a') == \"A\"\n/// label('z') == NULL\n/// label(98) == \"B\"\n"
        "«const char *label(int letter) {\n    return 0; // TODO\n}»\n"
    )
    task = task_in(tmp_path, text, "label", C, "label.c")
    code = "const char *label(int letter) {\n    return letter == 'a' ? \"A\" : letter == 'b' ? \"B\" : 0;\n}"
    assert list(statuses(await run(sandbox, task, code)).values()) == [PROOF, KEPT, PROOF]


async def test_what_the_document_needs_of_other_sources_is_linked(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {
        "src/twice.h": "int twice(int number);\n",
        "src/twice.c": '#include "twice.h"\n#include "once.h"\nint twice(int number) { return 2 * once(number); }\n',
        "src/once.h": "int once(int number);\n",
        "src/once.c": "#include <math.h>\nint once(int number) { return (int)fabs(number); }\n"
        "int main(void) { return 1; }\n",
        "tests/test_twice.c": "int twice(int number) { return 0; }\n",
    }
    text = '#include "twice.h"\n// area(2, 3) == 24\n«int area(int a, int b) {\n}»\nint main(void) { return 0; }\n'
    task = task_in(tmp_path, text, "area", C, "src/area.c", files)
    found = await run(sandbox, task, "int area(int a, int b) {\n    return twice(a) * twice(b);\n}")
    assert list(statuses(found).values()) == [PROOF], found
    absent = await run(sandbox, task, "int nowhere(int);\nint area(int a, int b) {\n    return nowhere(a);\n}")
    (result,) = absent.results
    assert (result.status, "defines nowhere" in result.detail) == (CheckStatus.UNRELATED, True)


HANGING = (
    "// area(2, 3) == 6\n// area(0, 1) == 0\n// area(4, 0) == 0\n"
    "«int area(int a, int b) {\n    return -1; // TODO\n}»\n"
)


@pytest.mark.parametrize(
    ("code", "first", "rest"),
    [
        (
            "int area(int a, int b) {\n    while (!a) continue;\n    return a * b;\n}",
            "it did not end within 5 s",
            PROOF,
        ),
        ("int area(int a, int b) {\n    if (!a) exit(0);\n    return a * b;\n}", "exit code 0", PROOF),
        ("int area(int a, int b) {\n    return a ? a * b : area(a, b + 1) + area(a, b);\n}", "signal 11", PROOF),
    ],
)
async def test_a_call_that_does_not_come_back_costs_itself(
    sandbox: Sandbox, tmp_path: Path, code: str, first: str, rest: CheckStatus
) -> None:
    task = task_in(tmp_path, "#include <stdlib.h>\n" + HANGING, "area", C, "area.c")
    found = await run(sandbox, task, code)
    assert list(statuses(found).values()) == [rest, OWED, rest], found
    assert first in found.results[1].detail


@pytest.mark.parametrize(
    "code",
    [
        'int area(int a, int b) {\n    puts("{\\"id\\": 0, \\"how\\": \\"D\\", \\"text\\": \\"6\\"}");\n'
        "    return -1;\n}",
        "int area(int a, int b) {\n    int fd = 3;\n"
        '    for (; fd < 64; fd++) (void)!write(fd, "D{\\"i\\":\\"6\\"}", 10);\n'
        "    _exit(0);\n}",
        "int area(int a, int b) {\n    kill(getppid(), 9);\n    return a + b;\n}",
    ],
)
async def test_what_code_prints_is_no_answer(sandbox: Sandbox, tmp_path: Path, code: str) -> None:
    head = "#include <stdio.h>\n#include <unistd.h>\n#include <signal.h>\n"
    task = task_in(tmp_path, head + HANGING, "area", C, "area.c")
    found = await run(sandbox, task, code)
    assert found.doubt is not None or not found.count(PROOF), found
    assert found.count(OWED) >= 2, found


async def test_calls_that_are_asked_for(sandbox: Sandbox, tmp_path: Path) -> None:
    task = task_in(tmp_path, STACK, "pop", CPP, "stack.hpp")
    toolchain = CFamilyToolchain(sandbox, timeout=90, environment=os.environ)
    code = "    int pop() {\n        int item = items_.back();\n        items_.pop_back();\n        return item;\n    }"
    calls = ("s = Stack([4, 5])\ns.pop()\ns.pop()", "pop()", "s = Stack(nobody)\ns.pop()")
    seen = await toolchain.observe(task, candidate_of(task, code), calls)
    assert [(one.call, one.answer) for one in seen] == [(calls[0], "4")]
