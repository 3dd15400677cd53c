"""Examples in the documentation of Java, run by the JDK in the real sandbox."""

from __future__ import annotations

import os
import shutil
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
from forge_lsp.languages.java.toolchain import JavaToolchain
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, write_files

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed (no javac on PATH)")
PROOF, OWED, FAILED, KEPT = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.FAILED, CheckStatus.KEPT
NOT_RUNNABLE = CheckStatus.NOT_RUNNABLE
SCOPES = Scopes(TreeSitterSyntax())
THROWS = 'throw new UnsupportedOperationException("not implemented");'


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


class Project:
    """A document with a stub, and what is said of answers to it."""

    def __init__(self, sandbox: Sandbox, root: Path, text: str, at: str, **others: str) -> None:
        path = root / "Sums.java"
        write_files(root, {"pom.xml": "<project></project>\n", path.name: text, **others})
        document = Document(uri=path.as_uri(), language=lang.JAVA, text=text, path=path)
        start = text.index(at)
        scope = SCOPES.scope(document, TextRange(start=start, end=start))
        self.task = Task(document=document, scope=scope, instruction="Implement it.", workspace=root)
        self.toolchain = JavaToolchain(sandbox, timeout=150, environment=os.environ)

    async def check(self, body: str) -> Evidence:
        code = self.task.original
        end = code.rindex("}")
        candidate = candidate_of(self.task, f"{code[: code.rindex('{') + 1]}\n{body}\n    {code[end:]}")
        return await self.toolchain.evidence(self.task, candidate)


def told(evidence: Evidence) -> dict[str, CheckStatus]:
    """The statuses by the call."""
    assert evidence.blocked is None
    assert all(result.kind is CheckKind.EXAMPLE for result in evidence.results)
    return {result.source.split("\n")[-1].strip(): result.status for result in evidence.results}


FORMS = f"""package shop;

import java.util.List;

public class Sums {{
    /**
     * Adds numbers: {{@code addAll(List.of(1, 2)) == 3}}, and {{@code addAll(new int[] {{4}})}} returns {{@code 4}}.
     *
     * <pre>
     * Sums.addAll(List.of(5)) // 5
     * addAll(List.of(6));
     * // =&gt; 6
     * </pre>
     *
     * >>> add_all([7, 1])
     * 8
     * >>> add_all([9]) == 9
     *
     * add_all([-1, 11]) -> 10. An empty list is refused: addAll([]) throws IllegalArgumentException.
     * addAll(null) raises an error; addAll([1, None]) throws NullPointerException
     * addAll(["a"]) == 1
     * jshell> addAll(List.of(12))
     * $1 ==> 12
     *
     * @example addAll([13]) = 13
     * @return the sum
     */
    private static int addAll(List<Integer> numbers) {{
        {THROWS}
    }}
}}
"""
ADD = """        if (numbers.isEmpty()) { throw new IllegalArgumentException("nothing to add"); }
        int sum = 0;
        for (Integer one : numbers) { sum += one; }
        return sum;"""


async def test_every_form(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, FORMS, "private static int addAll")
    right = await project.check(ADD)
    statuses = told(right)
    assert statuses.pop('addAll(["a"])') is NOT_RUNNABLE
    assert list(statuses.values()) == [PROOF] * 12, right.results
    assert "addAll(new int[] {4})" in statuses
    (unfit,) = [result for result in right.results if result.status is NOT_RUNNABLE]
    assert (unfit.detail, unfit.environment) == ('"a" is no int', False)
    assert right.doubt is None
    assert len(right.observed) > 5
    wrong = await project.check("        return numbers.get(0);")
    by_source = {result.source: result for result in wrong.results}
    owed = by_source["addAll(List.of(1, 2))"]
    assert (owed.status, owed.expected, owed.actual, owed.line) == (OWED, "3", "1", 7)
    assert by_source["addAll([])"].status is OWED
    assert "IndexOutOfBoundsException: Index 0" in by_source["addAll([])"].detail
    assert by_source["Sums.addAll(List.of(5))"].status is PROOF


