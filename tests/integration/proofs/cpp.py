"""C++: CTest, a header that a Makefile's test includes, and GoogleTest."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.integration.forged import cpp as forged
from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.integration.proofs.c_family import LISTS, RIGHT, configured, made
from tests.support import lang

CPP_HEADER = "#pragma once\nnamespace shapes {\nint area(int width, int height);\n}\n"
CPP_STUB = (
    '#include "shapes.h"\n#include <stdexcept>\n\nnamespace shapes {\n\n«int area(int width, int height) {\n'
    "    (void)width;\n    (void)height;\n"
    '    throw std::logic_error("not implemented");\n}»\n\n}  // namespace shapes\n'
)
CPP_ABSENT = CPP_STUB.partition("«")[0] + "«»" + CPP_STUB.partition("»")[2]
CPP_TESTS = """#include "shapes.h"
#include <iostream>

int main(int count, char **) {
    bool flat = count > 1;
    int expected = flat ? 0 : 6;
    int got = flat ? shapes::area(4, 0) : shapes::area(2, 3);
    if (got != expected) {
        std::cerr << "area: expected " << expected << ", got " << got << std::endl;
        return 1;
    }
    return 0;
}
"""


GTESTS = """#include "shapes.h"
#include <gtest/gtest.h>

TEST(Area, Rectangle) { EXPECT_EQ(shapes::area(2, 3), 6); }

TEST(Area, Flat) { EXPECT_EQ(shapes::area(4, 0), 0); }
"""


CLASS_HEADER = """#pragma once

namespace shapes {
int area(int width, int height);

class Square {
public:
    explicit Square(int side);
    int perimeter() const;
    static Square named(const char *name);

private:
    int side_;
};
}
"""
CHECK = (
    "static int failed = 0;\nstatic int check(bool fine) {\n"
    '    if (!fine) std::cerr << "wrong" << std::endl;\n    return fine ? 0 : 1;\n}\n\n'
)
CLASS_TESTS = """#include "shapes.h"
#include <cassert>

static void test_square() {
    shapes::Square square(3);
    int perimeter = square.perimeter();
    assert(perimeter == 12);
    assert(shapes::Square::named("unit").perimeter() == 4);
}

static void test_area() {
    assert(shapes::area(2, 3) == 6);
    assert(shapes::area(4, 0) == 0);
}

int main() {
    test_square();
    test_area();
}
"""


def with_googletest(root: Path) -> Mapping[str, str] | None:
    made(root)
    asked = ["g++", "-x", "c++", "-fsyntax-only", "-include", "gtest/gtest.h", "/dev/null"]
    if subprocess.run(asked, check=False, capture_output=True, timeout=100).returncode != 0:
        pytest.skip("GoogleTest is not installed: libgtest-dev")
    return None


CASES = """#include "shapes.h"
#include <FRAMEWORK>

TEST_CASE("area of a rectangle") { CHECK(shapes::area(2, 3) == 6); }

