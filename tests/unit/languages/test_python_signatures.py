"""The user's signatures stay."""

from __future__ import annotations

import ast

import pytest

from forge_lsp.languages.python.signatures import keep_signatures
from tests.unit.editing.support import kept_by

STUB = 'def is_even(number: int, *, strict: bool = False) -> bool:\n    """Even?"""\n    raise NotImplementedError\n'
HEADER = "def is_even(number: int, *, strict: bool = False) -> bool:"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("def is_even(n, *, strict=False):\n    return n % 2 == 0\n", "    return number % 2 == 0"),
        ("def is_even(number, *, strict):\n    return number % 2 == 0", "    return number % 2 == 0"),
        (
            "def is_even(\n    n,\n    *,\n    s=False,\n):\n    '''漢'''; n = n + 0\n"
            "    return s or [n for n in (n,)][0] % 2 == 0",
            "    '''漢'''; number = number + 0\n    return strict or [number for number in (number,)][0] % 2 == 0",
        ),
        (
            "@cache\ndef is_even(n, *, strict=False):  # quick\n    return not n % 2",
            "    return not number % 2",
        ),
    ],
)
def test_a_stub_gets_its_header_and_its_names_back(code: str, body: str) -> None:
    kept = kept_by(keep_signatures, STUB, code)
    assert HEADER in kept
    assert body in kept
    ast.parse(kept)


def test_methods_by_qualified_name_with_their_indentation() -> None:
    original = (
        "class A:\n    def put(self, item: str) -> None:\n        ...\n\n    def get(self) -> str:\n        ...\n"
    )
    code = "class A:\n    def put(self, x):\n        self.x = x\n\n    def get(self):\n        return self.x\n"
    assert kept_by(keep_signatures, original, code) == (
        "class A:\n    def put(self, item: str) -> None:\n        self.x = item\n\n"
        "    def get(self) -> str:\n        return self.x\n"
    )
    fragment = "    def put(self, item: str) -> None:\n        ...\n"
    assert kept_by(keep_signatures, fragment, "    def put(self, x):\n        self.x = x") == (
        "    def put(self, item: str) -> None:\n        self.x = item"
    )


@pytest.mark.parametrize(
    "code",
    [
        "def is_even(n):\n    return n % 2 == 0",  # another number of parameters was meant
        "async def is_even(n, *, strict=False):\n    return n % 2 == 0",
        "def is_even(n, *, strict=False):\n    number = 3\n    return n % number",  # the name means something else
        "def is_even(n, *, strict=False):\n    return f'{n}'",
        "def is_even(n, *, strict=False):\n    return (lambda n: n)(n)",
        "def is_even(n, *, strict=False):\n    return is_even(n=n)",
        "def is_even(n, *, strict=False):\n    import os as n\n    return n",
        "def is_even(n, *, strict=False): return n % 2 == 0",
        "def other(n):\n    return n",
        "def is_even(n, *, strict=False:\n",
        STUB.replace("raise NotImplementedError", "return True"),
    ],
)
def test_what_is_in_doubt_stays_as_it_was_written(code: str) -> None:
    assert kept_by(keep_signatures, STUB, code) == code


def test_a_function_that_is_no_stub_may_get_another_signature() -> None:
    original = "def f(a: int) -> int:\n    return a\n"
    code = "def f(b):\n    return b\n"
    assert kept_by(keep_signatures, original, code) == code


def test_annotations_that_the_stub_lacks_are_welcome() -> None:
    code = "def f(a: int) -> int:\n    return a\n"
    assert kept_by(keep_signatures, "def f(a):\n    pass\n", code) == code
