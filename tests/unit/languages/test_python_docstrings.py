"""The user's docstrings stay."""

from __future__ import annotations

import ast

import pytest

from forge_lsp.languages.python.docstrings import keep_docstrings
from tests.unit.editing.support import kept_by

STUB = 'def f(n: int) -> int:\n    """Twice n.\n\n    >>> f(2)\n    4\n    """\n    raise NotImplementedError\n'


def documented(code: str, name: str = "f") -> str | None:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return ast.get_docstring(node, clean=False)
    raise AssertionError(name)


@pytest.mark.parametrize(
    "code",
    [
        "def f(n: int) -> int:\n    return n * 2\n",
        "def f(n: int) -> int: return n * 2\n",
        'def f(n: int) -> int:\n    """Doubles."""\n    return n * 2\n',
        "import math\n\n\ndef helper():\n    pass\n\n\ndef f(n):\n    # why\n    return n * 2",
        "def f(n):\n  return n * 2",
        "def f(n):\n    @wraps\n    def g():\n        return n * 2\n    return g()",
    ],
)
def test_a_missing_or_weakened_docstring_comes_back_and_the_code_stays(code: str) -> None:
    kept = kept_by(keep_docstrings, STUB, code)
    docstring = documented(kept)
    assert docstring is not None
    assert ">>> f(2)" in docstring
    assert [line.strip() for line in docstring.splitlines()][-3:] == [">>> f(2)", "4", ""]
    assert "n * 2" in kept
    assert kept.count('"""') == 2


def test_a_docstring_is_the_models_to_write_where_the_task_speaks_of_it() -> None:
    code = 'def f(n):\n    """Doubles n.\n\n    >>> f(2)\n    4\n    >>> f(0)\n    0\n    """\n    return n * 2\n'
    assert kept_by(keep_docstrings, STUB, code, rewritten=True) == code
    assert "Twice n." in kept_by(keep_docstrings, STUB, code)


def test_one_that_says_the_same_in_other_white_space_is_the_users() -> None:
    code = 'def f(n):\n    """Twice n.\n\n        >>> f(2)\n        4\n        """\n    return n * 2\n'
    assert STUB.partition('"""')[2].partition('"""')[0] in kept_by(keep_docstrings, STUB, code)


def test_methods_are_matched_by_qualified_name() -> None:
    original = 'class A:\n    """An A."""\n\n    def f(self):\n        """Of A."""\n\n\n'
    original += 'class B:\n    def f(self):\n        """Of B."""\n'
    code = "class A:\n    def f(self):\n        return 1\n\n\nclass B:\n    def f(self):\n        return 2\n"
    kept = ast.parse(kept_by(keep_docstrings, original, code))
    first, second = (node for node in kept.body if isinstance(node, ast.ClassDef))
    assert ast.get_docstring(first) == "An A."
    methods = [node.body[-1] for node in (first, second)]
    assert [ast.get_docstring(node) for node in methods if isinstance(node, ast.FunctionDef)] == ["Of A.", "Of B."]


def test_an_indented_fragment_keeps_its_indentation() -> None:
    original = '    def f(self):\n        """Über 漢 \N{SNAKE}.\n\n        >>> 1\n        1\n        """\n        pass'
    kept = kept_by(keep_docstrings, original, "    def f(self):\n        return 1")
    assert kept == (
        '    def f(self):\n        """Über 漢 \N{SNAKE}.\n\n        >>> 1\n        1\n        """\n        return 1'
    )


@pytest.mark.parametrize("code", ["def f(:", "", "x = 1", "def other():\n    return 1"])
def test_what_does_not_match_is_left_alone(code: str) -> None:
    assert kept_by(keep_docstrings, STUB, code) == code
    assert kept_by(keep_docstrings, "def f(", "def f(): pass") == "def f(): pass"
