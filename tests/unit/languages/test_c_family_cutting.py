"""What is left out of test files that need what is not there."""

from __future__ import annotations

import pytest

from forge_lsp.languages.c_family.cases import cases_in, names_of
from forge_lsp.languages.c_family.cutting import CutTests
from forge_lsp.languages.c_family.outputs import errors_in, missing_names, unlinked

FILE = "tests/test_shapes.cpp"


def cut(text: str, *names: str) -> CutTests:
    return CutTests({FILE: text}).without_names(names)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("int main() {\n    assert(side(9) == 3);\n    assert(area(2, 3) == 6);\n}\n", "assert(area(2, 3) == 6);"),
        ("int main() {\n    if (side(9) != 3) return 1; else puts(a);\n    area();\n}\n", "area();"),
        ("int main() {\n    for (int i = 0; i < side(9); i++) {\n        use(i);\n    }\n    area();\n}\n", "area();"),
        ("int main() {\n    int all[] = {1, side(9), 3};\n    area();\n}\n", "area();"),
        ("int main() {\n    do {\n        area();\n    } while (side(9));\n}\n", None),
        (
            'int f() {\n    try {\n        side(9);\n    } catch (E) {\n    }\n    area("side");\n}\n',
            'area("side");',
        ),
        ("static void square() {\n    side(9);\n}\n\nint main() {\n    area();\n}\n", "area();"),
        ("static int twice(side_t one) {\n    return one;\n}\n\nint main() {\n    area();\n}\n", "area();"),
        ("using shapes::side;\n\nint main() {\n    area();\n}\n", "area();"),
        ("int main() {\n    check([&] { return side(9); });\n    area();\n}\n", "area();"),
        ("int main() {\n    switch (side(1)) {\n    case 1: break;\n    }\n    area();\n}\n", "area();"),
    ],
    ids=["check", "if", "for", "initializer", "do", "try", "function", "head", "using", "lambda", "switch"],
)
def test_the_statement_that_needs_a_name_is_left_out(text: str, left: str | None) -> None:
    found = cut(text, "side", "side_t")
    remaining = found.remaining()[FILE]
    assert len(remaining) == len(text)
    assert remaining.count("\n") == text.count("\n")
    assert "side(" not in remaining
    assert "side_t" not in remaining
    assert remaining.count("{") == remaining.count("}")
    assert left is None or left in remaining


def test_what_needs_a_variable_of_a_part_needs_what_that_part_does() -> None:
    text = "int main() {\n    int size = side(9);\n    assert(size == 3);\n    assert(area(2, 3) == 6);\n}\n"
    first = CutTests({FILE: text}).without_lines([("test_shapes.cpp", 2, 16, frozenset({"side"}))])
    second = first.without_lines([(FILE, 3, 12, frozenset({"size"}))])
    assert second.missing == {"side"}
    assert "size" not in second.remaining()[FILE]
    assert second.touches(f"{FILE}:3", f"{FILE}:3")
    assert not second.touches(f"{FILE}:4", f"{FILE}:4")


def test_a_test_of_which_a_part_is_left_out_says_nothing() -> None:
    text = (
        "static int twice(int one) {\n    return side(one) * 2;\n}\n\n"
        "TEST(Square, Twice) { EXPECT_EQ(twice(9), 6); }\n\nTEST(Area, Flat) { EXPECT_EQ(area(4, 0), 0); }\n\n"
        "TEST(Square, Both) {\n    EXPECT_EQ(area(2, 3), 6);\n    EXPECT_EQ(side(9), 3);\n}\n"
    )
    found = cut(text, "side")
    touched = {name: found.touches(name, name) for name in ("Square.Twice", "Area.Flat", "Square.Both")}
    assert touched == {"Square.Twice": True, "Area.Flat": False, "Square.Both": True}


def test_what_shares_a_variable_with_a_part_depends_on_it() -> None:
    text = "int main() {\n    grow(&one, side(9));\n    assert(area(&one) == 9);\n    assert(area(&two) == 4);\n}\n"
    found = cut(text, "side")
    assert found.touches(f"{FILE}:3", f"{FILE}:3")
    assert not found.touches(f"{FILE}:4", f"{FILE}:4")


