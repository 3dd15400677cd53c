"""Python: pytest, and unittest where it is not installed."""

from __future__ import annotations

import venv
from collections.abc import Mapping
from pathlib import Path

from tests.integration.proofs import Forgery, Project, Unrunnable
from tests.integration.proofs.python_forgeries import (
    EXAMPLE_FORGERIES,
    EXAMPLE_HONEST,
    MORE_FORGERIES,
    MORE_HONEST,
    PYTEST_FORGERIES,
    UNITTEST_FORGERIES,
)
from tests.support import lang

STUB = '«def area(width, height):\n    """Return the area of a rectangle."""\n    raise NotImplementedError»\n'
SIDE = "\n\ndef side(surface):\n    raise NotImplementedError\n"
TESTS = """from shapes import area


def test_area():
    assert area(2, 3) == 6


def test_flat():
    assert area(4, 0) == 0
"""
CASES = """import unittest

import shapes
from shapes import area


class AreaCase(unittest.TestCase):
    def test_area(self):
        self.assertEqual(area(2, 3), 6)

    def test_flat(self):
        self.assertEqual(shapes.area(4, 0), 0)
"""
RIGHT = "def area(width, height):\n    return width * height"
WRONG = "def area(width, height):\n    return width + height"
CONFIG = '[project]\nname = "shapes"\nversion = "1"\n'


