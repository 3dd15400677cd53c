"""Definitions in functions, branches, classes and namespaces: each in its own place."""

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


# L2/L3 nested, branches in other languages
case(
    "js nested twin alone",
    lang.JAVASCRIPT,
    (
        "function outer() {\n  function f() {\n    |>return 1;\n  }\n  return f();\n}\n\n"
        "function f() {\n  return 2;\n}\n"
    ),
    "function f() {\n  return 11;\n}",
    ("function outer() {\n  function f() {\n    return 11;\n  }\n  return f();\n}\n\nfunction f() {\n  return 2;\n}\n"),
)
RBI = 'if RUBY_VERSION > "3"\n  def f(a)\n    |>raise NotImplementedError\n  end\nelse\n  def f(a)\n    2\n  end\nend\n'
case(
    "ruby branch whole",
    lang.RUBY,
    RBI,
    RBI.replace("|>raise NotImplementedError", "a + 1").replace("    2\n", "    wrong\n"),
    RBI.replace("|>raise NotImplementedError", "a + 1"),
)
case("ruby branch alone", lang.RUBY, RBI, "def f(a)\n  a + 1\nend", RBI.replace("|>raise NotImplementedError", "a + 1"))
PHI = (
    '<?php\n\nif (!function_exists("f")) {\n    function f($a)\n    {\n'
    "        |>throw new Exception();\n    }\n}\n\nfunction g()\n{\n    return 1;\n}\n"
)
case(
    "php branch whole",
    lang.PHP,
    PHI,
    PHI.replace("|>throw new Exception()", "return $a"),
    PHI.replace("|>throw new Exception()", "return $a"),
)
case(
    "php branch alone",
    lang.PHP,
    PHI,
    "function f($a)\n{\n    return $a;\n}",
    PHI.replace("|>throw new Exception()", "return $a"),
)
case(
    "php branch statement only",
    lang.PHP,
    PHI,
    ('<?php\nif (!function_exists("f")) {\n    function f($a)\n    {\n        return $a;\n    }\n}\n'),
    PHI.replace("|>throw new Exception()", "return $a"),
)
case(
    "py match",
    lang.PYTHON,
    (
        "match mode:\n    case 1:\n        def f(a):\n            |>pass\n    case _:\n"
        "        def f(a):\n            return 2\n"
    ),
    (
        "match mode:\n    case 1:\n        def f(a):\n            return a\n    case _:\n"
        "        def f(a):\n            return 3\n"
    ),
    (
        "match mode:\n    case 1:\n        def f(a):\n            return a\n    case _:\n"
        "        def f(a):\n            return 2\n"
    ),
)
case(
    "py for/while",
    lang.PYTHON,
    "for x in y:\n    def f(a):\n        |>pass\n",
    "def f(a):\n    return a",
    "for x in y:\n    def f(a):\n        return a\n",
)
case(
    "py class in function method",
    lang.PYTHON,
    (
        "def make():\n    class A:\n        def f(self):\n            |>pass\n\n"
        "    return A\n\n\nclass A:\n    def f(self):\n        return 2\n"
    ),
    (
        "def make():\n    class A:\n        def f(self):\n            return 1\n\n"
        "    return A\n\n\nclass A:\n    def f(self):\n        return 99\n"
    ),
    (
        "def make():\n    class A:\n        def f(self):\n            return 1\n\n"
        "    return A\n\n\nclass A:\n    def f(self):\n        return 2\n"
    ),
)
case(
    "py decorated factory twins",
    lang.PYTHON,
    (
        "def a():\n    def wrapper(*args):\n        |>return 1\n    return wrapper\n\n\n"
        "def b():\n    def wrapper(*args):\n        return 2\n    return wrapper\n"
    ),
    (
        "def a():\n    def wrapper(*args):\n        return 10\n    return wrapper\n\n\n"
        "def b():\n    def wrapper(*args):\n        return 20\n    return wrapper\n"
    ),
    (
        "def a():\n    def wrapper(*args):\n        return 10\n    return wrapper\n\n\n"
        "def b():\n    def wrapper(*args):\n        return 2\n    return wrapper\n"
    ),
)
KTN = (
    "fun outer(): Int {\n    fun f(a: Int): Int {\n        |>TODO()\n    }\n"
    "    return f(1)\n}\n\nfun f(a: Int): Int {\n    return 2\n}\n"
)
case(
    "kotlin nested whole",
    lang.KOTLIN,
    KTN,
    KTN.replace("|>TODO()", "return a").replace("return 2", "return 99"),
    KTN.replace("|>TODO()", "return a"),
)
case(
    "kotlin nested alone",
    lang.KOTLIN,
    KTN,
    "fun f(a: Int): Int {\n    return a\n}",
    KTN.replace("|>TODO()", "return a"),
)
PHN = (
    "<?php\n\nclass A\n{\n    function f() { return 1; }\n}\n\nclass B\n{\n"
    "    function f()\n    {\n        |>return 2;\n    }\n}\n"
)
case(
    "php twin classes whole",
    lang.PHP,
    PHN,
    PHN.replace("|>return 2", "return 22").replace("return 1", "return 11"),
    PHN.replace("|>return 2", "return 22"),
)
case("php twin class alone", lang.PHP, PHN, "class A\n{\n    function f()\n    {\n        return 22;\n    }\n}", None)
case(
    "ruby twin class alone",
    lang.RUBY,
    "class A\n  def f\n    1\n  end\nend\n\nclass B\n  def f\n    |>2\n  end\nend\n",
    "class A\n  def f\n    11\n  end\nend",
    None,
)
case(
    "ruby module nested",
    lang.RUBY,
    (
        "module M\n  class A\n    def f(a)\n      |>raise NotImplementedError\n    end\n"
        "  end\n\n  class B\n    def f(a)\n      2\n    end\n  end\nend\n"
    ),
    (
        "module M\n  class A\n    def f(a)\n      a\n    end\n  end\n\n  class B\n"
        "    def f(a)\n      99\n    end\n  end\nend"
    ),
    (
        "module M\n  class A\n    def f(a)\n      a\n    end\n  end\n\n  class B\n"
        "    def f(a)\n      2\n    end\n  end\nend\n"
    ),
)
case(
    "ruby A::B compact",
    lang.RUBY,
    ("module M\n  class A\n    def f(a)\n      |>raise NotImplementedError\n    end\n  end\nend\n"),
    "class M::A\n  def f(a)\n    a\n  end\nend",
    "module M\n  class A\n    def f(a)\n      a\n    end\n  end\nend\n",
)
case(
    "php namespace braces",
    lang.PHP,
    (
        "<?php\n\nnamespace A {\n    function f($a)\n    {\n"
        "        |>throw new Exception();\n    }\n}\n\nnamespace B {\n    function f($a)\n"
        "    {\n        return 2;\n    }\n}\n"
    ),
    (
        "<?php\n\nnamespace A {\n    function f($a)\n    {\n        return $a;\n    }\n}\n\n"
        "namespace B {\n    function f($a)\n    {\n        return 99;\n    }\n}\n"
    ),
    (
        "<?php\n\nnamespace A {\n    function f($a)\n    {\n        return $a;\n    }\n}\n\n"
        "namespace B {\n    function f($a)\n    {\n        return 2;\n    }\n}\n"
    ),
)
case(
    "cpp namespaces",
    lang.CPP,
    ("namespace a {\nint f(int x) {\n    |>return 0;\n}\n}\n\nnamespace b {\nint f(int x) {\n    return 2;\n}\n}\n"),
    ("namespace a {\nint f(int x) {\n    return x;\n}\n}\n\nnamespace b {\nint f(int x) {\n    return 99;\n}\n}\n"),
    ("namespace a {\nint f(int x) {\n    return x;\n}\n}\n\nnamespace b {\nint f(int x) {\n    return 2;\n}\n}\n"),
)
case(
    "rust impl trait twins",
    lang.RUST,
    (
        "impl A for X {\n    fn f(&self) -> i32 {\n        |>todo!()\n    }\n}\n\n"
        "impl B for X {\n    fn f(&self) -> i32 {\n        2\n    }\n}\n"
    ),
    "fn f(&self) -> i32 {\n    1\n}",
    (
        "impl A for X {\n    fn f(&self) -> i32 {\n        1\n    }\n}\n\nimpl B for X {\n"
        "    fn f(&self) -> i32 {\n        2\n    }\n}\n"
    ),
)
case(
    "go method twins alone w/o receiver",
    lang.GO,
    ("package p\n\nfunc (a *A) F() int {\n\t|>panic(1)\n}\n\nfunc (b *B) F() int {\n\treturn 2\n}\n"),
    "func F() int {\n\treturn 1\n}",
    ("package p\n\nfunc (a *A) F() int {\n\treturn 1\n}\n\nfunc (b *B) F() int {\n\treturn 2\n}\n"),
)
case(
    "csharp property",
    lang.CSHARP,
    (
        "class A\n{\n    int w;\n\n    public int Width\n    {\n        get { return w; }\n"
        "        set { |>w = value; }\n    }\n}\n"
    ),
    "public int Width\n{\n    get { return w; }\n    set { w = Math.Max(0, value); }\n}",
    (
        "class A\n{\n    int w;\n\n    public int Width\n    {\n        get { return w; }\n"
        "        set { w = Math.Max(0, value); }\n    }\n}\n"
    ),
)
case(
    "csharp indexer+operator",
    lang.CSHARP,
    (
        "class A\n{\n    public int this[int i]\n    {\n        get { |>return 0; }\n    }\n"
        "\n    public static A operator +(A a, A b)\n    {\n        return a;\n    }\n}\n"
    ),
    "public int this[int i]\n{\n    get { return i; }\n}",
    (
        "class A\n{\n    public int this[int i]\n    {\n        get { return i; }\n    }\n\n"
        "    public static A operator +(A a, A b)\n    {\n        return a;\n    }\n}\n"
    ),
)
case(
    "csharp operators twins",
    lang.CSHARP,
    (
        "class A\n{\n    public static A operator -(A a)\n    {\n        return null;\n"
        "    }\n\n    public static A operator -(A a, A b)\n    {\n        |>return a;\n"
        "    }\n}\n"
    ),
    (
        "class A\n{\n    public static A operator -(A a)\n    {\n        return wrong;\n"
        "    }\n\n    public static A operator -(A a, A b)\n    {\n        return b;\n"
        "    }\n}\n"
    ),
    (
        "class A\n{\n    public static A operator -(A a)\n    {\n        return null;\n"
        "    }\n\n    public static A operator -(A a, A b)\n    {\n        return b;\n"
        "    }\n}\n"
    ),
)
case(
    "csharp explicit interface",
    lang.CSHARP,
    (
        "class A : I\n{\n    void I.Run(int a)\n    {\n"
        "        |>throw new NotImplementedException();\n    }\n\n"
        "    public void Run(int a)\n    {\n        x = 1;\n    }\n}\n"
    ),
    (
        "class A : I\n{\n    void I.Run(int a)\n    {\n        x = a;\n    }\n\n"
        "    public void Run(int a)\n    {\n        x = 99;\n    }\n}\n"
    ),
    (
        "class A : I\n{\n    void I.Run(int a)\n    {\n        x = a;\n    }\n\n"
        "    public void Run(int a)\n    {\n        x = 1;\n    }\n}\n"
    ),
)
case(
    "java ctor overloads",
    lang.JAVA,
    ("class A {\n    A() {\n        x = 1;\n    }\n\n    A(int a) {\n        |>x = 2;\n    }\n}\n"),
    ("class A {\n    A() {\n        x = 11;\n    }\n\n    A(int a) {\n        x = a;\n    }\n}\n"),
    ("class A {\n    A() {\n        x = 1;\n    }\n\n    A(int a) {\n        x = a;\n    }\n}\n"),
)
case(
    "java ctor alone",
    lang.JAVA,
    ("class A {\n    A() {\n        x = 1;\n    }\n\n    A(int a) {\n        |>x = 2;\n    }\n}\n"),
    "public A(int a) {\n    x = a;\n}",
    ("class A {\n    A() {\n        x = 1;\n    }\n\n    public A(int a) {\n        x = a;\n    }\n}\n"),
)
case(
    "java anonymous class",
    lang.JAVA,
    (
        "class A {\n    Runnable r = new Runnable() {\n        public void run() {\n"
        "            x = 1;\n        }\n    };\n\n    public void run() {\n"
        "        |>x = 2;\n    }\n}\n"
    ),
    (
        "class A {\n    Runnable r = new Runnable() {\n        public void run() {\n"
        "            x = 99;\n        }\n    };\n\n    public void run() {\n"
        "        x = 22;\n    }\n}\n"
    ),
    (
        "class A {\n    Runnable r = new Runnable() {\n        public void run() {\n"
        "            x = 1;\n        }\n    };\n\n    public void run() {\n        x = 22;\n"
        "    }\n}\n"
    ),
)
case(
    "cpp operators",
    lang.CPP,
    (
        "struct A {\n    A operator+(const A& o) const {\n        |>return o;\n    }\n"
        "    A operator-(const A& o) const {\n        return o;\n    }\n};\n"
    ),
    (
        "struct A {\n    A operator+(const A& o) const {\n        return A{x + o.x};\n"
        "    }\n    A operator-(const A& o) const {\n        return wrong;\n    }\n};\n"
    ),
    (
        "struct A {\n    A operator+(const A& o) const {\n        return A{x + o.x};\n"
        "    }\n    A operator-(const A& o) const {\n        return o;\n    }\n};\n"
    ),
)
case(
    "cpp template spec",
    lang.CPP,
    ("template <typename T>\nint f(T x) {\n    return 1;\n}\n\ntemplate <>\nint f(int x) {\n    |>return 2;\n}\n"),
    ("template <typename T>\nint f(T x) {\n    return 99;\n}\n\ntemplate <>\nint f(int x) {\n    return x;\n}\n"),
    ("template <typename T>\nint f(T x) {\n    return 1;\n}\n\ntemplate <>\nint f(int x) {\n    return x;\n}\n"),
)
case(
    "c static in ifdef",
    lang.C,
    ("#ifdef A\nstatic int f(int a)\n{\n    return 1;\n}\n#else\nstatic int f(int a)\n{\n    |>return 2;\n}\n#endif\n"),
    "static int f(int a)\n{\n    return a;\n}",
    ("#ifdef A\nstatic int f(int a)\n{\n    return 1;\n}\n#else\nstatic int f(int a)\n{\n    return a;\n}\n#endif\n"),
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_a_definition_lands_where_it_stands(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
