"""The user's documentation, and remarks to tools, stay where the task does not speak of them."""

from __future__ import annotations

import pytest

from forge_lsp.domain.task import Language
from tests.support.landing import landed, landing_task

DOCUMENTED = {
    Language.PYTHON: ('def f(a):\n    """{}"""\n    return 1\n', "Long words.", "New."),
    Language.JAVASCRIPT: ("/**\n * {}\n */\nfunction f(a) {{\n  return 1;\n}}\n", "Long words.", "New."),
    Language.TYPESCRIPT: ("/**\n * {}\n */\nexport function f(a: T) {{\n  return 1;\n}}\n", "Long\n * words.", "New."),
    Language.JAVA: (
        "class A {{\n    /** {} */\n    int f(int a) {{\n        return 1;\n    }}\n}}\n",
        "Long.",
        "New doc.",
    ),
    Language.CSHARP: (
        "class A\n{{\n    /// {}\n    int F(int a)\n    {{\n        return 1;\n    }}\n}}\n",
        "Long.",
        "New.",
    ),
    Language.GO: ("package p\n\n// {}\nfunc F(a int) int {{\n\treturn 1\n}}\n", "F is long.\n// Very.", "F is new."),
    Language.RUST: (
        "/// {}\n#[inline]\npub fn f(a: u8) -> u8 {{\n    1\n}}\n",
        "Area.\n///\n/// ```\n/// assert_eq!(f(1), 1);\n/// ```",
        "Area.",
    ),
    Language.C: ("/* {} */\nint f(int a) {{\n    return 1;\n}}\n", "Long\n * words.\n", "New."),
    Language.CPP: ("/// {}\nint f(int a) {{\n    return 1;\n}}\n", "Long.\n/// Words.", "New."),
}


@pytest.mark.parametrize("language", list(DOCUMENTED))
def test_documentation_is_kept_unless_the_task_speaks_of_it(language: Language) -> None:
    text, old, new = DOCUMENTED[language]
    before = text.format(old)
    at = before.rindex("1")
    marked = f"{before[:at]}|>{before[at:]}"
    task = landing_task(marked, language, words="make it faster")
    answer = task.document.text.replace(old, new)
    at = answer.rindex("1")
    answer = f"```{language}\n{answer[:at]}20{answer[at + 1 :]}```"
    expected = text.format(old)
    at = expected.rindex("1")
    assert landed(task, answer) == f"{expected[:at]}20{expected[at + 1 :]}"
    asked = landing_task(marked, language, words="shorten its documentation")
    expected = text.format(new)
    at = expected.rindex("1")
    found = landed(asked, answer)
    assert new in found if language is Language.PYTHON else found == f"{expected[:at]}20{expected[at + 1 :]}"


def test_a_docstring_comes_back_above_a_comment() -> None:
    text = 'def f(a):\n    """Words."""\n    |>return a\n'
    answer = "def f(a):\n    # Twice.\n    return a * 2\n"
    expected = 'def f(a):\n    """Words."""\n    # Twice.\n    return a * 2\n'
    assert landed(landing_task(text, Language.PYTHON), f"```python\n{answer}```") == expected


@pytest.mark.parametrize(
    ("language", "text", "remark"),
    [
        (Language.PYTHON, "def f(a):<>\n    return |>1\n", "  # type: ignore[no-untyped-def]"),
        (Language.PYTHON, "def f(\n    a,\n):<>\n    return |>1\n", "  # noqa: PLR0913"),
        (Language.PYTHON, "LIMIT = |>1<>\n", "  # noqa: N816"),
        (Language.JAVASCRIPT, "function f(a) {<>\n  return |>1;\n}\n", " // eslint-disable-line no-unused-vars"),
        (Language.TYPESCRIPT, "const f = (a: T) => {<>\n  return |>1;\n};\n", " // eslint-disable-line"),
        (Language.GO, "package p\n\nfunc F(a int) int {<>\n\treturn |>1\n}\n", " //nolint:revive"),
        (Language.CPP, "int f(int a) {<>\n    return |>1;\n}\n", "  // NOLINT(readability-named-parameter)"),
        (Language.JAVA, "class A {\n    int f() {<>\n        return |>1;\n    }\n}\n", " // NOSONAR"),
    ],
)
def test_remarks_to_tools_on_the_header_stay(language: Language, text: str, remark: str) -> None:
    task = landing_task(text.replace("<>", remark), language, words="change it")
    answer = text.replace("<>", "").replace("|>1", "20")
    expected = text.replace("|>1", "20").replace("<>", remark)
    assert landed(task, f"```{language}\n{answer}```") == expected
