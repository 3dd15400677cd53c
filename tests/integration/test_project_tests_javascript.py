"""The tests of JavaScript and TypeScript projects on candidates, by the real node, vitest and jest."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.core.attempt import Evidence
from forge_lsp.core.checks import CheckKind, CheckStatus
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import ScopeKind, Task, TextRange
from forge_lsp.languages.ecmascript.toolchain import JavaScriptToolchain
from forge_lsp.languages.ecmascript.typescript import TypeScriptToolchain
from tests.integration.builds_cases import project_task, real_sandbox
from tests.support import lang
from tests.support.builds import candidate_of
from tests.support.tools import node_modules

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
KEPT, FAILED, NOT_RUNNABLE = CheckStatus.KEPT, CheckStatus.FAILED, CheckStatus.NOT_RUNNABLE
OWED, PROOF = CheckStatus.OWED, CheckStatus.PROOF
UNRELATED = CheckStatus.UNRELATED

AREA = "«export function area(width, height) {\n  return width * height;\n}»\n\nexport const one = () => 1;\n"
OTHER = "throw new Error('never run: it does not speak of the scope');\n"
NODE = """import assert from "node:assert/strict";
import test, { describe, it } from "node:test";
import { area, one } from "../src/area.js";

test("area", () => assert.equal(area(2, 3), 6));
test.skip("later", () => area(1, 1));
describe("squares", () => {
  it("of two", () => assert.deepEqual([area(2, 2)], [4]));
  it("of three", () => assert.deepEqual([area(3, 3)], [9]));
});
test("one", () => assert.equal(one(), 2));
"""
# The globals of both runners are the same; vitest has to be asked for them.
EXPECT = """import { area, one } from "../src/area";

