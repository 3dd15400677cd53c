"""Examples in the documentation of Kotlin, run by its compiler and the JDK in the real sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.checking.jvm.running import ENDS
from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.kotlin.toolchain import KotlinToolchain
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, write_files
from tests.support.tools import kotlin_environment

PROOF, OWED, FAILED, KEPT = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.FAILED, CheckStatus.KEPT
NOT_RUNNABLE = CheckStatus.NOT_RUNNABLE
SCOPES = Scopes(TreeSitterSyntax())
FILE = "src/main/kotlin/shop/Sums.kt"


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


class Project:
    """A document with a stub, and what is said of answers to it."""

    def __init__(self, sandbox: Sandbox, root: Path, text: str, at: str, **others: str) -> None:
        path = root / FILE
        build = 'plugins {\n    kotlin("jvm") version "2.1.21"\n}\n'
        write_files(root, {"build.gradle.kts": build, FILE: text, **others})
        document = Document(uri=path.as_uri(), language=lang.KOTLIN, text=text, path=path)
        start = text.index(at)
        scope = SCOPES.scope(document, TextRange(start=start, end=start))
        self.task = Task(document=document, scope=scope, instruction="Implement it.", workspace=root)
        self.toolchain = KotlinToolchain(sandbox, timeout=200, environment=kotlin_environment())

    async def check(self, body: str) -> Evidence:
        code = self.task.original
        end = code.rindex("}")
        candidate = candidate_of(self.task, f"{code[: code.rindex('{') + 1]}\n{body}\n{code[end:]}")
        return await self.toolchain.evidence(self.task, candidate)


def told(evidence: Evidence) -> dict[str, CheckStatus]:
    """The statuses by the call."""
    assert evidence.blocked is None
    assert all(result.kind is CheckKind.EXAMPLE for result in evidence.results)
    return {result.source.split("\n")[-1].strip(): result.status for result in evidence.results}


FORMS = """package shop

/**
 * Adds numbers: `addAll(listOf(1, 2)) == 3`, and `addAll(listOf(4))` returns `4`.
 *
 * ```
 * addAll(listOf(5)) // 5
 * addAll(listOf(6))
 * // => 6
 * ```
 *
 * >>> add_all([7, 1])
 * 8
 *
 * add_all([-1, 11]) -> 10. An empty list is refused: addAll(emptyList()) throws IllegalArgumentException.
 * addAll(numbers = listOf(9)) == 9; addAll([1, 2], 3) == 6; addAll(null) == 0
 * addAll(listOf("a")) == 1
 */
private fun addAll(numbers: List<Int>, more: Int = 0): Int {
    TODO("not written")
}

fun other(n: Int): String {
}
"""
ADD = '    require(numbers.isNotEmpty()) { "nothing to add" }\n    return numbers.sum() + more'


async def test_every_form(sandbox: Sandbox, tmp_path: Path) -> None:
    broken = {"src/main/kotlin/shop/Broken.kt": "package shop\n\nval no: Nowhere = 1\n"}
    project = Project(sandbox, tmp_path, FORMS, "private fun addAll", **broken)
    right = await project.check(ADD)
    statuses = told(right)
    assert statuses.pop('addAll(listOf("a"))') is NOT_RUNNABLE
    assert statuses.pop("addAll(null)") is NOT_RUNNABLE
    assert list(statuses.values()) == [PROOF] * 9, right.results
    details = {result.source: result.detail for result in right.results if result.status is NOT_RUNNABLE}
    assert details['addAll(listOf("a"))'] == '"a" is no Int'
    assert details["addAll(null)"] == "null is no List"
    wrong = await project.check("    return numbers[0]")
    (owed, *_) = [result for result in wrong.results if result.status is OWED]
    assert (owed.source, owed.expected, owed.actual, owed.line) == ("addAll(listOf(1, 2))", "3", "1", 4)


VALUES = """package shop

enum class Color { RED, BLUE }
data class Point(val x: Int, val y: Double = 0.0)

class Stack<T>(private val limit: Long = 3) {
    private val all = ArrayList<T>()

