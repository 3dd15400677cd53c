"""C#'s headers, literals and calls, as examples in documentation need them."""

from __future__ import annotations

import math
from pathlib import PurePosixPath

import pytest

from forge_lsp.checking.examples.answers import AskedCall
from forge_lsp.checking.examples.asking import asked_of
from forge_lsp.checking.examples.types import Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.examples.written import call_in
from forge_lsp.languages.csharp.calls import CALLS, with_calls
from forge_lsp.languages.csharp.declared import Callable, callable_of, type_of
from forge_lsp.languages.csharp.documented import CSharpDriver
from forge_lsp.languages.csharp.literals import literal
from tests.support import lang
from tests.support.builds import task_of


def scope_of(text: str, name: str) -> Callable:
    found = callable_of(task_of(text, language=lang.CSHARP, name=name), text)
    assert found is not None
    return found


def driver() -> CSharpDriver:
    async def none(place: object) -> object:
        raise AssertionError(place)

    return CSharpDriver(None, timeout=1, projects=none)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "declared", "said"),
    [
        ("3", "int", "3"),
        ("-3", "long", "-3L"),
        ("200", "byte", "(byte)200"),
        ("2.5", "double", "2.5d"),
        ("2", "float", "2.0f"),
        ("1e-7", "decimal", "1e-07m"),
        ("nan", "double", "double.NaN"),
        ("-inf", "float", "float.NegativeInfinity"),
        ("'a'", "char", "'a'"),
        ('"a\\"\\n\\u00e9"', "string", '"a\\"\\u000a\\u00e9"'),
        ("None", "string", "(string)null"),
        ("None", "int?", "(int?)null"),
        ("4", "int?", "4"),
        ("True", "bool", "true"),
        ("[1, 2]", "List<int>", "new global::System.Collections.Generic.List<int> { 1, 2 }"),
        ("[1.0, 2]", "IEnumerable<double>", "new global::System.Collections.Generic.List<double> { 1.0d, 2.0d }"),
        ("[[1], []]", "int[][]", "new int[][] { new int[] { 1 }, new int[] {  } }"),
        ("[[1, 2], [3, 4]]", "int[,]", "new int[,] { { 1, 2 }, { 3, 4 } }"),
        ("{1, 2}", "HashSet<long>", "new global::System.Collections.Generic.HashSet<long> { 1L, 2L }"),
        (
            '{"a": 1}',
            "Dictionary<string, int>",
            'new global::System.Collections.Generic.Dictionary<string, int> { ["a"] = 1 }',
        ),
        ("(1, 'b')", "(int Count, string Name)", '((int)(1), "b")'),
        ("[1, 2]", "Queue<int>", "new Queue<int>(new int[] { 1, 2 })"),
        (
            "[1]",
            "ImmutableArray<int>",
            "global::System.Collections.Immutable.ImmutableArray.Create<int>(new int[] { 1 })",
        ),
        ("[1, 2]", "ReadOnlySpan<int>", "new int[] { 1, 2 }"),
        ("'abc'", "ReadOnlySpan<char>", '"abc"'),
        ("['a', 3.5, 5, []]", "List<object>", None),
        ("9999999999", "object", "9999999999L"),
        ("12345678901234567890123", "BigInteger", None),
    ],
)
def test_values_are_written_by_their_types(written: str, declared: str, said: str | None) -> None:
    type_ = type_of(declared)
    found = literal(fitted(parse(written), type_), type_)
    if said is not None:
        assert found == said


@pytest.mark.parametrize(
    ("written", "declared", "why"),
    [
        ("-1", "uint", "out of the range of uint"),
        ("300", "byte", "out of the range of byte"),
        ("None", "int", "is no int"),
        ("None", "List<int>", None),
        ("nan", "decimal", "decimal has no nan"),
        ("[1, [2]]", "int[]", "is no int"),
        ("[[1], [2, 3]]", "int[,]", "one length"),
        ("3", "Shape", "a value of Shape"),
        ("'ab'", "char", "is no char"),
        ("'\U0001f600'", "char", "no single char"),
    ],
)
def test_what_cannot_be_written_is_told(written: str, declared: str, why: str | None) -> None:
    type_ = type_of(declared)
    if why is None:
        assert literal(fitted(parse(written), type_), type_) == "(List<int>)null"
        return
    with pytest.raises(TypeMismatch, match=why):
        literal(fitted(parse(written), type_), type_)


def test_type_parameters_are_what_the_values_are() -> None:
    free = frozenset({"T"})
    type_ = type_of("List<T>", free)
    made = "new global::System.Collections.Generic.List"
    assert literal(fitted(parse("[1, 2]"), type_), type_) == f"{made}<int> {{ 1, 2 }}"
    assert literal(fitted(parse("[1, 2.5]"), type_), type_) == f"{made}<double> {{ 1.0d, 2.5d }}"
    assert literal(fitted(parse("['a']"), type_), type_) == f'{made}<string> {{ "a" }}'
    assert literal(fitted(parse("[]"), type_), type_) == f"{made}<object> {{  }}"
    assert literal(parse("'a'"), type_of("T", free)) == '"a"'


HEADERS = """using System.Collections.Generic;
namespace N;
public class Shelf<TKey> where TKey : notnull
{
    public Dictionary<TKey, List<int>> Merge<T>(
        [NotNull] Dictionary<string, T?> from, int[] rest, bool deep = false, params long[] more) => null;
    public static async System.Threading.Tasks.Task<(int, string)> LoadAsync(string path) { return (1, path); }
    public void Swap(ref int a, out int b) { b = a; }
    public Shelf(int size) { }
}
"""