test("area", () => expect(area(2, 3)).toBe(6));
test.skip("later", () => area(1, 1));
describe("squares", () => {
  it("of two", () => expect([area(2, 2)]).toEqual([4]));
  it("of three", () => expect(area(3, 3)).toEqual(9));
});
test("one", () => expect(one()).toBe(2));
"""
NAMES = ("area", "later", "squares > of two", "squares > of three", "one")


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


def node_project(root: Path) -> Task:
    files = {
        "package.json": '{"type": "module"}\n',
        "src/area.js": AREA,
        "test/area.test.js": NODE,
        "test/other.test.js": OTHER,
    }
    return project_task(root, lang.JAVASCRIPT, files, "src/area.js")


def other_project(root: Path, runner: str) -> Task:
    major, name, head = {
        "vitest": ("3", "src/area.ts", 'import { describe, expect, it, test } from "vitest";\n'),
        "jest": ("29", "src/area.js", ""),
    }[runner]
    if runner == "vitest":
        area = AREA.replace("(width, height)", "(width: number, height: number): number")
        imports = EXPECT
    else:
        area = AREA.replace("export ", "") + "module.exports = { area, one };\n"
        imports = EXPECT.replace(
            'import { area, one } from "../src/area"', 'const { area, one } = require("../src/area")'
        )
    ending = name.rpartition(".")[2]
    files = {
        "package.json": f'{{"scripts": {{"test": "{runner}"}}}}\n',
        name: area,
        f"test/area.test.{ending}": head + imports,
        f"test/other.test.{ending}": OTHER,
    }
    task = project_task(root, lang.TYPESCRIPT if runner == "vitest" else lang.JAVASCRIPT, files, name)
    (root / "node_modules").symlink_to(node_modules(runner, major) / "node_modules")
    return task


async def evidence(sandbox: Sandbox, task: Task, body: str, *, timeout: float = 60) -> Evidence:
    head = task.original.split("\n")[0]
    make = TypeScriptToolchain if task.document.language is lang.TYPESCRIPT else JavaScriptToolchain
    toolchain = make(sandbox, timeout=timeout, environment=os.environ)
    return await toolchain.evidence(task, candidate_of(task, f"{head}\n  {body}\n}}"))


def told(found: Evidence) -> dict[str, tuple[CheckStatus, str, str]]:
    assert found.blocked is None, found
    assert {result.kind for result in found.results} <= {CheckKind.TEST}
    return {r.id.partition(" > ")[2] or r.id: (r.status, r.expected, r.actual) for r in found.results}


def names_below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


async def test_node_runs_what_speaks_of_the_scope(sandbox: Sandbox, tmp_path: Path) -> None:
    task = node_project(tmp_path)
    before = names_below(tmp_path)
    good = await evidence(sandbox, task, "return height * width;")
    assert [(name, status) for name, (status, _, _) in told(good).items()] == list(
        zip(NAMES, (KEPT, NOT_RUNNABLE, KEPT, KEPT, UNRELATED), strict=True)
    )
    assert good.results[0].id == "node:test/area.test.js > area"
    wrong = told(await evidence(sandbox, task, "return width + height;"))
    assert wrong == {
        "area": (FAILED, "6", "5"),
        "later": (NOT_RUNNABLE, "", ""),
        "squares > of two": (KEPT, "", ""),
        "squares > of three": (FAILED, "[ 9 ]", "[ 6 ]"),
        "one": (UNRELATED, "2", "1"),
    }
    assert names_below(tmp_path) == before, "nothing is left in the project"


async def test_what_ends_or_hangs_the_process_passes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    task = node_project(tmp_path)
    ends = told(await evidence(sandbox, task, "process.exit(0);"))
    assert {ends[name][0] for name in ("area", "squares > of two", "squares > of three")} == {FAILED}
    found = await evidence(sandbox, task, "while (width !== 2) {}\n  return width * height;", timeout=8)
    hangs = told(found)
    assert {hangs[name][0] for name in ("area", "squares > of two", "squares > of three")} == {FAILED}
    assert "did not finish in 8 s" in next(r.detail for r in found.results if r.status is FAILED)


async def test_what_cannot_be_imported_any_more_fails(sandbox: Sandbox, tmp_path: Path) -> None:
    found = await evidence(
        sandbox, node_project(tmp_path), "return 1;\n}\nif (true) {\n  throw new Error('at import');"
    )
    (first, *_) = (result for result in found.results if result.id.endswith(" > area"))
    assert first.status is FAILED
    assert "at import" in first.detail


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize("runner", ["vitest", "jest"])
async def test_the_projects_own_runner(sandbox: Sandbox, runner: str, tmp_path: Path) -> None:
    task = other_project(tmp_path, runner)
    before = names_below(tmp_path)
    good = told(await evidence(sandbox, task, "return height * width;"))
    assert {name: status for name, (status, _, _) in good.items()} == dict(
        zip(NAMES, (KEPT, NOT_RUNNABLE, KEPT, KEPT, UNRELATED), strict=True)
    ), good
    wrong = told(await evidence(sandbox, task, "return width + height;"))
    assert wrong["area"] == (FAILED, "6", "5")
    assert wrong["squares > of three"] == (FAILED, "9", "6")
    assert wrong["squares > of two"][0] is KEPT
    assert wrong["one"][0] is UNRELATED
    assert names_below(tmp_path) == before


async def test_a_stale_build_proves_nothing_of_typescript(sandbox: Sandbox, tmp_path: Path) -> None:
    files = {"src/area.ts": AREA, "test/area.test.js": NODE, "package.json": '{"type": "module"}\n'}
    task = project_task(tmp_path, lang.TYPESCRIPT, files, "src/area.ts")
    (result,) = (await evidence(sandbox, task, "return 1;")).results
    assert (result.status, result.environment) == (NOT_RUNNABLE, True)
    assert "compiled from TypeScript earlier" in result.detail


STUB = (
    "«export function area(width, height) {\n  throw new Error('not implemented');\n}»\n\nexport const one = () => 1;\n"
)


@pytest.mark.parametrize(
    ("manifest", "text", "name", "words", "remedy"),
    [
        ('{"scripts": {"test": "mocha"}}', 'it("area", () => assert(area));', "mocha", "tests of mocha", None),
        ("{}", 'import test from "ava";\ntest("area", (t) => t.is(area(1, 1), 1));', "ava", "tests of ava", None),
        ("{}", 'const test = require("tape");\ntest("area", () => area());', "tape", "tests of tape", None),
        ('{"devDependencies": {"jasmine": "5"}}', 'it("area", () => expect(area(1, 1)));', "jasmine", "jasmine", None),
        ('{"scripts": {"test": "node test/area.test.js"}}', "assert(area());", "npm test", "node test/area", None),
        (
            '{"scripts": {"test": "vitest run"}}',
            'import { test } from "vitest";\ntest("area", () => area());',
            "vitest",
            "vitest is not installed",
            "npm install",
        ),
    ],
    ids=["mocha", "ava", "tape", "jasmine", "script", "vitest"],
)
async def test_a_runner_that_is_not_here_is_named(
    sandbox: Sandbox, tmp_path: Path, manifest: str, text: str, name: str, words: str, remedy: str | None
) -> None:
    files = {"package.json": manifest, "src/area.js": AREA, "test/area.test.js": text}
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "src/area.js")
    (result,) = (await evidence(sandbox, task, "return height * width;")).results
    assert (result.id, result.status, result.environment) == (name, NOT_RUNNABLE, True)
    assert words in result.detail
    assert result.remedy == remedy


async def test_a_file_that_cannot_be_loaded_leaves_the_others_to_run(sandbox: Sandbox, tmp_path: Path) -> None:
    task = node_project(tmp_path)
    (tmp_path / "test/broken.test.js").write_text(f'import "not-installed-here";\n{NODE}', "utf-8")
    found = await evidence(sandbox, task, "return width + height;")
    broken = next(result for result in found.results if "broken" in result.id)
    assert (broken.status, broken.environment, broken.remedy) == (NOT_RUNNABLE, True, "npm install")
    assert "Cannot find package 'not-installed-here'" in broken.detail
    assert told(found)["area"] == (FAILED, "6", "5")


async def test_each_test_is_judged_by_what_it_lacks(sandbox: Sandbox, tmp_path: Path) -> None:
    task = node_project(tmp_path)
    tests = NODE.replace("{ area, one }", "{ area, one, side }") + 'test("side", () => assert.equal(side(9), 3));\n'
    (tmp_path / "test/area.test.js").write_text(tests, "utf-8")
    (tmp_path / "src/area.js").write_text("export const one = () => 1;\n", "utf-8")
    text = "export const one = () => 1;\n"
    document = replace(task.document, text=text)
    end = len(text)
    scope = replace(task.scope, kind=ScopeKind.INSERTION, range=TextRange(start=end, end=end), unfinished=True)
    task = replace(task, document=document, scope=scope)
    toolchain = JavaScriptToolchain(sandbox, timeout=60, environment=os.environ)
    code = "export function area(width, height) {\n  return width * height;\n}\n"
    found = told(await toolchain.evidence(task, candidate_of(task, code)))
    assert {name: status for name, (status, _, _) in found.items()} == {
        "area": CheckStatus.PROOF,
        "later": NOT_RUNNABLE,
        "squares > of two": CheckStatus.PROOF,
        "squares > of three": CheckStatus.PROOF,
        "one": UNRELATED,
        "side": UNRELATED,
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return null.size;", "TypeError: Cannot read properties of null (reading 'size') (src/area.js:2)"),
        ("throw new RangeError('too wide');", "RangeError: too wide (src/area.js:2)"),
        ("process.exit(0);", "the process ended before its tests did"),
    ],
)
async def test_what_the_code_threw_is_told(sandbox: Sandbox, tmp_path: Path, body: str, words: str) -> None:
    files = {"package.json": '{"type": "module"}\n', "src/area.js": STUB, "test/area.test.js": NODE}
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "src/area.js")
    results = {result.id.rpartition(" > ")[2]: result for result in (await evidence(sandbox, task, body)).results}
    assert results["area"].status is CheckStatus.OWED
    assert words in results["area"].detail


MOCHA = """const assert = require("node:assert");
const { area, one } = require("../src/area");

