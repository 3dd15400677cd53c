"""What an answer repeats of the text around a selection or a place does not land twice."""

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


F = """import os

LIMIT = 3


def before(a):
    return a


def f(a):
    b = a + 1
|>    c = b * 2
    d = c - 1
|>    print(d)
    return d


def after(a):
    return a
"""
plain = F.replace("|>", "")
new = plain.replace("    c = b * 2\n    d = c - 1\n", "    c = b << 1\n    d = c - LIMIT\n")
case("sel whole file", lang.PYTHON, F, new, new)
case(
    "sel function",
    lang.PYTHON,
    F,
    ("def f(a):\n    b = a + 1\n    c = b << 1\n    d = c - LIMIT\n    print(d)\n    return d"),
    new,
)
case("sel alone", lang.PYTHON, F, "c = b << 1\nd = c - LIMIT", new)
case("sel alone deep", lang.PYTHON, F, "    c = b << 1\n    d = c - LIMIT", new)
case("sel with a line around", lang.PYTHON, F, "    b = a + 1\n    c = b << 1\n    d = c - LIMIT\n    print(d)", new)
T = """import { x } from "./x";

const LIMIT = 3;

export function f(a: number) {
  const b = a + 1;
|>  const c = b * 2;
  const d = c - 1;
|>  console.log(d);
  return d;
}

export function g() {
  return 1;
}
"""
plain = T.replace("|>", "")
new = plain.replace("  const c = b * 2;\n  const d = c - 1;\n", "  const c = b << 1;\n  const d = c - LIMIT;\n")
case("sel whole file", lang.TYPESCRIPT, T, new, new)
case(
    "sel function",
    lang.TYPESCRIPT,
    T,
    (
        "export function f(a: number) {\n  const b = a + 1;\n  const c = b << 1;\n"
        "  const d = c - LIMIT;\n  console.log(d);\n  return d;\n}"
    ),
    new,
)
case("sel alone", lang.TYPESCRIPT, T, "const c = b << 1;\nconst d = c - LIMIT;", new)
case(
    "sel lines",
    lang.TYPESCRIPT,
    T,
    ("  const b = a + 1;\n  const c = b << 1;\n  const d = c - LIMIT;\n  console.log(d);\n  return d;\n}"),
    new,
)
JSI = (
    "let f;\nif (globalThis.a) {\n  f = function (x) {\n    return 1;\n  };\n} else {\n"
    "  f = function (x) {\n    |>return 2;\n  };\n}\n\nf(1);\n"
)
plain = JSI.replace("|>", "")
case(
    "stmt whole file",
    lang.JAVASCRIPT,
    JSI,
    plain.replace("return 2", "return x"),
    plain.replace("return 2", "return x"),
)
case(
    "stmt alone",
    lang.JAVASCRIPT,
    JSI,
    plain.replace("return 2", "return x").replace("let f;\n", "").replace("\nf(1);\n", ""),
    plain.replace("return 2", "return x"),
)
# insertion
PLACE = """import os


def before(a):
    return a

|>
def after(a):
    return a
"""
plain = PLACE.replace("|>", "")
case(
    "insertion",
    lang.PYTHON,
    PLACE,
    "def new(a):\n    return a + 1",
    plain.replace("    return a\n\n\n", "    return a\n\n\ndef new(a):\n    return a + 1\n\n\n", 1),
    words="add new",
)
case(
    "insertion whole file",
    lang.PYTHON,
    PLACE,
    plain.replace("    return a\n\n\n", "    return a\n\n\ndef new(a):\n    return a + 1\n\n\n", 1),
    plain.replace("    return a\n\n\n", "    return a\n\n\ndef new(a):\n    return a + 1\n\n\n", 1),
    words="add new",
)
IJ = """class A {
    int before(int a) {
        return a;
    }

|>
    int after(int a) {
        return a;
    }
}
"""
plain = IJ.replace("|>\n", "")
WANT = """class A {
    int before(int a) {
        return a;
    }

    int fresh(int a) {
        return a + 1;
    }

    int after(int a) {
        return a;
    }
}
"""
case("insertion java alone", lang.JAVA, IJ, "int fresh(int a) {\n    return a + 1;\n}", WANT, words="add fresh")
case("insertion java class", lang.JAVA, IJ, WANT, WANT, words="add fresh")
case(
    "insertion java class partial",
    lang.JAVA,
    IJ,
    (
        "class A {\n    // ... existing code ...\n\n    int fresh(int a) {\n"
        "        return a + 1;\n    }\n\n    // ... existing code ...\n}"
    ),
    WANT,
    words="add fresh",
)
case(
    "todo comment",
    lang.PYTHON,
    ("import os\n\n# TODO: a function f(a) that returns a + 1|>\n\n\ndef g(a):\n    return a\n"),
    "import os\n\n\ndef f(a):\n    return a + 1\n\n\ndef g(a):\n    return a\n",
    "import os\n\ndef f(a):\n    return a + 1\n\n\ndef g(a):\n    return a\n",
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_what_stands_around_the_place_stays_once(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
