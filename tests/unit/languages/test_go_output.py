"""What a Go test program says, read without running one."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from forge_lsp.core.checks import Cause
from forge_lsp.languages.go.causes import FailurePlace, explained
from forge_lsp.languages.go.output import Verdict, panic_of, read_output, values_in


@pytest.mark.parametrize(
    ("words", "expected", "actual"),
    [
        ("    area_test.go:9: got 5, want 6\n", "6", "5"),
        ("    area_test.go:9: got: 5; want: 6\n", "6", "5"),
        ("Area(2, 3) = 5, want 6", "6", "5"),
        ("Area(2, 3) == 5; want 6", "6", "5"),
        ("Area(2, 3) returned 5, expected 6.", "6", "5"),
        ('Title("a") = "b c", want "A, B"', '"A, B"', '"b c"'),
        ("expected 6, got 5", "6", "5"),
        ("expected 6 but got 5", "6", "5"),
        ("Expected: 6, Actual: 5", "6", "5"),
        ("want [1 2 3], got [1, 2]", "[1 2 3]", "[1, 2]"),
        ("case 1: want 6, have nothing", "", ""),
        ("got:\n5\nwant:\n6\n", "6", "5"),
        ("got:\n5\n7\nwant (unordered):\n6\n7\n", "6\n7", "5\n7"),
        (
            "    a_test.go:9: \n\tError Trace:\ta_test.go:9\n\tError:      \tNot equal: \n\t            \texpected: 6\n"
            "\t            \tactual  : 5\n\tTest:       \tTestArea\n",
            "6",
            "5",
        ),
        ("Area() mismatch (-want +got):\n  int(\n- \t6,\n+ \t5,\n  )\n", "6", "5"),
        ("mismatch (-got +want):\n- 5\n+ 6\n", "6", "5"),
        ("something is odd", "", ""),
    ],
)
def test_values_of_a_failure(words: str, expected: str, actual: str) -> None:
    assert values_in(words) == (expected, actual)


def ended(*states: str) -> Verdict:
    lines = (f"{'    ' * ('/' in one)}\x16--- {one} (0.00s)" for one in states)
    return read_output("\n".join(("\x16=== RUN   TestA", *lines)), marked=True).tests["TestA"]


@pytest.mark.parametrize(("states", "skips"), [
    (["SKIP: TestA"], True),
    (["PASS: TestA"], False),
    (["PASS: TestA", "SKIP: TestA/one", "SKIP: TestA/two"], True),
    (["PASS: TestA", "SKIP: TestA/one", "PASS: TestA/two"], False),
    (["PASS: TestA", "PASS: TestA/one", "SKIP: TestA/one/in"], True),
    (["FAIL: TestA", "SKIP: TestA/one"], False),
])  # fmt: skip
def test_a_test_all_of_whose_parts_skip_themselves_does_nothing(states: list[str], skips: bool) -> None:
    assert ended(*states).skips is skips


def test_tests_are_told_apart() -> None:
    text = (
        "\x16=== RUN   TestA\n\x16=== PAUSE TestA\n\x16=== RUN   TestB\nhello\x16--- PASS: TestB (0.00s)\n"
        "\x16=== CONT  TestA\n\x16=== RUN   TestA/one\n    a_test.go:1: got 5, want 6\n\x16--- FAIL: TestA (0.00s)\n"
        "    \x16--- FAIL: TestA/one (0.00s)\n"
        "\x16=== RUN   TestC\n--- PASS: TestC (0.00s)\n\x16--- SKIP: TestC (0.00s)\nFAIL\n"
    )
    said = read_output(text, marked=True)
    assert {name: verdict.states for name, verdict in said.tests.items()} == {
        "TestA": ["FAIL"],
        "TestB": ["PASS"],
        "TestC": ["SKIP"],  # the unmarked line is the test's own
    }
    assert "got 5, want 6" in said.tests["TestA"].output
    assert said.tests["TestB"].output.startswith("hello")
    assert said.last == "FAIL"


PANIC = """panic: {message} [recovered, repanicked]