describe("area", function () {
  before(() => assert.equal(globalThis.prepared, "test"));
  it("is a product", () => assert.equal(area(2, 3), 6));
  it.skip("comes later", () => area(1, 1));
  it("waits", async () => assert.deepEqual([await area(3, 3)], [9]));
});
it("one", () => assert.equal(one(), 2));
"""


@pytest.mark.parametrize("kind", ["cjs", "esm"])
async def test_mocha_runs_with_the_options_that_the_project_gives_it(
    sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    area, tests = AREA.replace("export ", "") + "module.exports = { area, one };\n", MOCHA
    manifest = '{"scripts": {"test": "NODE_ENV=test mocha --require ./test/prepare.cjs --bail test/"}}'
    if kind == "esm":
        area, manifest = AREA, manifest.replace("{", '{"type": "module", ', 1)
        tests = (
            'import assert from "node:assert";\nimport { area, one } from "../src/area.js";\n'
            + MOCHA.split("\n\n", 1)[1]
        )
    files = {
        "package.json": manifest,
        ".mocharc.json": '{"ui": "bdd", "timeout": 5000}',
        "src/area.js": area,
        "test/prepare.cjs": "globalThis.prepared = process.env.NODE_ENV;\n",
        "test/area.js": tests,
        "test/other.js": OTHER,
    }
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "src/area.js")
    (tmp_path / "node_modules").symlink_to(node_modules("mocha", "10") / "node_modules")
    found = await evidence(sandbox, task, "return height * width;")
    assert {name: status for name, (status, _, _) in told(found).items()} == {
        "area > is a product": KEPT,
        "area > comes later": NOT_RUNNABLE,
        "area > waits": KEPT,
        "one": UNRELATED,
    }
    assert found.doubt is None
    wrong = told(await evidence(sandbox, task, "return height + width;"))
    assert wrong["area > is a product"] == (FAILED, "6", "5")
    assert wrong["area > waits"][0] is FAILED
    ended = told(await evidence(sandbox, task, "process.exit(0);"))
    assert FAILED in {status for status, _, _ in ended.values()}
    assert KEPT not in {status for status, _, _ in ended.values()}


TAPE = """const test = require("tape");
const { area, one } = require("../src/area");

