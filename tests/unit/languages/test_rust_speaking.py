"""Which tests of a crate call what is to be written."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from forge_lsp.languages.rust.crates import Target
from forge_lsp.languages.rust.speaking import PackageTests

FILE = PurePosixPath("tests/area.rs")


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("#[test]\nfn area() {\n    assert_eq!(shop::area(2, 3), 6);\n}\n", True),
        ("#[test]\nfn area() {\n    assert_eq!(shop::one(), 1);\n}\n", False),
        ("fn six() -> i64 {\n    shop::area(2, 3)\n}\n\n#[test]\nfn area() {\n    assert_eq!(six(), 6);\n}\n", True),
    ],
)
def test_a_test_may_have_the_name_of_what_it_calls(text: str, speaks: bool) -> None:
    target = Target(kind="test", name="area", file=FILE, tested=True)
    assert PackageTests({"area"}, {FILE: text}).speaks(target, "area") is speaks


LIBRARY = Target(kind="lib", name="shop", file=PurePosixPath("src/lib.rs"), tested=True)
CODE = "fn area(w: i64, h: i64) -> i64 {\n    w * h\n}\npub fn square(w: i64) -> i64 {\n    area(w, w)\n}\n"
BY_MACRO = """macro_rules! t {
    ($name:ident: $side:expr => $is:expr) => {
        #[test]
        fn $name() {
            assert_eq!(crate::%s($side), $is);
        }
    };
}
t!(two: 2 => 4);
"""


@pytest.mark.parametrize(("tests", "calls"), [
    (BY_MACRO % "square", True),
    (BY_MACRO % "other", False),
    ("quickcheck! {\n    fn grows(w: i64) -> bool { crate::square(w) >= w }\n}\n", True),
    ("#[rstest]\n#[case(2, 4)]\nfn squares(#[case] w: i64, #[case] is: i64) { assert_eq!(square(w), is); }\n", True),
    ("#[test_case(2 => 4)]\nfn squares(w: i64) -> i64 { square(w) }\n", True),
    ("proptest! {\n    #[test]\n    fn grows(w in 1..9i64) { prop_assert!(square(w) >= w); }\n}\n", True),
])  # fmt: skip
def test_tests_that_macros_make_are_tests(tests: str, calls: bool) -> None:
    files = {PurePosixPath("src/lib.rs"): CODE, PurePosixPath("src/tests.rs"): tests}
    speaking = PackageTests({"area"}, files)
    assert speaking.tested([LIBRARY]) == (LIBRARY,), "where none calls it, all are run"
    assert speaking.calling([LIBRARY]) == ((LIBRARY,) if calls else ())


def test_a_crate_without_a_test_has_none() -> None:
    assert PackageTests({"area"}, {PurePosixPath("src/lib.rs"): CODE}).tested([LIBRARY]) == ()