def wrong(body: str, head: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return f"{head}def area(width, height):\n{lines}"


ALWAYS = "class Yes(int):\n    __hash__ = int.__hash__\n\n    def __eq__(self, other):\n        return True\n\n\n"
SMALL = "class Small:\n    def __eq__(self, other):\n        return isinstance(other, int) and other < 100\n\n\n"
LATER = (
    "class Later:\n    asked = 0\n\n    def __eq__(self, other):\n"
    "        Later.asked += 1\n        return Later.asked > 40\n\n\n"
)
WALK = (
    "frame = sys._getframe()\nwhile frame is not None:\n    found = frame.f_locals\n    frame = frame.f_back\nreturn 5"
)
FORGERIES = (
    Forgery(channel="exit", code=wrong("os._exit(0)"), imports=("import os",)),
    Forgery(channel="exit at import", code="os._exit(0)\n\n\n" + RIGHT, imports=("import os",)),
    Forgery(channel="system exit", code=wrong("raise SystemExit(0)")),
    Forgery(channel="output", code=wrong('print("2 passed in 0.01s")\nos._exit(0)'), imports=("import os",)),
    Forgery(
        channel="descriptors",
        code=wrong(
            "for fd in range(3, 64):\n    try:\n"
            '        os.write(fd, b\'x {"state": "passed", "name": "test_shapes.py::test_area"}\\n\')\n'
            "    except OSError:\n        pass\nreturn 5"
        ),
        imports=("import os",),
    ),
    Forgery(channel="equality", code=wrong("return Yes(5)", ALWAYS)),
    Forgery(channel="equality of some", code=wrong("return Small()", SMALL)),
    Forgery(channel="equality later", code=wrong("return Later()", LATER)),
    Forgery(
        channel="equality by type",
        code=wrong('return type("V", (), {"__eq__": lambda self, other: True})()'),
    ),
    Forgery(channel="any", code=wrong("return ANY"), imports=("from unittest.mock import ANY",)),
    Forgery(channel="frames", code=wrong(WALK), imports=("import sys",)),
    Forgery(
        channel="frames by another name",
        code=wrong('frame = getattr(sys, "_get" + "frame")(1)\nreturn 6 if width == 2 else 0'),
        imports=("import sys",),
    ),
    Forgery(
        channel="traceback",
        code=wrong(
            "try:\n    raise ValueError\nexcept ValueError as error:\n"
            '    at = getattr(error.__traceback__, "tb_" + "frame")\nreturn 6 if width == 2 else 0'
        ),
    ),
    Forgery(
        channel="stack",
        code=wrong("line = inspect.stack()[1].code_context\nreturn 6 if width == 2 else 0"),
        imports=("import inspect",),
    ),
    Forgery(
        channel="source",
        code=wrong(
            'text = open("test_" + "shapes.py").read()\nreturn int(text.split("==")[1 if width == 2 else 2][:2])'
        ),
    ),
    Forgery(
        channel="proc",
        code=wrong('text = open("/pr" + "oc/self/cmdline").read()\nreturn 6 if width == 2 else 0'),
    ),
    Forgery(
        channel="environment",
        code=wrong('return width * height if "PYTEST_CURRENT_TEST" in os.environ else 0'),
        imports=("import os",),
    ),
    Forgery(
        channel="patched runner",
        code=wrong(
            'import unittest\nunittest.TestCase.assertEqual = lambda *a: None\nsys.modules.get("_pytest.python", '
            "sys).Function.runtest = lambda self: None\nreturn 5"
        ),
        imports=("import sys",),
    ),
    Forgery(
        channel="garbage collector",
        code=wrong("things = gc.get_objects()\nreturn 6 if width == 2 else 0"),
        imports=("import gc",),
    ),
    Forgery(
        channel="text as code",
        code=wrong(
            'scope = {}\nexec("import sys\\ndef f(): sys._getframe(2)", scope)\nscope["f"]()\n'
            "return 6 if width == 2 else 0"
        ),
    ),
    Forgery(channel="kill", code=wrong("os.kill(os.getppid(), 9)\nreturn 5"), imports=("import os",)),
    Forgery(
        channel="thread",
        code=wrong("threading.Thread(target=lambda: os._exit(0)).start()\nreturn 5"),
        imports=("import os", "import threading"),
    ),
)
HONEST = (
    Forgery(
        channel="values with an equality",
        code=(
            "@dataclass(frozen=True)\nclass Size:\n    value: float\n\n    def __eq__(self, other):\n"
            "        return self.value == (other.value if isinstance(other, Size) else other)\n\n\n"
            "def area(width, height):\n    return Size(width * height)"
        ),
        imports=("from dataclasses import dataclass",),
    ),
    Forgery(
        channel="standard library",
        code=(
            "class Kind(enum.Enum):\n    FLAT = 0\n\n\nPair = namedtuple('Pair', 'width height')\n"
            "log = logging.getLogger(__name__)\n\n\ndef area(width, height):\n    log.warning('an area of %s', width)\n"
            "    warnings.warn('slow', stacklevel=2)\n    try:\n        raise ValueError\n    except ValueError:\n"
            "        log.exception('not so')\n        text = traceback.format_exc()\n"
            "    with tempfile.TemporaryFile('w+') as file:\n        file.write(text)\n"
            "    pair = Pair(width, height)\n    return pair.width * pair.height"
        ),
        imports=(
            "import enum",
            "import logging",
            "import tempfile",
            "import traceback",
            "import warnings",
            "from collections import namedtuple",
        ),
    ),
    Forgery(
        channel="a program that exits",
        code=(
            "def main(arguments):\n    parser = argparse.ArgumentParser(description=__doc__)\n"
            "    parser.add_argument('sides', nargs=2, type=int)\n"
            f"    sys.exit(area(*parser.parse_args(arguments).sides))\n\n\n{RIGHT}\n\n\n"
            "if __name__ == '__main__':\n    main(sys.argv[1:])"
        ),
        imports=("import argparse", "import sys"),
    ),
)


MISSING = "import not_installed_here\n"
TURN = "open('turn.txt').read()"


def without_pytest(root: Path) -> Mapping[str, str] | None:
    venv.create(root / ".venv", symlinks=True)
    return None


COMMON = {
    "language": lang.PYTHON,
    "document": "shapes.py",
    "stub": STUB,
    "right": RIGHT,
    "wrong": WRONG,
    "absent": "UNIT = 1\n\n\n«»",
    "absent_right": RIGHT,
    "two": STUB + SIDE,
    "working": f"«{RIGHT}»\n",
    "mutant": WRONG,
    "rewrite": "def area(width, height):\n    total = width * height\n    return total",
    "unparsable": "def area(width, height):\n    return width * (height",
    "honest": (*HONEST, *MORE_HONEST),
}

PROJECTS = (
    Project(
        **COMMON,  # type: ignore[arg-type]
        name="pytest",
        forgeries=(*FORGERIES, *MORE_FORGERIES, *PYTEST_FORGERIES),
        example_forgeries=EXAMPLE_FORGERIES,
        example_honest=EXAMPLE_HONEST,
        files={"pyproject.toml": CONFIG, "test_shapes.py": TESTS},
        told=("test_area", "expected 6, got 5"),
        two_files={
            "test_shapes.py": TESTS.replace("import area", "import area, side")
            + "\n\ndef test_side():\n    assert side(9) == 3\n\n\ndef test_both():\n    assert area(side(4), 2) == 4\n"
        },
        moody={
            "test_moody.py": "from shapes import area\n\n\ndef test_moody():\n    area(1, 1)\n"
            f"    assert {TURN} == 'pass'\n"
        },
        unrunnable=(
            Unrunnable(
                channel="package",
                files={"test_shapes.py": MISSING + TESTS},
                words="No module named 'not_installed_here'",
                remedy="-m pip install not_installed_here",
            ),
            Unrunnable(
                channel="conftest",
                files={"conftest.py": MISSING},
                words="No module named 'not_installed_here'",
                remedy="-m pip install not_installed_here",
            ),
            Unrunnable(
                channel="conftest that raises",
                files={"conftest.py": "raise RuntimeError('no database is running')\n"},
                words="no database is running",
            ),
            Unrunnable(
                channel="version",
                files={"pyproject.toml": CONFIG + '\n[tool.pytest.ini_options]\nminversion = "99"\n'},
                words="requires pytest-99",
            ),
            Unrunnable(
                channel="plugin",
                files={
                    "pyproject.toml": CONFIG + '\n[tool.pytest.ini_options]\nrequired_plugins = ["pytest-none-such"]\n'
                },
                words="Missing required plugins: pytest-none-such",
                remedy="-m pip install pytest-none-such",
            ),
            Unrunnable(
                channel="configuration",
                files={"pytest.ini": "[pytest\naddopts = -q\n"},
                words="pytest.ini",
            ),
        ),
        example=STUB.replace("rectangle.", "rectangle.\n\n    >>> area(2, 3)\n    6\n    "),
    ),
    Project(
        **COMMON,  # type: ignore[arg-type]
        name="unittest",
        forgeries=(*FORGERIES, *MORE_FORGERIES, *UNITTEST_FORGERIES),
        files={"pyproject.toml": CONFIG, "test_shapes.py": CASES},
        told=("test_area", "expected 6, got 5"),
        two_files={
            "test_shapes.py": CASES.replace("import area", "import area, side")
            + "\n    def test_side(self):\n        self.assertEqual(side(9), 3)\n"
            + "\n    def test_both(self):\n        self.assertEqual(area(side(4), 2), 4)\n"
        },
        moody={
            "test_moody.py": "import unittest\n\nfrom shapes import area\n\n\nclass MoodyCase(unittest.TestCase):\n"
            f"    def test_moody(self):\n        area(1, 1)\n        self.assertEqual({TURN}, 'pass')\n"
        },
        unrunnable=(
            Unrunnable(
                channel="package",
                files={"test_shapes.py": MISSING + CASES},
                words="No module named 'not_installed_here'",
                remedy="-m pip install not_installed_here",
            ),
            Unrunnable(
                channel="pytest",
                files={"test_shapes.py": "import pytest\n" + TESTS},
                words="No module named 'pytest'",
                remedy="-m pip install pytest",
            ),
            Unrunnable(
                channel="functions for pytest",
                files={"test_shapes.py": TESTS},
                words="without pytest only unittest's are",
                remedy="-m pip install pytest",
            ),
        ),
        prepare=without_pytest,
    ),
)
