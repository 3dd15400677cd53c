"""What in a Python candidate's text takes its proof away, and what honest code may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.languages.python.forging import doubt_of
from tests.support import lang
from tests.support.builds import candidate_of, task_of

STUB = "import sys\n\n\n«def area(w, h):\n    raise NotImplementedError»\n"


def doubted(code: str, *, doctests: bool = False, marked: str = STUB) -> str | None:
    task = task_of(marked, language=lang.PYTHON, path=Path("/project/shapes.py"))
    return doubt_of(task, candidate_of(task, code), doctests=doctests)


@pytest.mark.parametrize(
    "body",
    [
        "return sys._getframe(1)",
        "return sys.modules['test_shapes']",
        "return getattr(sys, '_get' + 'frame')(1)",
        "return vars(sys)",
        "sys.set_coroutine_origin_tracking_depth(5)",
        "return coroutine.cr_origin",
        "import ctypes\n    return ctypes.c_int(5)",
        "from _posixsubprocess import fork_exec",
        "import gc\n    return gc.get_objects()",
        "return area.__globals__",
        "return open('tests/test_shapes.py').read()",
        "return os.environ['PYTEST_CURRENT_TEST']",
        "global __name__\n    __name__ = '__main__'",
    ],
)
def test_what_could_forge_a_result_is_doubted(body: str) -> None:
    code = f"def area(w, h):\n    {body}"
    assert doubted(code) is not None
    assert doubted(code, marked=f"import sys\n\n\n«{code}»\n") is None, "the user's own text is held against nobody"


@pytest.mark.parametrize(
    "code",
    [
        "def area(w, h):\n    return eval(str(w)) * h",
        "def area(w, h):\n    return importlib.import_module('math').prod([w, h])",
        "def area(w, h):\n    return load(importlib.import_module(w))",
        "atexit.register(close)\n\n\ndef area(w, h):\n    gc.collect()\n    return w * h",
        "def area(w, h):\n    return w * h\n\n\nif __name__ == '__main__':\n    import doctest\n    import unittest",
        "def area(w, h):\n    return argparse.ArgumentParser(description=__doc__) and w * h",
        "def area(w, h):\n    return len(area.__doc__ or '')",
    ],
)
def test_honest_code_is_not_doubted(code: str) -> None:
    assert doubted(code) is None


@pytest.mark.parametrize("body", ["area.__doc__", "getattr(area, '__doc__')", "inspect.getdoc(area)"])
def test_documentation_is_not_read_where_tests_compare_with_it(body: str) -> None:
    assert doubted(f"def area(w, h):\n    return {body}", doctests=True) is not None


def test_a_block_that_only_looks_like_that_of_a_program_is_read() -> None:
    assert doubted("def area(w, h):\n    return w\n\n\nif __name__ == __name__:\n    import ctypes") is not None