test("is a product", (t) => { t.equal(area(2, 3), 6); t.end(); });
test("comes later", { skip: true }, (t) => { t.equal(area(1, 1), 1); t.end(); });
test("waits", async (t) => { t.deepEqual([await area(3, 3)], [9]); });
test("one", (t) => { t.plan(1); t.equal(one(), 2); });
"""
TAP = """const { test } = require("tap");
const { area, one } = require("../src/area");

test("area", async (t) => {
  t.test("is a product", (t) => { t.equal(area(2, 3), 6); t.end(); });
  t.test("comes later", { skip: true }, (t) => { t.equal(area(1, 1), 1); t.end(); });
  t.test("waits", async (t) => { t.same([await area(3, 3)], [9]); });
});
test("one", (t) => { t.plan(1); t.equal(one(), 2); });
"""
AVA = """import test from "ava";
import { area, one } from "../src/area.js";

test("is a product", (t) => { t.is(area(2, 3), 6); });
test.skip("comes later", (t) => { t.is(area(1, 1), 1); });
test("waits", async (t) => { t.deepEqual([await area(3, 3)], [9]); });
test("one", (t) => { t.is(one(), 2); });
"""
JASMINE = """const { area, one } = require("../src/area");

describe("area", () => {
  it("is a product", () => { expect(area(2, 3)).toBe(6); });
  xit("comes later", () => { expect(area(1, 1)).toBe(1); });
  it("waits", async () => { expect([await area(3, 3)]).toEqual([9]); });
});
it("one", () => { expect(one()).toBe(2); });
"""
UVU = """import { suite, test } from "uvu";
import * as assert from "uvu/assert";
import { area, one } from "../src/area.js";

