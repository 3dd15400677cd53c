"""Which files of a JavaScript project load a module, directly or by way of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.project import place_of
from forge_lsp.checking.suites import compared
from forge_lsp.core.checks import CheckStatus
from forge_lsp.languages.ecmascript.callers import declarations
from forge_lsp.languages.ecmascript.finding import ENDINGS, found_for, joining
from forge_lsp.languages.ecmascript.importing import Importers, whole_export
from forge_lsp.languages.ecmascript.outcomes import RunPlan, outcome
from forge_lsp.languages.ecmascript.reading import reaching, read_tests
from tests.support import lang
from tests.support.builds import task_of, write_files

AREA = "«function area(w, h) {\n  return w * h;\n}»\nmodule.exports = area;\n"


def steps(root: Path, files: Mapping[str, str], document: str = "lib/area.js") -> Mapping[str, int]:
    path = root / document
    write_files(root, {**files, document: AREA.replace("«", "").replace("»", "")})
    return Importers.of(place_of(task_of(AREA, language=lang.JAVASCRIPT, path=path, workspace=root)), ENDINGS).steps


@pytest.mark.parametrize(("files", "expected"), [
    ({"test/a.js": 'const area = require("../lib/area");'}, {"test/a.js": 1}),
    ({"test/a.mjs": 'import area from "../lib/area.js";'}, {"test/a.mjs": 1}),
    ({"test/a.mjs": 'const area = await import("../lib/area.js");'}, {"test/a.mjs": 1}),
    ({"lib/index.js": 'export * from "./area";', "test/a.js": 'require("../lib")'}, {"lib/index.js": 1, "test/a.js": 2}),  # noqa: E501
    (
        {"package.json": '{"name": "shapes", "main": "./lib/area.js"}', "test/a.js": 'require("..")'},
        {"test/a.js": 1},
    ),
    (
        {"package.json": '{"name": "shapes", "exports": "./lib/area.js"}', "test/a.js": 'require("shapes")'},
        {"test/a.js": 1},
    ),
    ({"test/a.js": 'require("area"); require("../lib/other");', "lib/other.js": ""}, {}),
])  # fmt: skip
def test_files_that_load_it(files: Mapping[str, str], expected: Mapping[str, int], tmp_path: Path) -> None:
    assert steps(tmp_path, files) == expected


def test_a_package_of_the_workspace_by_its_name_and_built_files_by_their_sources(tmp_path: Path) -> None:
    files = {
        "packages/shapes/package.json": '{"name": "@a/shapes", "exports": {".": {"import": "./dist/index.mjs"}}}',
        "packages/shapes/src/index.ts": 'export { area } from "./area.js";\n',
        "packages/user/test/a.test.ts": 'import { area } from "@a/shapes";\n',
    }
    found = steps(tmp_path, files, "packages/shapes/src/area.ts")
    assert found == {"packages/shapes/src/index.ts": 1, "packages/user/test/a.test.ts": 2}


def test_parts_of_a_package_by_its_manifest_under_any_condition(tmp_path: Path) -> None:
    files = {
        "packages/shapes/package.json": (
            '{"name": "shapes", "exports": {"./v4": {"@own/source": "./src/v4/index.ts", "import": "./v4/index.js"}, '
            '"./parts/*": {"import": "./dist/parts/*.js"}}}'
        ),
        "packages/shapes/src/v4/index.ts": 'export { area } from "../area.js";\n',
        "packages/shapes/src/parts/one.ts": 'export { area } from "../area.js";\n',
        "packages/shapes/test/a.test.ts": 'import { area } from "shapes/v4";\n',
        "packages/shapes/test/b.test.ts": 'import { area } from "shapes/parts/one";\n',
        "packages/shapes/test/c.test.ts": 'import { area } from "shapes/other";\n',
    }
    found = steps(tmp_path, files, "packages/shapes/src/area.ts")
    assert {name: step for name, step in found.items() if "test" in name} == {
        "packages/shapes/test/a.test.ts": 2,
        "packages/shapes/test/b.test.ts": 2,
    }


def test_tests_of_what_calls_it_in_other_modules_come_first(tmp_path: Path) -> None:
    """What has a word of the module's name and does not load it comes last."""
    head = 'import test from "node:test";\n'
    files = {
        "lib/util.js": "export const half = (x) => x / 2;\n",
        "lib/api.js": 'import { half } from "./util.js";\nexport function middle(a, b) {\n  return half(a + b);\n}\n',
        "lib/index.js": 'export * from "./api.js";\n',
        "test/a.test.js": f'{head}import {{ other }} from "../other.js";\ntest("util", () => other());\n',
        "test/b.test.js": f'{head}import * as all from "../lib/index.js";\ntest("all", () => all);\n',
        "test/c.test.js": f'{head}import {{ middle }} from "../lib/index.js";\ntest("it", () => middle(1, 2));\n',
        "other.js": "export const other = () => 1;\n",
        "package.json": '{"type": "module"}',
    }
    write_files(tmp_path, files)
    text = "«export const half = (x) => x / 2;»\n"
    task = task_of(text, language=lang.JAVASCRIPT, path=tmp_path / "lib/util.js", workspace=tmp_path, name="half")
    suites, _ = found_for(task, place_of(task))
    assert [str(file) for suite in suites for file in suite.files] == ["test/c.test.js", "test/b.test.js"]
    assert not any(suite.more for suite in suites)
    more = f'{head}import * as all from "../lib/index.js";\ntest("all", () => all);\n'
    write_files(tmp_path, {f"test/more{number}.test.js": more for number in range(30)})
    (suite,), _ = found_for(task, place_of(task))
    assert suite.more, "more load it than one run takes"
    every = [str(file) for file in (*suite.files, *joining(task, place_of(task), suite))]
    assert sorted(every) == ["test/b.test.js", "test/c.test.js", *sorted(f"test/more{n}.test.js" for n in range(30))]