goroutine 6 [running]:
testing.tRunner.func1.2({{0x551fc0, 0x5956d0}})
\t/usr/local/go/src/testing/testing.go:1974 +0x232
panic({{0x551fc0?, 0x5956d0?}})
\t/usr/local/go/src/runtime/panic.go:860 +0x13a
{frames}testing.tRunner(0x26256c476008, 0x593f40)
\t/usr/local/go/src/testing/testing.go:2036 +0xea
created by testing.(*T).Run in goroutine 1
\t/usr/local/go/src/testing/testing.go:2101 +0x4c5
"""
DOCUMENT = (
    'package shapes\n\nfunc Area(w, h int) int {\n\treturn Side(w) * h\n}\n\nfunc Side(n int) int {\n\tpanic("no")\n}\n'
)
WHERE = FailurePlace(
    root=PurePosixPath("/work/p"),
    document=PurePosixPath("shapes/area.go"),
    text=DOCUMENT,
    lines=(3, 5),
    others='func Side(n int) int {\n\tpanic("no")\n}\n\nfunc (s *Shape) Todo() {\n\tpanic("not implemented")\n}\n',
)


def frames(*places: str) -> str:
    known = {"shapes/area.go:4": "Area", "shapes/area.go:8": "Side", "shapes/other.go:9": "(*Shape).Scale"}
    return "".join(
        f"example.com/p/shapes.{known.get(place, 'F')}({{0x1, 0x2}}, ...)\n\t/work/p/{place} +0x1\n" for place in places
    )


@pytest.mark.parametrize(
    ("message", "places", "cause", "word"),
    [
        ("boom", ("shapes/area.go:4", "shapes/area_test.go:9"), Cause.SCOPE, "(area.go:4: return Side(w) * h)"),
        ("not implemented", ("shapes/area.go:8", "shapes/area.go:4"), Cause.ELSEWHERE, "area.go:8"),
        ("index out of range", ("shapes/other.go:9", "shapes/area.go:4"), Cause.SCOPE, "area.go:4"),
        ("nil pointer", ("shapes/other.go:9", "shapes/area_test.go:9"), Cause.SCOPE, "other.go:9"),
        ("boom", ("shapes/area.go:8", "shapes/area_test.go:9"), Cause.ELSEWHERE, "area.go:8"),
        ("nil map", ("shapes/area_test.go:9",), Cause.SCOPE, "area_test.go:9"),
        ("not implemented", ("other/other.go:1",), Cause.ELSEWHERE, "other.go:1"),
    ],
)
def test_where_a_panic_came_from(message: str, places: tuple[str, ...], cause: Cause, word: str) -> None:
    text = PANIC.format(message=message, frames=frames(*places))
    assert panic_of(text) is not None
    run = explained(text, WHERE, speaks=True)
    assert (run.cause, word in run.detail) == (cause, True), run
    assert run.detail.startswith(f"panic: {message} ("), run


def test_a_test_of_something_else_fails_elsewhere() -> None:
    assert explained("got 5, want 6", WHERE, speaks=False).cause is Cause.UNKNOWN, "its failure before may tell"
    assert explained("error: not implemented", WHERE, speaks=True).cause is Cause.ELSEWHERE
    assert explained("got 5, want 6", WHERE, speaks=True).cause is Cause.SCOPE


def test_the_panic_of_an_example_is_told_after_its_end() -> None:
    text = "\x16=== RUN   ExampleA\n\x16--- FAIL: ExampleA (0.00s)\n\x16=== NAME   \n" + PANIC.format(
        message="no", frames=frames("shapes/area.go:4")
    )
    said = read_output(text, marked=True)
    assert panic_of(said.tests["ExampleA"].output) is not None