const Area = suite("area");
Area("is a product", () => { assert.is(area(2, 3), 6); });
Area.skip("comes later", () => { assert.is(area(1, 1), 1); });
Area("waits", async () => { assert.equal([await area(3, 3)], [9]); });
Area.run();
test("one", () => { assert.is(one(), 2); });
test.run();
"""
QUNIT = """const { area, one } = require("../src/area");

QUnit.module("area", () => {
  QUnit.test("is a product", (assert) => { assert.equal(area(2, 3), 6); });
  QUnit.skip("comes later", (assert) => { assert.equal(area(1, 1), 1); });
  QUnit.test("waits", async (assert) => { assert.deepEqual([await area(3, 3)], [9]); });
});
QUnit.test("one", (assert) => { assert.equal(one(), 2); });
"""


def required(test: str) -> str:
    """A test in the form of CommonJS."""
    test = re.sub(r"import \* as (\w+) from (\"[^\"]+\");", r"const \1 = require(\2);", test)
    return re.sub(r"import (\{[^}]*\}) from (\"[^\"]+\");", r"const \1 = require(\2);", test)


@pytest.mark.parametrize(("runner", "major", "test"), [
    ("tape", "5", TAPE),
    ("tape", "5", TAPE.replace("const test = require(", "import test from ").replace('"tape")', '"tape"')),
    ("tap", "16", TAP),
    ("tap", "21", TAP),
    ("ava", "6", AVA),
    ("jasmine", "5", JASMINE),
    ("uvu", "0.5", UVU),
    ("uvu", "0.5", required(UVU)),
    ("qunit", "2", QUNIT),
    ("qunit", "3", 'import QUnit from "qunit";\n' + QUNIT),
], ids=["tape", "tape-esm", "tap-16", "tap-21", "ava", "jasmine", "uvu", "uvu-cjs", "qunit-2", "qunit-3"])  # fmt: skip
async def test_the_tests_of_other_runners(sandbox: Sandbox, tmp_path: Path, runner: str, major: str, test: str) -> None:
    esm = re.search(r"^import ", test, re.M) is not None
    area = AREA if esm else AREA.replace("export ", "") + "module.exports = { area, one };\n"
    if esm:
        test = test.replace(
            'const { area, one } = require("../src/area")', 'import { area, one } from "../src/area.js"'
        )
    manifest = json.dumps({"scripts": {"test": runner}, "type": "module" if esm else "commonjs"})
    files = {"package.json": manifest, "src/area.js": area, "test/area.test.js": test}
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "src/area.js")
    packages = node_modules(runner, major) / "node_modules"
    shutil.copytree(packages, tmp_path / "node_modules", symlinks=True, copy_function=os.link)
    found = await evidence(sandbox, task, "return height * width;")
    statuses = {name.rpartition(" > ")[2]: status for name, (status, _, _) in told(found).items()}
    expected = {"is a product": KEPT, "comes later": NOT_RUNNABLE, "waits": KEPT, "one": UNRELATED}
    assert statuses == expected, found
    assert found.doubt is None
    wrong = await evidence(sandbox, task, "return height + width;")
    statuses = {name.rpartition(" > ")[2]: status for name, (status, _, _) in told(wrong).items()}
    assert (statuses["is a product"], statuses["waits"]) == (FAILED, FAILED), wrong
    assert statuses["one"] is UNRELATED
    thrown = await evidence(sandbox, task, "throw new RangeError('too wide');")
    assert all("too wide" in one.detail for one in thrown.results if one.status is FAILED), thrown
    assert thrown.count(FAILED) == 2
    ended = await evidence(sandbox, task, "process.exit(0);")
    assert ended.count(FAILED)
    assert not ended.count(KEPT), ended


async def test_a_helper_is_tested_by_way_of_what_calls_it(sandbox: Sandbox, tmp_path: Path) -> None:
    area = AREA.replace("export function area", "function area") + "export const total = (w) => twice(w);\n"
    files = {
        "package.json": '{"type": "module"}\n',
        "src/area.js": area + "function twice(w) {\n  return 2 * area(w, w);\n}\n",
        "src/index.js": 'export { total } from "./area.js";\n',
        "test/api.test.js": 'import assert from "node:assert";\nimport test from "node:test";\n'
        'import { total } from "../src/index.js";\n\ntest("total", () => assert.equal(total(3), 18));\n',
    }
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "src/area.js")
    assert told(await evidence(sandbox, task, "return height * width;"))["total"][0] is KEPT
    assert told(await evidence(sandbox, task, "return height;"))["total"] == (FAILED, "18", "6")


async def test_a_sibling_s_test_of_what_was_built_earlier_proves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    manifest = (
        '{"name": "one", "type": "module", "exports": {".": {"types": "./dist/area.d.ts", "import": "./dist/area.js"}}}'
    )
    tests = NODE.replace("../src/area.js", "one")
    files = {
        "package.json": '{"workspaces": ["one", "two"]}\n',
        "one/package.json": manifest,
        "one/src/area.js": AREA,
        "one/dist/area.js": AREA.replace("«", "").replace("»", ""),
        "two/package.json": '{"name": "two", "type": "module"}\n',
        "two/test/area.test.js": tests,
    }
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "one/src/area.js")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/one").symlink_to("../one")
    (result,) = (await evidence(sandbox, task, "return height + width;")).results
    assert (result.status, result.environment) == (NOT_RUNNABLE, True)
    assert "built earlier (dist/area.js)" in result.detail


ROOT_CONFIG = (
    'import { defineConfig } from "vitest/config";\n'
    'export default defineConfig({ test: { projects: ["packages/*"], globals: true } });\n'
)
OWN_CONFIG = (
    'import { defineProject, mergeConfig } from "vitest/config";\nimport root from "../../vitest.config.js";\n'
    'export default mergeConfig(root, defineProject({ test: { name: "shop" } }));\n'
)
SHARED_CONFIG = (
    'import { defineConfig } from "vitest/config";\n'
    'export default defineConfig({ test: { include: ["packages/*/test/*.ts"], globals: true } });\n'
)


@pytest.mark.parametrize(
    "settings",
    [
        {"vitest.config.ts": ROOT_CONFIG, "packages/shop/vitest.config.ts": OWN_CONFIG},
        {"vitest.config.ts": SHARED_CONFIG},
    ],
    ids=["projects of the root", "the root alone"],
)
async def test_a_package_is_tested_by_the_settings_of_its_workspace(
    sandbox: Sandbox, tmp_path: Path, settings: Mapping[str, str]
) -> None:
    area = AREA.replace("(width, height)", "(width: number, height: number): number")
    files = {
        **settings,
        "package.json": '{"private": true, "workspaces": ["packages/*"]}\n',
        "packages/shop/package.json": '{"name": "shop", "type": "module", "scripts": {"test": "vitest run"}}\n',
        "packages/shop/src/area.ts": area,
        "packages/shop/test/area.test.ts": EXPECT,
    }
    task = project_task(tmp_path, lang.TYPESCRIPT, files, "packages/shop/src/area.ts")
    (tmp_path / "node_modules").symlink_to(node_modules("vitest", "3") / "node_modules")
    good = told(await evidence(sandbox, task, "return height * width;"))
    assert [good[name][0] for name in NAMES] == [KEPT, NOT_RUNNABLE, KEPT, KEPT, UNRELATED], good
    wrong = told(await evidence(sandbox, task, "return width + height;"))
    assert wrong["area"] == (FAILED, "6", "5")


HANDLERS = """'use strict';

