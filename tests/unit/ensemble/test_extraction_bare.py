"""Statements alone that are a body, and text that is none."""

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


# odd corners
case(
    "py nested def answer body-level",
    lang.PYTHON,
    'def f(a):\n    """Doc."""\n    |>pass\n',
    "def inner(x):\n    return x\n\n\nreturn inner(a)",
    ('def f(a):\n    """Doc."""\n    def inner(x):\n        return x\n\n\n    return inner(a)\n'),
)
case(
    "body w/ docstring repeated",
    lang.PYTHON,
    'def f(a):\n    """Doc."""\n    |>pass\n',
    '"""Doc."""\nreturn a',
    'def f(a):\n    """Doc."""\n    return a\n',
)
case(
    "body w/ new docstring",
    lang.PYTHON,
    'def f(a):\n    """Doc.\n\n    >>> f(1)\n    1\n    """\n    |>pass\n',
    '"""Other."""\nreturn a',
    'def f(a):\n    """Doc.\n\n    >>> f(1)\n    1\n    """\n    return a\n',
)
case(
    "body w/ comment lead",
    lang.JAVA,
    "class A {\n    int f(int a) {\n        |>return 0; // TODO\n    }\n}\n",
    "// Doubles it.\nreturn a * 2;",
    ("class A {\n    int f(int a) {\n        // Doubles it.\n        return a * 2;\n    }\n}\n"),
)
case(
    "body elided is refused",
    lang.JAVA,
    "class A {\n    int f(int a) {\n        int b = a;\n        |>return b;\n    }\n}\n",
    "// ... existing code ...\nreturn b * 2;",
    None,
)
case(
    "body elided between known lines",
    lang.JAVA,
    (
        "class A {\n    int f(int a) {\n        int b = a;\n        b += 1;\n"
        "        b += 2;\n        |>return b;\n    }\n}\n"
    ),
    "int b = a;\n// ... existing code ...\nreturn b * 2;",
    None,
)
case(
    "two bodies, corrected",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    "```js\nreturn a + 9;\n```\nWait, corrected:\n```js\nreturn a + 2;\n```\n",
    "function f(a) {\n  return a + 2;\n}\n",
)
case(
    "body + whole function alt",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    ("```js\nreturn a + 9;\n```\nThe whole function:\n```js\nfunction f(a) {\n  return a + 2;\n}\n```\n"),
    "function f(a) {\n  return a + 2;\n}\n",
)
case(
    "config object is no body",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    "module.exports = { a: 1 };",
    None,
)
case("shell is no body", lang.PYTHON, "def f(a):\n    |>pass\n", "```\npip install a\n```", None)
case(
    "output is no body",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    "```\na: 1\n```",
    None,
)
case("sql no body", lang.PYTHON, "def f(a):\n    |>pass\n", "```sql\nselect a from b\n```", None)
case(
    "php return config",
    lang.PHP,
    "<?php\n\nfunction f($a)\n{\n    return $a + |>1;\n}\n",
    'In `config/app.php`:\n```php\n<?php\n\nreturn [\n    "a" => 1,\n];\n```\n',
    None,
)
case("ruby: usage line", lang.RUBY, "def f(a)\n  b = a\n  |>b\nend\n", "result = f(3)\nresult", None)
case(
    "c macro body",
    lang.C,
    "#define F(a) |>((a) + 1)\n\nint g(void) {\n    return F(1);\n}\n",
    "#define F(a) ((a) + 2)",
    "#define F(a) ((a) + 2)\n\nint g(void) {\n    return F(1);\n}\n",
)
case(
    "ts body w/ jsx",
    lang.TYPESCRIPT,
    "export function F({ a }: P) {\n  |>return null;\n}\n",
    "const [x, setX] = useState(0);\n\nreturn <b onClick={() => setX(x + 1)}>{a}</b>;",
    (
        "export function F({ a }: P) {\n  const [x, setX] = useState(0);\n\n"
        "  return <b onClick={() => setX(x + 1)}>{a}</b>;\n}\n"
    ),
)
case(
    "ts body w/ imports",
    lang.TYPESCRIPT,
    "export function F({ a }: P) {\n  |>return null;\n}\n",
    ('import { useState, useRef } from "react";\n\nconst [x] = useState(0);\nreturn x + a;'),
    (
        'import { useState } from "react";\n\nexport function F({ a }: P) {\n'
        "  const [x] = useState(0);\n  return x + a;\n}\n"
    ),
)
case(
    "finished void, partial",
    lang.TYPESCRIPT,
    "class A {\n  run(a: number) {\n    this.a = a;\n    |>this.b = a;\n  }\n}\n",
    "this.a = a;\nthis.c = a;",
    None,
)
case(
    "finished void, all",
    lang.TYPESCRIPT,
    "class A {\n  run(a: number) {\n    this.a = a;\n    |>this.b = a;\n  }\n}\n",
    "this.a = a;\nthis.b = a * 2;\nthis.c = a;",
    ("class A {\n  run(a: number) {\n    this.a = a;\n    this.b = a * 2;\n    this.c = a;\n  }\n}\n"),
)
case(
    "truncated-like unbalanced",
    lang.JAVA,
    "class A {\n    int f(int a) {\n        |>return 0; // TODO\n    }\n}\n",
    "if (a > 0) {\n    return a;",
    None,
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_what_is_a_body_and_what_is_none(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
