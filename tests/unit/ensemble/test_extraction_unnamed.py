"""New members at a place and changed lines of a selection, whatever an answer repeats of what stands around them."""

from __future__ import annotations

import textwrap
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


# insertion & selection in all languages (neighbours)
INS = {
    lang.TYPESCRIPT: (
        ("class A {\n  before() {\n    return 1;\n  }\n\n|>\n  after() {\n    return 2;\n  }\n}\n"),
        "fresh() {\n  return 3;\n}",
    ),
    lang.CSHARP: (
        (
            "class A\n{\n    int Before()\n    {\n        return 1;\n    }\n\n|>\n"
            "    int After()\n    {\n        return 2;\n    }\n}\n"
        ),
        "int Fresh()\n{\n    return 3;\n}",
    ),
    lang.KOTLIN: (
        (
            "class A {\n    fun before(): Int {\n        return 1\n    }\n\n|>\n"
            "    fun after(): Int {\n        return 2\n    }\n}\n"
        ),
        "fun fresh(): Int {\n    return 3\n}",
    ),
    lang.PHP: (
        (
            "<?php\n\nclass A\n{\n    public function before()\n    {\n        return 1;\n"
            "    }\n\n|>\n    public function after()\n    {\n        return 2;\n    }\n}\n"
        ),
        "public function fresh()\n{\n    return 3;\n}",
    ),
    lang.RUBY: ("class A\n  def before\n    1\n  end\n\n|>\n  def after\n    2\n  end\nend\n", "def fresh\n  3\nend"),
    lang.CPP: (
        (
            "struct A {\n    int before() {\n        return 1;\n    }\n\n|>\n    int after() {\n"
            "        return 2;\n    }\n};\n"
        ),
        "int fresh() {\n    return 3;\n}",
    ),
    lang.RUST: (
        (
            "impl A {\n    fn before(&self) -> i32 {\n        1\n    }\n\n|>\n"
            "    fn after(&self) -> i32 {\n        2\n    }\n}\n"
        ),
        "fn fresh(&self) -> i32 {\n    3\n}",
    ),
    lang.PYTHON: (
        ("class A:\n    def before(self):\n        return 1\n\n|>\n    def after(self):\n        return 2\n"),
        "def fresh(self):\n    return 3",
    ),
    lang.GO: (
        ("package p\n\nfunc before() int {\n\treturn 1\n}\n\n|>\nfunc after() int {\n\treturn 2\n}\n"),
        "func fresh() int {\n\treturn 3\n}",
    ),
    lang.C: (
        "int before(void) {\n    return 1;\n}\n\n|>\nint after(void) {\n    return 2;\n}\n",
        "int fresh(void) {\n    return 3;\n}",
    ),
}
for language, (t, new) in INS.items():
    ind = "" if language in (lang.GO, lang.C) else ("  " if language in (lang.TYPESCRIPT, lang.RUBY) else "    ")
    body = "\n".join(ind + x if x else x for x in new.split("\n"))
    want = t.replace("\n|>\n", "\n" + body + "\n\n")
    case("insertion alone", language, t, new, want, words="add fresh")
    case("insertion: all of it", language, t, want, want, words="add fresh")
    c = "#" if language in (lang.PYTHON, lang.RUBY) else "//"
    if ind:
        k = next(i for i, x in enumerate(want.split("\n")) if x.startswith(("class", "struct", "impl")))
        lines = want.split("\n")
        pre = lines[: k + 1] + (["{"] if language in (lang.CSHARP, lang.PHP) else [])
        end = (
            []
            if language is lang.PYTHON
            else ["end" if language is lang.RUBY else "};" if language is lang.CPP else "}"]
        )
        case(
            "insertion: class elided",
            language,
            t,
            "\n".join([*pre, f"{ind}{c} ... existing code ...", "", body, "", f"{ind}{c} ... existing code ...", *end]),
            want,
            words="add fresh",
        )