    fun push(one: T): Stack<T> { all.add(one); return this }

    /**
     * val s = Stack<Int>(2)
     * s.push(4)
     * s.pop() // => 4
     * Stack<String>().push("a").pop() == "a"
     * >>> s = Stack(5)
     * >>> s.push('it')
     * >>> s.pop()
     * 'it'
     */
    fun pop(): T {
        TODO()
    }

    companion object {
        /** of(1u, 'b', "c\\$", [1], {2}, {"k": (1, "x")}, None) == [1, "b", "c$", [1], {2}, {"k": (1, "x")}, null] */
        fun of(
            a: UInt, b: Char, c: String, d: IntArray, e: Set<Short>, f: Map<String, Pair<Int, String>>, g: Long?
        ): List<Any?> {
            TODO()
        }
    }
}

/** kinds(0) == [0, 1]; kinds(1) == (1, 2, 3); kinds(2) == Color.BLUE; kinds(3) == "Point(x=1, y=0.0)" */
suspend fun kinds(n: Int): Any? {
    TODO()
}

/** listOf(1, 2).second() == 2, listOf("a", "b").second() == "b" */
fun <T> List<T>.second(): T {
    TODO()
}

object Mixer {
    /** mix(Color.RED, Point(1)) == Color.BLUE, Mixer.mix(Color.BLUE, Point(1, 2.0)) == Color.RED */
    internal fun mix(color: Color, point: Point): Color {
        TODO()
    }

    /** many(1, 2) == 3, many([4, 5]) == 9, many() == 0 */
    @JvmStatic
    private fun many(vararg all: Int): Int {
        TODO()
    }
}
"""


@pytest.mark.parametrize(
    ("at", "body", "count"),
    [
        ("fun pop", "        return all.removeAt(all.size - 1)", 3),
        ("fun of", "            return listOf(a, b, c, d, e, f, g)", 1),
        (
            "suspend fun kinds",
            "    return when (n) { 0 -> generateSequence(0) { it + 1 }.take(2); 1 -> Triple(1, 2, 3)\n"
            "        2 -> Color.BLUE; else -> Point(1) }",
            4,
        ),
        ("fun <T> List<T>.second", "    return this[1]", 2),
        ("internal fun mix", "        return if (color == Color.RED) Color.BLUE else Color.RED", 2),
        ("private fun many", "        return all.sum()", 3),
    ],
)
async def test_values_and_members(sandbox: Sandbox, tmp_path: Path, at: str, body: str, count: int) -> None:
    evidence = await Project(sandbox, tmp_path, VALUES, at).check(body)
    assert [result.status for result in evidence.results] == [PROOF] * count, evidence.results


HALF = """// half(4) == 2
// half(2) == 1
fun half(n: Int): Int {
}
"""


async def test_calls_that_do_not_end_and_proofs_that_are_none(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, HALF, "fun half")
    hangs = await project.check("    while (n == 4) Thread.onSpinWait()\n    return n / 2")
    assert told(hangs) == {"half(4)": OWED, "half(2)": PROOF}
    ends = await project.check("    if (n == 2) System.exit(0)\n    return n / 2")
    assert told(ends) == {"half(4)": PROOF, "half(2)": OWED}
    assert {result.detail for result in ends.results if result.status is OWED} == {ENDS}
    assert ends.doubt == ENDS
    looks = await project.check("    return if (Throwable().stackTrace.isEmpty()) 0 else n / 2")
    assert set(told(looks).values()) == {PROOF}
    assert looks.doubt == "the code looks at its call stack"


async def test_working_code(sandbox: Sandbox, tmp_path: Path) -> None:
    text = HALF.replace("Int {\n", "Int {\n    return n / 2\n")
    project = Project(sandbox, tmp_path, text, "fun half")
    assert told(await project.check("    return n shr 1")) == {"half(4)": KEPT, "half(2)": KEPT}
    assert told(await project.check("    return n - 2")) == {"half(4)": KEPT, "half(2)": FAILED}