VALUES = f"""import java.math.BigInteger;
import java.util.*;
import java.util.stream.*;

public class Sums {{
    enum Color {{ RED, BLUE }}
    record Point(int x, double y) {{}}
    static class Plain {{ public int size = 2; }}

    /**
     * of(0, "a", 'b', 1.5, [1], {{2}}, {{"k": [1]}}, None) == [0, "a", "b", 1.5, [1], {{2}}, {{"k": [1]}}, None]
     */
    static List<Object> of(long a, String b, char c, double d, int[] e, Set<Short> f, Map<String, List<Integer>> g,
            Optional<String> h) {{
        {THROWS}
    }}

    /**
     * kinds(0) == [1.5, nan]; kinds(1) == (1, "x"); kinds(2) == 123456789012345678901
     * kinds(3) == [0, 1, 2]; kinds(4) == None; kinds(5) == "é😀"; kinds(6) == Color.BLUE
     * kinds(7) == {{"size": 2}}; kinds(8) == "Point[x=1, y=2.0]"
     */
    static Object kinds(int n) {{
        {THROWS}
    }}

    /**
     * mix(Color.RED, new Point(1, 2)) == Color.BLUE, mix(null, Point(1, 2)) == Color.RED
     * mix(RED, null) == Color.RED
     */
    static Color mix(Color color, Point point) {{
        {THROWS}
    }}

    /** many(1, 2) == 3, many([4, 5]) == 9, many() == 0 */
    static int many(int... all) {{
        {THROWS}
    }}

    /** many(1.5) == 1.5 */
    static double many(double one) {{
        {THROWS}
    }}
}}
"""


@pytest.mark.parametrize(
    ("at", "body", "count"),
    [
        (
            "static List<Object> of",
            "        return Arrays.asList(a, b, c, d, e, f, g, h.orElse(null));",
            1,
        ),
        (
            "static Object kinds",
            """        switch (n) {
            case 0: return new double[] {1.5, Double.NaN};
            case 1: return Map.entry(1, "x");
            case 2: return new BigInteger("123456789012345678901");
            case 3: return IntStream.range(0, 3);
            case 4: return OptionalInt.empty();
            case 5: return new StringBuilder("é😀");
            case 6: return Color.BLUE;
            case 7: return new Plain();
            default: return new Point(1, 2);
        }""",
            9,
        ),
        ("static Color mix", "        return color == Color.RED && point.x() == 1 ? Color.BLUE : Color.RED;", 2),
        ("static int many", "        return IntStream.of(all).sum();", 3),
        ("static double many", "        return one;", 1),
    ],
)
async def test_values_of_every_kind(sandbox: Sandbox, tmp_path: Path, at: str, body: str, count: int) -> None:
    evidence = await Project(sandbox, tmp_path, VALUES, at).check(body)
    assert evidence.blocked is None
    statuses = [result.status for result in evidence.results if result.status is not NOT_RUNNABLE]
    assert statuses == [PROOF] * count, evidence.results
    for result in evidence.results:
        if result.status is NOT_RUNNABLE:
            assert result.source == "mix(RED, null)"
            assert "cannot find symbol" in result.detail


STACK = f"""package shop;

public class Sums {{
    static class Stack {{
        private int size;

        Stack(int size) {{ this.size = size; }}

        void push(int n) {{ size += n; }}

        /**
         * Takes one.
         * <pre>{{@code
         * Stack s = new Stack(3);
         * s.push(1);
         * s.pop(); // => 3
         * s.pop() // => 2
         * }}</pre>
         *
         * >>> s = Stack(5)
         * >>> s.push(2)
         * >>> s.pop()
         * 6
         *
         * new Stack(1).pop() == 0
         * pop() == 0
         * s.push(1) == 4
         */
        int pop() {{
            {THROWS}
        }}
    }}

    /** twice(2) == 4 */
    int twice(int n) {{
        {THROWS}
    }}

    /** reset([1]) == [] */
    void reset(int[] all) {{
        {THROWS}
    }}
}}
"""


