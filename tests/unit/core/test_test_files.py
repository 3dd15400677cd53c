from __future__ import annotations

import pytest

from forge_lsp.languages.c_family import suites as c_suites
from forge_lsp.languages.ecmascript import finding
from forge_lsp.languages.python import choosing
from forge_lsp.languages.registry import BUILT_IN
from tests.support import lang

NAMES = (
    *("test_a.py", "a_test.py", "tests.py", "tests/test_b.py", "a.py", "attest.py"),
    *("test/core.js", "test.js", "__tests__/a.ts", "src/a.spec.tsx", "src/a.test.mjs", "src/latest.js", "a.ts"),
    *("tests/core.c", "test/options.cpp", "core_test.c", "src/core.c", "contest.c"),
)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_runners_take_for_a_test_is_shown_as_one(name: str) -> None:
    language = BUILT_IN.of_file(name)
    assert language is not None
    runner = {
        lang.PYTHON: choosing.TEST_FILE.fullmatch,
        lang.TYPESCRIPT: finding._TEST_FILE.fullmatch,
        lang.JAVASCRIPT: finding._TEST_FILE.fullmatch,
        lang.C: c_suites._TEST_FILE.match,
        lang.CPP: c_suites._TEST_FILE.match,
    }[language]
    assert language.is_test_file(name) is (runner(name) is not None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("store/store_test.go", True),
        ("store/testing.go", False),
        ("tests/step.rs", True),
        ("src/lib.rs", False),
        ("src/test/java/g/JsonWriterTest.java", True),
        ("src/main/java/g/JsonWriter.java", False),
        ("src/test/kotlin/g/JsonWriterTest.kt", True),
        ("src/commonTest/kotlin/g/Json.kt", True),
        ("src/main/kotlin/g/JsonWriter.kt", False),
        ("src/main/kotlin/g/Contest.kt", False),
        ("tests/CartFixture.cs", True),
        ("src/Cart.cs", False),
        ("src/CartTest.php", True),
        ("tests/fixtures/cart.php", True),
        ("src/Contest.php", False),
        ("src/Latest.php", False),
    ],
)
def test_other_languages(name: str, expected: bool) -> None:
    language = BUILT_IN.of_file(name)
    assert language is not None
    assert language.is_test_file(name) is expected
