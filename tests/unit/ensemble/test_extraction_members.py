"""Accessors, overloads, members of objects and fields of classes: the one that was asked for lands."""

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


# L1 neighbours
KP = """class Size {
    var width: Int = 0
        get() = field
        set(value) {
            |>field = value
        }

    val height: Int
        get() {
            return 1
        }
}
"""
case(
    "kotlin setter",
    lang.KOTLIN,
    KP,
    """class Size {
    var width: Int = 0
        get() = field + 5
        set(value) {
            field = maxOf(0, value)
        }

    val height: Int
        get() {
            return 2
        }
}""",
    KP.replace("|>", "")
    .replace("field = value", "field = maxOf(0, value)")
    .replace("get() = field\n", "get() = field + 5\n"),
)
RBP = """class Size
  def width
    @width
  end

  def width=(value)
    |>@width = value
  end

  def self.width
    1
  end
end
"""
case(
    "ruby setter",
    lang.RUBY,
    RBP,
    RBP.replace("|>@width = value", "@width = value.to_i")
    .replace("    @width\n", "    wrong\n")
    .replace("    1\n", "    9\n"),
    RBP.replace("|>@width = value", "@width = value.to_i"),
)
case(
    "ruby singleton",
    lang.RUBY,
    RBP.replace("|>", "").replace("    1\n", "    |>1\n"),
    RBP.replace("|>", "").replace("    1\n", "    7\n").replace("    @width\n", "    wrong\n"),
    RBP.replace("|>", "").replace("    1\n", "    7\n"),
)
case(
    "ruby getter",
    lang.RUBY,
    RBP.replace("|>", "").replace("    @width\n", "    |>@width\n"),
    RBP.replace("|>", "").replace("    1\n", "    7\n").replace("    @width\n", "    @width || 0\n"),
    RBP.replace("|>", "").replace("    @width\n", "    @width || 0\n"),
)
case(
    "ruby class << self",
    lang.RUBY,
    (
        "class A\n  class << self\n    def f(a)\n      |>raise NotImplementedError\n"
        "    end\n  end\n\n  def f(a)\n    2\n  end\nend\n"
    ),
    ("class A\n  class << self\n    def f(a)\n      a + 1\n    end\n  end\n\n  def f(a)\n    99\n  end\nend"),
    ("class A\n  class << self\n    def f(a)\n      a + 1\n    end\n  end\n\n  def f(a)\n    2\n  end\nend\n"),
)
case(
    "ruby class<<self answered by def self.f",
    lang.RUBY,
    ("class A\n  class << self\n    def f(a)\n      |>raise NotImplementedError\n    end\n  end\nend\n"),
    "def self.f(a)\n  a + 1\nend",
    "class A\n  class << self\n    def f(a)\n      a + 1\n    end\n  end\nend\n",
)
case(
    "ruby def self.f answered by def f",
    lang.RUBY,
    "class A\n  def self.f(a)\n    |>raise NotImplementedError\n  end\nend\n",
    "def f(a)\n  a + 1\nend",
    "class A\n  def self.f(a)\n    a + 1\n  end\nend\n",
)
PH = """<?php

class A
{
    public function f(int $a): int
    {
        |>throw new \\Exception();
    }

    public static function g(): int
    {
        return 1;
    }
}

function f(int $a): int
{
    return 3;
}
"""
case(
    "php method vs function",
    lang.PHP,
    PH,
    (
        "<?php\n\nclass A\n{\n    public function f(int $a): int\n    {\n"
        "        return $a;\n    }\n}\n\nfunction f(int $a): int\n{\n    return 99;\n}\n"
    ),
    PH.replace("|>throw new \\Exception()", "return $a"),
)
case(
    "php namespace",
    lang.PHP,
    PH,
    (
        "<?php\n\nnamespace App;\n\nclass A\n{\n    public function f(int $a): int\n    {\n"
        "        return $a;\n    }\n}\n"
    ),
    PH.replace("|>throw new \\Exception()", "return $a"),
)
case(
    "php other attr",
    lang.PHP,
    (
        '<?php\n\nclass A\n{\n    #[Pure]\n    #[Deprecated("x")]\n'
        "    public function f(): int\n    {\n        |>throw new \\Exception();\n    }\n}\n"
    ),
    "public function f(): int\n{\n    return 1;\n}",
    (
        '<?php\n\nclass A\n{\n    #[Pure]\n    #[Deprecated("x")]\n'
        "    public function f(): int\n    {\n        return 1;\n    }\n}\n"
    ),
)
case(
    "kotlin overload",
    lang.KOTLIN,
    ("fun f(a: Int): Int {\n    |>return a\n}\n\nfun f(a: String): Int {\n    return 2\n}\n"),
    ("fun f(a: String): Int {\n    return 9\n}\n\nfun f(a: Int): Int {\n    return a * 2\n}"),
    ("fun f(a: Int): Int {\n    return a * 2\n}\n\nfun f(a: String): Int {\n    return 2\n}\n"),
)
case(
    "kotlin ext",
    lang.KOTLIN,
    ("fun Int.f(): Int {\n    |>return this\n}\n\nfun String.f(): Int {\n    return 2\n}\n"),
    ("fun String.f(): Int {\n    return 9\n}\n\nfun Int.f(): Int {\n    return this * 2\n}"),
    ("fun Int.f(): Int {\n    return this * 2\n}\n\nfun String.f(): Int {\n    return 2\n}\n"),
)
case(
    "kotlin companion",
    lang.KOTLIN,
    (
        "class A {\n    companion object {\n        fun f(): Int {\n            |>TODO()\n"
        "        }\n    }\n\n    fun f(): Int {\n        return 1\n    }\n}\n"
    ),
    (
        "class A {\n    companion object {\n        fun f(): Int {\n            return 5\n"
        "        }\n    }\n\n    fun f(): Int {\n        return 99\n    }\n}"
    ),
    (
        "class A {\n    companion object {\n        fun f(): Int {\n            return 5\n"
        "        }\n    }\n\n    fun f(): Int {\n        return 1\n    }\n}\n"
    ),
)
case(
    "kotlin twin alone",
    lang.KOTLIN,
    ("fun Int.f(): Int {\n    |>return this\n}\n\nfun String.f(): Int {\n    return 2\n}\n"),
    "fun String.f(): Int {\n    return 9\n}",
    None,
)
# ts overload in class
TO = """class A {
  f(a: number): number;
  f(a: string): string;
  f(a: any): any {
    |>return a;
  }
}
"""
case(
    "ts class overloads whole",
    lang.TYPESCRIPT,
    TO,
    TO.replace("|>return a", "return a + a"),
    TO.replace("|>return a", "return a + a"),
)
case(
    "ts class overloads impl alone",
    lang.TYPESCRIPT,
    TO,
    "f(a: any): any {\n  return a + a;\n}",
    TO.replace("|>return a", "return a + a"),
)
case(
    "ts class overloads all three",
    lang.TYPESCRIPT,
    TO,
    "f(a: number): number;\nf(a: string): string;\nf(a: any): any {\n  return a + a;\n}",
    TO.replace("|>return a", "return a + a"),
)
case(
    "ts cursor on overload",
    lang.TYPESCRIPT,
    TO.replace("|>", "").replace("f(a: number)", "|>f(a: number)"),
    TO.replace("|>return a", "return a + a"),
    TO.replace("|>return a", "return a + a"),
)
# object members
OM = """export const api = {
  get size() {
    return 1;
  },
  set size(v) {
    |>this.s = v;
  },
  async load(a) {
    return a;
  },
  *walk() {
    yield 1;
  },
  'quoted-name': function () {
    return 2;
  },
  [Symbol.iterator]() {
    return 3;
  },
};
"""
for at, new, alone in [
    ("this.s = v;", "this.s = Number(v);", "set size(v) {\n  this.s = Number(v);\n}"),
    ("return 1;", "return 10;", "get size() {\n  return 10;\n}"),
    ("return a;", "return await a;", "async load(a) {\n  return await a;\n}"),
    ("yield 1;", "yield 10;", "*walk() {\n  yield 10;\n}"),
    ("return 3;", "return 30;", "[Symbol.iterator]() {\n  return 30;\n}"),
    ("return 2;", "return 20;", "'quoted-name': function () {\n  return 20;\n}"),
]:
    for script in (lang.JAVASCRIPT, lang.TYPESCRIPT):
        plain = OM.replace("|>", "")
        txt = plain.replace(at, "|>" + at)
        noise = plain.replace(at, new)
        for other in ("this.s = v;", "return 1;", "return a;", "yield 1;", "return 3;", "return 2;"):
            if other != at:
                noise = noise.replace(other, "wrong();")
        case("object member " + at + " whole", script, txt, noise, plain.replace(at, new))
        case("object member " + at + " alone", script, txt, alone, plain.replace(at, new))
