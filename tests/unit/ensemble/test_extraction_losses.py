"""What an answer leaves out: put back where it is certain what it was, else refused."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import landed, landing_task, replaced


@dataclass(frozen=True, kw_only=True)
class Written:
    """A class with three members, of which ``one`` is to change to ``new``. ``{0}``, ``{1}`` and ``{2}`` are the bodies
    (a line each), ``mark`` begins a comment."""

    language: Language
    text: str
    bodies: tuple[str, str, str]
    new: str
    mark: str = "//"
    hollow: str = ""

    def file(self, *bodies: str) -> str:
        text = self.text
        for number, body in enumerate(bodies):
            text = text.replace(f"<{number}>", body)
        return text


PYTHON = Written(
    language=lang.PYTHON,
    text=(
        "class Box:\n    limit = 3\n\n    def one(self):\n        <0>\n\n    def two(self):\n        <1>\n\n"
        "    def three(self):\n        <2>\n"
    ),
    bodies=("self.a = 1", "self.b = 2", "self.c = 3"),
    new="self.b = 20",
    mark="#",
    hollow="pass",
)
SCRIPT = (
    "class Box {\n  limit = 3;\n\n  one() {\n    <0>\n  }\n\n  two() {\n    <1>\n  }\n\n  three() {\n    <2>\n  }\n}\n"
)
JAVA = (
    "class Box {\n    int limit = 3;\n\n    void one() {\n        <0>\n    }\n\n"
    "    void two() {\n        <1>\n    }\n\n    void three() {\n        <2>\n    }\n}\n"
)
THIS = ("this.a = 1;", "this.b = 2;", "this.c = 3;")
CLASSES = [
    PYTHON,
    Written(language=lang.JAVASCRIPT, text=SCRIPT, bodies=THIS, new="this.b = 20;"),
    Written(language=lang.TYPESCRIPT, text=SCRIPT.replace("()", "(): void"), bodies=THIS, new="this.b = 20;"),
    Written(language=lang.JAVA, text=JAVA, bodies=THIS, new="this.b = 20;"),
    Written(language=lang.CSHARP, text=JAVA, bodies=THIS, new="this.b = 20;"),
    Written(
        language=lang.CPP,
        text=JAVA.replace("}\n}\n", "}\n};\n"),
        bodies=("a = 1;", "b = 2;", "c = 3;"),
        new="b = 20;",
    ),
    Written(
        language=lang.RUST,
        text=(
            "impl Box {\n    const LIMIT: u8 = 3;\n\n    fn one(&mut self) {\n        <0>\n    }\n\n"
            "    fn two(&mut self) {\n        <1>\n    }\n\n    fn three(&mut self) {\n        <2>\n    }\n}\n"
        ),
        bodies=("self.a = 1;", "self.b = 2;", "self.c = 3;"),
        new="self.b = 20;",
    ),
    Written(
        language=lang.KOTLIN,
        text=JAVA.replace("int limit = 3;", "val limit = 3").replace("void", "fun"),
        bodies=("this.a = 1", "this.b = 2", "this.c = 3"),
        new="this.b = 20",
    ),
    Written(
        language=lang.PHP,
        text="<?php\n\n" + JAVA.replace("int limit", "private $limit").replace("void", "public function"),
        bodies=("$this->a = 1;", "$this->b = 2;", "$this->c = 3;"),
        new="$this->b = 20;",
    ),
    Written(
        language=lang.RUBY,
        text=(
            "class Box\n  LIMIT = 3\n\n  def one()\n    <0>\n  end\n\n  def two()\n    <1>\n  end\n\n"
            "  def three()\n    <2>\n  end\nend\n"
        ),
        bodies=("@a = 1", "@b = 2", "@c = 3"),
        new="@b = 20",
        mark="#",
    ),
]
FILES = [
    Written(
        language=lang.GO,
        text="package box\n\nfunc one() {\n\t<0>\n}\n\nfunc two() {\n\t<1>\n}\n\nfunc three() {\n\t<2>\n}\n",
        bodies=("a = 1", "b = 2", "c = 3"),
        new="b = 20",
    ),
    Written(
        language=lang.C,
        text="int a, b, c;\n\nvoid one(void) {\n    <0>\n}\n\n"
        "void two(void) {\n    <1>\n}\n\nvoid three(void) {\n    <2>\n}\n",
        bodies=("a = 1;", "b = 2;", "c = 3;"),
        new="b = 20;",
    ),
    Written(
        language=lang.PYTHON,
        text="import os\n\n\ndef one():\n    <0>\n\n\ndef two():\n    <1>\n\n\ndef three():\n    <2>\n",
        bodies=("a(1)", "b(2)", "c(3)"),
        new="b(20)",
        mark="#",
        hollow="pass",
    ),
    Written(
        language=lang.KOTLIN,
        text="package box\n\nfun one() {\n    <0>\n}\n\nfun two() {\n    <1>\n}\n\nfun three() {\n    <2>\n}\n",
        bodies=("a = 1", "b = 2", "c = 3"),
        new="b = 20",
    ),
    Written(
        language=lang.PHP,
        text=(
            "<?php\n\nnamespace Box;\n\nfunction one()\n{\n    <0>\n}\n\nfunction two()\n{\n    <1>\n}\n\n"
            "function three()\n{\n    <2>\n}\n"
        ),
        bodies=("a(1);", "b(2);", "c(3);"),
        new="b(20);",
    ),
    Written(
        language=lang.RUBY,
        text="require 'set'\n\ndef one()\n  <0>\nend\n\ndef two()\n  <1>\nend\n\ndef three()\n  <2>\nend\n",
        bodies=("a(1)", "b(2)", "c(3)"),
        new="b(20)",
        mark="#",
    ),
]


def ids(value: object) -> str | None:
    return str(value.language) if isinstance(value, Written) else None


def task_of(written: Written, words: str = "make two() store 20"):  # type: ignore[no-untyped-def]
    text = written.file(*written.bodies)
    if written in FILES:
        return landing_task(text, written.language, words=words, whole=True)
    start = next(word for word in ("class Box", "impl Box") if word in text)
    return landing_task(text.replace(start, f"|>{start}", 1), written.language, words=words)


def answered(written: Written, answer: str, words: str = "make two() store 20") -> str:
    return landed(task_of(written, words), f"```{written.language}\n{answer}```\n")


@pytest.mark.parametrize("written", [*CLASSES, *FILES], ids=ids)
@pytest.mark.parametrize(
    "said", ["... existing code ...", "unchanged", "rest of the implementation stays the same", "as before", "..."]
)
def test_a_body_that_is_a_comment_is_kept(written: Written, said: str) -> None:
    left = f"{written.mark} {said}"
    one = f"pass  {left}" if written.hollow else left
    answer = written.file(one, written.new, left if not written.hollow else f"{left}\n        ...")
    expected = written.file(written.bodies[0], written.new, written.bodies[2])
    assert answered(written, answer) == expected


@pytest.mark.parametrize("written", [*CLASSES, *FILES], ids=ids)
def test_members_that_a_comment_stands_for_come_back_in_their_places(written: Written) -> None:
    whole = written.file(written.bodies[0], written.new, written.bodies[2])
    lines = whole.split("\n")
    two = next(number for number, line in enumerate(lines) if " two(" in f" {line.strip()}")
    first = next(number for number, line in enumerate(lines) if " one(" in f" {line.strip()}")
    indent = lines[two][: len(lines[two]) - len(lines[two].lstrip())]
    last = next(number for number, line in enumerate(lines) if " three(" in f" {line.strip()}")
    end = len(lines) - 1 if written.language is lang.PYTHON or written in FILES else len(lines) - 2
    comment = f"{indent}{written.mark} ... existing code ..."
    head = [line for line in lines[:first] if "limit" not in line.lower()]
    if written in CLASSES:
        head = [line for line in head if line]
    parts = [*head, comment, "", *lines[two:last], f"{indent}{written.mark} rest of the code", *lines[end:]]
    assert answered(written, "\n".join(parts)) == whole


@pytest.mark.parametrize("written", [*CLASSES, *FILES], ids=ids)
def test_a_line_that_stands_for_others_inside_a_body(written: Written) -> None:
    at = written.text.index("<1>")
    pad = "\n" + written.text[written.text.rindex("\n", 0, at) + 1 : at]
    end = "" if written.mark == "#" or written.language in (lang.GO, lang.KOTLIN) else ";"
    said = f"{written.mark} ... rest of the code unchanged"

    def file(*lines: str) -> str:
        return written.file(written.bodies[0], pad.join(lines), written.bodies[2])

    old = [f"step({number}){end}" for number in range(6)]
    task = landing_task(file(*old), written.language, words="add a call", whole=True)
    answer = file(old[0], f"added(){end}", old[1], said, old[5])
    assert landed(task, f"```{written.language}\n{answer}```") == file(old[0], f"added(){end}", *old[1:])
    with pytest.raises(ExtractionFailed, match="leaves code out"):
        landed(task, f"```{written.language}\n{file(f'added(){end}', said, f'more(){end}')}```")


@pytest.mark.parametrize("written", FILES, ids=ids)
def test_a_file_of_which_one_function_is_answered_keeps_the_others(written: Written) -> None:
    whole = written.file(written.bodies[0], written.new, written.bodies[2])
    start, end = (whole.rindex("\n", 0, whole.index(f" {name}(")) + 1 for name in ("two", "three"))
    assert answered(written, whole[start:end]) == whole
    assert "three" not in answered(written, whole[start:end], "remove one and three")


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        (lang.PYTHON, "def f(a):\n    |>return a * 2\n", "def f(a):\n    pass\n"),
        (lang.PYTHON, "def f(a):\n    |>return a * 2\n", "def f(a):\n    # same as before\n    return None\n"),
        (lang.PYTHON, "def f(a):\n    |>return a * 2\n", "def f(a):\n    # ... existing code ...\n    log(a)\n"),
        (lang.JAVASCRIPT, "function f(a) {\n  |>g(a);\n}\n", "function f(a) {\n  // unchanged\n}\n"),
        (lang.TYPESCRIPT, "function f(a: T): void {\n  |>g(a);\n}\n", "function f(a: T): void {\n}\n"),
        (lang.GO, "package p\n\nfunc f() {\n\t|>g()\n}\n", "func f() {\n\t// ... existing code\n}\n"),
        (lang.RUST, "fn f() {\n    |>g();\n}\n", "fn f() {\n    todo!()\n}\n"),
        (lang.C, "void f(void) {\n    |>g();\n}\n", "void f(void) {\n    /* unchanged */\n}\n"),
        (lang.CPP, "int f() {\n    |>return g();\n}\n", "int f() {\n    // ... rest of the function\n}\n"),
        (
            lang.CSHARP,
            "class A\n{\n    int F()\n    {\n        |>return G();\n    }\n}\n",
            "int F()\n{\n    throw new NotImplementedException();\n}\n",
        ),
        (
            lang.JAVA,
            "class A {\n    int f() {\n        |>return g();\n    }\n}\n",
            "int f() {\n    // (implementation unchanged)\n    return 0; // unchanged\n}\n",
        ),
    ],
)
def test_a_body_that_was_emptied_is_no_answer(language: Language, text: str, answer: str) -> None:
    with pytest.raises(ExtractionFailed, match="write all of it"):
        landed(landing_task(text, language, words="make it faster"), f"```{language}\n{answer}```\n")


def test_what_was_asked_for_is_no_loss() -> None:
    text = "def f(a):\n    |>return a * 2\n"
    task = landing_task(text, lang.PYTHON, words="make it a no-op")
    assert landed(task, "```python\ndef f(a):\n    pass\n```") == "def f(a):\n    pass\n"


@pytest.mark.parametrize(
    "comment",
    [
        "# The rest of the items are sorted as before.",
        "# existing entries win over the default",
        "# other values stay",
        "# code points, not bytes",
        "# Previous value first...",
        "# the same code path for both",
        "# unchanged",
    ],
)
def test_comments_about_the_code_are_no_placeholders(comment: str) -> None:
    text = "def f(a):\n    |>raise NotImplementedError\n"
    code = f"def f(a):\n    {comment}\n    return sorted(a)\n"
    assert landed(landing_task(text, lang.PYTHON), f"```python\n{code}```") == code


def test_a_comment_of_the_original_and_one_in_a_string_stay() -> None:
    code = 'def f(a):\n    # ... existing code ...\n    b = """\n# ... existing code ...\n"""\n    return a + b\n'
    old = code.replace("a + b", "a")
    assert landed(landing_task(old.replace("return", "|>return"), lang.PYTHON), f"```python\n{code}```") == code


