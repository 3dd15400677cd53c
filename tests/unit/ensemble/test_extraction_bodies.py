"""Statements without the function's header: its body where there is no doubt, else no answer."""

from __future__ import annotations

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import landed, landing_task


def fence(code: str, info: str = "") -> str:
    return f"```{info}\n{code.strip(chr(10))}\n```\n"


FINISHED = {
    lang.PYTHON: "def f(a):\n    b = a + 1|>\n    return b\n",
    lang.TYPESCRIPT: "export function f(a: number): number {\n  const b = a + 1;|>\n  return b;\n}\n",
    lang.JAVASCRIPT: "exports.f = function (a) {\n  const b = a + 1;|>\n  return b;\n};\n",
    lang.JAVA: "class A {\n    int f(int a) {\n        int b = a + 1;|>\n        return b;\n    }\n}\n",
    lang.CSHARP: "class A\n{\n    int F(int a)\n    {\n        int b = a + 1;|>\n        return b;\n    }\n}\n",
    lang.GO: "package p\n\nfunc F(a int) int {\n\tb := a + 1|>\n\treturn b\n}\n",
    lang.RUST: "fn f(a: i32) -> i32 {\n    let b = a + 1;|>\n    b\n}\n",
    lang.C: "int f(int a) {\n    int b = a + 1;|>\n    return b;\n}\n",
    lang.CPP: "int A::f(int a) const {\n    int b = a + 1;|>\n    return b;\n}\n",
    lang.KOTLIN: "fun f(a: Int): Int {\n    val b = a + 1|>\n    return b\n}\n",
    lang.PHP: "<?php\n\nfunction f(int $a): int\n{\n    $b = $a + 1;|>\n    return $b;\n}\n",
    lang.RUBY: "def f(a)\n  b = a + 1|>\n  b\nend\n",
}
"""Functions with some code."""


def changed(language: Language) -> tuple[str, str]:
    """The two lines of the function, its first one changed; and the file with them."""
    text = FINISHED[language].replace("|>", "")
    new = text.replace("+ 1", "+ 2")
    lines = new.split("\n")
    first = next(number for number, line in enumerate(lines) if "+ 2" in line)
    return "\n".join(line.strip() for line in lines[first : first + 2]), new


@pytest.mark.parametrize("language", list(FINISHED), ids=str)
def test_a_body_that_ends_as_one_is_all_of_it(language: Language) -> None:
    body, expected = changed(language)
    task = landing_task(FINISHED[language], language)
    assert landed(task, fence(body, str(language))) == expected
    assert landed(task, f"The function should be:\n\n{fence(body)}") == expected


@pytest.mark.parametrize("language", list(FINISHED), ids=str)
@pytest.mark.parametrize("said", ["Add these lines at the end:", "Insert this after the first line:"])
def test_lines_that_are_to_be_added_are_no_body(language: Language, said: str) -> None:
    body, _ = changed(language)
    with pytest.raises(ExtractionFailed):
        landed(landing_task(FINISHED[language], language), f"{said}\n\n{fence(body, str(language))}")


@pytest.mark.parametrize("language", list(FINISHED), ids=str)
def test_the_first_line_alone_is_no_body(language: Language) -> None:
    body = changed(language)[0].split("\n")[0]
    with pytest.raises(ExtractionFailed):
        landed(landing_task(FINISHED[language], language), fence(body, str(language)))