def test_headers_are_read() -> None:
    merge = scope_of(HEADERS, "Merge")
    assert [(one.name, one.type.text, one.optional, one.rest) for one in merge.parameters] == [
        ("from", "Dictionary<string, T?>", False, False),
        ("rest", "int[]", False, False),
        ("deep", "bool", True, False),
        ("more", "long", False, True),
    ]
    assert (merge.bound, merge.generic, merge.result.kind, merge.result.item.kind) == (True, True, "optional", "map")
    load = scope_of(HEADERS, "LoadAsync")
    assert (load.bound, load.result.kind, [item.kind for item in load.result.items]) == (
        False,
        "tuple",
        ["int", "optional"],
    )
    swap = scope_of(HEADERS, "Swap")
    assert (swap.refused, swap.result.kind) == ("Swap takes a parameter by reference", "void")
    assert scope_of(HEADERS, "Shelf").constructor


def test_rest_parameters_take_elements_or_all_of_them() -> None:
    merge = scope_of(HEADERS, "Merge")

    def said(call: str) -> str:
        return asked_of(driver(), "e", call, ("s = Shelf()",), merge).call

    assert said("s.Merge(None, [1], True, 5)").endswith(" true, 5L)/**/")
    assert said("s.Merge(None, [1], True, [5, 6])").endswith(" true, 5L, 6L)/**/")
    assert said("s.Merge(None, [1])").endswith(" { 1 })/**/")


STACK = """namespace N;

public class Stack
{
    private readonly List<int> items = new();
    public void Push(int item) { items.Add(item); }
    private static int Twice(int x) { return 2 * x; }
}

public class Free
{
    public const int Most = 3;
    public int Half(int x) { return x / 2; }
}
"""


def test_calls_are_made_by_the_languages_own_name() -> None:
    one = driver()
    push, twice, half = (scope_of(STACK, name) for name in ("Push", "Twice", "Half"))

    def said(scope: Callable, call: str) -> str:
        found = call_in(call)
        assert found is not None
        return one.expression(scope, found.arguments, found)

    assert said(twice, "Stack.twice(2)") == "Twice(2)/**/"
    assert said(push, "s.push(2)") == "s.Push(2)/**/"
    assert said(half, "half(2)") == "new Free().Half(2)/**/"
    with pytest.raises(TypeMismatch, match="needs a value of Stack"):
        said(push, "push(2)")
    generic = scope_of(HEADERS, "LoadAsync")
    assert said(generic, 'Shelf<int>.LoadAsync("a")') == 'Shelf<int>.LoadAsync("a")/**/'
    with pytest.raises(TypeMismatch, match="type arguments"):
        said(generic, 'LoadAsync("a")')
    with pytest.raises(TypeMismatch, match="by reference"):
        asked_of(one, "e", "s.Swap(1, 2)", (), scope_of(HEADERS, "Swap"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("var s = new Stack();", "var s = new Stack();"),
        ("Stack s = new Stack()", "Stack s = new Stack();"),
        ("s = Stack()", "var s = new Stack();"),
        ("s = N.Stack('a', [1])", None),
        ("n = 5", "var n = 5;"),
        ("s.push('a')", 's.push("a");'),
        ("s.Push(1);", "s.Push(1);"),
        ("s.Count", "_ = s.Count;"),
        ("s.pop().Length", "_ = s.pop().Length;"),
    ],
)
def test_statements_before_a_call(written: str, said: str | None) -> None:
    found = driver().step(written)
    assert found == said or (said is None and found.startswith("var s = "))


def test_a_statement_that_is_none_is_told() -> None:
    with pytest.raises(TypeMismatch, match="cannot be read"):
        driver().step("for x in y")


def test_calls_stand_in_the_type_by_lines_of_their_own() -> None:
    scope = scope_of(STACK, "Push")
    calls = (
        AskedCall(id="e1", call="s.Push(1)/**/", steps=("var s = new Stack();", "var s = new Stack();", "s.push(3);")),
        AskedCall(id="e2", call="s.Push(2)/**/.count // (", steps=()),
    )
    text = with_calls(STACK, scope, calls, name="Calls", document=PurePosixPath("n/Stack.cs"))
    begin = text.index("internal static class Calls")
    assert text.index("Twice") < begin < text.index("public class Free")
    assert f'#line 2 "{CALLS}"' in text
    assert "var s = new Stack(); s = new Stack(); s.Push(3); s.Push(1)/**/; return null;" in text
    lines = text.split("\n")
    after = lines.index('#line 8 "Stack.cs"')
    assert lines[after + 1 :] == STACK.split("\n")[7:]
    assert "(object)" in text


PROGRAM = """using System;

Console.WriteLine(Twice(2));
var total = 0;

/// <summary>Twice(2) = 4</summary>
int Twice(int x)
{
    return 2 * x;
}

class Other { }
"""


def test_functions_of_a_program_are_called_without_its_statements() -> None:
    scope = scope_of(PROGRAM, "Twice")
    text = with_calls(
        PROGRAM, scope, [AskedCall(id="e1", call="Twice(2)/**/")], name="Calls", document=PurePosixPath("P.cs")
    )
    assert "Console.WriteLine" not in text
    assert "var total" not in text
    assert "static int Twice(int x)" in text
    assert text.index("using System;") < text.index("class CallsProgram") < text.index("Twice(2)/**/")
    assert text.index("Twice(2)/**/") < text.index("class Other")


def test_nan_is_not_lost() -> None:
    assert literal(math.nan, Type(kind="any", text="object")) == "double.NaN"
