"""C: a Makefile's ``test`` with assertions and with TAP, and CTest."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.forged import c as forged
from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.support import lang


def needs(*programs: str) -> None:
    """Skip where a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def made(root: Path) -> Mapping[str, str] | None:
    del root
    needs("gcc", "g++", "make")
    return None


def configured(root: Path) -> Mapping[str, str] | None:
    needs("gcc", "g++", "make", "cmake", "ctest")
    if not (root / "CMakeLists.txt").exists():
        return None  # an example in the documentation alone
    command = ["cmake", "-S", str(root), "-B", str(root / "build")]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    return None


HEADER = "int area(int width, int height);\n"
INCLUDE = '#include "shapes.h"\n\n'
STUB = INCLUDE + "«int area(int width, int height) {\n    (void)width;\n    (void)height;\n    return 0; // TODO\n}»\n"
ABORTING = "#include <stdlib.h>\n" + INCLUDE + "«int area(int width, int height) {\n    abort();\n}»\n"
SIDE = "\nint side(int surface) {\n    (void)surface;\n    return 0; // TODO\n}\n"
RIGHT = "int area(int width, int height) {\n    return width * height;\n}"
WRONG = "int area(int width, int height) {\n    return width + height;\n}"
REWRITE = "int area(int width, int height) {\n    int total = width * height;\n    return total;\n}"
UNPARSABLE = "int area(int width, int height) {\n    return width * (height;\n}"

ASSERTS = """#include <assert.h>
#include "shapes.h"

int main(void) {
    assert(area(2, 3) == 6);
    assert(area(4, 0) == 0);
    return 0;
}
"""
TAP = """#include <stdio.h>
#include "shapes.h"

static void check(int number, const char *name, int got, int expected) {
    printf("%sok %d - %s\\n", got == expected ? "" : "not ", number, name);
    if (got != expected) printf("# expected %d, got %d\\n", expected, got);
}

int main(void) {
    printf("1..2\\n");
    check(1, "area of a rectangle", area(2, 3), 6);
    check(2, "flat", area(4, 0), 0);
    return 0;
}
"""
MAKEFILE = (
    "CFLAGS = -I. -Wall\n.PHONY: test\ntest: test_shapes\n\t./test_shapes\n"
    "test_shapes: tests/test_shapes.c shapes.c\n\t$(CC) $(CFLAGS) -o $@ $^ -lpthread\n"
)
LISTS = (
    "cmake_minimum_required(VERSION 3.10)\nproject(shapes C CXX)\nenable_testing()\ninclude_directories(.)\n"
    "add_executable(test_shapes tests/test_shapes.{0} shapes.{0})\nadd_test(NAME multiplies COMMAND test_shapes)\n"
    "add_test(NAME never COMMAND false)\n"
)


CMOCKA = """#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "shapes.h"

static void rectangle(void **state) {
    (void)state;
    assert_int_equal(area(2, 3), 6);
}

static void flat(void **state) {
    (void)state;
    assert_int_equal(area(4, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rectangle), cmocka_unit_test(flat)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
"""


def with_cmocka(root: Path) -> Mapping[str, str] | None:
    made(root)
    if not Path("/usr/include/cmocka.h").is_file():
        pytest.skip("cmocka is not installed: libcmocka-dev")
    return None


def body(code: str) -> str:
    return f"int area(int width, int height) {{\n    (void)width;\n    (void)height;\n{code}\n}}"