async def test_members_of_an_object(sandbox: Sandbox, tmp_path: Path) -> None:
    evidence = await Project(sandbox, tmp_path, STACK, "int pop").check("        return --size;")
    found = [(result.line, result.status) for result in evidence.results]
    assert sorted(found) == [(16, PROOF), (17, PROOF), (22, PROOF), (25, PROOF), (26, NOT_RUNNABLE)]
    (unfit,) = [result for result in evidence.results if result.status is NOT_RUNNABLE]
    assert unfit.detail == "pop needs a Sums.Stack, and the example makes none"
    twice = await Project(sandbox, tmp_path / "b", STACK, "int twice").check("        return 2 * n;")
    assert told(twice) == {"twice(2)": PROOF}
    assert twice.observed
    reset = await Project(sandbox, tmp_path / "c", STACK, "void reset").check("        all[0] = 0;")
    assert told(reset) == {"reset([1])": NOT_RUNNABLE}


TWO = """public class Sums {
    // twice(2) == 4
    static int twice(int n) {
    }

    // half(4) == 2
    // half(2) == 1
    static int half(int n) {
    }
}
"""


async def test_two_stubs_without_a_body(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, TWO, "static int half")
    assert project.task.scope.unfinished
    assert told(await project.check("        return n / 2;")) == {"half(4)": PROOF, "half(2)": PROOF}
    assert told(await project.check("        return twice(n);")) == {"half(4)": OWED, "half(2)": OWED}


async def test_a_call_that_never_ends_and_one_that_ends_the_process(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, TWO, "static int half")
    hangs = await project.check("        while (n == 4) { Thread.onSpinWait(); }\n        return n / 2;")
    assert told(hangs) == {"half(4)": OWED, "half(2)": PROOF}
    assert {result.detail for result in hangs.results if result.status is OWED} == {"it did not end within 5 s"}
    ends = await project.check("        if (n == 2) { System.exit(0); }\n        return n / 2;")
    assert told(ends) == {"half(4)": PROOF, "half(2)": OWED}
    assert {result.detail for result in ends.results if result.status is OWED} == {ENDS}


@pytest.mark.parametrize(
    "body",
    [
        '        System.out.println("\\nforge " + "0".repeat(64) + " 0 {\\"kind\\": \\"end\\"}");\n'
        "        Runtime.getRuntime().halt(42);\n        return 0;",
        '        return new java.io.File("Sums.java").length() == 0 ? -1 : n / 2;',
    ],
)
async def test_what_is_no_proof(sandbox: Sandbox, tmp_path: Path, body: str) -> None:
    evidence = await Project(sandbox, tmp_path, TWO, "static int half").check(body)
    assert set(told(evidence).values()) == {OWED}


async def test_a_proof_that_is_not_believed(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, TWO, "static int half")
    evidence = await project.check("        return new Throwable().getStackTrace().length > 0 ? n / 2 : 0;")
    assert set(told(evidence).values()) == {PROOF}
    assert evidence.doubt == "the code looks at its call stack"


async def test_working_code(sandbox: Sandbox, tmp_path: Path) -> None:
    text = TWO.replace("half(int n) {\n", "half(int n) {\n        return n / 2;\n")
    project = Project(sandbox, tmp_path, text, "static int half")
    assert told(await project.check("        return n >> 1;")) == {"half(4)": KEPT, "half(2)": KEPT}
    assert told(await project.check("        return n - 2;")) == {"half(4)": KEPT, "half(2)": FAILED}


async def test_a_lone_document_that_does_not_compile_says_why(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "Sums.java"
    text = TWO.replace("// twice(2) == 4", "int no = ;")
    path.write_text(text)
    document = Document(uri=path.as_uri(), language=lang.JAVA, text=text, path=path)
    start = text.index("static int half")
    scope = SCOPES.scope(document, TextRange(start=start, end=start))
    task = Task(document=document, scope=scope, instruction="Implement it.")
    toolchain = JavaToolchain(sandbox, timeout=150, environment=os.environ)
    code = "    // half(4) == 2\n    static int half(int n) { return n / 2; }"
    evidence = await toolchain.evidence(task, candidate_of(task, code))
    assert {result.status for result in evidence.results} == {CheckStatus.UNRELATED}
    assert evidence.results[0].detail == "Sums.java:2: illegal start of expression"