@pytest.mark.parametrize(
    ("language", "text", "body", "expected"),
    [
        (
            lang.TYPESCRIPT,
            "export const f = (a: number): number => a|> + 1;\n\nexport function g() {\n  return 1;\n}\n",
            "const b = a + 2;\nreturn b;",
            "export const f = (a: number): number => {\n  const b = a + 2;\n  return b;\n};\n\n"
            "export function g() {\n  return 1;\n}\n",
        ),
        (
            lang.CSHARP,
            "class A\n{\n    int F(int a) => a|> + 1;\n\n    int G() => 2;\n}\n",
            "var b = a + 2;\nreturn b;",
            "class A\n{\n    int F(int a)\n    {\n        var b = a + 2;\n        return b;\n    }\n\n"
            "    int G() => 2;\n}\n",
        ),
        (
            lang.KOTLIN,
            "fun f(a: Int): Int = a|> + 1\n",
            "val b = a + 2\nreturn b",
            "fun f(a: Int): Int {\n    val b = a + 2\n    return b\n}\n",
        ),
        (lang.RUBY, "def f(a) = a|> + 1\n", "b = a + 2\nb * b", "def f(a)\n  b = a + 2\n  b * b\nend\n"),
        (
            lang.CPP,
            "A::A(int a) : b_(a) {\n    // TODO|>\n}\n",
            "this->c_ = a;\nadd(a);",
            "A::A(int a) : b_(a) {\n    this->c_ = a;\n    add(a);\n}\n",
        ),
        (
            lang.JAVA,
            "class A {\n    void put(int a) {\n        |>items.add(a);\n    }\n}\n",
            "if (a > 0) {\n    items.add(a);\n} else {\n    items.clear();\n}",
            "class A {\n    void put(int a) {\n        if (a > 0) {\n            items.add(a);\n        } else {\n"
            "            items.clear();\n        }\n    }\n}\n",
        ),
        (
            lang.RUST,
            "fn f(a: i32) -> i32 {\n    |>todo!()\n}\n",
            "use std::cmp::min;\n\nmatch a {\n    0 => 1,\n    _ => min(f(a - 1), 3),\n}",
            "use std::cmp::min;\n\nfn f(a: i32) -> i32 {\n    match a {\n        0 => 1,\n"
            "        _ => min(f(a - 1), 3),\n    }\n}\n",
        ),
        (
            lang.TYPESCRIPT,
            "class A {\n  set width(value: number) {\n    |>this.w = value;\n  }\n}\n",
            "if (value < 0) {\n  throw new Error();\n}\nthis.w = value;",
            "class A {\n  set width(value: number) {\n    if (value < 0) {\n      throw new Error();\n    }\n"
            "    this.w = value;\n  }\n}\n",
        ),
        (
            lang.PHP,
            "<?php\n\nfunction f(int $a): string\n{\n    |>throw new Exception();\n}\n",
            "<?php\n$b = <<<TXT\n  kept $a\nTXT;\nreturn $b;",
            "<?php\n\nfunction f(int $a): string\n{\n    $b = <<<TXT\n  kept $a\nTXT;\n    return $b;\n}\n",
        ),
        (
            lang.GO,
            "package p\n\nfunc F(a int) (found int, err error) {\n\t|>panic(1)\n}\n",
            "g := func(x int) int {\n\treturn x\n}\nreturn g(a), nil",
            "package p\n\nfunc F(a int) (found int, err error) {\n\tg := func(x int) int {\n\t\treturn x\n\t}\n"
            "\treturn g(a), nil\n}\n",
        ),
    ],
)
def test_forms_of_bodies(language: Language, text: str, body: str, expected: str) -> None:
    assert landed(landing_task(text, language), fence(body, str(language))) == expected


def test_a_value_without_a_type_stays_a_value() -> None:
    """What Kotlin's function returns would have to be guessed."""
    with pytest.raises(ExtractionFailed):
        landed(landing_task("fun f(a: Int) = a|> + 1\n", lang.KOTLIN), fence("val b = a\nreturn b", "kotlin"))


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        (lang.JAVA, "class A {\n    int f(int a) {\n        |>return 1;\n    }\n}\n", "A x = new A();\nx.f(a);"),
        (lang.GO, "package p\n\nfunc F(a int) int {\n\t|>panic(1)\n}\n", "a := 1\nprintln(F(a))"),
        (lang.TYPESCRIPT, "export function f(a: number) {\n  |>throw 1;\n}\n", "const a = 1;\nconsole.log(f(a));"),
        (lang.C, "int f(int a) {\n    |>return 0;\n}\n", "return 1;\n}\n\nint g(void) {\n    return 2;"),
        (lang.RUBY, "def f(a)\n  |>raise NotImplementedError\nend\n", "puts f(a)"),
    ],
)
def test_a_use_of_the_function_or_more_than_a_body_is_none(language: Language, text: str, answer: str) -> None:
    with pytest.raises(ExtractionFailed):
        landed(landing_task(text, language), fence(answer, str(language)))