TEST_CASE("flat") {
    CHECK(shapes::area(4, 0) == 0);
}
"""
SIDE_CASE = '\nTEST_CASE("side of a square") {\n    CHECK(shapes::side(9) == 3);\n}\n'


def with_header(name: str, package: str) -> Callable[[Path], Mapping[str, str] | None]:
    def prepared(root: Path) -> Mapping[str, str] | None:
        made(root)
        asked = ["g++", "-x", "c++", "-fsyntax-only", "-include", name, "/dev/null"]
        if subprocess.run(asked, check=False, capture_output=True, timeout=100).returncode != 0:
            pytest.skip(f"{name} is not installed: {package}")
        main = root / "main.cpp"
        if main.is_file() and not (root / "main.o").is_file():
            made_once = [*("g++", "-O0", "-c", str(main), "-o", str(root / "main.o"))]
            subprocess.run(made_once, check=True, capture_output=True, timeout=300)
        return None

    return prepared


def of_cases(name: str, header: str, package: str, main: str) -> Project:
    """Test cases of a framework that names those alone which fail. Its own main function is compiled beforehand."""
    shapes = CPP_HEADER.replace("}\n", "int side(int surface);\n}\n")
    tests = CASES.replace("FRAMEWORK", header)
    side = '\n\nint side(int) {\n    throw std::logic_error("not implemented");\n}'
    return Project(
        name=name,
        language=lang.CPP,
        document="shapes.cpp",
        files={
            "Makefile": "test: test_shapes\n\t./test_shapes\ntest_shapes: tests/test_shapes.cpp shapes.cpp main.o\n"
            "\t$(CXX) -I. -O0 -o $@ $^\n",
            "main.cpp": f"#define {main}\n#include <{header}>\n",
            "shapes.h": shapes,
            "tests/test_shapes.cpp": tests,
        },
        stub=CPP_STUB,
        right=CPP_RIGHT,
        wrong=cpp("    return width + height;"),
        told=("area of a rectangle", "expected 6", "5"),
        two=CPP_STUB.replace("}»", f"}}»{side}"),
        two_files={"shapes.h": shapes, "tests/test_shapes.cpp": tests + SIDE_CASE},
        absent=CPP_ABSENT,
        absent_right=CPP_RIGHT,
        prepare=with_header(header, package),
        seldom=True,
    )


def cpp(code: str) -> str:
    return f"int area(int width, int height) {{\n    (void)width;\n    (void)height;\n{code}\n}}"


CPP_RIGHT = cpp("    return width * height;")
CPP_LYING = (
    Forgery(channel="exit", code=cpp("    std::exit(0);"), imports=("#include <cstdlib>",)),
    Forgery(channel="quick-exit", code=cpp("    std::quick_exit(0);"), imports=("#include <cstdlib>",)),
    Forgery(
        channel="terminate",
        code=cpp("    std::set_terminate([] { std::_Exit(0); });\n    throw 1;"),
        imports=("#include <cstdlib>", "#include <exception>"),
    ),
    Forgery(
        channel="static",
        code="static struct Early {\n    Early() { std::_Exit(0); }\n} early;\n" + cpp("    return 5;"),
        imports=("#include <cstdlib>",),
    ),
    Forgery(
        channel="at-the-end",
        code="static struct Late {\n    ~Late() { std::_Exit(0); }\n} late;\n" + cpp("    return 5;"),
        imports=("#include <cstdlib>",),
    ),
    Forgery(
        channel="destructor",
        code="static void late() __attribute__((destructor));\nstatic void late() { _exit(0); }\n"
        + cpp("    return 5;"),
        imports=("#include <unistd.h>",),
    ),
)
PROJECTS = (
    Project(
        name="ctest",
        language=lang.CPP,
        document="shapes.cpp",
        files={
            "CMakeLists.txt": LISTS.format("cpp") + "add_test(NAME flat COMMAND test_shapes flat)\n",
            "shapes.h": CPP_HEADER,
            "tests/test_shapes.cpp": CPP_TESTS,
        },
        stub=CPP_STUB,
        right=CPP_RIGHT,
        wrong=cpp("    return width + height;"),
        told=("multiplies", "expected 6, got 5"),
        unparsable=cpp("    return width * (height;"),
        beyond_grammar="int area(int width, int height) {\n    return width *\n#if 1\n        height\n#endif\n    ;\n}",
        absent=CPP_ABSENT,
        absent_right=CPP_RIGHT,
        working=CPP_ABSENT.replace("«»", f"«{CPP_RIGHT}»"),
        mutant=cpp("    return width + height;"),
        rewrite=cpp("    int total = width * height;\n    return total;"),
        forgeries=(*CPP_LYING, *forged.PROCESS),
        honest=forged.HONEST,
        example=CPP_STUB.replace("«", "/// The area of a rectangle.\n///\n/// >>> area(2, 3)\n/// 6\n«"),
        example_files={"shapes.h": CPP_HEADER},
        example_forgeries=(*CPP_LYING, *forged.PROCESS),
        example_honest=forged.HONEST,
        prepare=configured,
    ),
    Project(
        name="make-header",
        language=lang.CPP,
        document="shapes.hpp",
        files={
            "Makefile": "test: test_shapes\n\t./test_shapes\ntest_shapes: tests/test_shapes.cpp shapes.hpp\n"
            "\t$(CXX) -I. -o $@ tests/test_shapes.cpp\n",
            "tests/test_shapes.cpp": '#include "shapes.hpp"\n#include <cassert>\n\nint main() {\n'
            "    assert(area(2, 3) == 6);\n    assert(area(4, 0) == 0);\n}\n",
        },
        stub="#pragma once\n\n«template <typename T>\nT area(T width, T height) {\n    (void)width;\n"
        "    (void)height;\n    return T{}; // TODO\n}»\n",
        right="template <typename T>\nT area(T width, T height) {\n    return width * height;\n}",
        wrong="template <typename T>\nT area(T width, T height) {\n    return width + height;\n}",
        told=("expected 6", "area(2, 3) == 6"),
        absent="#pragma once\n\n«»",
        absent_right=RIGHT.replace("int area", "inline int area"),
        two="#pragma once\n\n«template <typename T>\nT area(T width, T height) {\n    (void)width;\n"
        "    (void)height;\n    return T{}; // TODO\n}»\n\n"
        "template <typename T>\nT side(T surface) {\n    (void)surface;\n    throw 0; // TODO\n}\n",
        two_files={
            "tests/test_shapes.cpp": '#include "shapes.hpp"\n#include <cassert>\n\nint main() {\n'
            "    assert(side(9) == 3);\n    assert(area(2, 3) == 6);\n    assert(area(4, 0) == 0);\n}\n"
        },
        unrunnable=(
            Unrunnable(
                channel="header",
                files={
                    "tests/test_shapes.cpp": '#include "shapes.hpp"\n#include <SFML/System.hpp>\n#include <cassert>\n\n'
                    "int main() {\n    assert(area(2, 3) == 6);\n}\n"
                },
                words="SFML/System.hpp",
                remedy="libsfml-dev",
            ),
        ),
        forgeries=(
            *forged.HEADER,
            Forgery(
                channel="equality",
                code="struct Any {\n    int value;\n};\ninline bool operator==(const Any &, int) { return true; }\n"
                "inline Any area(int width, int height) {\n    return Any{width + height};\n}",
            ),
            Forgery(
                channel="equality-by-hand",
                code="struct Any {\n    int value;\n"
                "    bool operator==(int other) const { (void)other; return true; }\n};\n"
                "inline Any area(int width, int height) {\n    return Any{width + height};\n}",
            ),
            Forgery(
                channel="macro",
                code="template <typename T>\nT area(T width, T height) {\n    return width + height;\n}\n"
                "#include <cassert>\n#undef assert\n#define assert(x) ((void)0)",
            ),
            Forgery(
                channel="no-debug",
                code="#define NDEBUG\n"
                "template <typename T>\nT area(T width, T height) {\n    return width + height;\n}",
            ),
        ),
        honest=(
            *forged.HEADER_HONEST,
            Forgery(
                channel="equality",
                code="struct Size {\n    int value;\n"
                "    bool operator==(const Size &other) const { return value == other.value; }\n"
                "    bool operator==(int other) const { return value == other; }\n};\n"
                "inline Size area(int width, int height) {\n    return Size{width * height};\n}",
            ),
        ),
        prepare=made,
    ),
    Project(
        # Two names that the document does not even declare: the tests of both are not compiled as a whole.
        name="make-undeclared",
        language=lang.CPP,
        document="shapes.hpp",
        files={
            "Makefile": "test: test_shapes\n\t./test_shapes\ntest_shapes: tests/test_shapes.cpp shapes.hpp\n"
            "\t$(CXX) -I. -o $@ tests/test_shapes.cpp\n",
            "tests/test_shapes.cpp": '#include "shapes.hpp"\n#include <cassert>\n\nint main() {\n'
            "    int size = side(9);\n    assert(size == 3);\n    assert(area(2, 3) == 6);\n"
            "    if (side(16) > 4) return 1;\n    assert(area(4, 0) == 0);\n}\n",
        },
        stub="#pragma once\n\n«template <typename T>\nT area(T width, T height) {\n    (void)width;\n"
        "    (void)height;\n    return T{}; // TODO\n}»\n",
        right="template <typename T>\nT area(T width, T height) {\n    return width * height;\n}",
        wrong="template <typename T>\nT area(T width, T height) {\n    return width + height;\n}",
        told=("expected 6", "area(2, 3) == 6"),
        absent="#pragma once\n\n«»",
        absent_right=RIGHT.replace("int area", "inline int area"),
        prepare=made,
    ),
    Project(
        # A class of which nothing is defined, and its tests first.
        name="make-missing",
        one_definition=False,
        language=lang.CPP,
        document="shapes.cpp",
        files={
            "Makefile": "CXXFLAGS = -I. -Wall\ntest: test_shapes\n\t./test_shapes\n"
            "test_shapes: tests/test_shapes.cpp shapes.cpp\n\t$(CXX) $(CXXFLAGS) -o $@ $^\n",
            "shapes.h": CLASS_HEADER,
            "tests/test_shapes.cpp": CLASS_TESTS,
        },
        stub=CPP_STUB,
        right=CPP_RIGHT,
        wrong=cpp("    return width + height;"),
        told=("expected 6", "area(2, 3) == 6"),
        absent=CPP_ABSENT,
        absent_right=CPP_RIGHT,
        prepare=made,
    ),
    Project(
        name="ctest-missing",
        seldom=True,
        one_definition=False,  # its program does not say what came
        language=lang.CPP,
        document="shapes.cpp",
        files={
            "CMakeLists.txt": LISTS.format("cpp"),
            "shapes.h": CLASS_HEADER,
            "tests/test_shapes.cpp": CLASS_TESTS.replace("#include <cassert>", "#include <iostream>")
            .replace("assert(", "failed += check(")
            .replace("static void test_square", f"{CHECK}static void test_square", 1)
            .replace("test_area();\n}", "test_area();\n    return failed;\n}"),
        },
        stub=CPP_STUB,
        right=CPP_RIGHT,
        wrong=cpp("    return width + height;"),
        told=("multiplies",),
        absent=CPP_ABSENT,
        absent_right=CPP_RIGHT,
        prepare=configured,
    ),
    Project(
        name="googletest-missing",
        seldom=True,
        language=lang.CPP,
        document="shapes.cpp",
        files={
            "Makefile": "CXXFLAGS = -I. -O0\ntest: test_shapes\n\t./test_shapes\n"
            "test_shapes: tests/test_shapes.cpp shapes.cpp\n"
            "\t$(CXX) $(CXXFLAGS) -o $@ $^ -lgtest -lgtest_main -lpthread\n",
            "shapes.h": CLASS_HEADER,
            "tests/test_shapes.cpp": GTESTS.replace(
                "TEST(Area, R", "TEST(Square, Sides) { EXPECT_EQ(shapes::Square(3).perimeter(), 12); }\n\nTEST(Area, R"
            ),
        },
        stub=CPP_STUB,
        right=CPP_RIGHT,
        wrong=cpp("    return width + height;"),
        told=("Area.Rectangle", "expected 6", "5"),
        absent=CPP_ABSENT,
        absent_right=CPP_RIGHT,
        prepare=with_googletest,
    ),
    Project(
        name="googletest",
        language=lang.CPP,
        document="shapes.cpp",
        files={
            "Makefile": "CXXFLAGS = -I. -O0\ntest: test_shapes\n\t./test_shapes\n"
            "test_shapes: tests/test_shapes.cpp shapes.cpp\n"
            "\t$(CXX) $(CXXFLAGS) -o $@ $^ -lgtest -lgtest_main -lpthread\n",
            "shapes.h": CPP_HEADER,
            "tests/test_shapes.cpp": GTESTS,
        },
        stub=CPP_STUB,
        right=CPP_RIGHT,
        wrong=cpp("    return width + height;"),
        told=("Area.Rectangle", "expected 6", "5"),
        two=CPP_STUB.replace("}»", "}»\n\nint side(int surface) {\n    (void)surface;\n    return 0;  // TODO\n}"),
        two_files={
            "shapes.h": CPP_HEADER.replace("}\n", "int side(int surface);\n}\n"),
            "tests/test_shapes.cpp": GTESTS + "\nTEST(Side, Square) { EXPECT_EQ(shapes::side(9), 3); }\n",
        },
        working=CPP_ABSENT.replace("«»", f"«{CPP_RIGHT}»"),
        mutant=cpp("    return width + height;"),
        rewrite=cpp("    int total = width * height;\n    return total;"),
        forgeries=(*forged.FRAMEWORK, *CPP_LYING, *forged.PROCESS),
        honest=forged.HONEST,
        prepare=with_googletest,
    ),
    of_cases("doctest", "doctest/doctest.h", "doctest-dev", "DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN"),
    of_cases("catch2", "catch2/catch.hpp", "catch2", "CATCH_CONFIG_MAIN"),
)
