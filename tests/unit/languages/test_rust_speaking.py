"""Which tests of a crate call what is to be written."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from forge_lsp.languages.rust.crates import Target
from forge_lsp.languages.rust.speaking import Speaking

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
    assert Speaking({"area"}, {FILE: text}).speaks(target, "area") is speaks
