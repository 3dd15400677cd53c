"""Several definitions of one name: the one that was asked for lands, in its own place, or nothing does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from tests.support import lang
from tests.support.landing import landed, landing_task, replaced


@dataclass(frozen=True, kw_only=True)
class Case:
    """``text`` with the cursor at ``|>``; the answer holds ``text`` with ``old`` as ``new``, and other bodies, which
    are changed by ``noise`` and must not land."""

    language: Language
    text: str
    old: str
    new: str
    noise: tuple[tuple[str, str], ...] = ()


PROPERTY = """class Box:
    @property
    def size(self):
        return self._get

    @size.setter
    def size(self, value):
        self._set = value

    @size.deleter
    def size(self):
        del self._del
"""
ACCESSORS = """class Box {
  get x() {
    return this.got;
  }

  set x(value) {
    this.put = value;
  }

  static x() {
    return 'static';
  }
}
"""
DISPATCH = """from functools import singledispatch


@singledispatch
def show(value):
    return "any"


@show.register
def _(value: int):
    return "int"


@show.register
def _(value: list):
    return "list"


@show.register(dict)
def _(value):
    return "dict"
"""
NESTED = """def outer():
    def inner():
        return "nested"

    return inner()


def other():
    def inner():
        return "twin"

    return inner()


def inner():
    return "module"
"""
BRANCHES = """import sys

try:
    import fast
except ImportError:

    def load():
        return "slow"

else:

    def load():
        return "fast"


if sys.version_info >= (3, 12):

    def batched(items):
        return "new"

else:

    def batched(items):
        return "old"
"""
WITH = """with setup():

    def run():
        return "run"
"""
GO = """package shape

func (s *Square) Area() int {
	return 1
}

func (c *Circle) Area() int {
	return 2
}

func Area() int {
	return 3
}

func init() {
	first()
}

func init() {
	second()
}
"""
RUST = """#[cfg(unix)]
fn path() -> usize {
    1
}

#[cfg(windows)]
fn path() -> usize {
    2
}

fn outer() -> usize {
    fn inner() -> usize {
        3
    }
    inner()
}

mod deep {
    pub fn inner() -> usize {
        4
    }
}

impl Shape {
    fn name(&self) -> usize {
        5
    }
}

impl Display for Shape {
    fn name(&self) -> usize {
        6
    }
}
"""
C = """#ifdef _WIN32
int wait_for(int n) {
    return n + 1;
}
#else
int wait_for(int n) {
    return n + 2;
}
#endif
"""
CPP = """#if defined(FAST)
int sum(int n) {
    return n + 1;
}
#else
int sum(int n) {
    return n + 2;
}
#endif

int sum(double n) {
    return n + 3;
}

struct Grid {
    int at(int x) {
        return x + 4;
    }
    int at(int x) const {
        return x + 5;
    }
};

int Grid::far() {
    return 6;
}

int Plane::far() {
    return 7;
}
"""
CSHARP = """class A
{
    class Inner
    {
        int Get(int n)
        {
            return n + 1;
        }
    }

    int Get(int n)
    {
        return n + 2;
    }

    int Get(string s)
    {
        return 3;
    }

#if NET8_0
    int Pick()
    {
        return 4;
    }
#else
    int Pick()
    {
        return 5;
    }
#endif

    void Run()
    {
        int Get(int n)
        {
            return n + 6;
        }
    }
}
"""
JAVA = """class A {
    class Inner {
        int get(int n) {
            return n + 1;
        }
    }

    int get(int n) {
        return n + 2;
    }

    int get(String s) {
        return 3;
    }

    void run() {
        class Local {
            int get(int n) {
                return n + 4;
            }
        }
    }
}
"""
TYPESCRIPT = """export class A {
  static of(n: number): number {
    return n + 1;
  }

  of(n: number): number {
    return n + 2;
  }
}

export function of(n: number): number {
  function inner(): number {
    return 3;
  }
  return inner();
}

function inner(): number {
  return 4;
}
"""
OVERLOADS = """from typing import overload