LYING = (
    Forgery(channel="exit", code=body("    exit(0);"), imports=("#include <stdlib.h>",)),
    Forgery(channel="kernel", code=body("    _exit(0);"), imports=("#include <unistd.h>",)),
    Forgery(
        channel="at-exit",
        code="static void bye(void) { _exit(0); }\n" + body("    atexit(bye);\n    return 5;"),
        imports=("#include <stdlib.h>", "#include <unistd.h>"),
    ),
    Forgery(
        channel="before-main",
        code="__attribute__((constructor)) static void early(void) { exit(0); }\n" + body("    return 5;"),
        imports=("#include <stdlib.h>",),
    ),
    Forgery(
        channel="parent-dies",
        code=body("    if (fork()) _exit(0);\n    return 5;"),
        imports=("#include <unistd.h>",),
    ),
    Forgery(
        channel="abort-handler",
        code="static void calm(int number) { (void)number; _exit(0); }\n"
        + body("    signal(SIGABRT, calm);\n    return 5;"),
        imports=("#include <signal.h>", "#include <unistd.h>"),
    ),
    Forgery(
        channel="own-assertion",
        code="void __assert_fail(const char *a, const char *b, unsigned c, const char *d) { _exit(0); }\n"
        + body("    return 5;"),
        imports=("#include <unistd.h>",),
    ),
    Forgery(
        channel="threads",
        code="static void *late(void *none) { exit(0); return none; }\n"
        + body("    pthread_t one;\n    pthread_create(&one, 0, late, 0);\n    pthread_join(one, 0);\n    return 5;"),
        imports=("#include <pthread.h>", "#include <stdlib.h>"),
    ),
    Forgery(
        channel="reads-tests",
        code=body('    FILE *file = fopen("tests/test_shapes.c", "r");\n    return file ? 6 : 5;'),
        imports=("#include <stdio.h>",),
    ),
    Forgery(channel="assembly", code=body('    __asm__("mov $60, %eax; xor %edi, %edi; syscall");\n    return 5;')),
    Forgery(
        channel="assertion-lines",
        code=body(
            "    static const char word[] = {10, 'f', 'o', 'r', 'g', 'e', 0};\n"
            '    fprintf(stderr, "%s-check: pass tests/test_shapes.c:5 x\\n", word);\n    _Exit(0);'
        ),
        imports=("#include <stdio.h>", "#include <stdlib.h>"),
    ),
    Forgery(
        channel="jump",
        code="static void leave(void) { longjmp(0, 1); }\n" + body("    leave();\n    return 5;"),
        imports=("#include <setjmp.h>",),
    ),
)
TAP_LYING = (
    LYING[0],
    Forgery(
        channel="printed-lines",
        code=body('    printf("ok 1 - area of a rectangle\\nok 2 - flat\\n");\n    fflush(stdout);\n    _exit(0);'),
        imports=("#include <stdio.h>", "#include <unistd.h>"),
    ),
    Forgery(
        channel="spelt-lines",
        code=body(
            "    char o = 'o', k = 'k';\n    printf(\"%c%c 1 - area of a rectangle\\n%c%c 2 - flat\\n\", o, k, o, k);\n"
            "    fflush(stdout);\n    fclose(stdout);\n    return 5;"
        ),
        imports=("#include <stdio.h>",),
    ),
    Forgery(
        channel="own-printf",
        code='int printf(const char *text, ...) { (void)text; puts("ok 1 - area of a rectangle"); return 0; }\n'
        + body("    return 5;"),
        imports=("#include <stdio.h>",),
    ),
    Forgery(channel="macro", code="#define printf(...) 0\n" + body("    return 5;")),
)
HONEST = (
    Forgery(
        channel="usage",
        code='static void usage(void) {\n    fputs("usage: shapes\\n", stderr);\n    exit(1);\n}\n\n'
        "int area(int width, int height) {\n    if (width < 0) usage();\n    return width * height;\n}",
        imports=("#include <stdio.h>", "#include <stdlib.h>"),
    ),
    Forgery(
        channel="assertion",
        code="int area(int width, int height) {\n    assert(width >= 0);\n    return width * height;\n}",
        imports=("#include <assert.h>",),
    ),
    Forgery(
        channel="reads-a-file",
        code='int area(int width, int height) {\n    FILE *file = fopen("units.txt", "r");\n'
        "    if (file != NULL) fclose(file);\n    return width * height;\n}",
        imports=("#include <stdio.h>",),
    ),
)


