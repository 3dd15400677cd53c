"""Which call of a chain is the scope's, what stands above it, and its arguments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.checking.examples.arguments import call_of, names_instance, spread, value_of
from forge_lsp.checking.examples.comparing import Opaque, alike, unclear
from forge_lsp.checking.examples.expecting import expectable
from forge_lsp.checking.examples.types import ANY, Parameter, Signature, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, parse, shown
from forge_lsp.checking.examples.variations import variations
from forge_lsp.checking.examples.written import (
    DocumentationLine,
    WrittenExample,
    documentation_of,
    same_name,
    written_in,
)
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from tests.support import lang

INT, COLOR = Type(kind="int", text="int"), Type(kind="other", text="Color")


def signature(*parameters: Parameter, result: Type = ANY, bound: bool = False) -> Signature:
    return Signature(name="push", parameters=parameters, result=result, container="a.Stack", bound=bound)


@pytest.mark.parametrize(
    ("text", "head", "name", "after"),
    [
        ("new Stack().push(1)", "new Stack().", "push", ""),
        ("Stack(3).push(1).size()", "Stack(3).", "push", ".size()"),
        ("s.peer().push(2)[0]", "s.peer().", "push", "[0]"),
        ("Stack.of(1)->push(2)", "Stack.of(1)->", "push", ""),
        ("s?.push(1)?.size()", "", "s", ""),
        ("push(1).push(2)", "", "push", ".push(2)"),
        ("other(1).more(2)", "", "other", ".more(2)"),
    ],
)
def test_the_call_of_a_chain(text: str, head: str, name: str, after: str) -> None:
    found = call_of(text, signature())
    if found is None:
        assert name == "s"
        return
    assert (found.head, found.name, found.after) == (head, name, after)


def test_which_instance_a_call_names() -> None:
    bound = signature(bound=True)

    def names(text: str) -> bool:
        call = call_of(text, bound)
        assert call is not None
        return names_instance(call, bound)

    assert names("s.push(1)")
    assert names("new Stack(1).push(1)")
    assert not any(map(names, ("push(1)", "this.push(1)", "Stack.push(1)", "a.Stack.push(1)", "Stack::push(1)")))


def found_in(*lines: str, name: str = "pop") -> list[tuple[str, tuple[str, ...], str | None]]:
    found = written_in(
        [DocumentationLine(n, line) for n, line in enumerate(lines, 1)], lambda call: same_name(call.name, name)
    )
    return [(one.call, one.steps, one.value) for one in found]


def test_statements_above_an_example() -> None:
    told = found_in("Takes one (the last):", "Stack<int> s = new Stack<>(3);", "s.push(1); // one", "s.pop() == 1")
    assert told == [("s.pop()", ("Stack<int> s = new Stack<>(3);", "s.push(1)"), "1")]
    told = found_in("let s = stack()", "s.push(2)", "s.pop() // => 2", "s.pop(); // => 1")
    assert told == [
        ("s.pop()", ("let s = stack()", "s.push(2)"), "2"),
        ("s.pop()", ("let s = stack()", "s.push(2)", "s.pop()"), "1"),
    ]
    assert found_in("It is taken (see below).", "s.pop() -> 3") == [("s.pop()", (), "3")]
    assert found_in("a.b(1) and more", "", "s = f(2)", "", "s.pop() -> 3") == [("s.pop()", (), "3")]
    assert found_in("a == b", "s.pop() -> 3") == [("s.pop()", (), "3")]


def test_an_example_in_the_lines_below_a_prompt_is_its_own() -> None:
    assert found_in(">>> pop([])", "[]", "pop([1]) == 1") == [("pop([])", (), "[]"), ("pop([1])", (), "1")]
    assert found_in("* pop([1]) => 1", "- pop([2]) => 2", "2 * pop([3]) => 6") == [
        ("pop([1])", (), "1"),
        ("pop([2])", (), "2"),
    ]


def test_jshell() -> None:
    (one, other) = written_in(
        [
            DocumentationLine(n, line)
            for n, line in enumerate(
                ("jshell> pop(1)", "$1 ==> 3", "", "jshell> pop(0)", "|  Exception java.lang.ArithmeticException: /"), 1
            )
        ],
        lambda call: call.name == "pop",
    )
    assert (one.value, other.raises) == ("3", "ArithmeticException")


@pytest.mark.parametrize(
    ("line", "call"),
    [
        (" * {@code pop(new int[] {1, 2}) == 3}, and so on", "pop(new int[] {1, 2})"),
        (" * <pre>{@code pop(Map.of()) == 3}</pre>", "pop(Map.of())"),
        (" * Here {@code pop(1)} returns {@code 3}.", "pop(1)"),
        (" * @example pop(2) == 3", "pop(2)"),
        (" * <p><code>pop(&quot;a&quot;)</code> returns <code>3</code>.</p>", 'pop("a")'),
    ],
)
def test_the_marks_of_javadoc(line: str, call: str) -> None:
    text = f"class A {{\n/**\n{line}\n */\nint pop(int n) {{}}\n}}\n"
    start = text.index("int pop")
    task = Task(
        document=Document(uri="file:///A.java", language=lang.JAVA, text=text),
        scope=Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=start, end=start + 10), name="pop"),
        instruction="x",
    )
    (found,) = written_in(documentation_of(task), lambda one: one.name == "pop")
    assert (found.call, found.value) == (call, "3")


def test_what_only_its_language_can_read() -> None:
    assert parse("[Color.RED, shop.Color::Blue]") == Group(
        "list", (LanguageValue("Color.RED"), LanguageValue("shop.Color::Blue"))
    )
    assert (parse("Integer.MAX_VALUE"), parse("math.MinInt64")) == (2**31 - 1, -(2**63))
    assert shown(LanguageValue("Color.RED")) == "Color.RED"
    assert isinstance(value_of("new Point(1)"), LanguageValue)
    assert value_of("[1]") == Group("list", (1,))
    with pytest.raises(ValueError, match="not a value"):
        parse("Color.red")
    assert fitted(LanguageValue("Color.RED"), COLOR) == "Color.RED"
    for declared in (INT, ANY, Type(kind="string"), Type(kind="list", items=(ANY,))):
        with pytest.raises(TypeMismatch):
            fitted(
                Group("list", (LanguageValue("A.B"),)) if declared.kind == "list" else LanguageValue("A.B"), declared
            )
    assert variations([(LanguageValue("Color.RED"),)]) == ()


def test_what_only_its_language_can_read_is_compared_with_an_objects_text() -> None:
    assert alike(LanguageValue("Color.RED"), Opaque("RED"), COLOR)
    assert alike(LanguageValue("Color.RED"), Opaque("Color::RED"), COLOR)
    assert not alike(LanguageValue("Color.RED"), Opaque("BLUE"), COLOR)
    assert not alike(LanguageValue("Color.RED"), None, COLOR)
    assert unclear(MapValue(((1, LanguageValue("A.B")),)), 3, ANY)
    assert not unclear(Group("list", (LanguageValue("A.B"),)), Group("list", (Opaque("B"),)), COLOR)
    assert not unclear(LanguageValue("A.B"), None, COLOR)
    assert not unclear(1, 2, ANY)


def test_a_list_for_a_parameter_that_takes_the_rest() -> None:
    rest = signature(Parameter(name="first", type=INT), Parameter(name="more", type=INT, rest=True))
    assert spread((1, Group("list", (2, 3))), rest) == (1, 2, 3)
    assert spread((1, 2, 3), rest) == (1, 2, 3)
    assert spread((1,), rest) == (1,)
    lists = signature(Parameter(name="all", type=Type(kind="list", items=(INT,)), rest=True))
    assert spread((Group("list", (1,)),), lists) == (Group("list", (1,)),)
    maybe = Type(kind="optional", items=(Type(kind="list", items=(INT,)),))
    assert spread((Group("list", (1,)),), signature(Parameter(name="all", type=maybe, rest=True))) == (
        Group("list", (1,)),
    )


def test_a_value_that_no_call_can_give() -> None:
    def checked(value: str, result: Type, call: str = "push(1)", refused: str = "") -> None:
        declared = replace(signature(result=result), refused=refused)
        expectable(WrittenExample(id="e", call=call, line=1, value=value), declared)

    checked("3", INT)
    checked("None", Type(kind="optional", text="Integer", items=(INT,)))
    checked("[1]", INT, "push(1).items()")
    with pytest.raises(TypeMismatch, match=r"push gives int, not \[1\]"):
        checked("[1]", INT)
    with pytest.raises(TypeMismatch, match="push gives int, not None"):
        checked("None", INT)
    for result in (ANY, COLOR, Type(kind="list", items=(ANY,))):
        checked("Color.RED", result)
    with pytest.raises(TypeMismatch, match=r"push gives int, not Color\.RED"):
        checked("Color.RED", INT)
    with pytest.raises(TypeMismatch, match="push returns nothing"):
        checked("[1]", Type(kind="void"))
    with pytest.raises(TypeMismatch, match="push is no function"):
        checked("3", INT, refused="push is no function")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("emptyList()", Group("list", ())),
        ("emptyList<Int>()", Group("list", ())),
        ("Collections.emptySet()", Group("set", ())),
        ("emptyMap<String, Int>()", MapValue(())),
        ("mutableListOf<Int>(1)", Group("list", (1,))),
        ("linkedSetOf(1)", Group("set", (1,))),
        ('hashMapOf("a" to 1)', MapValue((("a", 1),))),
        ("uintArrayOf(1u, 2u)", Group("list", (1, 2))),
    ],
)
def test_collections_of_kotlin(text: str, value: object) -> None:
    assert parse(text) == value