@overload
def f(x: int) -> int: ...
@overload
def f(x: str) -> str: ...
def f(x):
    return x
"""


def cases(language: Language, text: str, *values: str) -> list[Case]:
    """A case for each of ``values``, which stand in bodies of ``text``: that one is to change, the others must not."""
    found: list[Case] = []
    for value in values:
        at = text.index(value)
        rest = tuple((other, f"{other} + wrong()") for other in values if other != value)
        marked = text[:at] + "|>" + text[at:]
        found.append(Case(language=language, text=marked, old=value, new=f"right({value})", noise=rest))
    return found


CASES = [
    *cases(lang.PYTHON, DISPATCH, '"any"', '"int"', '"list"', '"dict"'),
    *cases(lang.PYTHON, NESTED, '"nested"', '"twin"', '"module"'),
    *cases(lang.PYTHON, BRANCHES, '"slow"', '"fast"', '"new"', '"old"'),
    *cases(lang.PYTHON, WITH, '"run"'),
    *cases(lang.GO, GO, "1", "2", "3", "first()", "second()"),
    *cases(lang.RUST, RUST, "1", "2", "3", "4", "5", "6"),
    *cases(lang.C, C, "n + 1", "n + 2"),
    *cases(lang.CPP, CPP, "n + 1", "n + 2", "n + 3", "x + 4", "x + 5", "6", "7"),
    *cases(lang.CSHARP, CSHARP, "n + 1", "n + 2", "3", "4", "5", "n + 6"),
    *cases(lang.JAVA, JAVA, "n + 1", "n + 2", "3", "n + 4"),
    *cases(lang.TYPESCRIPT, TYPESCRIPT, "n + 1", "n + 2", "3", "4"),
    Case(
        language=lang.PYTHON,
        text=PROPERTY.replace("self._set", "|>self._set"),
        old="self._set = value",
        new="self._set = int(value)",
        noise=(("self._get", "self.wrong"), ("del self._del", "self.wrong()")),
    ),
    Case(
        language=lang.PYTHON,
        text=PROPERTY.replace("del self", "|>del self"),
        old="del self._del",
        new="self._del = None",
        noise=(("self._get", "self.wrong"), ("self._set = value", "self.wrong()")),
    ),
    Case(
        language=lang.JAVASCRIPT,
        text=ACCESSORS.replace("this.put", "|>this.put"),
        old="this.put = value;",
        new="this.put = Number(value);",
        noise=(("this.got", "this.wrong"), ("'static'", "'wrong'")),
    ),
    Case(
        language=lang.PYTHON,
        text=OVERLOADS.replace("def f(x: int)", "|>def f(x: int)"),
        old="    return x",
        new="    return x + x",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}-{case.old}")
def test_the_whole_file_is_answered(case: Case) -> None:
    answer = replaced(case.text, case.old, case.new)
    for old, new in case.noise:
        answer = answer.replace(old, new)
    task = landing_task(case.text, case.language)
    assert task.scope.name is not None
    assert landed(task, f"Here is the file:\n```{case.language}\n{answer}```\n") == replaced(
        case.text, case.old, case.new
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}-{case.old}")
def test_the_definition_alone_is_answered(case: Case) -> None:
    task = landing_task(case.text, case.language)
    answer = task.original.replace(case.old, case.new)
    assert landed(task, f"```{case.language}\n{answer}\n```\n") == replaced(case.text, case.old, case.new)


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        # The twin alone, or twins without what tells them apart.
        (lang.PYTHON, PROPERTY.replace("self._set", "|>self._set"), "@property\ndef size(self):\n    return 1\n"),
        (
            lang.PYTHON,
            DISPATCH.replace('"int"', '|>"int"'),
            "@show.register\ndef _(value: list):\n    return 1\n",
        ),
        (
            lang.PYTHON,
            DISPATCH.replace('"int"', '|>"int"'),
            "def _(value):\n    return 1\n\n\ndef _(value):\n    return 2\n\n\ndef helper():\n    return 3\n",
        ),
        (
            lang.PYTHON,
            NESTED.replace('"nested"', '|>"nested"'),
            'def outer():\n    return inner()\n\n\ndef inner():\n    return "module!"\n',
        ),
        (lang.JAVASCRIPT, ACCESSORS.replace("this.got", "|>this.got"), "set x(value) {\n  this.a = value;\n}\n"),
        (
            lang.JAVASCRIPT,
            ACCESSORS.replace("this.got", "|>this.got"),
            "class Box {\n  static x() {\n    return 1;\n  }\n}\n",
        ),
        (lang.GO, GO.replace("1", "|>1"), "func (c *Circle) Area() int {\n\treturn 9\n}\n"),
        (
            lang.RUST,
            RUST.replace("5", "|>5"),
            "impl Display for Shape {\n    fn name(&self) -> usize {\n        9\n    }\n}\n",
        ),
        (
            lang.C,
            "int wait_for(int n) {\n    return |>n;\n}\n",
            C,
        ),
        (
            lang.CPP,
            CPP.replace("6;", "|>6;"),
            "int Plane::far() {\n    return 9;\n}\n",
        ),
        (
            lang.CSHARP,
            CSHARP.replace("n + 2", "|>n + 2"),
            "class A\n{\n    int Get(string s)\n    {\n        return 9;\n    }\n}\n",
        ),
        (
            lang.JAVA,
            JAVA.replace("n + 2", "|>n + 2"),
            "class A {\n    int get(String s) {\n        return 9;\n    }\n}\n",
        ),
        (
            lang.TYPESCRIPT,
            TYPESCRIPT.replace("n + 2", "|>n + 2"),
            "export class A {\n  static of(n: number): number {\n    return 9;\n  }\n}\n",
        ),
    ],
)
def test_what_stands_for_another_definition_does_not_land(language: Language, text: str, answer: str) -> None:
    with pytest.raises(ExtractionFailed):
        landed(landing_task(text, language), f"```{language}\n{answer}```\n")


def test_a_definition_may_become_a_statement_that_defines_it_in_every_branch() -> None:
    answer = (
        "try:\n    import fast\nexcept ImportError:\n    def load():\n        return 1\nelse:\n    load = fast.load\n"
    )
    both = "if fast:\n    def load():\n        return 1\nelse:\n    def load():\n        return 2\n"
    text = "x = 1\n\n\ndef load():\n    |>return 0\n\n\ny = 2\n"
    assert landed(landing_task(text, lang.PYTHON), f"```python\n{both}```") == f"x = 1\n\n\n{both}\n\ny = 2\n"
    with pytest.raises(ExtractionFailed):
        landed(
            landing_task("class A:\n    def load(self):\n        |>return 0\n", lang.PYTHON),
            f"```python\n{answer}```",
        )


OUTSIDE = "double Circle::area() const {\n    return 0;\n}\n"


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        "class Circle {\n    double area() const { return r; }\n};",
        "double area() const { return r; }",
        "double Circle::area() const { return r; }",
        "class Square {\n    double area() const { return a; }\n};\ndouble Circle::area() const { return r; }",
    ],
)
def test_a_member_outside_its_class_keeps_its_class(answer: str, named: bool) -> None:
    task = landing_task(OUTSIDE.replace("return 0", "|>return 0"), lang.CPP)
    if not named:  # as a caller asks who knows the place and the bare name alone
        task = replace(task, scope=replace(task.scope, name="area", signature=None, parameters=None))
    assert landed(task, f"```cpp\n{answer}\n```") == "double Circle::area() const { return r; }\n"


def test_a_member_inside_its_class_gets_no_qualifier() -> None:
    text = "struct Circle {\n    double area() const {\n        return |>0;\n    }\n};\n"
    answer = "double Circle::area() const {\n    return r;\n}"
    assert landed(landing_task(text, lang.CPP), f"```cpp\n{answer}\n```") == replaced(text, "0", "r")
