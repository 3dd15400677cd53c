from __future__ import annotations

import pytest

from forge_lsp.languages.registry import BUILT_IN


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_a.py", True),
        ("a_test.py", True),
        ("tests.py", True),
        ("tests/test_b.py", True),
        ("a.py", False),
        ("attest.py", False),
        ("test/core.js", True),
        ("test.js", True),
        ("__tests__/a.ts", True),
        ("src/a.spec.tsx", True),
        ("src/a.test.mjs", True),
        ("src/latest.js", False),
        ("a.ts", False),
        ("spec/areaSpec.js", True),
        ("tests/core.c", True),
        ("test/options.cpp", True),
        ("core_test.c", True),
        ("src/core.c", False),
        ("contest.c", False),
        ("src/ShapesTest.cpp", True),
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
def test_a_test_file_is_known_by_its_name(name: str, expected: bool) -> None:
    language = BUILT_IN.of_file(name)
    assert language is not None
    assert language.is_test_file(name) is expected
