"""Which of TypeScript's errors are that a text does not parse."""

from __future__ import annotations

import pytest

from forge_lsp.languages.ecmascript.tsc import is_syntax
from forge_lsp.languages.ecmascript.words import is_dialect, tells


@pytest.mark.parametrize("code", ["TS1005", "TS1109", "TS1503", "TS17002", "TS17008", "TS17014", "TS17015", "TS2657"])
def test_what_the_parser_reports(code: str) -> None:
    assert is_syntax(code)
    assert tells(code)


@pytest.mark.parametrize("code", ["TS1192", "TS1259", "TS1484", "TS1155", "TS2304", "TS2322", "TS15000", "TS7006"])
def test_what_comes_after_it(code: str) -> None:
    assert not is_syntax(code)


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("const a = <b>1</b>;", True),
        ("return (\n  <Item key={1} />\n);", True),
        ("return <></>;", True),
        ("const a = b < c && d > e;", False),
        ("const half = a </* two */ 2;", False),
        ("for (let i = 0; i<n; i++) {}", False),
        ("/** @flow strict */\nconst a = 1;", True),
        ("// follows @flowers\n", False),
    ],
)
def test_what_node_does_not_read(text: str, dialect: bool) -> None:
    assert is_dialect("a.js", text) is dialect
    assert is_dialect("a.jsx", text)
