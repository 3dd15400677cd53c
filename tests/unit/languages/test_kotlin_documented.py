"""Declared types, arguments, statements and calls of Kotlin, as examples need them."""

from __future__ import annotations

import re
from typing import cast

import pytest

from forge_lsp.checking.examples.arguments import call_of
from forge_lsp.checking.examples.types import Signature, Type, TypeMismatch, fitted
from forge_lsp.checking.examples.values import parse
from forge_lsp.checking.jvm.driver import Drivers
from forge_lsp.checking.jvm.statements import Members
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.kotlin.documented import KotlinDriver, members
from forge_lsp.languages.kotlin.literals import literal
from forge_lsp.languages.kotlin.outline import outline_kotlin
from forge_lsp.languages.kotlin.types import Names, type_of
from tests.support import lang

DRIVER = KotlinDriver(cast("Sandbox", None), timeout=1, environment={}, drivers=cast("Drivers", None))
NAMES = Names(own=frozenset({"Point"}), variables=frozenset({"T"}))


def kinds(declared: Type) -> str:
    inner = ", ".join(map(kinds, declared.items))
    return f"{declared.kind}({inner})" if inner else declared.kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Int", "int"),
        ("Int?", "optional(int)"),
        ("(String)?", "optional(string)"),
        ("kotlin.Char", "char"),
        ("List<List<Double>>", "list(list(float))"),
        ("Array<out Number>", "list(any)"),
        ("UIntArray", "list(int)"),
        ("Map<String, Pair<Int, T?>>", "map(string, tuple(int, any))"),
        ("Map.Entry<Int, Int>", "tuple(int, int)"),
        ("MutableSet<in Short>", "set(int)"),
        ("Sequence<Boolean>", "list(bool)"),
        ("Any?", "any"),
        ("T", "any"),
        ("Unit", "void"),
        ("Point", "other"),
        ("(Int) -> Int", "other"),
    ],
)
def test_types(text: str, kind: str) -> None:
    assert kinds(type_of(text, NAMES)) == kind


@pytest.mark.parametrize(
    ("value", "declared", "written"),
    [
        ("3", "Int", "3"),
        ("-2147483648", "Int", "Int.MIN_VALUE"),
        ("-9223372036854775808", "Long", "Long.MIN_VALUE"),
        ("3", "Long", "3L"),
        ("3", "Byte", "3"),
        ("3", "UInt", "3u"),
        ("3", "ULong", "3uL"),
        ("123456789012345678901", "BigInteger", 'java.math.BigInteger("123456789012345678901")'),
        ("3", "Double", "3.0"),
        ("0.1", "Float", "0.1f"),
        ("nan", "Float", "Float.NaN"),
        ("inf", "Double", "Double.POSITIVE_INFINITY"),
        ("2.5", "BigDecimal", 'java.math.BigDecimal("2.5")'),
        ("True", "Boolean", "true"),
        ("'a'", "Char", "'a'"),
        (r'"$a\n\"\0é😀"', "String", r'"\$a\n\"\u0000\u00e9\ud83d\ude00"'),
        ("'ab'", "StringBuilder", 'StringBuilder("ab")'),
        ("None", "Int?", "null"),
        ("None", "Any?", "null"),
        ("[1, 2]", "IntArray", "intArrayOf(1, 2)"),
        ("[1]", "UByteArray", "ubyteArrayOf(1u)"),
        ("[[1], []]", "Array<IntArray>", "arrayOf(intArrayOf(1), intArrayOf())"),
        ("[1, 2]", "List<Long>", "mutableListOf(1L, 2L)"),
        ("[1, None]", "ArrayList<Int?>", "arrayListOf(1, null)"),
        ("[]", "List<T>", "mutableListOf<Any>()"),
        ("[]", "List<Int>", "mutableListOf()"),
        ("[1, 'a', (2, 3), {4}]", "Any", 'mutableListOf(1, "a", Pair(2, 3), mutableSetOf(4))'),
        ("(1, 2, 3)", "Any", "Triple(1, 2, 3)"),
        ("5000000000", "Any", "5000000000L"),
        ("[3, 1]", "ArrayDeque<Int>", "ArrayDeque(mutableListOf(3, 1))"),
        ("[3, 1]", "Sequence<Int>", "sequenceOf(3, 1)"),
        ("[3]", "Iterator<Int>", "mutableListOf(3).iterator()"),
        ("[3]", "Stack<Int>", "java.util.Stack<Int>().apply { addAll(mutableListOf(3)) }"),
        ("{1, 2}", "Set<Int>", "mutableSetOf(1, 2)"),
        ("{1, 2}", "SortedSet<Int>", "sortedSetOf(1, 2)"),
        ('mapOf("a" to 1)', "Map<String, Long>", 'mutableMapOf(Pair("a", 1L))'),
        ("{}", "HashMap<String, Int>", "hashMapOf()"),
        ("('a', 2)", "Map.Entry<String, Int>", 'java.util.AbstractMap.SimpleEntry("a", 2)'),
        ("Color.RED", "Color", "Color.RED"),
    ],
)
def test_literals(value: str, declared: str, written: str) -> None:
    wanted = type_of(declared, NAMES)
    assert literal(fitted(parse(value), wanted), wanted) == written


