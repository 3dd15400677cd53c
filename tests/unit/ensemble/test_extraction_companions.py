"""Constants and helpers that new code needs come along, each to its place."""

from __future__ import annotations

import pytest

from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import landed, landing_task

METHOD = "class A:\n    def f(self, x):\n        |>return x\n"
SCRIPT = "import a from 'a';\n\nexport class A {\n  f(x) {\n    |>return x;\n  }\n}\n"
RUST = "mod inner {\n    struct A;\n\n    impl A {\n        fn f(&self) -> u8 {\n            |>1\n        }\n    }\n}\n"
JAVA = "class A {\n    int f(int x) {\n        return |>x;\n    }\n}\n"


@pytest.mark.parametrize(
    ("language", "text", "answer", "expected"),
    [
        (
            lang.PYTHON,
            METHOD,
            "D, B = 1, 2\nC: int = D\n\n\nclass A:\n    def f(self, x):\n        return x + B + C\n",
            "D, B = 1, 2\nC: int = D\n\n\nclass A:\n    def f(self, x):\n        return x + B + C\n",
        ),
        (
            lang.PYTHON,
            METHOD,
            "def _twice(x):\n    return 2 * x\n\n\nclass A:\n    def f(self, x):\n        return _twice(x)\n",
            "def _twice(x):\n    return 2 * x\n\n\nclass A:\n    def f(self, x):\n        return _twice(x)\n",
        ),
        (
            lang.PYTHON,
            METHOD,
            "class A:\n    LIMIT = 3\n\n    def f(self, x):\n        return x + self.LIMIT\n",
            "class A:\n    LIMIT = 3\n\n    def f(self, x):\n        return x + self.LIMIT\n",
        ),
        (
            lang.PYTHON,
            f"LIMIT = 1\n\n\n{METHOD}",
            "LIMIT = 3\n\n\nclass A:\n    def f(self, x):\n        return x + LIMIT\n",
            "LIMIT = 1\n\n\nclass A:\n    def f(self, x):\n        return x + LIMIT\n",
        ),
        (
            lang.PYTHON,
            METHOD,
            "a = A()\n\n\nclass A:\n    def f(self, x):\n        return x + 1\n",
            "class A:\n    def f(self, x):\n        return x + 1\n",
        ),
        (
            lang.TYPESCRIPT,
            SCRIPT,
            "const { b } = a;\n\nexport class A {\n  f(x) {\n    return x + b;\n  }\n}\n",
            "import a from 'a';\n\nconst { b } = a;\n\nexport class A {\n  f(x) {\n    return x + b;\n  }\n}\n",
        ),
        (
            lang.TYPESCRIPT,
            SCRIPT,
            "interface Part {\n  n: number;\n}\n\nexport class A {\n  f(x) {\n    return x as Part;\n  }\n}\n",
            "import a from 'a';\n\ninterface Part {\n  n: number;\n}\n\nexport class A {\n  f(x) {\n"
            "    return x as Part;\n  }\n}\n",
        ),
        (
            lang.RUST,
            RUST,
            "const ONE: u8 = 2;\n\nimpl A {\n    fn f(&self) -> u8 {\n        ONE\n    }\n}\n",
            RUST.replace("    impl A", "    const ONE: u8 = 2;\n\n    impl A").replace("|>1", "ONE"),
        ),
        (
            lang.GO,
            "package p\n\nfunc F() int {\n\treturn |>1\n}\n",
            "const (\n\ta = 1\n\tb = 2\n)\n\nfunc F() int {\n\treturn b\n}\n",
            "package p\n\nconst (\n\ta = 1\n\tb = 2\n)\n\nfunc F() int {\n\treturn b\n}\n",
        ),
        (
            lang.JAVA,
            JAVA,
            "private int twice(int x) {\n    return 2 * x;\n}\n\nint f(int x) {\n    return twice(x);\n}\n",
            "class A {\n    int f(int x) {\n        return twice(x);\n    }\n\n    private int twice(int x) {\n"
            "        return 2 * x;\n    }\n}\n",
        ),
        (
            lang.C,
            "int f(int x) {\n    return |>x;\n}\n",
            "#define LIMIT 3\n\nint f(int x) {\n    return x + LIMIT;\n}\n",
            "#define LIMIT 3\n\nint f(int x) {\n    return x + LIMIT;\n}\n",
        ),
    ],
)
def test_what_new_code_needs_comes_to_its_place(language: Language, text: str, answer: str, expected: str) -> None:
    task = landing_task(text, language)
    assert landed(task, f"```{language}\n{answer}```") == expected
    assert landed(task, f"First:\n\n```{language}\n{answer}```\nDone.\n") == expected


def test_constants_in_a_fence_of_their_own() -> None:
    answer = (
        "A constant:\n```python\nLIMIT = 3\n```\nThe method:\n```python\ndef f(self, x):\n    return x + LIMIT\n```\n"
    )
    expected = "LIMIT = 3\n\n\nclass A:\n    def f(self, x):\n        return x + LIMIT\n"
    assert landed(landing_task(METHOD, lang.PYTHON), answer) == expected


def test_carriage_returns_of_the_file() -> None:
    task = landing_task(METHOD.replace("\n", "\r\n"), lang.PYTHON)
    answer = "```python\nLIMIT = 3\n\n\nclass A:\n    def f(self, x):\n        return x + LIMIT\n```\n"
    expected = "LIMIT = 3\n\n\nclass A:\n    def f(self, x):\n        return x + LIMIT\n"
    assert landed(task, answer) == expected.replace("\n", "\r\n")
