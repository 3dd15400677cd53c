from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Item, ItemKind
from tests.unit.editing.support import CSHARP, JAVASCRIPT, PYTHON, SYNTAX, TYPESCRIPT


def items(text: str, language: Language = PYTHON) -> dict[str, Item]:
    """Every named item, by dotted name."""
    found: dict[str, Item] = {}

    def add(these: tuple[Item, ...], path: str) -> None:
        for item in these:
            name = path + item.name if item.name else path.rstrip(".")
            if item.name:
                found[name] = item
            add(item.children, name + "." if name else "")

    add(SYNTAX.outline(text, language).items, "")
    return found


def stub(text: str, language: Language = PYTHON, name: str = "f") -> bool:
    return items(text, language)[name].stub


def test_importing_the_room_imports_no_parser() -> None:
    modules = "scope, edits, syntax, ignore, rules"
    code = (
        f"import sys\nfrom forge_lsp.editing import {modules}\nfrom forge_lsp import context\n"
        "sys.exit(any(m.split('.')[0] in {'tree_sitter', 'pathspec', 'merge3'} for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_python_items_in_order() -> None:
    text = (
        '"""Doc."""\nfrom __future__ import annotations\nimport os\n\ntry:\n    import x\nexcept ImportError:\n'
        "    x = None\nif TYPE_CHECKING:\n    from a import b\n\nLIMIT: int = 3\n\n# apart\n\n# lead\n@dec(1)\n"
        "async def f(a, /, b: int = 1, *args, c, **kw) -> int:\n    return 1\n\nclass A(B):\n    y = 1\n\nf(1)\n"
    )
    outline = SYNTAX.outline(text, PYTHON)
    assert outline.errors == ()
    K = ItemKind  # noqa: N806
    assert [item.kind for item in outline.items] == [
        K.OTHER,
        K.IMPORT,
        K.IMPORT,
        K.IMPORT,
        K.IMPORT,
        K.ASSIGNMENT,
        K.COMMENT,
        K.FUNCTION,
        K.CLASS,
        K.OTHER,
    ]
    f = outline.items[7]
    assert f.range.of(text).startswith("# lead\n@dec(1)\nasync def f")
    assert f.parameters == ("a", "b", "args", "c", "kw")
    assert f.signature == "async def f(a, /, b: int = 1, *args, c, **kw) -> int:"
    assert f.body is not None and f.body.of(text) == "return 1"


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "...",
        '"""Doc."""',
        '"""Doc."""\n    ...',
        "raise NotImplementedError",
        "# TODO: do it",
        "return 0  # TODO",
        'raise NotImplementedError("later")',
        "# TODO\n    return None",
        '"""Doc."""\n    # TODO\n    pass',
    ],
)
def test_python_stubs(body: str) -> None:
    assert stub(f"def f(a):\n    {body}\n")


@pytest.mark.parametrize(
    "body",
    ["return 1", "return None", 'raise ValueError("x")', "x = ...", "print()  # TODO faster", "return a  # TODO"],
)
def test_python_not_stubs(body: str) -> None:
    assert not stub(f"def f(a):\n    {body}\n")


@pytest.mark.parametrize("lead", ["@overload", "@typing.overload", "@abstractmethod", "@property\n@abc.abstractmethod"])
def test_overloads_and_abstract_methods_are_no_stubs(lead: str) -> None:
    assert not stub(f"{lead}\ndef f(a): ...\n")


def test_methods_of_a_protocol_are_no_stubs() -> None:
    assert not stub("class P(Protocol):\n    def f(self): ...\n", name="P.f")


@pytest.mark.parametrize(
    "text", ["def f(a, b):", "def f(a, b):\n", "def f(a, b):\n    # TODO: add\n", "def f(a, b) -> int:\n\n"]
)
def test_a_python_header_without_a_body_is_a_stub_and_an_error(text: str) -> None:
    outline = SYNTAX.outline(text, PYTHON)
    assert outline.errors
    item = outline.items[0]
    assert (item.name, item.parameters, item.stub) == ("f", ("a", "b"), True)
    assert item.range.of(text) == text.rstrip()


def test_a_body_of_comments_belongs_to_its_function() -> None:
    text = "class A:\n    def f(self):\n        # TODO: one\n        # two\n\n    def g(self): pass\n"
    found = items(text)
    assert found["A.f"].range.of(text) == "def f(self):\n        # TODO: one\n        # two"
    assert found["A.g"].stub


