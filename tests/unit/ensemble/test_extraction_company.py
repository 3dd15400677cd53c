"""What stands beside the wanted definition: helpers come along; demos, tests, programs and stubs do not."""

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


# more breaks: multi-block, classes, whole-file tasks
SHOP = """package a;

import java.util.List;

/** Shop. */
public class Shop {
    private final List<String> goods;

    public Shop(List<String> goods) {
        this.goods = goods;
    }

    /** Counts. */
    public int count() {
        return goods.size();
    }

    public String first() {
        |>throw new UnsupportedOperationException("not implemented");
    }
}
"""
plain = SHOP.replace("|>", "")
want = plain.replace('throw new UnsupportedOperationException("not implemented");', "return goods.get(0);")
case(
    "two blocks: class stub then method",
    lang.JAVA,
    SHOP,
    (
        "Here:\n```java\npublic class Shop {\n    public String first() {\n"
        '        throw new UnsupportedOperationException("not implemented");\n    }\n}\n'
        "```\nbecomes\n```java\npublic String first() {\n    return goods.get(0);\n}\n```\n"
    ),
    want,
)
case(
    "interface + impl",
    lang.JAVA,
    SHOP,
    (
        "interface Firsts {\n    String first();\n}\n\npublic class Shop {\n"
        "    public String first() {\n        return goods.get(0);\n    }\n}"
    ),
    want,
)
case(
    "generic method call text",
    lang.JAVA,
    SHOP,
    (
        "```java\npublic String first() {\n    return goods.get(0);\n}\n```\n```java\n"
        "public static void main(String[] args) {\n"
        '    System.out.println(new Shop(List.of("a")).first());\n}\n```\n'
    ),
    want,
)
case(
    "import new used",
    lang.JAVA,
    SHOP,
    (
        "import java.util.Optional;\nimport java.util.List;\n\npublic String first() {\n"
        "    return Optional.of(goods.get(0)).get();\n}"
    ),
    plain.replace(
        'throw new UnsupportedOperationException("not implemented");', "return Optional.of(goods.get(0)).get();"
    ).replace("import java.util.List;\n", "import java.util.List;\nimport java.util.Optional;\n"),
)
case(
    "class only header + method w/ ...",
    lang.JAVA,
    SHOP,
    ("public class Shop {\n    ...\n    public String first() {\n        return goods.get(0);\n    }\n    ...\n}"),
    want,
)
case(
    "method wrapped in wrong class",
    lang.JAVA,
    SHOP,
    ("public class Solution {\n    public String first() {\n        return goods.get(0);\n    }\n}"),
    want,
)
case(
    "kt whole file rename",
    lang.KOTLIN,
    "package a\n\nclass A {\n    fun f(): Int {\n        |>TODO()\n    }\n}\n",
    (
        "package b\n\nimport java.util.UUID\n\nclass A {\n    fun f(): Int {\n"
        "        return UUID.randomUUID().hashCode()\n    }\n}"
    ),
    (
        "package a\n\nimport java.util.UUID\n\nclass A {\n    fun f(): Int {\n"
        "        return UUID.randomUUID().hashCode()\n    }\n}\n"
    ),
)
# helpers: enclosed & siblings
case(
    "py method uses new module function",
    lang.PYTHON,
    "class A:\n    def f(self):\n        |>pass\n",
    ("def helper(x):\n    return x\n\n\nclass A:\n    def f(self):\n        return helper(1)"),
    ("def helper(x):\n    return x\n\n\nclass A:\n    def f(self):\n        return helper(1)\n"),
)
case(
    "py method uses new private method",
    lang.PYTHON,
    "class A:\n    def f(self):\n        |>pass\n\n    def g(self):\n        return 1\n",
    ("class A:\n    def f(self):\n        return self._help()\n\n    def _help(self):\n        return 2"),
    (
        "class A:\n    def f(self):\n        return self._help()\n\n    def _help(self):\n"
        "        return 2\n\n    def g(self):\n        return 1\n"
    ),
)
case(
    "py helper replaced known function is not taken",
    lang.PYTHON,
    "def g(a):\n    return 1\n\n\ndef f(a):\n    |>pass\n",
    "def g(a):\n    return 99\n\n\ndef f(a):\n    return g(a)",
    "def g(a):\n    return 1\n\n\ndef f(a):\n    return g(a)\n",
)
case(
    "ts enum + interface",
    lang.TYPESCRIPT,
    ('export function f(a: number): number {\n  |>throw new Error("not implemented");\n}\n'),
    (
        "interface Opts {\n  a: number;\n}\n\nenum Kind {\n  A,\n  B,\n}\n\n"
        "export function f(a: number): number {\n  const o: Opts = { a };\n"
        "  return o.a + Kind.A;\n}"
    ),
    (
        "interface Opts {\n  a: number;\n}\n\nenum Kind {\n  A,\n  B,\n}\n\n"
        "export function f(a: number): number {\n  const o: Opts = { a };\n"
        "  return o.a + Kind.A;\n}\n"
    ),
)
case(
    "class became stubs w/ whole class asked",
    lang.TYPESCRIPT,
    (
        "export class |>A {\n  one() {\n    return 1;\n  }\n\n  two() {\n"
        '    throw new Error("not implemented");\n  }\n}\n'
    ),
    ('export class A {\n  one() {\n    throw new Error("not implemented");\n  }\n\n  two() {\n    return 2;\n  }\n}'),
    ("export class A {\n  one() {\n    return 1;\n  }\n\n  two() {\n    return 2;\n  }\n}\n"),
)
case(
    "class members answered bare",
    lang.TYPESCRIPT,
    (
        "export class |>A {\n  one() {\n    return 1;\n  }\n\n  two() {\n"
        '    throw new Error("not implemented");\n  }\n}\n'
    ),
    "two() {\n  return 2;\n}",
    ("export class A {\n  one() {\n    return 1;\n  }\n\n  two() {\n    return 2;\n  }\n}\n"),
)
case(
    "getter stub",
    lang.TYPESCRIPT,
    (
        "export class |>A {\n  get one() {\n    return this.x;\n  }\n\n  set one(v) {\n"
        '    this.x = v;\n  }\n\n  two() {\n    throw new Error("not implemented");\n  }\n'
        "}\n"
    ),
    ("export class A {\n  get one() {\n    // ...\n  }\n\n  set one(v) {}\n\n  two() {\n    return 2;\n  }\n}"),
    (
        "export class A {\n  get one() {\n    return this.x;\n  }\n\n  set one(v) {\n"
        "    this.x = v;\n  }\n\n  two() {\n    return 2;\n  }\n}\n"
    ),
)
PAGE = (
    "export function F({ a }: P) {\n  return (\n    <div>\n      <h1>{a}</h1>\n"
    "      <p>one</p>\n      <p>two</p>\n      <b>|>three</b>\n    </div>\n  );\n}\n"
)
case(
    "jsx elided",
    lang.TYPESCRIPT,
    PAGE,
    PAGE.replace("|>three", "THREE").replace(
        "      <p>one</p>\n      <p>two</p>\n", "      {/* ... existing code ... */}\n"
    ),
    None,
    words="say it loud",
)
case(
    "jsx elided between lines that stay",
    lang.TYPESCRIPT,
    PAGE,
    PAGE.replace("|>three", "three</b>\n      <b>four").replace(
        "      <p>one</p>\n      <p>two</p>\n", "      {/* ... existing code ... */}\n"
    ),
    PAGE.replace("|>three", "three</b>\n      <b>four"),
    words="say it loud",
)
case(
    "object literal elided",
    lang.JAVASCRIPT,
    "const conf = {\n  a: 1,\n  b: 2,\n  c: 3,\n  d: |>4,\n};\n",
    "const conf = {\n  // ... existing\n  d: 5,\n};",
    None,
    words="make d 5",
)
case(
    "py dict elided",
    lang.PYTHON,
    'CONF = {\n    "a": 1,\n    "b": 2,\n    "c": |>3,\n}\n',
    'CONF = {\n    # ... existing code ...\n    "c": 5,\n}',
    None,
    words="make c 5",
)
case(
    "switch elided",
    lang.JAVASCRIPT,
    (
        "function f(a) {\n  switch (a) {\n    case 1:\n      return 1;\n    case 2:\n"
        "      return 2;\n    default:\n      |>return 3;\n  }\n}\n"
    ),
    ("function f(a) {\n  switch (a) {\n    // ... other cases\n    default:\n      return 4;\n  }\n}"),
    (
        "function f(a) {\n  switch (a) {\n    case 1:\n      return 1;\n    case 2:\n"
        "      return 2;\n    default:\n      return 4;\n  }\n}\n"
    ),
    words="make it 4",
)
case("answer has only tests", lang.PYTHON, "def f(a):\n    |>pass\n", "def test_f():\n    assert f(1) == 2", None)
case("answer only calls", lang.PYTHON, "def f(a):\n    |>pass\n", "print(f(1))", None)
case("name shadow: variable f", lang.PYTHON, "def f(a):\n    |>pass\n", "f = 3", None)
case("py lambda", lang.PYTHON, "def f(a):\n    |>pass\n", "f = lambda a: a + 1", None)
case(
    "ts const instead of class method w/ this",
    lang.TYPESCRIPT,
    ('class A {\n  x = 1;\n  f(): number {\n    |>throw new Error("not implemented");\n  }\n}\n'),
    "const f = function (this: A): number {\n  return this.x;\n};",
    "class A {\n  x = 1;\n  f(this: A): number {\n    return this.x;\n  }\n}\n",
)
case(
    "c header answered",
    lang.C,
    "int f(int a) {\n    |>return 0; /* TODO */\n}\n",
    "#ifndef F_H\n#define F_H\nint f(int a);\n#endif",
    None,
)
case(
    "cpp class then outside",
    lang.CPP,
    '#include "a.hpp"\n\nint A::f(int a) {\n    |>return 0; // TODO\n}\n',
    "class A {\npublic:\n    int f(int a);\n};\n\nint A::f(int a) {\n    return a;\n}",
    '#include "a.hpp"\n\nint A::f(int a) {\n    return a;\n}\n',
)
case(
    "rust mod wrapped",
    lang.RUST,
    "fn f(a: i32) -> i32 {\n    |>todo!()\n}\n",
    "mod tests_ {\n    pub fn f(a: i32) -> i32 {\n        a\n    }\n}",
    "fn f(a: i32) -> i32 {\n    a\n}\n",
)
case(
    "rust with tests mod",
    lang.RUST,
    "fn f(a: i32) -> i32 {\n    |>todo!()\n}\n",
    (
        "fn f(a: i32) -> i32 {\n    a\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n"
        "    #[test]\n    fn it() {\n        assert_eq!(f(1), 1);\n    }\n}"
    ),
    "fn f(a: i32) -> i32 {\n    a\n}\n",
)
case(
    "go main",
    lang.GO,
    'package p\n\nfunc F(a int) int {\n\t|>panic("not implemented")\n}\n',
    ('package main\n\nimport "fmt"\n\nfunc F(a int) int {\n\treturn a\n}\n\nfunc main() {\n\tfmt.Println(F(1))\n}'),
    "package p\n\nfunc F(a int) int {\n\treturn a\n}\n",
)
case(
    "csharp program",
    lang.CSHARP,
    (
        "namespace P;\n\nclass A\n{\n    public int F(int a)\n    {\n"
        "        |>throw new NotImplementedException();\n    }\n}\n"
    ),
    (
        "using System;\n\nnamespace P\n{\n    class A\n    {\n        public int F(int a)\n"
        "        {\n            return a;\n        }\n    }\n\n    class Program\n    {\n"
        "        static void Main() { Console.WriteLine(new A().F(1)); }\n    }\n}"
    ),
    ("namespace P;\n\nclass A\n{\n    public int F(int a)\n    {\n        return a;\n    }\n}\n"),
)
case(
    "php echo demo",
    lang.PHP,
    '<?php\n\nfunction f($a)\n{\n    |>throw new \\Exception("not implemented");\n}\n',
    '<?php\n\nfunction f($a)\n{\n    return $a;\n}\n\necho f(1), "\\n";\n?>',
    "<?php\n\nfunction f($a)\n{\n    return $a;\n}\n",
)
case(
    "ruby puts demo",
    lang.RUBY,
    "def f(a)\n  |>raise NotImplementedError\nend\n",
    ("#!/usr/bin/env ruby\n# frozen_string_literal: true\n\ndef f(a)\n  a\nend\n\nputs f(1) if __FILE__ == $0"),
    "def f(a)\n  a\nend\n",
)
case(
    "deep string with braces",
    lang.JAVASCRIPT,
    'function f(a) {\n  |>throw new Error("not implemented");\n}\n',
    "function f(a) {\n  return `\n} // not the end ${a}\n  {`;\n}",
    "function f(a) {\n  return `\n} // not the end ${a}\n  {`;\n}\n",
)
case(
    "py triple string margin",
    lang.PYTHON,
    "class A:\n    def f(self):\n        |>pass\n",
    'def f(self):\n    return """\nx\n  y\n"""',
    'class A:\n    def f(self):\n        return """\nx\n  y\n"""\n',
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_of_what_stands_beside_it_only_what_it_needs_lands(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
