"""Python: pytest."""

from __future__ import annotations

from forge_lsp.domain.task import Language
from tests.integration.proofs import Project

STUB = '«def area(width, height):\n    """Return the area of a rectangle."""\n    raise NotImplementedError»\n'
SIDE = "\n\ndef side(surface):\n    raise NotImplementedError\n"
TESTS = """from shapes import area


def test_area():
    assert area(2, 3) == 6


def test_flat():
    assert area(4, 0) == 0
"""
RIGHT = "def area(width, height):\n    return width * height"
WRONG = "def area(width, height):\n    return width + height"

PROJECTS = (
    Project(
        name="pytest",
        language=Language.PYTHON,
        document="shapes.py",
        files={"pyproject.toml": '[project]\nname = "shapes"\nversion = "1"\n', "test_shapes.py": TESTS},
        stub=STUB,
        right=RIGHT,
        wrong=WRONG,
        told=("test_area", "expected 6, got 5"),
        absent="UNIT = 1\n\n\n«»",
        absent_right=RIGHT,
        two=STUB + SIDE,
        two_files={
            "test_shapes.py": TESTS.replace("import area", "import area, side")
            + "\n\ndef test_side():\n    assert side(9) == 3\n\n\ndef test_both():\n    assert area(side(4), 2) == 4\n"
        },
        working=f"«{RIGHT}»\n",
        mutant=WRONG,
        rewrite="def area(width, height):\n    total = width * height\n    return total",
        example=STUB.replace("rectangle.", "rectangle.\n\n    >>> area(2, 3)\n    6\n    "),
        unparsable="def area(width, height):\n    return width * (height",
    ),
)