def test_a_test_that_ended_its_program_is_left_out_by_its_place_or_name() -> None:
    text = 'TEST_CASE("side of a square") {\n    CHECK(volume(9) == 3);\n}\n\nint main() {\n    assert(volume(1));\n}\n'
    found = CutTests({FILE: text}).without_tests(["side of a square", f"{FILE}:6"])
    assert "volume" not in found.remaining()[FILE]


@pytest.mark.parametrize(
    ("output", "names", "words"),
    [
        ("a.cpp:(.text+0x60): undefined reference to `shapes::side(int)'\n", ("shapes::side(int)",), ("side",)),
        ("a.cpp:(.text+0x6): undefined reference to `vtable for shapes::Circle'\n", None, ("Circle",)),
        ("ld.lld: error: undefined symbol: shapes::C::go() const\n", ("shapes::C::go() const",), ("go",)),
        ("mold: error: undefined symbol: shapes::C::C(int)\n", ("shapes::C::C(int)",), ("C",)),
        ('  "_side", referenced from:\n', ("side",), ("side",)),
        ('  "shapes::side(int)", referenced from:\n', ("shapes::side(int)",), None),
        ("a.cpp:3:4: error: expected ';'\na.cpp:(.text): undefined reference to `side'\n", (), ("side",)),
    ],
    ids=["ld", "vtable", "lld", "mold", "macos-c", "macos", "not-compiled"],
)
def test_what_linkers_miss(output: str, names: tuple[str, ...] | None, words: tuple[str, ...] | None) -> None:
    if names is not None:
        assert unlinked(output) == names
    if words is not None:
        assert missing_names(output) == words


def test_the_places_of_errors() -> None:
    output = (
        "In file included from a.h:1:\ntests/a.cpp:5:12: error: 'side' is not a member of 'shapes'\na.h:1: note: x\n"
    )
    assert errors_in(output) == (("tests/a.cpp", 5, 12, "'side' is not a member of 'shapes'"),)


CASES = 'TEST_CASE("side of a square") {}\nTEST_CASE_METHOD(Box, "flat") {}\nSCENARIO("a square grows") {}\n'
RULE, DASHES, DOTS = "=" * 79, "-" * 79, "." * 79
HEAD = f"{DASHES}\nside of a square\n  in a section\n{DASHES}\na.cpp:1\n{DOTS}\n"
CATCH = f"{HEAD}\na.cpp:2: FAILED:\n  CHECK( a )\n\n{RULE}\n"
DOCTEST = f"{RULE}\na.cpp:1:\nTEST CASE:  side of a square\n\na.cpp:2: ERROR: CHECK( a ) is NOT correct!\n\n{RULE}\n"


@pytest.mark.parametrize(
    ("output", "states"),
    [
        (f"{CATCH}test cases: 3 | 2 passed | 1 failed\n", {"side": False, "flat": True, "Scenario": True}),
        (f"{DOCTEST}[doctest] test cases: 3 | 2 passed | 1 failed | 0 skipped\n", {"side": False, "flat": True}),
        (f"{RULE}\nAll tests passed (3 assertions in 3 test cases)\n", {"side": True, "Scenario": True}),
        (f"{CATCH}test cases: 1 | 1 failed\n", {"side": False, "flat": None}),
        (f"{RULE}\nAll tests passed (9 assertions in 9 test cases)\n", {"side": None, "flat": None}),
        (f"{CATCH}", {"side": None, "flat": None}),
    ],
    ids=["catch2", "doctest", "green", "crashed", "other-count", "no-end"],
)
def test_the_cases_that_are_not_named_passed_where_the_count_agrees(
    output: str, states: dict[str, bool | None]
) -> None:
    found = cases_in(output, {FILE: names_of(CASES)})
    for start, state in states.items():
        assert next((one.passed for name, one in found.items() if name.startswith(start)), None) is state, found