def test_a_setter_that_was_left_out_comes_back_beside_its_getter() -> None:
    text = (
        "class A:\n    @property\n    def x(self):\n        return self._x\n\n    @x.setter\n    def x(self, v):\n"
        "        self._x = v\n\n    def f(self):\n        |>raise NotImplementedError\n"
    )
    whole = text.replace("class A", "|>class A").replace("        |>raise", "        raise")
    answer = replaced(text, "raise NotImplementedError", "return 1")
    setter = "    @x.setter\n    def x(self, v):\n        self._x = v\n\n"
    task = landing_task(whole, lang.PYTHON)
    assert landed(task, f"```python\n{answer.replace(setter, '')}```") == answer


STYLES = {
    "//": (
        "/* ...rest of the component... */",
        "// [... unchanged ...]",
        "// <existing code>",
        "// --- existing code ---",
        "//... (keep the rest)",
        "// (other methods unchanged)",
        "/* existing methods */",
        "// Existing code remains unchanged",
        "// [rest of class]",
        "// previous code",
        "// ✂ ...",
        "// snip",
        "// etc.",
        "/** ... */",
    ),
    "#": (
        "# ...",
        "# [existing code]",
        "# <rest of the class>",
        "# (unchanged)",
        "# --- existing methods ---",
        "# other methods here",
        "# snip",
        "# etc.",
    ),
}


