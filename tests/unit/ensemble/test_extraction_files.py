"""What the file has and needs: no import of itself, remarks, constants, documentation, line endings."""

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


# L7 self imports, L11,12,14,15,16,17 in kt/php/ruby; endings; BOM; tabs
for language, text, imp, path in [
    (
        lang.KOTLIN,
        ("package a.b\n\nfun other(): Int {\n    return 1\n}\n\nfun f(): Int {\n    |>TODO()\n}\n"),
        "import a.b.other",
        "/p/src/a/b/F.kt",
    ),
    (
        lang.PHP,
        (
            "<?php\n\nnamespace A\\B;\n\nclass F\n{\n    public function f(): int\n    {\n"
            '        |>throw new \\Exception("not implemented");\n    }\n}\n'
        ),
        "use A\\B\\F;",
        "/p/src/F.php",
    ),
    (
        lang.RUBY,
        "def other\n  1\nend\n\ndef f\n  |>raise NotImplementedError\nend\n",
        "require_relative 'f'",
        "/p/lib/f.rb",
    ),
    (
        lang.PYTHON,
        "def other():\n    return 1\n\n\ndef f():\n    |>pass\n",
        "from pkg.mod import other",
        "/p/pkg/mod.py",
    ),
    (
        lang.RUST,
        "pub fn other() -> i32 {\n    1\n}\n\nfn f() -> i32 {\n    |>todo!()\n}\n",
        "use crate::shape::other;",
        "/p/src/shape.rs",
    ),
    (
        lang.GO,
        ('package shape\n\nfunc Other() int {\n\treturn 1\n}\n\nfunc F() int {\n\t|>panic("not implemented")\n}\n'),
        'import "example.com/p/shape"',
        "/p/shape/a.go",
    ),
    (
        lang.JAVA,
        (
            "package a.b;\n\nclass F {\n    static int other() {\n        return 1;\n    }\n\n"
            "    int f() {\n        |>throw new UnsupportedOperationException();\n    }\n}\n"
        ),
        "import static a.b.F.other;",
        "/p/src/a/b/F.java",
    ),
    (
        lang.CPP,
        ('#include "shape.hpp"\n\nint other() {\n    return 1;\n}\n\nint f() {\n    |>return 0; // TODO\n}\n'),
        '#include "shape.cpp"',
        "/p/shape.cpp",
    ),
    (
        lang.JAVASCRIPT,
        ("exports.other = () => 1;\n\nexports.f = () => {\n  |>throw new Error('not implemented');\n};\n"),
        "const { other } = require('./shape');",
        "/p/shape.js",
    ),
]:
    plain = text.replace("|>", "")
    stub = text.partition("|>")[2].partition("\n")[0]
    call = {
        lang.PHP: "return 7;",
        lang.RUST: "other()",
        lang.RUBY: "other + 1",
        lang.KOTLIN: "return other()",
        lang.PYTHON: "return other()",
        lang.GO: "return Other()",
        lang.JAVA: "return other();",
        lang.CPP: "return other();",
        lang.JAVASCRIPT: "return exports.other();",
    }[language]
    want = plain.replace(stub, call)
    head = {
        lang.PHP: "<?php\n\nnamespace A\\B;\n\n",
        lang.KOTLIN: "package a.b\n\n",
        lang.GO: "package shape\n\n",
        lang.JAVA: "package a.b;\n\n",
    }.get(language, "")
    case("self import", language, text, head + imp + "\n\n" + want.removeprefix(head), want, path=path)
    # L14 suppress