def test_tests_of_distant_callers_come_before_those_that_only_load_it(tmp_path: Path) -> None:
    """By way of methods and other names of exports, and those that name the caller most often first: what is left out
    could tell a wrong answer."""
    head = 'import { expect, test } from "vitest";\nimport * as z from "../src/index.js";\n'
    files = {
        "src/util.ts": "",
        "src/checks.ts": (
            'import * as util from "./util.js";\n'
            'export const Multiple = make("Multiple", (one) => {\n'
            "  one._own.check = (value) => util.rest(value, one.by) === 0;\n});\n"
        ),
        "src/api.ts": 'import * as checks from "./checks.js";\nexport function _multiple(by) {\n'
        "  return new checks.Multiple({ check: by });\n}\nexport const big = () => 1;\n",
        "src/names.ts": 'export { _multiple as multiple, big } from "./api.js";\n',
        "src/schemas.ts": 'import * as checks from "./names.js";\n_methods({\n  multiple(by): unknown {\n'
        "    return this.check(checks.multiple(by));\n  },\n  big() {\n    return checks.big();\n  },\n});\n",
        "src/index.ts": 'export * from "./schemas.js";\n',
        **{f"test/a{n}.test.ts": f'{head}test("check", () => z.big().check());\n' * 12 for n in range(12)},
        "test/n.test.ts": f'{head}test("all", () => z.multiple(2));\n',
        "test/z.test.ts": f'{head}test("it", () => {{ z.multiple(2); z.multiple(3); }});\n',
        "package.json": '{"type": "module"}',
        "node_modules/vitest/vitest.mjs": "",
        "node_modules/vitest/package.json": "{}",
    }
    write_files(tmp_path, files)
    text = "«export const rest = (value: number, by: number) => value % by;»\n"
    task = task_of(text, language=lang.TYPESCRIPT, path=tmp_path / "src/util.ts", workspace=tmp_path, name="rest")
    suites, _ = found_for(task, place_of(task))
    chosen = [str(file) for suite in suites for file in suite.files]
    assert chosen[:3] == ["test/z.test.ts", "test/n.test.ts", "test/a0.test.ts"]
    assert len(chosen) < 14


def test_files_of_another_thing_of_that_name_take_no_place(tmp_path: Path) -> None:
    head = 'import { test } from "node:test";\n'
    other = f'{head}import {{ merge }} from "../old/merge.js";\ntest("it", () => merge(merge(1)));\n'
    own = f'{head}import {{ merge }} from "../src/util.js";\ntest("it", () => merge(1));\n'
    write_files(
        tmp_path,
        {
            "old/merge.js": "export const merge = (one) => one;\n",
            "src/util.js": "",
            "package.json": '{"type": "module"}',
            **{f"test/a{n}.test.js": other for n in range(30)},
            "test/z.test.js": own,
        },
    )
    text = "«export const merge = (one) => one;»\n"
    task = task_of(text, language=lang.JAVASCRIPT, path=tmp_path / "src/util.js", workspace=tmp_path, name="merge")
    suites, _ = found_for(task, place_of(task))
    assert [str(file) for suite in suites for file in suite.files] == ["test/z.test.js"]