«function kept(size) {
  return (value) => value > BODY;
}»

function one() {
  return 1;
}

const handlers = { large: kept(9), small: kept(1) };
module.exports = { run: (name, value) => handlers[name](value), one };
"""
HANDLED = """const test = require("node:test");
const assert = require("node:assert");
const { run, one } = require("../handlers.js");
test("of ten", () => assert.equal(run("large", 10), true));
test("of two", () => assert.equal(run("small", 2), true));
test("nothing of it", () => assert.equal(one(), 1));
"""


@pytest.mark.parametrize(
    ("body", "status"), [("return (value) => value >= size;", KEPT), ('throw new Error("not implemented");', PROOF)]
)
async def test_tests_that_never_name_the_scope_and_depend_on_it(
    sandbox: Sandbox, tmp_path: Path, body: str, status: CheckStatus
) -> None:
    """It is called while its module is loaded: what fails where it gives nothing speaks of it, the rest does not."""
    files = {
        "package.json": "{}\n",
        "handlers.js": HANDLERS.replace("return (value) => value > BODY;", body),
        "test/all.test.js": HANDLED,
    }
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "handlers.js")
    task = replace(task, scope=replace(task.scope, name="kept"))
    good = told(await evidence(sandbox, task, "return (value) => value > size;"))
    assert good["of ten"][0] is status
    assert good["of two"][0] is status
    assert "nothing of it" not in good or good["nothing of it"][0] is KEPT
    wrong = told(await evidence(sandbox, task, "return (value) => value < size;"))
    assert {name for name, (state, _, _) in wrong.items() if state in (FAILED, OWED)} == {"of ten", "of two"}


STEPS = """«function strip(value) {
  return value.trim();
}»