def test_an_unfinished_statement_does_not_swallow_what_follows() -> None:
    text = (
        "x = (1,\n\ndef g(a):\n    return 1\n\nclass K:\n    def a(self, p):\n        y = (\n\n    @dec\n"
        "    def b(self): ...\n\ndef z(): pass\n"
    )
    outline = SYNTAX.outline(text, PYTHON)
    found = items(text)
    assert outline.errors
    assert list(found) == ["g", "K", "K.a", "K.b", "z"]
    assert found["K.a"].range.of(text) == "def a(self, p):\n        y = ("
    assert found["K.a"].parameters == ("self", "p")
    assert not found["K.a"].stub
    assert found["K.b"].range.of(text) == "@dec\n    def b(self): ..."


def test_python_2_and_prose_are_errors() -> None:
    assert SYNTAX.outline("print x\n", PYTHON).errors
    assert SYNTAX.outline("Here is the code you asked for:\n", PYTHON).errors
    assert SYNTAX.outline("match = 1\nprint(match)\n", PYTHON).errors == ()


def test_nested_definitions_are_children() -> None:
    text = (
        "class A:\n    class B:\n        def f(self):\n            def g(): ...\n            return g\n\n"
        "if X:\n    def h(): ...\n"
    )
    assert list(items(text)) == ["A", "A.B", "A.B.f", "A.B.f.g", "h"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["\ufeff", "# 😀 漢字 e\u0301\n", "x = '\u2028\f'\n\f\n", "s = '''\n😀\n'''\n"])
def test_offsets_are_code_points(before: str, ending: str) -> None:
    text = (before + "def naïve_名(a, 漢):\n    return '😀'  # 漢\n\nclass Ä:\n    pass\n").replace("\n", ending)
    found = items(text)
    assert found["naïve_名"].range.of(text).removeprefix(before.replace("\n", ending)).startswith("def naïve_名")
    assert found["naïve_名"].parameters == ("a", "漢")
    assert found["naïve_名"].range.of(text).endswith("return '😀'  # 漢")
    assert found["Ä"].range.of(text) == f"class Ä:{ending}    pass"


CS = """using System;
using static System.Math;
namespace Shop.Core;

/// <summary>A stack.</summary>
[Serializable]
public class Stack<T> : Base where T : new()
{
    private readonly List<T> _items = new();
    public int Count { get; private set; }
    public int Size => throw new NotImplementedException();
    public Stack(int capacity) : base(capacity) { }
    // apart

    /* doc */
    public T Pop(int a, T b = default) => throw new NotImplementedException();
    int A() { throw new NotImplementedException("x"); }
    int B() { // TODO
        return 0; }
    void C() { }
    int D() { }
    async Task E() { await F(); }
    abstract int G();
    public class Inner { public void M() { // TODO: it
    } }
}
public record Point(int X, int Y);
public enum Color { Red, Green }
interface IShape { double Area(); }
"""


@pytest.mark.parametrize("text", [CS, CS.replace("\n", "\r\n"), CS.replace("Core;", "Core {") + "}\n"])
def test_csharp(text: str) -> None:
    outline = SYNTAX.outline(text, CSHARP)
    assert outline.errors == ()
    found = items(text, CSHARP)
    assert [i.kind for i in outline.items if i.kind is ItemKind.IMPORT] == [ItemKind.IMPORT] * 2
    stubs = {name for name, item in found.items() if item.stub}
    assert stubs == {"Stack.Size", "Stack.Pop", "Stack.A", "Stack.B", "Stack.D", "Stack.Inner", "Stack.Inner.M"}
    assert found["Stack"].range.of(text).startswith("/// <summary>")
    assert found["Stack"].signature == "public class Stack<T> : Base where T : new()"
    assert found["Stack.Pop"].parameters == ("a", "b")
    assert found["Stack.Pop"].range.of(text).startswith("/* doc */")
    assert found["Stack.Pop"].signature == "public T Pop(int a, T b = default)"
    assert found["Point"].parameters == ("X", "Y")
    assert {"Color", "IShape.Area", "Stack.Stack", "Stack._items", "Stack.Count"} <= set(found)


@pytest.mark.parametrize(
    "text",
    [
        "public int F(int a) { return 1; }\n",
        '[Fact]\npublic override string F() => "";\n',
        "private T F<T>(T a) { return a; }",
        "public Stack(int a) : base(a) { }\npublic int F() => 1;",
    ],
)
def test_csharp_methods_without_their_class(text: str) -> None:
    outline = SYNTAX.outline(text, CSHARP)
    assert outline.errors == ()
    assert outline.items[-1].name == "F"
    assert outline.items[-1].range.of(text).endswith(text.rstrip().splitlines()[-1])