@pytest.mark.parametrize(
    ("language", "style"),
    [(written.language, style) for written in CLASSES for style in STYLES[written.mark]]
    + [(lang.PHP, style) for style in STYLES["#"]]
    + [(lang.PYTHON, "...")],
    ids=str,
)
@pytest.mark.parametrize("gap", ["\n", ""], ids=["apart", "tight"])
def test_styles_of_comments_that_stand_for_members(language: Language, style: str, gap: str) -> None:
    written = next(one for one in CLASSES if one.language == language)
    whole = written.file(written.bodies[0], written.new, written.bodies[2])
    lines = whole.split("\n")
    two = next(number for number, line in enumerate(lines) if " two(" in f" {line.strip()}")
    three = next(number for number, line in enumerate(lines) if " three(" in f" {line.strip()}")
    opening = next(number for number, line in enumerate(lines) if " Box" in line)
    indent = lines[two][: len(lines[two]) - len(lines[two].lstrip())]
    end = [] if language is lang.PYTHON else lines[-2:-1]
    comment = indent + style
    parts = [
        *lines[: opening + 1],
        comment,
        *gap.splitlines(),
        *lines[two : three - 1],
        *gap.splitlines(),
        comment,
        *end,
    ]
    assert answered(written, "\n".join(parts) + "\n") == whole