for language, text, ans, want in [
    (
        lang.KOTLIN,
        "fun f(a: Int): Int { // noinspection X\n    |>return a\n}\n",
        "fun f(a: Int): Int {\n    return a + 1\n}",
        "fun f(a: Int): Int { // noinspection X\n    return a + 1\n}\n",
    ),
    (
        lang.PHP,
        "<?php\n\nfunction f($a) // phpcs:ignore\n{\n    |>return $a;\n}\n",
        "function f($a)\n{\n    return $a + 1;\n}",
        "<?php\n\nfunction f($a) // phpcs:ignore\n{\n    return $a + 1;\n}\n",
    ),
    (
        lang.PHP,
        "<?php\n\nfunction f($a) { // @phpstan-ignore-line\n    |>return $a;\n}\n",
        "function f($a) {\n    return $a + 1;\n}",
        "<?php\n\nfunction f($a) { // @phpstan-ignore-line\n    return $a + 1;\n}\n",
    ),
    (
        lang.RUBY,
        "def f(a) # rubocop:disable Metrics/AbcSize\n  |>a\nend\n",
        "def f(a)\n  a + 1\nend",
        "def f(a) # rubocop:disable Metrics/AbcSize\n  a + 1\nend\n",
    ),
    (
        lang.JAVA,
        "class A {\n    int f(int a) { // NOSONAR\n        |>return a;\n    }\n}\n",
        "int f(int a) {\n    return a + 1;\n}",
        "class A {\n    int f(int a) { // NOSONAR\n        return a + 1;\n    }\n}\n",
    ),
    (lang.RUST, "fn f(a: i32) -> i32 { // tarpaulin\n    |>a\n}\n", "fn f(a: i32) -> i32 {\n    a + 1\n}", None),
    (
        lang.PYTHON,
        "def f(a):  # noqa: D103, ANN001\n    |>pass\n",
        "def f(a):\n    return a",
        "def f(a):  # noqa: D103, ANN001\n    return a\n",
    ),
    (
        lang.PYTHON,
        "def f(  # noqa: D103\n    a,\n):\n    |>pass\n",
        "def f(a):\n    return a",
        "def f(  # noqa: D103\n    a,\n):\n    return a\n",
    ),
    (
        lang.GO,
        "package p\n\nfunc F(a int) int { //nolint:gocyclo\n\treturn |>a\n}\n",
        "func F(a int) int {\n\treturn a + 1\n}",
        "package p\n\nfunc F(a int) int { //nolint:gocyclo\n\treturn a + 1\n}\n",
    ),
    (
        lang.CSHARP,
        ("class A\n{\n    int F(int a) // ReSharper disable once X\n    {\n        |>return a;\n    }\n}\n"),
        "int F(int a)\n{\n    return a + 1;\n}",
        ("class A\n{\n    int F(int a) // ReSharper disable once X\n    {\n        return a + 1;\n    }\n}\n"),
    ),
    (
        lang.CPP,
        "int f(int a) { // NOLINT(readability)\n    |>return a;\n}\n",
        "int f(int a) {\n    return a + 1;\n}",
        "int f(int a) { // NOLINT(readability)\n    return a + 1;\n}\n",
    ),
    (
        lang.TYPESCRIPT,
        "export function f(a: any): any { // eslint-disable-line\n  |>return a;\n}\n",
        "export function f(a: any): any {\n  return a + 1;\n}",
        "export function f(a: any): any { // eslint-disable-line\n  return a + 1;\n}\n",
    ),
]:
    if want:
        case("suppress", language, text, ans, want)
    # L15 constants