TS = """import { a as b, type C } from "./x";
/** doc */
export const f = async (a: number, { b }: X, ...c: any[]): Promise<number> => { return 1; };
const one = x => x;
export default class A<T> extends B {
  x = 1;
  @d() m(a?: number): void {}
  get y(): number { throw new Error("Not implemented yet"); }
  constructor(private z: number) { super(); }
  h = (q) => { throw new Error("not implemented"); };
}
function o(a: string): string;
function o(a: any) { return a; }
interface I { a: number; m(x: number): void }
type T = number;
enum E { A }
namespace N { export function q() { /* TODO */ return null; } }
declare function ext(a: number): void;
export function todo(a: number): number {}
"""


def test_typescript() -> None:
    outline = SYNTAX.outline(TS, TYPESCRIPT)
    assert outline.errors == ()
    found = items(TS, TYPESCRIPT)
    assert found["f"].parameters == ("a", "{ b }", "c")
    assert found["f"].range.of(TS).startswith("/** doc */\nexport const f")
    assert found["one"].parameters == ("x",)
    assert found["one"].kind is ItemKind.FUNCTION
    assert found["A"].signature == "export default class A<T> extends B"
    assert found["A.m"].range.of(TS).startswith("@d() m")
    assert found["A.constructor"].parameters == ("z",)
    assert {name for name, item in found.items() if item.stub} == {"A.y", "A.h", "N.q", "todo"}
    assert {"I.m", "T", "E", "ext"} <= set(found)
    assert [item.name for item in outline.items].count("o") == 2


def test_tsx_is_read_as_typescript() -> None:
    text = "export const App = (p: P) => { return <div className='x'>{p.a}</div>; };\n"
    assert SYNTAX.outline(text, TYPESCRIPT).errors == ()
    assert SYNTAX.outline("const x = <T>y;\n", TYPESCRIPT).errors == ()


@pytest.mark.parametrize("language", [TYPESCRIPT, JAVASCRIPT])
@pytest.mark.parametrize("text", ["push(x) { this.items.push(x); }\n", "  static async push(x) {\n    return x;\n  }"])
def test_ecmascript_methods_without_their_class(text: str, language: Language) -> None:
    outline = SYNTAX.outline(text, language)
    assert outline.errors == ()
    assert [(item.name, item.parameters) for item in outline.items] == [("push", ("x",))]
    assert outline.items[0].range.of(text) == text.strip()


@pytest.mark.parametrize(
    "text", ["function f(a: number) {\n", "function f(a: number): number\n", "export function f(a) {"]
)
def test_unfinished_typescript_is_a_stub(text: str) -> None:
    assert stub(text, TYPESCRIPT)


def test_commonjs() -> None:
    text = (
        'const fs = require("fs");\nexports.z = (q) => q + 1;\nmodule.exports = { a() {} };\n'
        "function* gen() { yield 1; }\n"
    )
    outline = SYNTAX.outline(text, JAVASCRIPT)
    assert [(item.kind, item.name) for item in outline.items] == [
        (ItemKind.IMPORT, None),
        (ItemKind.FUNCTION, "z"),
        (ItemKind.ASSIGNMENT, "exports"),
        (ItemKind.FUNCTION, "gen"),
    ]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([PYTHON, CSHARP, TYPESCRIPT, JAVASCRIPT]),
    st.lists(
        st.sampled_from(
            [
                "def f(",
                "):\n",
                "class A",
                ":\n",
                "    ",
                "{",
                "}",
                ";",
                "@x\n",
                "# TODO\n",
                "// x\n",
                "😀",
                '"""',
                "`",
                "\r",
                "\r\n",
                "\x00",
                "\ud83d",
                "return 1",
                "namespace N",
                "=>",
                "\ufeff",
                "\u2028",
                "(",
                "if x:\n",
            ]
        ),
        max_size=25,
    ),
)
def test_no_text_breaks_the_outline(language: Language, parts: list[str]) -> None:
    text = "".join(parts)
    outline = SYNTAX.outline(text, language)

    def check(these: tuple[Item, ...]) -> None:
        for item in these:
            assert 0 <= item.range.start <= item.range.end <= len(text)
            check(item.children)

    check(outline.items)
    for error in outline.errors:
        assert error.end <= len(text)


def test_multiline_strings() -> None:
    text = "a = \"x\"  # '''\nb = f\"\"\"\n {a}\n\"\"\"\nc = '\\''\nd = rb'''1\n2'''\n"
    assert [place.of(text) for place in SYNTAX.multiline_strings(text, PYTHON)] == ['f"""\n {a}\n"""', "rb'''1\n2'''"]
    text = 'var a = @"x\ny"; var b = $@"\n{a}"; var c = "d"; var r = """\n  raw\n  """;'
    assert len(SYNTAX.multiline_strings(text, CSHARP)) == 3
    text = "const a = `x\n${b}`; const c = `d`;"
    assert [place.of(text) for place in SYNTAX.multiline_strings(text, TYPESCRIPT)] == ["`x\n${b}`"]
