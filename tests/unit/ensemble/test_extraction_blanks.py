"""Blanks at the end of lines, which strings keep, and comments that invite code."""

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
    "blanks in a string",
    lang.PYTHON,
    "def f(a):\n    |>pass\n",
    'def f(a):   \n    b = """  \nselect a \nfrom b\t\n"""   \n    return b  \n\t\n',
    'def f(a):\n    b = """  \nselect a \nfrom b\t\n"""\n    return b\n',
)
case(
    "blanks in a template",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    "function f(a) {  \n  return `x \n y  \n`;  \n}  ",
    "function f(a) {\n  return `x \n y  \n`;\n}\n",
)
case(
    "blanks after fences",
    lang.PYTHON,
    "def f(a):\n    |>pass\n",
    "```python   \ndef f(a):  \n    return a  \n```   \n",
    "def f(a):\n    return a\n",
)
case(
    "an invitation that stayed",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    "function f(a) {\n  // ... your code here ...\n  return a;\n}",
    "function f(a) {\n  return a;\n}\n",
)
case(
    "an invitation alone",
    lang.JAVASCRIPT,
    "function f(a) {\n  |>return a;\n}\n",
    "function f(a) {\n  // ... your code here ...\n}",
    None,
)
case(
    "an invitation where code was",
    lang.JAVASCRIPT,
    "function f(a) {\n  log(a);\n  |>return a;\n}\n",
    "function f(a) {\n  // ... your code here ...\n  return a + 1;\n}",
    None,
)
case(
    "a rest that was left out of a stub",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    "function f(a) {\n  const b = 1;\n  // ... rest of the implementation\n}",
    None,
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_blanks_and_invitations(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
