"""Declared types, arguments, statements and calls of Java, as examples need them."""

from __future__ import annotations

import re
from typing import cast

import pytest

from forge_lsp.checking.examples.arguments import call_of
from forge_lsp.checking.examples.types import ANY, Signature, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.jvm.driver import Drivers
from forge_lsp.checking.jvm.statements import Members
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.java.documented import JavaDriver, members
from forge_lsp.languages.java.literals import literal
from forge_lsp.languages.java.outline import outline_java
from forge_lsp.languages.java.types import Names, type_of
from tests.support import lang

DRIVER = JavaDriver(cast("Sandbox", None), timeout=1, environment={}, drivers=cast("Drivers", None))
NAMES = Names(own=frozenset({"Point", "Color"}), variables=frozenset({"T"}))


def kinds(declared: Type) -> str:
    inner = ", ".join(map(kinds, declared.items))
    return f"{declared.kind}({inner})" if inner else declared.kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("int", "int"),
        ("Integer", "optional(int)"),
        ("char", "char"),
        ("java.lang.String", "optional(string)"),
        ("double[][]", "optional(list(optional(list(float))))"),
        ("List<? extends Set<Long>>", "optional(list(optional(set(optional(int)))))"),
        ("Map<String, List<Long>>", "optional(map(optional(string), optional(list(optional(int)))))"),
        ("Map.Entry<String, T>", "optional(tuple(optional(string), any))"),
        ("Optional<Integer>", "optional(optional(int))"),
        ("OptionalInt", "optional(int)"),
        ("IntStream", "optional(list(int))"),
        ("TreeSet<Character>", "optional(set(optional(char)))"),
        ("T", "any"),
        ("T[]", "optional(list(any))"),
        ("Object", "any"),
        ("Comparable<T>", "any"),
        ("void", "void"),
        ("Point", "optional(other)"),
        ("Function<Integer, Integer>", "optional(other)"),
    ],
)  # fmt: skip
def test_types(text: str, kind: str) -> None:
    assert kinds(type_of(text, NAMES)) == kind


@pytest.mark.parametrize(
    ("value", "declared", "written"),
    [
        ("3", "int", "3"),
        ("-2147483648", "int", "-2147483648"),
        ("3", "long", "3L"),
        ("-3", "byte", "(byte) (-3)"),
        ("3", "Short", "(short) 3"),
        ("12345678901234567890", "BigInteger", 'new java.math.BigInteger("12345678901234567890")'),
        ("3", "double", "3.0"),
        ("1e300", "Double", "1e+300"),
        ("0.1", "float", "0.1f"),
        ("2.50", "BigDecimal", 'new java.math.BigDecimal("2.5")'),
        ("nan", "double", "Double.NaN"),
        ("-Infinity", "float", "Float.NEGATIVE_INFINITY"),
        ("True", "Boolean", "true"),
        ("'a'", "char", "'a'"),
        ("'\\''", "char", "'\\''"),
        (r'"a\n\"\\\t\0é😀"', "String", r'"a\n\"\\\t\000\u00e9\ud83d\ude00"'),
        ("'ab'", "StringBuilder", 'new StringBuilder("ab")'),
        ("None", "Integer", "(java.lang.Integer) null"),
        ("null", "String", "(java.lang.String) null"),
        ("null", "int[]", "(int[]) null"),
        ("null", "Point", "null"),
        ("[1, 2]", "int[]", "new int[] {1, 2}"),
        ("{1, 2}", "long[]", "new long[] {1L, 2L}"),
        ("[[1], []]", "int[][]", "new int[][] {new int[] {1}, new int[] {}}"),
        ("['a', 'b']", "T[]", 'new String[] {"a", "b"}'),
        ("[1, 'b']", "Object[]", 'new Object[] {1, "b"}'),
        ("[[1]]", "List<Integer>[]", "new List[] {$List(1)}"),
        ("[1, 2]", "List<Long>", "$List(1L, 2L)"),
        ("List.of(1.5)", "Collection<Float>", "$List(1.5f)"),
        ("[None]", "List<Integer>", "$List((java.lang.Integer) null)"),
        ("[None]", "List<Object>", "$List((Object) null)"),
        ("[1, 'a', [True], (2, 3)]", "Object", '$List(1, "a", $List(true), $List(2, 3))'),
        ("5000000000", "Object", "5000000000L"),
        ("[3, 1]", "Deque<Integer>", "$Linked(3, 1)"),
        ("[3, 1]", "Iterator<Integer>", "$List(3, 1).iterator()"),
        ("[3, 1]", "IntStream", "java.util.stream.IntStream.of(3, 1)"),
        ("{1, 2}", "Set<Integer>", "$Set(1, 2)"),
        ("{1, 2}", "Object", "$Set(1, 2)"),
        ("[2, 1]", "SortedSet<Integer>", "$Sorted(2, 1)"),
        ("{'a': [1]}", "Map<String, List<Integer>>", '$Map($Pair("a", $List(1)))'),
        ("{}", "Map<String, Integer>", "$Map()"),
        ('Map.of("a", 1)', "TreeMap<String, Long>", '$SortedMap($Pair("a", 1L))'),
        ("('a', 2)", "Map.Entry<String, Integer>", '$Pair("a", 2)'),
        ("3", "Optional<Integer>", "java.util.Optional.of(3)"),
        ("None", "OptionalInt", "java.util.OptionalInt.empty()"),
        ("Color.RED", "Color", "Color.RED"),
    ],
)
def test_literals(value: str, declared: str, written: str) -> None:
    wanted = type_of(declared, NAMES)
    assert literal(fitted(parse(value), wanted), wanted) == written