@pytest.mark.parametrize(("text", "expected"), [
    ("export function one() { return half(1); }\nother(half(2));", {"one"}),
    ("const one = half(1);", {"one"}),
    ("function outer() { const one = half(1); return two(one); }", {"outer"}),
    ("(function () { const one = () => half(1); const two = 3; })();", {"one"}),
    ("class One { two() { return half(1); } three(): string { return four(); } }", {"One", "two"}),
    ("exports.one = () => half(1);", {"one"}),
    ("One.prototype.two = function () { half(1); };", {"two"}),
    ("use((one) => { one.check = () => half(1); });", set[str]()),
    ("make({ one: (a) => half(a), two: async (b) => half(b), three: function () { half(1); }, four: 2 });",
     {"one", "two", "three"}),
    ("make({ value: half(1) });\nif (half(1)) { other(); }", set[str]()),
    ('export { half as one } from "./util.js";', {"one"}),
])  # fmt: skip
def test_what_declares_a_caller(text: str, expected: set[str]) -> None:
    assert {name for name, words in declarations(text) if "half" in words} == expected


@pytest.mark.parametrize(("text", "whole"), [
    ("module.exports = function () {};", True),
    ("module.exports = area;", True),
    ("export default area;", True),
    ("module.exports = { area };", False),
    ("exports.area = area;", False),
    ("module.exports === area", False),
    ("export const area = 1;", False),
])  # fmt: skip
def test_what_is_exported_as_a_whole(text: str, whole: bool) -> None:
    assert whole_export(text) is whole


def test_tests_that_load_a_module_without_naming_it_are_found(tmp_path: Path) -> None:
    path = tmp_path / "index.js"
    test = 'const parse = require("../");\nconst test = require("tape");\ntest("it", (t) => { parse(1); t.end(); });\n'
    write_files(tmp_path, {
        "package.json": '{"name": "it", "scripts": {"test": "tape test/*.js"}}',
        "index.js": AREA.replace("«", "").replace("»", ""),
        "test/one.js": test,
        "test/two.js": 'require("tape")("two", (t) => t.end());\n',
        "node_modules/tape/package.json": "{}",
    })  # fmt: skip
    task = task_of(AREA, language=lang.JAVASCRIPT, path=path, workspace=tmp_path, name="area")
    (suite,), blocked = found_for(task, place_of(task))
    assert (suite.runner, [str(file) for file in suite.files], blocked) == ("tape", ["test/one.js"], ())


UVU = """import { suite, test } from "uvu";
const Area = suite("area");
Area("is a product", () => is(area(2, 3), 6));
Area.run();
test("one", () => is(one(), 1));
"""
QUNIT = """QUnit.module("area", () => {
  QUnit.test("is a product", (assert) => { assert.equal(area(2, 3), 6); });
});
QUnit.test("one", (assert) => { assert.equal(one(), 1); });
"""


@pytest.mark.parametrize(("runner", "text"), [("uvu", UVU), ("qunit", QUNIT)])
def test_the_tests_of_uvu_and_qunit_by_their_names(runner: str, text: str, tmp_path: Path) -> None:
    files = {
        "package.json": f'{{"scripts": {{"test": "{runner}"}}}}',
        f"node_modules/{runner}/package.json": "{}",
        "test/area.js": text,
        "test/other.js": "assert(area);",
    }
    write_files(tmp_path, files)
    task = task_of(AREA, language=lang.JAVASCRIPT, path=tmp_path / "lib/area.js", workspace=tmp_path)
    suites, blocked = found_for(task, place_of(task))
    assert [(suite.runner, [str(file) for file in suite.files]) for suite in suites] == [(runner, ["test/area.js"])]
    assert [result.id for result in blocked] == [runner], "it is none of its tests: only named"
    tests = read_tests(text)
    assert tests.speaks(["area", "is a product"], frozenset({"area"}))
    assert not tests.speaks(["one"], frozenset({"area"}))


def suites_of(root: Path, files: Mapping[str, str]) -> list[str]:
    head = 'const { test } = require("node:test");\n'
    write_files(root, {name: head + text if name.startswith("test/") else text for name, text in files.items()})
    task = task_of(AREA, language=lang.JAVASCRIPT, path=root / "src/area.js", workspace=root)
    suites, blocked = found_for(task, place_of(task))
    return [str(file) for suite in suites for file in suite.files] + [result.detail for result in blocked]


BUILT = "test/a.js: it tests what was built earlier ({}), which a candidate does not change"


