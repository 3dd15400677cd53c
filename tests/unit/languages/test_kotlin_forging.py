"""What takes the proof of a Kotlin candidate away, and what does not."""

from __future__ import annotations

import pytest

from forge_lsp.languages.kotlin.forging import doubt_of

DOCUMENT = "package shop\n\nclass A {\n    %s\n}\n"
HONEST = {
    "plain": "fun f(a: Int, b: Int) = a * b",
    "printing": 'fun f() { println("x"); Throwable().printStackTrace() }',
    "equality": (
        "class Side(val n: Int) {\n    override fun equals(other: Any?): Boolean {\n"
        "        if (this === other) return true\n        if (other !is Side) return false\n"
        "        return n == other.n\n    }\n}"
    ),
    "equality in one": "override fun equals(other: Any?) = other is Side && other.n == n && m == other.m",
    "equality by class": (
        "override fun equals(other: Any?): Boolean {\n    if (javaClass != other?.javaClass) return false\n"
        "    other as Side\n    return n == other.n\n}"
    ),
    "order": "override fun compareTo(other: Side): Int = n.compareTo(other.n)",
    "order by parts": "override fun compareTo(other: A) = compareValuesBy(this, other, { it.n }, { it.m })",
    "contains": "operator fun contains(key: String): Boolean = key in names",
    "invoke": "operator fun invoke(a: Int) = a",
    "a property's name": 'fun f() = System.getProperty("line.separator")',
    "words in a comment": "// stackTrace\n    fun f() = 1",
}
FORGED = {
    "always equal": ("override fun equals(other: Any?) = true", "without looking"),
    "always equal in a block": ("override fun equals(other: Any?): Boolean {\n    return true\n}", "without looking"),
    "itself": ("override fun equals(other: Any?): Boolean = this == this", "without looking"),
    "an object": ("fun f(): Any = object { override fun equals(other: Any?): Boolean = true }", "without looking"),
    "order": ("override fun compareTo(other: A): Int = 0", "without looking"),
    "a list that has all": ("override fun contains(element: Int): Boolean = true", "without looking"),
    "stack": ("fun f() = Throwable().stackTrace.size", "call stack"),
    "walker": ("fun f() = StackWalker.getInstance()", "call stack"),
    "fields": ('fun f() { A::class.java.getDeclaredField("x").isAccessible = true }', "reflection"),
    "members": ("fun f() = A::class.memberProperties", "reflection"),
    "class by name": ('fun f() = Class.forName("shop." + "ATest")', "how it was loaded"),
    "loader": ("fun f() = javaClass.classLoader", "how it was loaded"),
    "exit": ("fun f() { kotlin.system.exitProcess(0) }", "ends the process"),
    "halt": ("fun f() { Runtime.getRuntime().halt(42) }", "ends the process"),
    "hook": ("fun f() { Runtime.getRuntime().addShutdownHook(Thread {}) }", "ends the process"),
    "streams": ("fun f() { System.setOut(null) }", "standard streams"),
    "program": ('fun f() { ProcessBuilder("sh").start() }', "another program"),
    "memory": ('fun f() = java.io.File("/proc/self/mem")', "reads the tests"),
    "test source": ('fun f() = java.io.File("src/te" + "st/kotlin/ATest.kt")', "reads the tests"),
    "settings": ("fun f() = System.getenv().size", "runner's settings"),
    "framework": ("fun f() { org.junit.jupiter.api.Assumptions.abort<Int>() }", "test framework"),
    "kotlin.test": ('fun f() { kotlin.test.fail("x") }', "test framework"),
    "assertions": ("fun assertEquals(a: Any?, b: Any?) = Unit", "assertions"),
    "an assertion of an extension": ("infix fun Int.shouldBe(other: Int) {}", "assertions"),
    "hidden names": ('@Suppress("INVISIBLE_MEMBER") fun f() = 1', "reads the tests"),
}


@pytest.mark.parametrize("code", HONEST.values(), ids=HONEST.keys())
def test_honest_code(code: str) -> None:
    assert doubt_of(DOCUMENT % "", DOCUMENT % code) is None


@pytest.mark.parametrize(("code", "said"), FORGED.values(), ids=FORGED.keys())
def test_forged(code: str, said: str) -> None:
    assert said in (doubt_of(DOCUMENT % "", DOCUMENT % code) or "")
    assert doubt_of(DOCUMENT % code, DOCUMENT % code) is None, "the user's own text has it"
    assert said in (doubt_of(DOCUMENT % code, DOCUMENT % f"{code}\n    {code}") or ""), "once more than the user's text"


def test_imports_that_hide() -> None:
    alias = "import java.lang.System as S\n"
    assert doubt_of("", f"{alias}fun f() = 1") == "the code hides what it uses behind another name"
    assert doubt_of(alias, f"{alias}fun f() = 1") is None
    assert "another's package" in (doubt_of("package a\n", "package kotlin.test\n") or "")