const steps = new Map([["upper", (value) => value.toUpperCase()], ["tidy", strip]]);
module.exports = { run: (name, value) => steps.get(name)(value) };
"""


async def test_tests_that_depend_on_it_are_found_among_many_files(sandbox: Sandbox, tmp_path: Path) -> None:
    """No name tells which of forty files, more than are run each time, depend on the scope: the last of all does."""
    head = (
        'const test = require("node:test");\nconst assert = require("node:assert");\n'
        'const { run } = require("../steps.js");\n'
    )
    others = "".join(f'test("upper {n}", () => assert.equal(run("upper", "a{n}"), "A{n}"));\n' for n in range(9))
    files = {"package.json": "{}\n", "steps.js": STEPS}
    files |= {f"test/t{n:02}.test.js": head + others for n in range(40)}
    files["test/z.test.js"] = head + 'test("tidied", () => assert.equal(run("tidy", " a "), "a"));\n'
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "steps.js")
    task = replace(task, scope=replace(task.scope, name="strip"))
    good = told(await evidence(sandbox, task, "return value.trim().trim();"))
    assert good["tidied"][0] is KEPT
    wrong = told(await evidence(sandbox, task, "return value;"))
    assert wrong["tidied"] == (FAILED, "'a'", "' a '")


async def test_many_files_of_which_none_depends_on_it_say_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    head = 'const test = require("node:test");\nconst { run } = require("../steps.js");\n'
    others = "".join(f'test("upper {n}", () => void run("upper", "a{n}"));\n' for n in range(9))
    files = {"package.json": "{}\n", "steps.js": STEPS}
    files |= {f"test/t{n:02}.test.js": head + others for n in range(12)}
    task = project_task(tmp_path, lang.JAVASCRIPT, files, "steps.js")
    task = replace(task, scope=replace(task.scope, name="strip"))
    found = await evidence(sandbox, task, "return value;")
    assert found.blocked is None
    assert not found.results
