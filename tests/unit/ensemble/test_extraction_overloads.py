"""New overloads, repeated comments, and what a class is made of."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import landed, landing_task


@dataclass(frozen=True, kw_only=True)
class Case:
    """``text`` has the cursor at ``|>`` (two: a selection); ``wanted`` is the file that is to come of the answer, None:
    it must be refused."""

    name: str
    language: Language
    text: str
    answer: str
    wanted: str | None
    words: str | None = None
    path: str | None = None


CASES: list[Case] = []


def case(
    name: str,
    language: Language,
    text: str,
    answer: str,
    wanted: str | None,
    words: str | None = None,
    path: str | None = None,
) -> None:
    CASES.append(Case(name=name, language=language, text=text, answer=answer, wanted=wanted, words=words, path=path))


case(
    "overload at a place",
    lang.JAVA,
    ("class A {\n    int f(int a) {\n        return a;\n    }\n\n|>\n    int g() {\n        return 1;\n    }\n}\n"),
    "int f(String a) {\n    return a.length();\n}",
    (
        "class A {\n    int f(int a) {\n        return a;\n    }\n\n    int f(String a) {\n"
        "        return a.length();\n    }\n\n    int g() {\n        return 1;\n    }\n}\n"
    ),
    words="add an overload",
)
case(
    "overload at a place, class",
    lang.JAVA,
    ("class A {\n    int f(int a) {\n        return a;\n    }\n\n|>\n    int g() {\n        return 1;\n    }\n}\n"),
    (
        "class A {\n    int f(int a) {\n        return a;\n    }\n\n    int f(String a) {\n"
        "        return a.length();\n    }\n\n    int g() {\n        return 1;\n    }\n}"
    ),
    (
        "class A {\n    int f(int a) {\n        return a;\n    }\n\n    int f(String a) {\n"
        "        return a.length();\n    }\n\n    int g() {\n        return 1;\n    }\n}\n"
    ),
    words="add an overload",
)
case(
    "overload at a place, kotlin",
    lang.KOTLIN,
    "fun f(a: Int): Int {\n    return a\n}\n\n|>\nfun g(): Int {\n    return 1\n}\n",
    "fun f(a: String): Int {\n    return a.length\n}",
    (
        "fun f(a: Int): Int {\n    return a\n}\n\nfun f(a: String): Int {\n"
        "    return a.length\n}\n\nfun g(): Int {\n    return 1\n}\n"
    ),
    words="add an overload",
)
case(
    "overload at a place, cpp all",
    lang.CPP,
    "int f(int a) {\n    return a;\n}\n\n|>\nint g() {\n    return 1;\n}\n",
    ("int f(int a) {\n    return a;\n}\n\nint f(double a) {\n    return a;\n}\n\nint g() {\n    return 1;\n}"),
    ("int f(int a) {\n    return a;\n}\n\nint f(double a) {\n    return a;\n}\n\nint g() {\n    return 1;\n}\n"),
    words="add an overload",
)
case(
    "known ones alone",
    lang.PYTHON,
    "def f(a):\n    return a\n\n\n|>\ndef g():\n    return 1\n",
    "def f(a):\n    return a\n\n\ndef g():\n    return 1\n",
    None,
    words="add h",
)
case(
    "a comment repeated",
    lang.PYTHON,
    "import os\n\n# Adds two numbers.|>\n",
    "# Adds two numbers.\ndef add(a, b):\n    return a + b\n",
    "import os\n\n# Adds two numbers.\ndef add(a, b):\n    return a + b\n",
    words="write it",
)
case(
    "fewer lines than there were",
    lang.PYTHON,
    "def f(x):\n    x.append(1)\n    x.append(1)|>\n    x.append(3)\n",
    "x.append(1)\nx.append(2)",
    None,
)
case(
    "class base omitted",
    lang.PYTHON,
    "class |>A(Base, metaclass=M):\n    def f(self):\n        pass\n",
    "class A:\n    def f(self):\n        return 1",
    "class A(Base, metaclass=M):\n    def f(self):\n        return 1\n",
)
case(
    "class base omitted",
    lang.TYPESCRIPT,
    (
        "export abstract class |>A<T> extends B<T> implements C {\n  f(): T {\n"
        '    throw new Error("not implemented");\n  }\n}\n'
    ),
    "class A<T> {\n  f(): T {\n    return this.x;\n  }\n}",
    ("export abstract class A<T> extends B<T> implements C {\n  f(): T {\n    return this.x;\n  }\n}\n"),
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_it_lands_once_and_whole(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
