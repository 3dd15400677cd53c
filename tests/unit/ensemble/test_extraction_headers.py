"""The form, the modifiers and the decorators of a definition stay."""

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


# L5/L6 forms in other languages + headers
case(
    "ts type kept",
    lang.TYPESCRIPT,
    ("export type A = { x: number };\n\nexport const f: (a: number) => number = (a) => {\n  |>throw 1;\n};\n"),
    "function f(a) {\n  return a;\n}",
    ("export type A = { x: number };\n\nexport const f: (a: number) => number = (a) => {\n  return a;\n};\n"),
)
case(
    "ts declare default expr",
    lang.TYPESCRIPT,
    "export default (a: number): number => {\n  |>throw 1;\n};\n",
    "export default (a: number): number => {\n  return a;\n};",
    "export default (a: number): number => {\n  return a;\n};\n",
)
case(
    "ts memo wrapped",
    lang.TYPESCRIPT,
    "export const F = memo(function F(p: P) {\n  |>return null;\n});\n",
    "export const F = memo(function F(p: P) {\n  return p.x;\n});",
    "export const F = memo(function F(p: P) {\n  return p.x;\n});\n",
)
M = "export const F = memo(function F(p: P) {\n  |>return null;\n});\n"
case(
    "ts memo wrapped answered by function",
    lang.TYPESCRIPT,
    M,
    "function F(p: P) {\n  return p.x;\n}",
    M.replace("|>return null", "return p.x"),
)
case(
    "ts memo wrapped answered by arrow",
    lang.TYPESCRIPT,
    M,
    "export const F = (p: P) => {\n  return p.x;\n};",
    M.replace("|>return null", "return p.x").replace("function F(p: P) {", "(p: P) => {"),
)
case(
    "ts forwardRef",
    lang.TYPESCRIPT,
    "const F = forwardRef<A, P>((p, ref) => {\n  |>return null;\n});\n",
    "const F = (p, ref) => {\n  return p.x;\n};",
    "const F = forwardRef<A, P>((p, ref) => {\n  return p.x;\n});\n",
)
case(
    "ts debounce with an argument",
    lang.TYPESCRIPT,
    "const F = debounce((p) => {\n  |>return null;\n}, 100);\n",
    "function F(p) {\n  return p.x;\n}",
    None,
)
case(
    "ts generator",
    lang.TYPESCRIPT,
    "export function* f(a: number) {\n  |>yield a;\n}\n",
    "function f(a: number) {\n  return [a];\n}",
    "export function f(a: number) {\n  return [a];\n}\n",
    words="make it faster",
)
case(
    "c pointer",
    lang.C,
    "static char *f(int a) {\n    return |>g(a);\n}\n",
    "char f(int a) {\n    return h(a);\n}",
    "char f(int a) {\n    return h(a);\n}\n",
)
case(
    "spoken of",
    lang.JAVA,
    "class A {\n    public static int f(int a) {\n        |>return a;\n    }\n}\n",
    "public int f(int a) {\n    return a + 1;\n}",
    "class A {\n    public int f(int a) {\n        return a + 1;\n    }\n}\n",
    words="drop static",
)
case(
    "go named results",
    lang.GO,
    "package p\n\nfunc F(a int) (found int, err error) {\n\treturn |>a, nil\n}\n",
    "func F(a int) (int, error) {\n\tfound := a\n\treturn found, nil\n}",
    "package p\n\nfunc F(a int) (int, error) {\n\tfound := a\n\treturn found, nil\n}\n",
)
case(
    "class answered without modifiers",
    lang.JAVA,
    (
        "public class |>A {\n    private final int x = 1;\n\n"
        "    public static int f(int a) {\n        return a;\n    }\n\n"
        "    @Deprecated protected int g() {\n        return 1;\n    }\n}\n"
    ),
    (
        "class A {\n    private final int x = 1;\n\n    int f(int a) {\n"
        "        return a + 1;\n    }\n\n    int g() {\n        return 2;\n    }\n}"
    ),
    (
        "public class A {\n    private final int x = 1;\n\n"
        "    public static int f(int a) {\n        return a + 1;\n    }\n\n"
        "    @Deprecated protected int g() {\n        return 2;\n    }\n}\n"
    ),
)
case(
    "js module.exports = function",
    lang.JAVASCRIPT,
    "module.exports = function f(a) {\n  |>throw 1;\n};\n",
    "function f(a) {\n  return a;\n}\n\nmodule.exports = f;",
    "module.exports = function f(a) {\n  return a;\n};\n",
)
case(
    "js module.exports = { f(a) {} }",
    lang.JAVASCRIPT,
    "module.exports = {\n  f(a) {\n    |>throw 1;\n  },\n  g: 1,\n};\n",
    "const f = (a) => {\n  return a;\n};\n\nmodule.exports = { f };",
    "module.exports = {\n  f(a) {\n    return a;\n  },\n  g: 1,\n};\n",
)
case(
    "js exports.x = arrow expr",
    lang.JAVASCRIPT,
    "exports.f = (a) => a|> + 1;\n",
    "exports.f = (a) => a + 2;",
    "exports.f = (a) => a + 2;\n",
)
case(
    "js defineProperty",
    lang.JAVASCRIPT,
    ('Object.defineProperty(exports, "f", {\n  get: function () {\n    |>return 1;\n  },\n});\n'),
    ('Object.defineProperty(exports, "f", {\n  get: function () {\n    return 2;\n  },\n});'),
    ('Object.defineProperty(exports, "f", {\n  get: function () {\n    return 2;\n  },\n});\n'),
)
case(
    "js const + separate export list",
    lang.JAVASCRIPT,
    "const f = (a) => {\n  |>throw 1;\n};\n\nexport { f as g };\n",
    "export const f = (a) => {\n  return a;\n};\n\nexport { f as g };",
    "const f = (a) => {\n  return a;\n};\n\nexport { f as g };\n",
)
case(
    "js export in cjs file",
    lang.JAVASCRIPT,
    ("const x = require('x');\n\nfunction f(a) {\n  |>throw 1;\n}\n\nmodule.exports = { f };\n"),
    "import y from 'y';\n\nexport function f(a) {\n  return y(a);\n}",
    (
        "const x = require('x');\nconst y = require('y');\n\nfunction f(a) {\n"
        "  return y(a);\n}\n\nmodule.exports = { f };\n"
    ),
)
case(
    "js require in esm",
    lang.JAVASCRIPT,
    "import x from 'x';\n\nexport function f(a) {\n  |>throw 1;\n}\n",
    ("const { y } = require('y');\n\nfunction f(a) {\n  return y(a);\n}\n\nmodule.exports = { f };"),
    ("import x from 'x';\nimport { y } from 'y';\n\nexport function f(a) {\n  return y(a);\n}\n"),
)
case(
    "ts abstract/override words",
    lang.TYPESCRIPT,
    ("class A extends B {\n  protected override async run(a: number): Promise<void> {\n    |>throw 1;\n  }\n}\n"),
    "async run(a: number): Promise<void> {\n  await a;\n}",
    ("class A extends B {\n  protected override async run(a: number): Promise<void> {\n    await a;\n  }\n}\n"),
)
case(
    "ts decorators",
    lang.TYPESCRIPT,
    (
        'class A {\n  @Input() x = 1;\n\n  @HostListener("click", ["$event"])\n  @Log()\n'
        "  run(a: number) {\n    |>throw 1;\n  }\n}\n"
    ),
    "run(a: number) {\n  return a;\n}",
    (
        'class A {\n  @Input() x = 1;\n\n  @HostListener("click", ["$event"])\n  @Log()\n'
        "  run(a: number) {\n    return a;\n  }\n}\n"
    ),
)
case(
    "ts decorators given twice",
    lang.TYPESCRIPT,
    "class A {\n  @Log()\n  run(a: number) {\n    |>throw 1;\n  }\n}\n",
    "class A {\n  @Log()\n  run(a: number) {\n    return a;\n  }\n}",
    "class A {\n  @Log()\n  run(a: number) {\n    return a;\n  }\n}\n",
)
case(
    "ts decorated class",
    lang.TYPESCRIPT,
    ('@Injectable()\nexport class |>A {\n  run() {\n    throw new Error("not implemented");\n  }\n}\n'),
    "export class A {\n  run() {\n    return 1;\n  }\n}",
    "@Injectable()\nexport class A {\n  run() {\n    return 1;\n  }\n}\n",
)
case(
    "py decorators",
    lang.PYTHON,
    "class A:\n    @cached\n    @log(x=1)\n    def f(self):\n        |>pass\n",
    "def f(self):\n    return 1",
    "class A:\n    @cached\n    @log(x=1)\n    def f(self):\n        return 1\n",
)
case(
    "py staticmethod lost",
    lang.PYTHON,
    "class A:\n    @staticmethod\n    def f(a):\n        |>pass\n",
    "class A:\n    def f(self, a):\n        return a",
    "class A:\n    @staticmethod\n    def f(a):\n        return a\n",
)
case(
    "py classmethod",
    lang.PYTHON,
    "class A:\n    @classmethod\n    def f(cls, a):\n        |>pass\n",
    "def f(cls, a):\n    return cls(a)",
    "class A:\n    @classmethod\n    def f(cls, a):\n        return cls(a)\n",
)
case(
    "py async lost on finished",
    lang.PYTHON,
    "async def f(a):\n    return await |>a\n",
    "def f(a):\n    return a",
    "async def f(a):\n    return a\n",
)
case(
    "rust attrs",
    lang.RUST,
    "#[inline]\n#[must_use]\npub(crate) const fn f(a: i32) -> i32 {\n    |>todo!()\n}\n",
    "fn f(a: i32) -> i32 {\n    a\n}",
    "#[inline]\n#[must_use]\npub(crate) const fn f(a: i32) -> i32 {\n    a\n}\n",
)
case(
    "rust finished pub kept",
    lang.RUST,
    "pub fn f(a: i32) -> i32 {\n    |>a\n}\n",
    "fn f(a: i32) -> i32 {\n    a + 1\n}",
    "pub fn f(a: i32) -> i32 {\n    a + 1\n}\n",
)
case(
    "java finished modifiers",
    lang.JAVA,
    ("class A {\n    @Override\n    public static int f(int a) {\n        |>return a;\n    }\n}\n"),
    "int f(int a) {\n    return a + 1;\n}",
    ("class A {\n    @Override\n    public static int f(int a) {\n        return a + 1;\n    }\n}\n"),
)
case(
    "csharp finished modifiers",
    lang.CSHARP,
    ("class A\n{\n    [Fact]\n    public static int F(int a)\n    {\n        |>return a;\n    }\n}\n"),
    "int F(int a)\n{\n    return a + 1;\n}",
    ("class A\n{\n    [Fact]\n    public static int F(int a)\n    {\n        return a + 1;\n    }\n}\n"),
)
case(
    "php finished modifiers",
    lang.PHP,
    (
        "<?php\n\nclass A\n{\n    #[Test]\n    public static function f(int $a): int\n"
        "    {\n        |>return $a;\n    }\n}\n"
    ),
    "function f($a)\n{\n    return $a + 1;\n}",
    (
        "<?php\n\nclass A\n{\n    #[Test]\n    public static function f(int $a): int\n"
        "    {\n        return $a + 1;\n    }\n}\n"
    ),
)
case(
    "kotlin finished modifiers",
    lang.KOTLIN,
    ("class A {\n    @Test\n    override fun f(a: Int): Int {\n        |>return a\n    }\n}\n"),
    "fun f(a: Int): Int {\n    return a + 1\n}",
    ("class A {\n    @Test\n    override fun f(a: Int): Int {\n        return a + 1\n    }\n}\n"),
)
case(
    "ruby private def",
    lang.RUBY,
    "class A\n  private def f(a)\n    |>a\n  end\nend\n",
    "def f(a)\n  a + 1\nend",
    "class A\n  private def f(a)\n    a + 1\n  end\nend\n",
)
case(
    "go exported",
    lang.GO,
    "package p\n\n// F adds.\n//\n//go:noinline\nfunc F(a int) int {\n\treturn |>a\n}\n",
    "func F(a int) int {\n\treturn a + 1\n}",
    ("package p\n\n// F adds.\n//\n//go:noinline\nfunc F(a int) int {\n\treturn a + 1\n}\n"),
)
case(
    "c static inline finished",
    lang.C,
    "static inline int f(int a)\n{\n    |>return a;\n}\n",
    "int f(int a) {\n    return a + 1;\n}",
    "static inline int f(int a)\n{\n    return a + 1;\n}\n",
)
case(
    "cpp attributes",
    lang.CPP,
    "[[nodiscard]] constexpr int f(int a) noexcept {\n    |>return a;\n}\n",
    "int f(int a) {\n    return a + 1;\n}",
    "[[nodiscard]] constexpr int f(int a) noexcept {\n    return a + 1;\n}\n",
)
case(
    "cpp const override",
    lang.CPP,
    "struct A : B {\n    int f(int a) const override {\n        |>return a;\n    }\n};\n",
    "int f(int a) {\n    return a + 1;\n}",
    ("struct A : B {\n    int f(int a) const override {\n        return a + 1;\n    }\n};\n"),
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_the_form_and_the_header_stay(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
