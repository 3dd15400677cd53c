"""Examples in the documentation of JavaScript and TypeScript, run by the real node in the real sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.support.checking import Tools
from forge_lsp.core.task import Document, Task, TextRange
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of, write_files
from tests.support.tools import typescript_folder

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
PROOF, OWED, FAILED, KEPT = CheckStatus.PROOF, CheckStatus.OWED, CheckStatus.FAILED, CheckStatus.KEPT
SCOPES = Scopes(TreeSitterSyntax())
STUB = "  throw new Error('not implemented');\n"


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


class Project:
    """A document with a stub, and what is said of answers to it."""

    def __init__(
        self,
        sandbox: Sandbox,
        root: Path,
        text: str,
        at: str,
        *,
        language: Language = lang.JAVASCRIPT,
        others: dict[str, str] | None = None,
    ) -> None:
        self.language = language
        path = root / f"doc{language.suffixes[0]}"
        write_files(root, {path.name: text, **(others or {})})
        document = Document(uri=path.as_uri(), language=self.language, text=text, path=path)
        start = text.index(at)
        scope = SCOPES.scope(document, TextRange(start=start, end=start))
        self.task = Task(document=document, scope=scope, instruction="Implement it.", workspace=root)
        environment = dict(os.environ)
        if self.language == lang.TYPESCRIPT:
            tools = typescript_folder("5") / "node_modules" / ".bin"
            environment["PATH"] = f"{tools}{os.pathsep}{environment['PATH']}"
        make = self.language.checking().toolchain
        assert make is not None
        self.toolchain = make(Tools(sandbox=sandbox, environment=environment), 60)

    async def check(self, body: str) -> Evidence:
        code = self.task.original
        opening = code.rindex("{", 0, code.index("not implemented"))
        candidate = candidate_of(self.task, f"{code[: opening + 1]}\n{body}\n{code[code.rindex('}') :]}")
        return await self.toolchain.evidence(self.task, candidate)


def statuses(evidence: Evidence) -> list[CheckStatus]:
    assert all(result.kind is CheckKind.EXAMPLE for result in evidence.results)
    return [result.status for result in evidence.results]


FORMS = f"""/**
 * Adds numbers.
 * >>> add_all([1, 2])
 * 3
 * addAll([2, 2]) == 4, and addAll([]) returns 0
 * @example
 * addAll([5]) // => 5
 * addAll([1, -1])
 * // returns 0
 * @throws addAll(null) throws TypeError
 * addAll(numbers) == 7
 */
export function addAll(numbers) {{
{STUB}}}
"""


async def test_every_form_is_run_before_and_after(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, FORMS, "addAll(numbers) {")
    right = await project.check("return numbers.reduce((a, b) => a + b, 0);")
    assert statuses(right) == [PROOF] * 6 + [CheckStatus.NOT_RUNNABLE]
    assert "cannot be read" in right.results[-1].detail
    assert [result.line for result in right.results] == [3, 5, 5, 7, 8, 10, 11]
    wrong = await project.check("return numbers.length;")
    told = {result.source: (result.status, result.expected, result.actual) for result in wrong.results}
    assert told["add_all([1, 2])"] == (OWED, "3", "2")
    assert told["addAll([])"][0] is PROOF
    assert told["addAll(null)"][0] is PROOF
    assert right.doubt is None
    calls = {seen.call: seen.answer for seen in right.observed}
    assert len(calls) >= 5
    assert calls != {seen.call: seen.answer for seen in wrong.observed}


TYPED = f"""import {{ twice }} from "./other";

export class Stack<T> {{
  private items: T[] = [];
  /** s = new Stack<number>() */
  push(item: T): this {{ this.items.push(item); return this; }}

  /**
   * >>> const s = new Stack()
   * >>> s.push(1)
   * >>> s.push(2)
   * >>> s.total()
   * 6
   */
  total(): number {{
{STUB}  }}

  /** Stack.named("a", {{"b": [1, null]}}) == new Map([["a", 1]]) */
  static named(name: string, more?: Record<string, (number | null)[]>): Map<string, number> {{
{STUB}  }}
}}

const helper = {{
  // helper.spread(1, 2, 3) => [3, 2, 1]
  spread(...items: number[]): number[] {{
{STUB}  }},
}};

