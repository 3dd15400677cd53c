"""A definition's form in JavaScript and TypeScript stays, whatever form the answer has."""

from __future__ import annotations

import re

import pytest

from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import SYNTAX, landed, landing_task, replaced

JS, TS = lang.JAVASCRIPT, lang.TYPESCRIPT

# What stands in the document; ``<>`` is the place of the function.
FORMS = {
    "declaration": "<function area(r) {\n  return 0;\n}>\n\nmodule.exports = { area };\n",
    "exports": "'use strict';\n\n<exports.area = function (r) {\n  return 0;\n};>\n\nexports.b = 1;\n",
    "module": "<module.exports.area = function area(r) {\n  return 0;\n};>\n",
    "member": "<app.area = (r) => {\n  return 0;\n};>\n",
    "prototype": "<Circle.prototype.area = function (r) {\n  return 0;\n};>\n",
    "const": "<const area = (r) => {\n  return 0;\n};>\n",
    "exported const": "<export const area = function (r) {\n  return 0;\n};>\n",
    "exported": "<export function area(r) {\n  return 0;\n}>\n",
    "default": "<export default function area(r) {\n  return 0;\n}>\n",
    "method": "class A {\n  <area(r) {\n    return 0;\n  }>\n}\n",
    "static": "class A {\n  <static area(r) {\n    return 0;\n  }>\n}\n",
    "field": "class A {\n  <area = (r) => {\n    return 0;\n  };>\n  b = 1;\n}\n",
    "property": "const o = {\n  <area: function (r) {\n    return 0;\n  },>\n  b: 1,\n};\n",
    "short": "module.exports = {\n  <area(r) {\n    return 0;\n  },>\n  b,\n};\n",
    "arrow property": "export default {\n  methods: {\n    <area: (r) => {\n      return 0;\n    },>\n  },\n};\n",
}
# How models answer.
ANSWERS = {
    "declaration": "function area(r) {\n  return r * 2;\n}\n",
    "exported": "export function area(r) {\n  return r * 2;\n}\n",
    "default": "export default function area(r) {\n  return r * 2;\n}\n",
    "const": "const area = (r) => {\n  return r * 2;\n};\n",
    "const and default": "const area = (r) => {\n  return r * 2;\n};\n\nexport default area;\n",
    "const and exports": "const area = function (r) {\n  return r * 2;\n};\n\nmodule.exports = { area };\n",
    "exports": "exports.area = function (r) {\n  return r * 2;\n};\n",
    "expression": "const area = r => r * 2;\n",
    "method": "area(r) {\n  return r * 2;\n}\n",
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", [JS, TS])
def test_every_form_of_answer_lands_in_the_form_of_the_document(language: Language, form: str, answer: str) -> None:
    marked = FORMS[form]
    plain = marked.replace("<", "").replace(">", "").replace("(r) = {", "(r) => {")
    start = marked.index("<")
    at = plain.index("return 0")
    task = landing_task(f"{plain[:at]}|>{plain[at:]}", language)
    assert task.scope.name == "area"
    assert start <= at
    found = landed(task, f"```{language}\n{ANSWERS[answer]}```\n")
    assert _told(found) == _told(replaced(plain, "return 0", "return r * 2"))


def _told(text: str) -> str:
    """``text`` without white space; functions that are values are written in one way."""
    text = re.sub(r"(?<=[=:])\s*function\s*(?:area)?\s*\(r\)", "(r) =>", text)
    text = re.sub(r"(?<=[=:])\s*r =>", "(r) =>", text)
    return "".join(text.replace("=> r * 2", "=> { return r * 2; }").split())


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        (
            "exports.f = function (n) {\n  |>return 0;\n};\n",
            "function f(n) {\n  return f(n - 1);\n}",
            "exports.f = function f(n) {\n  return f(n - 1);\n};\n",
        ),
        (
            "const f = (n) => {\n  |>return 0;\n};\n",
            "function f(n) {\n  return arguments.length;\n}",
            "const f = function (n) {\n  return arguments.length;\n};\n",
        ),
        (
            "exports.f = function (n) {\n  |>return 0;\n};\n",
            "async function f(n) {\n  return await g(n);\n}",
            "exports.f = async function (n) {\n  return await g(n);\n};\n",
        ),
        (
            "class A {\n  get f() {\n    |>return 0;\n  }\n}\n",
            "function f() {\n  return this.a;\n}",
            "class A {\n  get f() {\n    return this.a;\n  }\n}\n",
        ),
        (
            "export class A {\n  b = 1; // |>\n  f() {\n    return 0;\n  }\n}\n",
            "class A {\n  b = 2;\n  f() {\n    return 1;\n  }\n}",
            "export class A {\n  b = 2;\n  f() {\n    return 1;\n  }\n}\n",
        ),
        ("export const LIMIT = |>1;\n", "const LIMIT = 2;", "export const LIMIT = 2;\n"),
        ("const LIMIT = |>1;\n", "export const LIMIT = 2;", "const LIMIT = 2;\n"),
        (
            "class A {\n  static async f(a) {\n    |>return 0;\n  }\n}\n",
            "class A {\n  async f(a) {\n    return 1;\n  }\n}",
            "class A {\n  static async f(a) {\n    return 1;\n  }\n}\n",
        ),
    ],
)
def test_what_a_form_needs_comes_with_it(text: str, answer: str, expected: str) -> None:
    task = landing_task(text, JS)
    if text.startswith("export class"):
        task = landing_task(text.replace("|>", "").replace("export class", "|>export class"), JS)
        expected = expected.replace(" // ", "")
    assert landed(task, f"```javascript\n{answer}\n```\n") == expected


def test_types_stay_in_typescript() -> None:
    text = "export class A {\n  private area(r: number): number {\n    |>return 0;\n  }\n}\n"
    answer = "const area = (r: number): number => r * 2;"
    assert landed(landing_task(text, TS), f"```ts\n{answer}\n```") == replaced(text, "return 0", "return r * 2")
    hook = "export default function useX(a: string): number {\n  |>return 0;\n}\n"
    typed = "const useX: Hook<string> = (a) => {\n  return 1;\n};\n"
    assert (
        landed(landing_task(hook, TS), f"```ts\n{typed}export default useX;\n```") == f"{typed}export default useX;\n"
    )


def test_a_callback_that_is_to_do_nothing_waits_for_no_code() -> None:
    text = "const o = {\n  done: () => {},\n  f() {\n    throw new Error('not implemented');\n  },\n};\n"
    (outer,) = SYNTAX.outline(text, JS).items
    assert [(item.name, item.stub) for item in outer.children] == [("done", False), ("f", True)]