for language, text, ans, want in [
    (
        lang.KOTLIN,
        "fun f(): Int {\n    |>TODO()\n}\n",
        "private const val LIMIT = 3\n\nfun f(): Int {\n    return LIMIT\n}",
        "private const val LIMIT = 3\n\nfun f(): Int {\n    return LIMIT\n}\n",
    ),
    (
        lang.RUBY,
        "class A\n  def f\n    |>raise NotImplementedError\n  end\nend\n",
        "class A\n  LIMIT = 3\n\n  def f\n    LIMIT\n  end\nend",
        "class A\n  LIMIT = 3\n\n  def f\n    LIMIT\n  end\nend\n",
    ),
    (
        lang.PHP,
        (
            "<?php\n\nclass A\n{\n    public function f(): int\n    {\n"
            '        |>throw new \\Exception("not implemented");\n    }\n}\n'
        ),
        (
            "class A\n{\n    private const LIMIT = 3;\n\n    public function f(): int\n    {\n"
            "        return self::LIMIT;\n    }\n}"
        ),
        (
            "<?php\n\nclass A\n{\n    private const LIMIT = 3;\n\n    public function f(): int\n"
            "    {\n        return self::LIMIT;\n    }\n}\n"
        ),
    ),
    (
        lang.RUST,
        "impl A {\n    fn f(&self) -> i32 {\n        |>todo!()\n    }\n}\n",
        ("const LIMIT: i32 = 3;\n\nimpl A {\n    fn f(&self) -> i32 {\n        LIMIT\n    }\n}"),
        ("const LIMIT: i32 = 3;\n\nimpl A {\n    fn f(&self) -> i32 {\n        LIMIT\n    }\n}\n"),
    ),
    (
        lang.TYPESCRIPT,
        'class A {\n  f(): number {\n    |>throw new Error("not implemented");\n  }\n}\n',
        (
            "type Pair = [number, number];\nconst LIMIT: Pair = [1, 2];\n\nclass A {\n"
            "  f(): number {\n    return LIMIT[0];\n  }\n}"
        ),
        (
            "type Pair = [number, number];\nconst LIMIT: Pair = [1, 2];\n\nclass A {\n"
            "  f(): number {\n    return LIMIT[0];\n  }\n}\n"
        ),
    ),
    (
        lang.GO,
        'package p\n\nfunc F() int {\n\t|>panic("not implemented")\n}\n',
        (
            "var (\n\tlimit = 3\n\tunused = 4\n)\n\ntype pair struct{ a, b int }\n\n"
            "func F() int {\n\treturn pair{limit, 1}.a\n}"
        ),
        (
            "package p\n\nvar (\n\tlimit = 3\n\tunused = 4\n)\n\ntype pair struct{ a, b int }\n"
            "\nfunc F() int {\n\treturn pair{limit, 1}.a\n}\n"
        ),
    ),
    (
        lang.C,
        "int f(void) {\n    |>return 0; /* TODO */\n}\n",
        (
            "#define LIMIT 3\n\nstatic int helper(int a) {\n    return a;\n}\n\nint f(void) {\n"
            "    return helper(LIMIT);\n}"
        ),
        (
            "#define LIMIT 3\n\nstatic int helper(int a) {\n    return a;\n}\n\nint f(void) {\n"
            "    return helper(LIMIT);\n}\n"
        ),
    ),
    (
        lang.JAVASCRIPT,
        'const f = () => {\n  |>throw new Error("not implemented");\n};\n',
        "const LIMIT = 3;\nconst UNUSED = 4;\nconst f = () => {\n  return LIMIT;\n};",
        "const LIMIT = 3;\n\nconst f = () => {\n  return LIMIT;\n};\n",
    ),
]:
    case("constant", language, text, ans, want)
# L16 docs
for language, text, ans, want in [
    (
        lang.KOTLIN,
        ("/**\n * Adds.\n *\n * @param a the first\n */\nfun f(a: Int): Int {\n    |>return a\n}\n"),
        "/** New doc. */\nfun f(a: Int): Int {\n    return a + 1\n}",
        ("/**\n * Adds.\n *\n * @param a the first\n */\nfun f(a: Int): Int {\n    return a + 1\n}\n"),
    ),
    (
        lang.PHP,
        ("<?php\n\n/**\n * Adds.\n *\n * @param int $a\n */\n#[Pure]\nfunction f($a)\n{\n    |>return $a;\n}\n"),
        "/** New doc. */\nfunction f($a)\n{\n    return $a + 1;\n}",
        ("<?php\n\n/**\n * Adds.\n *\n * @param int $a\n */\n#[Pure]\nfunction f($a)\n{\n    return $a + 1;\n}\n"),
    ),
    (
        lang.RUBY,
        "# Adds.\n#\n# @param a [Integer]\ndef f(a)\n  |>a\nend\n",
        "# New doc.\ndef f(a)\n  a + 1\nend",
        "# Adds.\n#\n# @param a [Integer]\ndef f(a)\n  a + 1\nend\n",
    ),
    (
        lang.PYTHON,
        'def f(a):\n    """Adds.\n\n    >>> f(1)\n    2\n    """\n    return |>a\n',
        'def f(a):\n    """New."""\n    return a + 1',
        'def f(a):\n    """Adds.\n\n    >>> f(1)\n    2\n    """\n    return a + 1\n',
    ),
    (
        lang.PYTHON,
        "def f(a):\n    '''Adds.'''\n    # why\n    |>pass\n",
        "def f(a):\n    # first\n    return a + 1",
        "def f(a):\n    '''Adds.'''\n    # first\n    return a + 1\n",
    ),
    (
        lang.RUST,
        (
            "/// Area.\n///\n/// ```\n/// assert_eq!(p::f(1), 2);\n/// ```\n"
            "pub fn f(a: i32) -> i32 {\n    |>todo!()\n}\n"
        ),
        "/// Computes.\npub fn f(a: i32) -> i32 {\n    a + 1\n}",
        ("/// Area.\n///\n/// ```\n/// assert_eq!(p::f(1), 2);\n/// ```\npub fn f(a: i32) -> i32 {\n    a + 1\n}\n"),
    ),
]:
    case("doc", language, text, ans, want)