/** later(2n) -> 4n */
const later = async (n: bigint): Promise<bigint> => {{
{STUB}}};
void [helper, later, twice];
"""
OTHERS = {"other.ts": "export const twice = (n: number): number => 2 * n;\n", "package.json": '{"type": "module"}\n'}


@pytest.mark.parametrize(
    ("at", "right", "wrong"),
    [
        ("total()", "return this.items.reduce((a, b) => a + twice(Number(b)), 0);", "return 3;"),
        ("named(name", "return new Map([[name, 1]]);", "return new Map([[name, 2]]);"),
        ("spread(...", "return items.reverse();", "return items;"),
        ("later =", "return n * 2n;", "return n;"),
    ],
)
async def test_members_and_typescript(sandbox: Sandbox, tmp_path: Path, at: str, right: str, wrong: str) -> None:
    project = Project(sandbox, tmp_path, TYPED, at, language=lang.TYPESCRIPT, others=OTHERS)
    assert statuses(await project.check(right)) == [PROOF]
    told = await project.check(wrong)
    assert statuses(told) == [OWED]
    assert told.results[0].actual


async def test_working_code_that_breaks_an_example_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    body = "{\n  return n / 2; // not implemented: rounding\n}\nmodule.exports = { half };\n"
    text = f"// half(4) == 2\n// half(5) == 3\nfunction half(n) {body}"
    project = Project(sandbox, tmp_path, text, "half(n)")
    assert statuses(await project.check("return Math.ceil(n / 2);")) == [KEPT, PROOF]
    assert statuses(await project.check("return 3;")) == [FAILED, PROOF]


HANGS = f"// f(1) == 1\n// f(2) == 2\n// f(3) == 3\nfunction f(n) {{\n{STUB}}}\n"


async def test_a_call_that_hangs_costs_the_others_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, HANGS, "f(n)")
    told = await project.check("if (n === 2) for (;;); return n;")
    assert statuses(told) == [PROOF, OWED, PROOF]


@pytest.mark.parametrize(
    "body",
    [
        "process.exit(0);",
        "process.kill(process.pid, 'SIGKILL');",
        'console.log(\'{"id": "x", "state": "done", "value": {"i": "1"}}\'); return 0;',
        "JSON.stringify = () => '1'; return { valueOf: () => n, toString: () => String(n) };",
        "return { [Symbol.toPrimitive]: () => n };",
        "return new Proxy({}, { get: () => n });",
        "Object.prototype.toString = () => n; return { toJSON: () => n };",
    ],
)
async def test_nothing_is_proven_by_tricks(sandbox: Sandbox, tmp_path: Path, body: str) -> None:
    project = Project(sandbox, tmp_path, HANGS, "f(n)")
    told = await project.check(body)
    assert PROOF not in statuses(told) or told.doubt is not None
    assert told.against


async def test_a_name_that_is_not_there_yet(sandbox: Sandbox, tmp_path: Path) -> None:
    text = "export const one = 1;\n"
    path = tmp_path / "a.js"
    path.write_text(text)
    document = Document(uri=path.as_uri(), language=lang.JAVASCRIPT, text=text, path=path)
    scope = SCOPES.scope(document, TextRange(start=len(text), end=len(text)))
    task = Task(document=document, scope=scope, instruction="Write double(n): double(2) == 4", workspace=tmp_path)
    make = lang.JAVASCRIPT.checking().toolchain
    assert make is not None
    toolchain = make(Tools(sandbox=sandbox, environment=os.environ), 60)
    right = candidate_of(task, "export function double(n) {\n  return 2 * n;\n}")
    assert statuses(await toolchain.evidence(task, right)) == [PROOF]
    wrong = candidate_of(task, "export function double(n) {\n  return n;\n}")
    assert statuses(await toolchain.evidence(task, wrong)) == [OWED]


async def test_calls_can_be_observed(sandbox: Sandbox, tmp_path: Path) -> None:
    project = Project(sandbox, tmp_path, HANGS, "f(n)")
    candidate = candidate_of(project.task, "function f(n) {\n  if (n > 9) throw new RangeError(); return [n];\n}")
    seen = await project.toolchain.observe(project.task, candidate, ["f(1)", "f(10)", "f(", "g(1)"])
    assert [(one.call, one.answer) for one in seen] == [("f(1)", "[1]"), ("f(10)", "raises RangeError")]
