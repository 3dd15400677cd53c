"""Several test files of JavaScript in one process, as mocha and tape take them, and each by itself where one of them
ends that; files side by side, as node, tap and ava run them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.ecmascript.toolchain import JavaScriptToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of
from tests.support.tools import node_modules

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
KEPT, FAILED = CheckStatus.KEPT, CheckStatus.FAILED

AREA = "«function area(width, height) {\n  return width * height;\n}»\nmodule.exports = { area };\n"
HEADS = {
    "mocha": 'const test = it;\nconst assert = require("node:assert");\nconst done = (t) => t();\n',
    "tape": 'const test = require("tape");\nconst assert = require("node:assert");\nconst done = (t) => t.end();\n',
    "node": 'const { test } = require("node:test");\nconst assert = require("node:assert");\n'
    "const done = () => undefined;\n",
}
MAJORS = {"mocha": "10", "tape": "5"}
LOADS = 'const { area } = require("../src/area");\n'
FIRST = "globalThis.first = process.pid;\n"
LAST = "globalThis.first === process.pid"
"""Whether the file before ran in the same process."""


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def case(name: str, check: str, more: str = "") -> str:
    return f'test("{name}", (t) => {{ {more}{check}; done(t); }});\n'


async def statuses(
    sandbox: Sandbox, root: Path, runner: str, bodies: dict[str, str], code: str, *, timeout: float = 60
) -> dict[str, CheckStatus]:
    tests = {f"test/{name}.test.js": f"{HEADS[runner]}{LOADS}{body}" for name, body in bodies.items()}
    manifest = json.dumps({"scripts": {"test": runner}})
    task = project_task(root, lang.JAVASCRIPT, {"package.json": manifest, "src/area.js": AREA, **tests}, "src/area.js")
    if runner in MAJORS and not (root / "node_modules").exists():
        (root / "node_modules").symlink_to(node_modules(runner, MAJORS[runner]) / "node_modules")
    toolchain = JavaScriptToolchain(sandbox, timeout=timeout, environment=os.environ)
    found: Evidence = await toolchain.evidence(task, candidate_of(task, f"function area(width, height) {{\n{code}\n}}"))
    assert found.doubt is None, found
    return {result.source.partition(": ")[2].removeprefix("test/"): result.status for result in found.results}


@pytest.mark.parametrize("runner", sorted(MAJORS))
async def test_files_share_a_process_as_the_runner_has_them(sandbox: Sandbox, tmp_path: Path, runner: str) -> None:
    bodies = {
        "a": FIRST + case("of two", "assert.equal(area(2, 3), 6)"),
        "b": case("of three", "assert.equal(area(3, 3), 9)") + case("shares", f"assert.ok({LAST}); area(1, 1)"),
    }
    assert await statuses(sandbox, tmp_path, runner, bodies, "return height * width;") == {
        "a.test.js > of two": KEPT,
        "b.test.js > of three": KEPT,
        "b.test.js > shares": KEPT,
    }
    assert await statuses(sandbox, tmp_path, runner, bodies, "return width === 3 ? 1 : 6;") == {
        "a.test.js > of two": KEPT,
        "b.test.js > of three": FAILED,
        "b.test.js > shares": KEPT,
    }


@pytest.mark.parametrize("runner", sorted(MAJORS))
@pytest.mark.parametrize("ends", ["process.exit(0)", "while (true) {}", "throw new Error('at load')"])
async def test_a_file_that_ends_the_process_leaves_the_others_to_tell(
    sandbox: Sandbox, tmp_path: Path, runner: str, ends: str
) -> None:
    bodies = {
        "a": case("of two", "assert.equal(area(2, 3), 6)"),
        "b": f"if (area(3, 3) !== 9) {ends};\n" + case("of three", "assert.equal(area(3, 3), 9)"),
    }
    seconds = 12 if "while" in ends else 60
    found = await statuses(sandbox, tmp_path, runner, bodies, "return width === 3 ? 1 : 6;", timeout=seconds)
    assert found["a.test.js > of two"] is KEPT, found
    assert found["b.test.js > of three"] is FAILED, found


async def test_node_runs_files_side_by_side(sandbox: Sandbox, tmp_path: Path) -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor")
    # Each waits for a file that the other makes.
    meet = (
        'const fs = require("node:fs"); const until = Date.now() + 10000; fs.writeFileSync(`/tmp/forge-{own}`, "");\n'
        "while (!fs.existsSync(`/tmp/forge-{other}`) && Date.now() < until) {{}}\n"
        "const met = fs.existsSync(`/tmp/forge-{other}`);\n"
    )
    bodies = {
        own: meet.format(own=own, other=other) + case("meets", "assert.ok(met && area(1, 2) === 2)")
        for own, other in (("a", "b"), ("b", "a"))
    }
    found = await statuses(sandbox, tmp_path, "node", bodies, "return height * width;")
    assert found == {"a.test.js > meets": KEPT, "b.test.js > meets": KEPT}
