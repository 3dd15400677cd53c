"""Which errors of Python's checkers count."""

from __future__ import annotations

import pytest

from forge_lsp.languages.python.tools import ty_problems

OF_SENTINEL = "Operator `>` is not supported between objects of type `int` and `object`"


@pytest.mark.parametrize(("code", "message", "counts"), [
    ("unsupported-operator", OF_SENTINEL, False),
    ("unsupported-operator", OF_SENTINEL.replace("`object`", "`Unknown | _Missing | Literal[4]`"), False),
    ("unsupported-operator", OF_SENTINEL.replace("`object`", "`Unknown | None`"), False),
    ("unsupported-operator", OF_SENTINEL.replace("`object`", "`str`"), True),
    ("unsupported-operator", OF_SENTINEL.replace("`object`", "`str | bytes`"), True),
    ("missing-attribute", "Object of type `object` has no attribute `bit_length`", False),
    ("missing-attribute", "Object of type `Shape` has no attribute `aera`", True),
    ("not-iterable", "Object of type `(Unknown & ~EllipsisType) | Literal[5]` may not be iterable", False),
    ("not-iterable", "Object of type `int` is not iterable", True),
    ("invalid-argument-type", "Argument to function `f` is incorrect: Expected `str`, found `object`", False),
    ("invalid-argument-type", "Argument to function `f` is incorrect: Expected `str`, found `Unknown | None`", False),
    ("invalid-argument-type", "Argument to function `f` is incorrect: Expected `str`, found `int`", True),
    ("invalid-return-type", "Return type does not match: expected `int`, found `Unknown | None`", False),
    ("invalid-context-manager", "Object of type `object` cannot be used with `with`", False),
    ("unresolved-reference", "Name `Unknown | object` used when not defined", True),
])  # fmt: skip
def test_what_only_a_default_could_be_is_no_error(code: str, message: str, counts: bool) -> None:
    found = ty_problems(f"shapes.py:3:5: error[{code}] {message}\n".encode())
    assert [problem.code for problem in found] == ([code] if counts else [])