SEL = {
    lang.JAVA: (
        (
            "class A {\n    int f(int a) {\n        int b = a + 1;\n|>        int c = b * 2;\n"
            "        int d = c - 1;\n|>        use(d);\n        return d;\n    }\n\n"
            "    int g() {\n        return 1;\n    }\n}\n"
        ),
        "int c = b << 1;\nint d = c - 3;",
    ),
    lang.GO: (
        (
            "package p\n\nfunc F(a int) int {\n\tb := a + 1\n|>\tc := b * 2\n\td := c - 1\n"
            "|>\tuse(d)\n\treturn d\n}\n\nfunc G() int {\n\treturn 1\n}\n"
        ),
        "c := b << 1\nd := c - 3",
    ),
    lang.RUST: (
        (
            "fn f(a: i32) -> i32 {\n    let b = a + 1;\n|>    let c = b * 2;\n"
            "    let d = c - 1;\n|>    used(d);\n    d\n}\n\nfn g() -> i32 {\n    1\n}\n"
        ),
        "let c = b << 1;\nlet d = c - 3;",
    ),
    lang.RUBY: (
        ("def f(a)\n  b = a + 1\n|>  c = b * 2\n  d = c - 1\n|>  puts d\n  d\nend\n\ndef g\n  1\nend\n"),
        "c = b << 1\nd = c - 3",
    ),
    lang.PHP: (
        (
            "<?php\n\nfunction f($a)\n{\n    $b = $a + 1;\n|>    $c = $b * 2;\n"
            "    $d = $c - 1;\n|>    used($d);\n    return $d;\n}\n\nfunction g()\n{\n"
            "    return 1;\n}\n"
        ),
        "$c = $b << 1;\n$d = $c - 3;",
    ),
    lang.KOTLIN: (
        (
            "fun f(a: Int): Int {\n    val b = a + 1\n|>    val c = b * 2\n    val d = c - 1\n"
            "|>    used(d)\n    return d\n}\n\nfun g(): Int {\n    return 1\n}\n"
        ),
        "val c = b shl 1\nval d = c - 3",
    ),
    lang.C: (
        (
            "int f(int a) {\n    int b = a + 1;\n|>    int c = b * 2;\n    int d = c - 1;\n"
            "|>    used(d);\n    return d;\n}\n\nint g(void) {\n    return 1;\n}\n"
        ),
        "int c = b << 1;\nint d = c - 3;",
    ),
    lang.CSHARP: (
        (
            "class A\n{\n    int F(int a)\n    {\n        int b = a + 1;\n"
            "|>        int c = b * 2;\n        int d = c - 1;\n|>        Used(d);\n"
            "        return d;\n    }\n\n    int G()\n    {\n        return 1;\n    }\n}\n"
        ),
        "int c = b << 1;\nint d = c - 3;",
    ),
}

for language, (t, new) in SEL.items():
    a, mid, b = t.split("|>")
    ind = mid[: len(mid) - len(mid.lstrip())]
    want = a + "".join(ind + x + "\n" for x in new.split("\n")) + b
    case("selection alone", language, t, new, want)
    case("selection: all of it", language, t, want, want)
    lines = want.split("\n")
    # the function
    h = max(i for i, x in enumerate(a.split("\n")) if (" f(" in " " + x.lower() or " f(" in x.lower()))
    e = next(
        i
        for i, x in enumerate(lines)
        if i > h and x.strip() in ("}", "end") and len(x) - len(x.lstrip()) == len(lines[h]) - len(lines[h].lstrip())
    )
    case("selection: function", language, t, textwrap.dedent("\n".join(lines[h : e + 1])), want)
    k = next(i for i, x in enumerate(lines) if new.split("\n")[0] in x)
    case("selection: a line around", language, t, textwrap.dedent("\n".join(lines[k - 1 : k + 3])), want)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_what_is_new_lands_once(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
