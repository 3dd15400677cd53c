"""The user's documentation, and remarks to tools, stay where the task does not speak of them."""

from __future__ import annotations

import pytest

from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import landed, landing_task

DOCUMENTED = {
    lang.PYTHON: ('def f(a):\n    """{}"""\n    return 1\n', "Long words.", "New."),
    lang.JAVASCRIPT: ("/**\n * {}\n */\nfunction f(a) {{\n  return 1;\n}}\n", "Long words.", "New."),
    lang.TYPESCRIPT: ("/**\n * {}\n */\nexport function f(a: T) {{\n  return 1;\n}}\n", "Long\n * words.", "New."),
    lang.JAVA: (
        "class A {{\n    /** {} */\n    int f(int a) {{\n        return 1;\n    }}\n}}\n",
        "Long.",
        "New doc.",
    ),
    lang.CSHARP: (
        "class A\n{{\n    /// {}\n    int F(int a)\n    {{\n        return 1;\n    }}\n}}\n",
        "Long.",
        "New.",
    ),
    lang.GO: ("package p\n\n// {}\nfunc F(a int) int {{\n\treturn 1\n}}\n", "F is long.\n// Very.", "F is new."),
    lang.RUST: (
        "/// {}\n#[inline]\npub fn f(a: u8) -> u8 {{\n    1\n}}\n",
        "Area.\n///\n/// ```\n/// assert_eq!(f(1), 1);\n/// ```",
        "Area.",
    ),
    lang.C: ("/* {} */\nint f(int a) {{\n    return 1;\n}}\n", "Long\n * words.\n", "New."),
    lang.CPP: ("/// {}\nint f(int a) {{\n    return 1;\n}}\n", "Long.\n/// Words.", "New."),
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
    assert new in found if language is lang.PYTHON else found == f"{expected[:at]}20{expected[at + 1 :]}"


@pytest.mark.parametrize(
    ("language", "head", "rest"),
    [
        (lang.PYTHON, '"""Words.\n\nLicence.\n"""\n\n', "import os\n\n\ndef f():\n    return 1\n"),
        (lang.PYTHON, "#!/usr/bin/env python\n# Licence.\n\n", "# Mine.\ndef f():\n    return 1\n"),
        (
            lang.JAVA,
            "/*\n * Licence.\n */\n",
            "package p;\n\nclass A {\n    int f() {\n        return 1;\n    }\n}\n",
        ),
        (lang.CSHARP, "// Licence.\n\n", "using System;\n\nclass A\n{\n    int F() => 1;\n}\n"),
        (
            lang.RUST,
            "//! Words.\n//!\n//! ```\n//! assert!(true);\n//! ```\n\n",
            "/// F.\npub fn f() -> u8 {\n    1\n}\n",
        ),
        (lang.GO, "// Package p adds.\n", "package p\n\n// F adds.\nfunc F() int {\n\treturn 1\n}\n"),
        (lang.TYPESCRIPT, "// Licence.\n\n", "/** F. */\nexport function f() {\n  return 1;\n}\n"),
        (lang.C, "/* Licence. */\n", "#include <stdio.h>\n\nint f(void) {\n    return 1;\n}\n"),
    ],
)
def test_what_a_file_begins_with_stays(language: Language, head: str, rest: str) -> None:
    right = rest.replace("1", "2")
    task = landing_task(head + rest, language, words="make it faster", whole=True)
    assert landed(task, f"```{language}\n{right}```") == head + right
    asked = landing_task(head + rest, language, words="drop the licence from its documentation", whole=True)
    mark = "#" if language is lang.PYTHON else "//"
    assert landed(asked, f"```{language}\n{mark} New.\n\n{right}```") == f"{mark} New.\n\n{right}"


MEMBERS = {
    lang.JAVA: "class A {{\n    /** {} */\n    int f() {{\n        return {};\n    }}\n\n    int g;\n}}\n",
    lang.TYPESCRIPT: "class A {{\n  // {}\n  f() {{\n    return {};\n  }}\n\n  g() {{\n    return 3;\n  }}\n}}\n",
    lang.RUST: "impl A {{\n    /// {}\n    #[inline]\n    fn f(&self) -> u8 {{\n        {}\n    }}\n}}\n",
    lang.CPP: "class A {{\npublic:\n    /// {}\n    int f() {{\n        return {};\n    }}\n}};\n",
    lang.CSHARP: "class A\n{{\n    /// {}\n    [Pure]\n    int F()\n    {{\n        return {};\n    }}\n}}\n",
    lang.PYTHON: "class A:\n    # {}\n    def f(self):\n        return {}\n",
}


@pytest.mark.parametrize("language", list(MEMBERS))
def test_documentation_of_members_is_kept(language: Language) -> None:
    text = MEMBERS[language]
    task = landing_task(f"|>{text.format('Long words.', 1)}", language, words="make it faster")
    expected = text.format("Long words.", 2)
    assert landed(task, f"```{language}\n{text.format('Short.', 2)}```") == expected
    bare = "".join(
        line for line in text.format("-", 2).splitlines(keepends=True) if not line.rstrip().endswith(("-", "- */"))
    )
    assert landed(task, f"```{language}\n{bare}```") == expected
    asked = landing_task(f"|>{text.format('Long words.', 1)}", language, words="shorten the comments")
    assert landed(asked, f"```{language}\n{text.format('Short.', 2)}```") == text.format("Short.", 2)


def test_a_docstring_comes_back_above_a_comment() -> None:
    text = 'def f(a):\n    """Words."""\n    |>return a\n'
    answer = "def f(a):\n    # Twice.\n    return a * 2\n"
    expected = 'def f(a):\n    """Words."""\n    # Twice.\n    return a * 2\n'
    assert landed(landing_task(text, lang.PYTHON), f"```python\n{answer}```") == expected


@pytest.mark.parametrize(
    ("language", "text", "remark"),
    [
        (lang.PYTHON, "def f(a):<>\n    return |>1\n", "  # type: ignore[no-untyped-def]"),
        (lang.PYTHON, "def f(\n    a,\n):<>\n    return |>1\n", "  # noqa: PLR0913"),
        (lang.PYTHON, "LIMIT = |>1<>\n", "  # noqa: N816"),
        (lang.JAVASCRIPT, "function f(a) {<>\n  return |>1;\n}\n", " // eslint-disable-line no-unused-vars"),
        (lang.TYPESCRIPT, "const f = (a: T) => {<>\n  return |>1;\n};\n", " // eslint-disable-line"),
        (lang.GO, "package p\n\nfunc F(a int) int {<>\n\treturn |>1\n}\n", " //nolint:revive"),
        (lang.CPP, "int f(int a) {<>\n    return |>1;\n}\n", "  // NOLINT(readability-named-parameter)"),
        (lang.JAVA, "class A {\n    int f() {<>\n        return |>1;\n    }\n}\n", " // NOSONAR"),
    ],
)
def test_remarks_to_tools_on_the_header_stay(language: Language, text: str, remark: str) -> None:
    task = landing_task(text.replace("<>", remark), language, words="change it")
    answer = text.replace("<>", "").replace("|>1", "20")
    expected = text.replace("|>1", "20").replace("<>", remark)
    assert landed(task, f"```{language}\n{answer}```") == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (lang.PYTHON, "class A:\n    LIMITS = {\n        # The first.\n        'a': 1,\n    }\n"),
        (lang.RUBY, "class A\n  LIMITS = {\n    # The first.\n    'a' => 1,\n  }\nend\n"),
        (lang.TYPESCRIPT, "const limits = {\n  // The first.\n  'a': 1,\n};\n"),
    ],
)
def test_comments_inside_a_value_are_not_those_above_it(language: Language, text: str) -> None:
    """Nor do they come back where the value is another."""
    new = "\n".join(line for line in text.replace("1", "2").split("\n") if "first" not in line)
    assert landed(landing_task(text, language, whole=True), f"```{language}\n{new}```\n") == new