@pytest.mark.parametrize(
    ("value", "declared", "words"),
    [
        ("2147483648", "int", "2147483648 is out of the range of int"),
        ("128", "Byte", "out of the range of byte"),
        ("1e39", "float", "out of the range of float"),
        ("None", "int", "null is no int"),
        ("'ab'", "char", '"ab" is no char'),
        ("'😀'", "char", "more than one char"),
        ("3", "Point", "3 is no Point"),
        ("[1]", "Point", "a list is no Point"),
        ("{'a': 1}", "Point", "a map is no Point"),
        ("'a'", "Function<T, T>", '"a" is no Function<T, T>'),
        ("Color.RED", "Object", "Color.RED cannot be read"),
        ("(1, 2, 3)", "Map.Entry<T, T>", "is no Entry"),
    ],
)
def test_what_no_type_can_hold(value: str, declared: str, words: str) -> None:
    wanted = type_of(declared, NAMES)
    with pytest.raises(TypeMismatch, match=re.escape(words)):
        literal(fitted(parse(value), wanted), wanted)


def task_of(text: str, name: str, container: str, parameters: tuple[str, ...] | None = None) -> Task:
    scope = Scope(
        kind=ScopeKind.DEFINITION,
        range=TextRange(start=0, end=len(text)),
        name=name,
        container=container,
        parameters=parameters,
    )
    return Task(document=Document(uri="file:///A.java", language=lang.JAVA, text=text), scope=scope, instruction="x")


def signature(member: str, name: str = "f", *, holder: str = "class A", more: str = "") -> Signature | None:
    text = f"package p;\n{holder} {{\n{more}\n    {member} {{ return null; }}\n}}\n"
    return DRIVER.signature(task_of(text, name, holder.split()[-1].partition("<")[0]), text)


def test_signatures() -> None:
    found = signature(
        "@Deprecated public static final <T extends Comparable<T>> List<T> f(final T a, int[] b[], String... c)"
    )
    assert found is not None
    assert [(one.name, kinds(one.type), one.rest) for one in found.parameters] == [
        ("a", "any", False),
        ("b", "optional(list(optional(list(int))))", False),
        ("c", "optional(string)", True),
    ]
    assert (kinds(found.result), found.container, found.bound) == ("optional(list(any))", "A", False)
    held = signature("E f(E a) throws Exception", holder="class Box<E>")
    assert held is not None
    assert (kinds(held.parameters[0].type), held.bound, held.receiver) == ("any", True, "new Box()")
    maker = signature("A(int a)", name="A")
    assert maker is not None
    assert (maker.bound, kinds(maker.result)) == (False, "other")
    assert signature("int f(/* none, */ String a)") is not None
    assert signature("int g(int a)") is None