CF = """class A {
  #count = 0;
  static limit = 3;
  handle = async (event) => {
    |>return null;
  };
  static make = function () {
    return 1;
  };
  #hidden() {
    return 2;
  }
  static {
    A.limit = 4;
  }
}
"""
for at, new, alone in [
    ("return null;", "return event;", "handle = async (event) => {\n  return event;\n};"),
    ("return 1;", "return 11;", "static make = function () {\n  return 11;\n};"),
    ("return 2;", "return 22;", "#hidden() {\n  return 22;\n}"),
]:
    for script in (lang.JAVASCRIPT, lang.TYPESCRIPT):
        plain = CF.replace("|>", "")
        txt = plain.replace(at, "|>" + at)
        noise = plain.replace(at, new)
        for other in ("return null;", "return 1;", "return 2;"):
            if other != at:
                noise = noise.replace(other, "wrong();")
        case("class field " + at + " whole", script, txt, noise, plain.replace(at, new))
        case("class field " + at + " alone", script, txt, alone, plain.replace(at, new))
        case(
            "class field " + at + " in class, rest elided",
            script,
            txt,
            "class A {\n  // ...\n" + "\n".join("  " + x for x in alone.split("\n")) + "\n  // ...\n}",
            plain.replace(at, new),
        )


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.language}-{one.name}")
def test_the_member_that_was_asked_for_lands(one: Case) -> None:
    task = landing_task(one.text, one.language, words=one.words, path=one.path, workspace="/p" if one.path else None)
    answer = one.answer if "```" in one.answer else f"```{one.language}\n{one.answer}\n```\n"
    if one.wanted is None:
        with pytest.raises(ExtractionFailed):
            landed(task, answer)
    else:
        assert landed(task, answer) == one.wanted