@pytest.mark.parametrize(
    ("value", "declared", "words"),
    [
        ("2147483648", "Int", "out of the range of Int"),
        ("-1", "UInt", "-1 is out of the range of UInt"),
        ("1e39", "Float", "out of the range of Float"),
        ("inf", "BigDecimal", "inf is no BigDecimal"),
        ("None", "Int", "null is no Int"),
        ("None", "Point", "null is no Point"),
        ("'😀'", "Char", "more than one Char"),
        ("3", "Point", "a plain value is no Point"),
        ("(1, 2)", "Triple<Int, Int, Int>", "is no Triple"),
        ("Color.RED", "Any", "Color.RED is no Any"),
    ],
)
def test_what_no_type_can_hold(value: str, declared: str, words: str) -> None:
    wanted = type_of(declared, NAMES)
    with pytest.raises(TypeMismatch, match=re.escape(words)):
        literal(fitted(parse(value), wanted), wanted)


def signature(text: str, name: str = "f", container: str | None = None) -> Signature | None:
    scope = Scope(kind=ScopeKind.DEFINITION, range=TextRange(start=0, end=len(text)), name=name, container=container)
    document = Document(uri="file:///a.kt", language=lang.KOTLIN, text=text)
    return DRIVER.signature(Task(document=document, scope=scope, instruction="x"), text)


def test_signatures() -> None:
    found = signature(
        "private fun <T : Comparable<T>> f(a: List<T>, b: Int = 3, g: (Int) -> Int, vararg c: String): T? {\n}\n"
    )
    assert found is not None
    assert [(one.name, kinds(one.type), one.optional, one.rest) for one in found.parameters] == [
        ("a", "list(any)", False, False),
        ("b", "int", True, False),
        ("g", "other", False, False),
        ("c", "string", False, True),
    ]
    assert (kinds(found.result), found.container, found.bound) == ("any", "", False)
    nothing = signature("fun f(a: Int) {\n}\n")
    unknown = signature("fun f(a: Int) = a\n")
    assert nothing is not None
    assert unknown is not None
    assert (kinds(nothing.result), kinds(unknown.result)) == ("void", "any")
    maker = signature('class Box(val a: Int, private var b: String = "x")\n', name="Box")
    assert maker is not None
    assert (maker.container, [one.optional for one in maker.parameters]) == ("Box", [False, True])


@pytest.mark.parametrize(
    ("text", "container", "call", "written"),
    [
        ("fun f(a: Int) = a", None, "f(1)", "f(x)"),
        ("object O {\n fun f(a: Int) = a\n}", "O", "O.f(1)", "O.f(x)"),
        ("class A {\n companion object {\n fun f(a: Int) = a\n }\n}", "A.Companion", "A.f(1)", "A.Companion.f(x)"),
        ("class A {\n fun f(a: Int) = a\n}", "A", "f(1)", "A().f(x)"),
        ("class A<T>(val n: Int = 3) {\n fun f(a: Int) = a\n}", "A", "f(1)", "A<Any?>().f(x)"),
        ("class A(val n: Int) {\n fun f(a: Int) = a\n}", "A", "A(2).f(1)", "A(2).f(x)"),
        ("class A(val n: Int) {\n fun f(a: Int) = a\n}", "A", "s.f(1)", "s.f(x)"),
        ("fun List<Int>.f(a: Int) = a", None, "listOf(1).f(1)", "listOf(1).f(x)"),
        ("class f(val a: Int)", None, "f(1)", "f(x)"),
        ("class A(val n: Int) {\n fun f(a: Int) = a\n}", "A", "f(1)", "f needs a A, and the example has none"),
        ("abstract class A {\n fun f(a: Int) = a\n}", "A", "f(1)", "f needs a A, and the example has none"),
        ("fun String.f(a: Int) = a", None, "f(1)", "f needs a value, and the example has none"),
    ],
)
def test_calls(text: str, container: str | None, call: str, written: str) -> None:
    found = signature(f"{text}\n", container=container)
    assert found is not None
    made = call_of(call, found)
    assert made is not None
    try:
        said = DRIVER.expression(found, ["x"], made)
    except TypeMismatch as why:
        said = str(why)
    assert said == written


def shop() -> Members:
    text = (
        "class Shop {\n data class Item(val name: String, val price: Double)\n"
        " class Cart<T>(val limit: Long = 3) {\n  fun addItem(item: Item, count: Long) {}\n }\n}\n"
        "class Box<T>(val one: T)\n"
    )
    return members(text, outline_kotlin(text, lang.KOTLIN, Grammars()).items)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("val c = Cart<Int>(3)", "var c = Shop.Cart<Int>(3L)"),
        ("c = Cart(3)", "var c = Shop.Cart<Any?>(3L)"),
        ("val b = Box(3)", "var b = Box(3)"),
        ("c = new Cart(3)", "var c = Shop.Cart<Any?>(3L)"),
        ("val c: Cart<Int> = Cart(3)", "var c: Shop.Cart<Int> = Shop.Cart(3L)"),
        ("c.add_item(Item('tea', 3), 2)", 'c.addItem(Shop.Item("tea", 3.0), 2L)'),
        ("let xs = [1, None]", "var xs = mutableListOf(1, null)"),
    ],
)
def test_statements(text: str, written: str) -> None:
    assert shop().statement(DRIVER.step(text), set()) == written