@pytest.mark.parametrize(("text", "expected"), [
    ('const area = require("../src/area");\ntest("area", () => area(1, 2));', ["test/a.js"]),
    ('const { area } = require("../src");\ntest("area", () => area(1, 2));', ["test/a.js"]),
    # Something else of that name.
    ('const { area } = require("../src/other");\ntest("area", () => area(1, 2));', []),
    ('const other = require("../src/other");\ntest("area", () => other.area(1, 2));', []),
    ('const area = () => 1;\ntest("area", () => area(1, 2));', []),
    ('const { area } = require("../src/shapes");\ntest("area", () => area(1, 2));', []),
    # Nobody knows where these lead.
    ('const { area } = require("@/other");\ntest("area", () => area(1, 2));', ["test/a.js"]),
    ('const { area } = require(process.env.AREA);\ntest("area", () => area(1, 2));', ["test/a.js"]),
    ('require("../src/other");\ntest("area", () => area(1, 2));', ["test/a.js"]),
    # What was built earlier.
    ('const { area } = require("../dist/area");\ntest("area", () => area(1, 2));', [BUILT.format("dist/area")]),
    ('const { area } = require("../dist");\ntest("area", () => area(1, 2));', [BUILT.format("dist")]),
    ('const { area } = require("../dist");\nconst a = require("../src/area");\ntest("area", area);', ["test/a.js"]),
])  # fmt: skip
def test_only_files_that_load_the_document_speak_of_it(text: str, expected: Sequence[str], tmp_path: Path) -> None:
    files = {
        "package.json": "{}",
        "src/area.js": AREA.replace("«", "").replace("»", ""),
        "src/index.js": 'module.exports = { area: require("./area") };',
        "src/other.js": "exports.area = () => 1;",
        "src/shapes/index.js": "exports.area = () => 1;",
        "test/a.js": text,
    }
    assert suites_of(tmp_path, files) == expected


DEFAULT = """import * as mod from "../src/lite.js";
const fn = mod.default;
test("exports", () => is(typeof mod.area, "function"));
test("strings", () => is(fn("foo"), "foo"));
"""


def test_what_a_whole_module_is_called_reaches_its_tests() -> None:
    tests = read_tests(DEFAULT)
    assert tests.speaks(["strings"], reaching({"area", "mod"}, DEFAULT))


@pytest.mark.parametrize("speaks", [True, False])
def test_a_wrong_value_is_held_against_what_the_stub_ended(speaks: bool, tmp_path: Path) -> None:
    text = "throw new Error('not implemented')\n"
    name = "test/lite.js"
    course = RunPlan(
        root=str(tmp_path),
        document=PurePosixPath("src/lite.js"),
        text=text,
        before=text,
        lines=(1, 1),
        reach=frozenset({"fn"} if speaks else ()),
        tests={name: read_tests(DEFAULT)},
        secret="secret",
        timeout=1.0,
    )
    at = f"    at Object.<anonymous> ({tmp_path}/test/lite.js:4:1)"
    stack = f"Error: not implemented\n    at area ({tmp_path}/src/lite.js:1:1)\n{at}"
    ended = {"type": "Error", "message": "not implemented", "stack": stack}
    wrong = {"type": "AssertionError", "code": "ERR_ASSERTION", "message": "no", "stack": f"AssertionError: no\n{at}"}
    must = {"name": ["secret"], "state": "failed", "error": {"message": "secret[]"}}
    before, now = (
        outcome(course, [{"file": name, "tests": [{"name": ["strings"], "state": "failed", "error": one}, must]}]).run
        for one in (ended, wrong)
    )
    (result,) = compared("uvu", before, now, speaks=lambda _: speaks).values()
    assert result.status is CheckStatus.OWED


@pytest.mark.parametrize(("file", "found"), [
    ("spec/areaSpec.js", True),
    ("specs/area.js", True),
    ("src/areaTest.js", True),
    ("src/test-area.js", True),
    ("src/area.spec.js", True),
    ("src/latest.js", False),
    ("src/inspect.js", False),
])  # fmt: skip
def test_files_that_runners_take_for_tests(file: str, found: bool, tmp_path: Path) -> None:
    text = (
        'const { test } = require("node:test");\nconst area = require("../src/area");\ntest("area", () => area(1, 2));'
    )
    write_files(tmp_path, {file: text})
    task = task_of(AREA, language=lang.JAVASCRIPT, path=tmp_path / "src/area.js", workspace=tmp_path)
    suites, blocked = found_for(task, place_of(task))
    assert [str(one) for suite in suites for one in suite.files] == ([file] if found else [])
    assert blocked == ()