EXAMPLE = STUB.replace("«", "/* The area of a rectangle.\n *\n * area(2, 3) == 6\n * area(4, 0)  // 0\n */\n«")
READING = Forgery(
    channel="reads its own documentation",
    code="int area(int width, int height) {\n    char text[4096] = {0}, wanted[64];\n"
    '    FILE *file = fopen("shapes.c", "r");\n    int value = -1;\n'
    '    sprintf(wanted, "area(%d, %d)", width, height);\n'
    "    if (file && fread(text, 1, sizeof text - 1, file) && strstr(text, wanted))\n"
    '        sscanf(strstr(text, wanted) + strlen(wanted), "%*[ =/]%d", &value);\n    return value;\n}',
    imports=("#include <stdio.h>", "#include <string.h>"),
)

PROJECTS = (
    Project(
        name="make-assert",
        language=lang.C,
        document="shapes.c",
        files={"Makefile": MAKEFILE, "shapes.h": HEADER, "tests/test_shapes.c": ASSERTS},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("make test: tests/test_shapes.c:5", "expected 6", "area(2, 3) == 6"),
        absent=INCLUDE + "«»",
        absent_right=RIGHT,
        two=STUB + SIDE,
        two_files={
            "shapes.h": HEADER + "int side(int surface);\n",
            "tests/test_shapes.c": ASSERTS.replace("    return", "    assert(side(9) == 3);\n    return"),
        },
        working=f"{INCLUDE}«{RIGHT}»\n",
        mutant=WRONG,
        rewrite=REWRITE,
        unparsable=UNPARSABLE,
        beyond_grammar="int area(int width, int height) {\n    return width *\n#if 1\n        height\n#endif\n    ;\n}",
        unrunnable=(
            Unrunnable(
                channel="header",
                files={"tests/test_shapes.c": "#include <CUnit/CUnit.h>\n" + ASSERTS},
                words="CUnit/CUnit.h",
                remedy="libcunit1-dev",
            ),
            Unrunnable(
                channel="library",
                files={"Makefile": MAKEFILE.replace("-lpthread", "-lnone_such")},
                words="-lnone_such",
                remedy="install the library libnone_such",
            ),
        ),
        forgeries=(*LYING, *forged.ENDING, *forged.FINDING, *forged.TESTS, *forged.TOOLS, *forged.QUIET),
        honest=(*HONEST, *forged.HONEST),
        example=EXAMPLE,
        example_files={"shapes.h": HEADER},
        example_forgeries=(*LYING, *forged.ENDING, *forged.FINDING, *forged.TOOLS, *forged.QUIET, READING),
        example_honest=forged.HONEST,
        prepare=made,
    ),
    Project(
        name="make-aborting",
        language=lang.C,
        document="shapes.c",
        files={"Makefile": MAKEFILE, "shapes.h": HEADER, "tests/test_shapes.c": ASSERTS},
        stub=ABORTING,
        right=RIGHT,
        wrong=WRONG,
        told=("expected 6", "area(2, 3) == 6"),
        two=ABORTING + SIDE.replace("(void)surface;\n    return 0;", "(void)surface;\n    abort();"),
        two_files={
            "shapes.h": HEADER + "int side(int surface);\n",
            "tests/test_shapes.c": ASSERTS.replace("    assert(area(2", "    assert(side(9) == 3);\n    assert(area(2"),
        },
        prepare=made,
    ),
    Project(
        name="make-missing",
        language=lang.C,
        document="shapes.c",
        files={
            "Makefile": MAKEFILE,
            "shapes.h": HEADER + "int side(int surface);\n",
            "tests/test_shapes.c": ASSERTS.replace("    assert(area(2", "    assert(side(9) == 3);\n    assert(area(2"),
        },
        stub=STUB + SIDE,
        right=RIGHT,
        wrong=WRONG,
        told=("expected 6", "area(2, 3) == 6"),
        absent=INCLUDE + "«»",
        absent_right=RIGHT,
        prepare=made,
    ),
    Project(
        name="make-tap",
        language=lang.C,
        document="shapes.c",
        files={"Makefile": MAKEFILE, "shapes.h": HEADER, "tests/test_shapes.c": TAP},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("area of a rectangle", "expected 6, got 5"),
        absent=INCLUDE + "«»",
        absent_right=RIGHT,
        two=STUB + SIDE,
        two_files={
            "shapes.h": HEADER + "int side(int surface);\n",
            "tests/test_shapes.c": TAP.replace("1..2", "1..3").replace(
                "    return 0;\n}\n", '    check(3, "side of a square", side(9), 3);\n    return 0;\n}\n'
            ),
        },
        working=f"{INCLUDE}«{RIGHT}»\n",
        mutant=WRONG,
        rewrite=REWRITE,
        unparsable=UNPARSABLE,
        forgeries=(*TAP_LYING, *forged.OUTPUT, *forged.ENDING, *forged.FINDING, *forged.TESTS),
        honest=(HONEST[0], *forged.HONEST),
        prepare=made,
    ),
    Project(
        name="cmocka",
        language=lang.C,
        document="shapes.c",
        files={
            "Makefile": MAKEFILE.replace("-lpthread", "-lcmocka"),
            "shapes.h": HEADER,
            "tests/test_shapes.c": CMOCKA,
        },
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("make test: rectangle", "expected 0x6, got 0x5"),
        two=STUB
        + SIDE.replace("(void)surface;\n    return 0;", "(void)surface;\n    abort();").replace(
            "\nint", "\n#include <stdlib.h>\n\nint", 1
        ),
        two_files={
            "shapes.h": HEADER + "int side(int surface);\n",
            "tests/test_shapes.c": CMOCKA.replace(
                "static void rectangle",
                "static void square(void **state) {\n    (void)state;\n    assert_int_equal(side(9), 3);\n}\n\n"
                "static void rectangle",
                1,
            ).replace("{cmocka", "{cmocka_unit_test(square), cmocka", 1),
        },
        absent=INCLUDE + "«»",
        absent_right=RIGHT,
        prepare=with_cmocka,
    ),
    Project(
        name="make-tap-aborting",
        language=lang.C,
        document="shapes.c",
        files={"Makefile": MAKEFILE, "shapes.h": HEADER, "tests/test_shapes.c": TAP},
        stub=ABORTING,
        right=RIGHT,
        wrong=WRONG,
        told=("area of a rectangle", "expected 6, got 5"),
        two=ABORTING + SIDE.replace("(void)surface;\n    return 0;", "(void)surface;\n    abort();"),
        two_files={
            "shapes.h": HEADER + "int side(int surface);\n",
            "tests/test_shapes.c": TAP.replace("1..2", "1..3").replace(
                "    check(1,", '    check(3, "side of a square", side(9), 3);\n    check(1,'
            ),
        },
        prepare=made,
    ),
    Project(
        name="ctest",
        language=lang.C,
        document="shapes.c",
        files={"CMakeLists.txt": LISTS.format("c"), "shapes.h": HEADER, "tests/test_shapes.c": ASSERTS},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("multiplies", "expected 6", "area(2, 3) == 6"),
        absent=INCLUDE + "«»",
        absent_right=RIGHT,
        two=STUB + SIDE,
        two_files={
            "shapes.h": HEADER + "int side(int surface);\n",
            "tests/test_shapes.c": ASSERTS.replace("    return", "    assert(side(9) == 3);\n    return"),
        },
        working=f"{INCLUDE}«{RIGHT}»\n",
        mutant=WRONG,
        rewrite=REWRITE,
        forgeries=(LYING[0], LYING[3], LYING[4], *forged.OUTPUT, *forged.ENDING, *forged.FINDING, *forged.TESTS),
        honest=(HONEST[0], *forged.HONEST),
        prepare=configured,
    ),
)