# L17
for language, text, imp in [
    (lang.KOTLIN, "fun f(): Int {\n    |>TODO()\n}\n", "import java.util.UUID"),
    (lang.RUBY, "def f\n  |>raise NotImplementedError\nend\n", "require 'set'"),
    (lang.PHP, '<?php\n\nfunction f()\n{\n    |>throw new \\Exception("not implemented");\n}\n', "use A\\B;"),
    (lang.PYTHON, "def f():\n    |>pass\n", "import os"),
]:
    stub = text.partition("|>")[2].partition("\n")[0]
    plain = text.replace("|>", "").replace(stub, {lang.PHP: "return 1;", lang.RUBY: "1"}.get(language, "return 1"))
    head = "<?php\n\n" if language is lang.PHP else ""
    case("unused import", language, text, head + imp + "\n\n" + plain.removeprefix(head), plain)
    # endings etc
for language, text, ans, want in [
    (
        lang.PYTHON,
        ("﻿import os\r\n\r\n\r\ndef f(a):\r\n    |>pass\r\n\r\n\r\ndef g():\r\n    return 1"),
        'import re\n\n\ndef f(a):\n    return re.sub(a, "", a)\n',
        (
            "﻿import os\r\nimport re\r\n\r\n\r\ndef f(a):\r\n"
            '    return re.sub(a, "", a)\r\n\r\n\r\ndef g():\r\n    return 1'
        ),
    ),
    (
        lang.TYPESCRIPT,
        "class A {\r\n\tf(a: number): number {\r\n\t\t|>return 0;\r\n\t}\r\n}\r\n",
        (
            "class A {\n    f(a: number): number {\n        if (a) {\n            return 1;\n"
            "        }\n        return 2;\n    }\n}"
        ),
        (
            "class A {\r\n\tf(a: number): number {\r\n\t\tif (a) {\r\n\t\t\treturn 1;\r\n"
            "\t\t}\r\n\t\treturn 2;\r\n\t}\r\n}\r\n"
        ),
    ),
    (
        lang.RUBY,
        "class A\r\n\tdef f(a)\r\n\t\t|>raise NotImplementedError\r\n\tend\r\nend",
        "def f(a)\n  if a\n    1\n  end\nend",
        "class A\r\n\tdef f(a)\r\n\t\tif a\r\n\t\t\t1\r\n\t\tend\r\n\tend\r\nend",
    ),
    (
        lang.KOTLIN,
        "class A {\n\tfun f(a: Int): Int {\n\t\t|>TODO()\n\t}\n}\n",
        ("fun f(a: Int): Int {\n    return when (a) {\n        1 -> 2\n        else -> 3\n    }\n}"),
        ("class A {\n\tfun f(a: Int): Int {\n\t\treturn when (a) {\n\t\t\t1 -> 2\n\t\t\telse -> 3\n\t\t}\n\t}\n}\n"),
    ),
    (
        lang.PHP,
        ('<?php\r\n\r\nfunction f($a)\r\n{\r\n\t|>throw new \\Exception("not implemented");\r\n}\r\n'),
        ("<?php\n\nuse A\\B;\n\nfunction f($a)\n{\n    if ($a) {\n        return new B();\n    }\n    return 1;\n}"),
        (
            "<?php\r\n\r\nuse A\\B;\r\n\r\nfunction f($a)\r\n{\r\n\tif ($a) {\r\n"
            "\t\treturn new B();\r\n\t}\r\n\treturn 1;\r\n}\r\n"
        ),
    ),
]:
    case("endings", language, text, ans, want)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_the_file_keeps_what_it_has(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
