"""Answers in odd dress: fences in strings, several blocks, and other ways to write code down."""

from __future__ import annotations

import html
import json

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import landed, landing_task, replaced

ADD = "def add(a, b):\n    |>raise NotImplementedError\n"
RIGHT = "def add(a, b):\n    return a + b\n"
OTHER = "def add(a, b):\n    return sum([a, b])\n"


def fence(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}```\n"


INNER = {
    lang.PYTHON: ('def page(x):\n    return f"""\n', '```python\n{x}\n```\n"""\n'),
    lang.RUST: ('fn page(x: &str) -> String {\n    r#"\n', '```rust\n```\n"#.to_string()\n}\n'),
    lang.JAVA: ('class P {\n    String page(String x) {\n        return """\n', '```java\n```\n""";\n    }\n}\n'),
    lang.CPP: ('std::string page(int x) {\n    return R"(\n', '```cpp\n```\n)";\n}\n'),
}


@pytest.mark.parametrize("language", list(INNER))
@pytest.mark.parametrize("after", ["", "\nUse it:\n\n```\npage('x')\n```\n"])
def test_fences_at_the_margin_inside_a_string(language: Language, after: str) -> None:
    head, tail = INNER[language]
    code = head + tail
    stub = code.replace("```", "~").replace("return", "|>return", 1)
    if language is lang.RUST:
        stub = stub.replace("    r#", "    |>r#")
    assert landed(landing_task(stub, language), f"Here:\n\n```{language}\n{code}```\n{after}") == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{fence(OTHER)}\nWait, that fails for strings. Corrected:\n\n{fence(RIGHT)}", RIGHT),
        (f"{fence(OTHER)}\nThis one is better:\n{fence(RIGHT)}", RIGHT),
        (f"{fence(OTHER)}\nActually, the original loses precision, so:\n{fence(RIGHT)}", RIGHT),
        (f"{fence(RIGHT)}\nAlternatively:\n\n{fence(OTHER)}", RIGHT),
        (f"{fence(RIGHT)}\nOr with a builtin:\n\n{fence(OTHER)}", RIGHT),
        (f"{fence(RIGHT)}\nUsage example:\n\n{fence(OTHER + chr(10) + 'print(add(1, 2))' + chr(10))}", RIGHT),
        (f"{fence(RIGHT)}\nFor comparison, the version you had:\n\n{fence(OTHER)}", RIGHT),
        (f"{fence(RIGHT)}\nStill a stub:\n\n{fence('def add(a, b):' + chr(10) + '    pass' + chr(10))}", RIGHT),
        (f"The previous code:\n{fence(OTHER)}\nThe new code:\n{fence(RIGHT)}", RIGHT),
    ],
)
def test_the_last_of_several_blocks_wins_unless_it_is_said_to_be_an_alternative(text: str, expected: str) -> None:
    assert landed(landing_task(ADD, lang.PYTHON), text) == expected


@pytest.mark.parametrize("said", ["Wait, the second is wrong. Corrected:", "With a fix:"])
def test_a_class_that_was_corrected(said: str) -> None:
    text = "class A:\n    |>x = 1\n\n    def f(self):\n        return 1\n"
    whole = landing_task(text.replace("|>", "").replace("class A", "|>class A"), lang.PYTHON)
    first = replaced(text, "return 1", "return 2")
    last = replaced(text, "return 1", "return 3")
    assert landed(whole, f"{fence(first)}\n{said}\n{fence(last)}") == last


STEP = "def step(a, b):\n    |>raise NotImplementedError\n\n\ndef other():\n    return 1\n"
STEPPED = 'def step(a, b):\n    if a < b and b > 1:\n        return "x" + a\n    return b\n'
DIFF = (
    "--- a/step.py\n+++ b/step.py\n@@ -1,2 +1,4 @@\n def step(a, b):\n-    raise NotImplementedError\n"
    '+    if a < b and b > 1:\n+        return "x" + a\n+    return b\n \n \n def other():\n'
)


@pytest.mark.parametrize(
    "text",
    [
        fence(html.escape(STEPPED)),
        html.escape(STEPPED),
        json.dumps({"explanation": "It steps.", "code": STEPPED}),
        f"```json\n{json.dumps({'code': STEPPED}, indent=2)}\n```",
        f"```python\n{''.join(f'{n}: {line}' + chr(10) for n, line in enumerate(STEPPED.splitlines(), 1))}```",
        f"```\n{''.join(f'{n:4} | {line}' + chr(10) for n, line in enumerate(STEPPED.splitlines(), 8))}```",
        "```python\n" + STEPPED.replace("\n", "\\n") + "\n```",
        f"```diff\n{DIFF}```\n",
        f"Here is the patch:\n\n{DIFF}",
    ],
)
def test_code_in_odd_dress_is_read(text: str) -> None:
    task = landing_task(STEP, lang.PYTHON)
    assert landed(task, text) == f"{STEPPED}\n\ndef other():\n    return 1\n"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"score": 3, "reason": "no code"}),
        DIFF.replace(" def step(a, b):", " def stop(a, b):"),
    ],
)
def test_what_is_in_doubt_is_not_read(text: str) -> None:
    with pytest.raises(ExtractionFailed):
        landed(landing_task(STEP, lang.PYTHON), text)