@pytest.mark.parametrize(
    ("holder", "more", "receiver"),
    [
        ("class A", "", "new A()"),
        ("class A", "A() {} A(int n) {}", "new A()"),
        ("class A", "A(int n) {}", ""),
        ("class A", "private A() {}", ""),
        ("abstract class A", "", ""),
        ("interface A", "", ""),
        ("enum A", "ONE;", ""),
    ],
)
def test_an_object_that_takes_nothing(holder: str, more: str, receiver: str) -> None:
    found = signature("default int f(int a)" if holder == "interface A" else "int f(int a)", holder=holder, more=more)
    assert found is not None
    assert (found.bound, found.receiver) == (True, receiver)


def test_an_inner_object_needs_an_outer_one() -> None:
    for static, receiver in (("", ""), ("static ", "new A.B()")):
        text = f"class A {{ {static}class B {{ int f(int a) {{ return 1; }} }} }}\n"
        found = DRIVER.signature(task_of(text, "f", "A.B"), text)
        assert found is not None
        assert (found.container, found.receiver) == ("A.B", receiver)


@pytest.mark.parametrize(
    ("member", "text", "written"),
    [
        ("static int f(int a)", "F(1)", "A.f(x)"),
        ("static int f(int a)", "A.f(1)", "A.f(x)"),
        ("int f(int a)", "f(1)", "new A().f(x)"),
        ("int f(int a)", "A.f(1)", "new A().f(x)"),
        ("int f(int a)", "s.f(1)", "s.f(x)"),
        ("int f(int a)", "new A(3).f(1)", "new A(3).f(x)"),
    ],
)
def test_calls(member: str, text: str, written: str) -> None:
    found = signature(member)
    assert found is not None
    call = call_of(text, found)
    assert call is not None
    assert DRIVER.expression(found, ["x"], call) == written


def test_a_call_without_an_object() -> None:
    found = signature("int f(int a)", more="A(int n) {}")
    assert found is not None
    call = call_of("f(1)", found)
    assert call is not None
    with pytest.raises(TypeMismatch, match="f needs a A, and the example makes none"):
        DRIVER.expression(found, ["1"], call)


def shop() -> Members:
    text = (
        "class Shop { record Item(String name, double price) {}\n static class Cart { Cart() {} Cart(long limit) {}\n"
        " void addItem(Item item, long count) {} void add(double price) {} void put(int a) {} void put(String a) {} }\n"
        " static <T> int count(java.util.List<T> all) { return 0; } enum Color { RED } }\n"
    )
    return members(text, outline_java(text, lang.JAVA, Grammars()).items)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Cart c = new Cart(3);", "Shop.Cart c = new Shop.Cart(3L)"),
        ("c = Cart(3)", "var c = new Shop.Cart(3L)"),
        ("final var c = new Cart()", "var c = new Shop.Cart()"),
        ("c.add_item(Item('tea', 3), 2)", 'c.addItem(new Shop.Item("tea", 3.0), 2L)'),
        ("c.add(3).add(4)", "c.add(3.0).add(4.0)"),
        ("c.put('it')", 'c.put("it")'),
        ("c.put(3)", "c.put(3)"),
        ("xs = [1, None]", "var xs = $List(1, null)"),
        ("List<Color> xs = List.of(Color.RED)", "List<Shop.Color> xs = List.of(Shop.Color.RED)"),
        ('Color c = pick("Color", Color.RED)', 'Shop.Color c = pick("Color", Shop.Color.RED)'),
        ("int n = 1 + Cart(1).size()", "int n = 1 + new Shop.Cart(1).size()"),
        ("x = Shop.count([1])", "var x = Shop.count($List(1))"),
        ("x++", "x++"),
        ("int n = c.size() + 1", "int n = c.size() + 1"),
    ],
)
def test_statements(text: str, written: str) -> None:
    assert shop().statement(DRIVER.step(text), set()) == written


def test_a_variable_is_declared_once() -> None:
    known: set[str] = set()
    found = shop()
    assert found.statement("c = Cart(1)", known) == "var c = new Shop.Cart(1L)"
    assert found.statement("c = Cart(2)", known) == "c = new Shop.Cart(2L)"


@pytest.mark.parametrize("text", ["", "x = (1", "x = 1); y(", 'x = "a', "a(); b()", "// nothing"])
def test_what_is_no_statement(text: str) -> None:
    with pytest.raises(TypeMismatch):
        DRIVER.step(text)


def test_a_comment_in_a_statement() -> None:
    assert DRIVER.step('s.push(1); // "one') == "s.push(1)"
    assert literal(fitted(parse("[1]"), ANY)) == "$List(1)"