def test_entities_that_the_code_is_about_stay() -> None:
    code = 'def step(a, b):\n    return a.replace("<", "&lt;")\n'
    assert landed(landing_task(STEP, lang.PYTHON), fence(code)).startswith(code)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("def put(self, item):\n    |>pass\n", "self.items.append(item)\n"),
        ("def put(a, b):\n    |>pass\n", "a[b] = 1\na.sort()\n"),
        ("def put(a, b):\n    |>pass\n", "def key(x):\n    return x[b]\n\nreturn sorted(a, key=key)\n"),
    ],
)
def test_a_body_alone_without_a_return_or_with_a_function_in_it(text: str, body: str) -> None:
    header = text.partition("\n")[0]
    inside = "".join(f"    {line}\n" if line else "\n" for line in body.rstrip("\n").split("\n"))
    assert landed(landing_task(text, lang.PYTHON), fence(body)) == f"{header}\n{inside}"


@pytest.mark.parametrize("body", ["put([1], 2)\n", "a = [1]\nb = 2\nprint(a, b)\n", "import os\n"])
def test_a_use_of_the_function_is_no_body(body: str) -> None:
    with pytest.raises(ExtractionFailed):
        landed(landing_task("def put(a, b):\n    |>pass\n", lang.PYTHON), fence(body))


@pytest.mark.parametrize(
    ("language", "text", "statement", "use"),
    [
        (lang.RUST, "fn f(a: u8) -> u8 {\n    |>a\n}\n", "use std::cmp::min;", "min(a, 1)"),
        (
            lang.RUST,
            "fn f(a: u8) -> u8 {\n    |>a\n}\n",
            "use std::collections::{HashMap, HashSet};",
            "HashMap::<u8, HashSet<u8>>::new()",
        ),
        (
            lang.CSHARP,
            "class A\n{\n    int F(int a)\n    {\n        return |>a;\n    }\n}\n",
            "using System.Text;",
            "new StringBuilder()",
        ),
        (lang.C, "int f(int a) {\n    return |>a;\n}\n", "#include <limits.h>", "INT_MAX"),
        (lang.C, "int f(int a) {\n    return |>a;\n}\n", "#include <string.h>", 'strlen("a")'),
        (lang.C, "int f(int a) {\n    return |>a;\n}\n", "#include <stdint.h>", "(int32_t)a"),
        (lang.CPP, "int f(int a) {\n    return |>a;\n}\n", "#include <algorithm>", "std::max(a, 2)"),
        (lang.CPP, "int f(int a) {\n    return |>a;\n}\n", "#include <cmath>", "std::sqrt(a)"),
        (
            lang.CSHARP,
            "class A\n{\n    int F(int a)\n    {\n        return |>a;\n    }\n}\n",
            "using System.Collections.Generic;",
            "new List<int>()",
        ),
        (
            lang.JAVA,
            "class A {\n    int f(int a) {\n        return |>a;\n    }\n}\n",
            "import java.util.*;",
            "new ArrayList<>()",
        ),
        (
            lang.JAVA,
            "class A {\n    int f(int a) {\n        return |>a;\n    }\n}\n",
            "import static java.lang.Math.max;",
            "max(a, 1)",
        ),
        (lang.CPP, "int f(int a) {\n    return |>a;\n}\n", "#include <map>", "std::map<int, int>()"),
        (lang.TYPESCRIPT, "export function f(a) {\n  return |>a;\n}\n", 'import { join } from "path";', "join(a)"),
        (lang.JAVASCRIPT, "export function f(a) {\n  return |>a;\n}\n", 'import path from "path";', "path.join(a)"),
    ],
)
def test_an_import_that_the_code_does_not_use_stays_out(
    language: Language, text: str, statement: str, use: str
) -> None:
    task = landing_task(text, language)
    one, other = text.replace("|>a", "20"), text.replace("|>a", use)
    assert landed(task, fence(f"{statement}\n\n{one}", str(language))) == one
    assert statement.rstrip(";") in landed(task, fence(f"{statement}\n\n{other}", str(language)))


@pytest.mark.parametrize("statement", ["use std::io::Write;", "use rand::Rng;"])
def test_a_trait_may_be_used_without_its_name(statement: str) -> None:
    text = "fn f(a: u8) -> u8 {\n    |>a\n}\n"
    found = landed(landing_task(text, lang.RUST), fence(f"{statement}\n\n{text.replace('|>a', '20')}", "rust"))
    assert found.startswith(statement)
