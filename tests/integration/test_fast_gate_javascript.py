"""The fast gate of JavaScript with the real node, and the real TypeScript: the same verdict as the build gate's."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.languages import fast_findings
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.languages.ecmascript.fast_javascript import JavaScriptOpener
from tests.integration import fast_gates
from tests.integration import test_build_javascript as javascript
from tests.integration.builds_cases import project_task
from tests.integration.fast_gates import looked, same_verdict
from tests.integration.fast_looks import PATIENT, replaced_and_none_left, told
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.tools import typescript_folder

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.timeout(300),
]
sandbox = fast_gates.sandbox


@pytest.fixture(params=["7", "5"])
def typed(request: pytest.FixtureRequest) -> JavaScriptOpener:
    modules = typescript_folder(request.param) / "node_modules/.bin"
    return JavaScriptOpener({"PATH": f"{modules}:{os.environ['PATH']}"})


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> JavaScriptOpener:
    return JavaScriptOpener(javascript.without_typescript(tmp_path_factory.mktemp("bin")))


@pytest.fixture
async def gate(sandbox: Sandbox, alone: JavaScriptOpener) -> AsyncIterator[DaemonGate]:
    made = DaemonGate(sandbox, {lang.JAVASCRIPT: alone}, keeping=PATIENT)
    try:
        yield made
    finally:
        await made.aclose()


async def test_node_alone(sandbox: Sandbox, alone: JavaScriptOpener, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.JAVASCRIPT, javascript.FILES, javascript.FILE)
    codes = [javascript.GOOD, *(case.code for case in javascript.BY_NODE)]
    same_verdict(await looked(sandbox, lang.JAVASCRIPT, alone, task, codes), javascript.BY_NODE)


async def test_with_typescript(sandbox: Sandbox, typed: JavaScriptOpener, tmp_path: Path) -> None:
    """A configuration of the project's own, which may be for something else, does not change the verdict."""
    own = {"tsconfig.json": '{"files": []}', "src/tsconfig.json": '{"compilerOptions": {"checkJs": false}}'}
    task = project_task(tmp_path, lang.JAVASCRIPT, {**javascript.FILES, **own}, javascript.FILE)
    cases = [*javascript.BY_NODE, *javascript.BY_TYPESCRIPT]
    loose = (
        f"{javascript.HEAD}  const found = {{}};\n  found.size = process.env.SIZE ?? width;\n"
        "  if (typeof Buffer === 'undefined') height = null;\n  return found.size * height;\n}"
    )
    codes = [javascript.GOOD, *(case.code for case in cases), loose]
    reports = await looked(sandbox, lang.JAVASCRIPT, typed, task, codes)
    same_verdict(reports[:-1], cases)
    assert reports[-1] == FastReport(), reports[-1]


async def test_commonjs_and_jsx(sandbox: Sandbox, typed: JavaScriptOpener, tmp_path: Path) -> None:
    gate = DaemonGate(sandbox, {lang.JAVASCRIPT: typed}, keeping=PATIENT)
    write_files(tmp_path, {"use.js": "const { area } = require('./area');\nmodule.exports = area(1, 2);\n"})
    text = "«»\nmodule.exports = { area };\n"
    task = task_of(text, language=lang.JAVASCRIPT, path=tmp_path / "area.js", workspace=tmp_path)
    codes = (
        "const path = require('path');\nfunction area(a, b) {\n  return path.sep ? a * b : 0;\n}",
        "const gone = require('./gone');\nfunction area(a, b) {\n  return gone(a, b);\n}",
    )
    view = task_of("«»", language=lang.JAVASCRIPT, path=tmp_path / "a.jsx", workspace=tmp_path)
    views = (
        "export const A = (name) => wrap(<p>{name}</p>);\nconst wrap = (x) => x;\n",
        "export const A = () => <p>;\n",
    )
    try:
        found = told(await gate.look(task, [with_code(task, code) for code in codes]))
        assert found == [[], [("area.js", 1, "ERR_MODULE_NOT_FOUND")]]
        good, bad = told(await gate.look(view, views))
        assert good == []
        assert bad
        assert gate.running == 1
    finally:
        await gate.aclose()


async def test_what_the_user_saves_and_types_is_seen(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(
        tmp_path, {"package.json": '{"type": "module"}', "helper.js": "export const one = 1;\n", "other.js": ""}
    )
    text = "«»\n"
    buffers = {tmp_path / "helper.js": "export const two = 2;\n"}
    task = task_of(text, language=lang.JAVASCRIPT, path=tmp_path / "a.js", workspace=tmp_path, buffers=buffers)
    texts = [
        f'import {{ {name} }} from "./{file}.js";\n\nexport const all = {name};\n'
        for name, file in (("one", "helper"), ("two", "helper"), ("made", "other"), ("x", "fresh"))
    ]
    lost = ("a.js", 1, "MISSING_EXPORT")
    assert told(await gate.look(task, texts)) == [[lost], [], [lost], [("a.js", 1, "ERR_MODULE_NOT_FOUND")]]
    write_files(tmp_path, {"other.js": "export const made = 1;\n", "fresh.js": "export const x = 1;\n"})
    saved = task_of(text, language=lang.JAVASCRIPT, path=tmp_path / "a.js", workspace=tmp_path)
    assert told(await gate.look(saved, texts)) == [[], [lost], [], []]
    # What the package says of its files is seen too: an import is no script.
    write_files(tmp_path, {"package.json": '{"type": "commonjs", "name": "p"}'})
    assert told(await gate.look(saved, texts[:1])) == [[("a.js", 1, "SyntaxError")]]
    assert gate.running == 1


async def test_what_imports_the_document_by_way_of_another_is_found(gate: DaemonGate, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "package.json": '{"type": "module"}',
            "index.js": 'export * from "./all.js";\n',
            "all.js": 'export * from "./area.js";\n',
            "use.js": 'import { area } from "./index.js";\n\narea();\n',
            "broken.js": 'import { nothing } from "./use.js";\nimport "./area.js";\n',
        },
    )
    text = "«export const area = () => 1;»\n"
    task = task_of(text, language=lang.JAVASCRIPT, path=tmp_path / "area.js", workspace=tmp_path)
    texts = [with_code(task, f"export const {name} = () => 2;") for name in ("area", "surface")]
    assert told(await gate.look(task, texts)) == [[], [("use.js", 1, "MISSING_EXPORT")]]


async def test_nothing_is_run_and_nothing_outside_is_read(gate: DaemonGate, tmp_path: Path) -> None:
    outside = write_files(tmp_path / "outside", {"key.js": "export const key = 1;\n", "key.json": "{}"})
    work = write_files(tmp_path / "work", {"package.json": '{"type": "module"}'})
    (work / "link.js").symlink_to(outside / "key.js")
    task = task_of("«»", language=lang.JAVASCRIPT, path=work / "a.js", workspace=work)
    loud = "while (true) {}\nprocess.exit(3);\nawait 0;\nthrow new Error('it was run');\n"
    reads = [
        f'import {{ key }} from "{place}";\nexport const all = key;\n'
        for place in (f"{outside}/key.js", "../outside/key.js", "./link.js", f"{outside}/key.json")
    ]
    gone = [("a.js", 1, "ERR_MODULE_NOT_FOUND")]
    assert told(await gate.look(task, [loud, *reads])) == [[], gone, gone, gone, gone]
    assert gate.running == 1


async def test_one_that_dies_is_replaced_and_none_is_left(
    sandbox: Sandbox, typed: JavaScriptOpener, tmp_path: Path
) -> None:
    gate = DaemonGate(sandbox, {lang.JAVASCRIPT: typed}, keeping=PATIENT)
    task = task_of("«»", language=lang.JAVASCRIPT, path=tmp_path / "a.js", workspace=tmp_path)
    try:
        good, bad = "export const a = 1;\n", "export const a = nobody;\n"
        found = await replaced_and_none_left(gate, task, "javascript.mjs", good, bad)
    finally:
        await gate.aclose()
    assert found == [[("a.js", 1, "TS2304")]]


async def test_without_node_it_says_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    opener = JavaScriptOpener({"PATH": "/nonexistent"})
    task = task_of("«»", language=lang.JAVASCRIPT, path=tmp_path / "a.js", workspace=tmp_path)
    assert await looked(sandbox, lang.JAVASCRIPT, opener, task, ["1;\n"]) == [None]
    for environment, there in ((os.environ, True), ({"PATH": "/nonexistent"}, False)):
        (finding,) = fast_findings(lang.BUILT_IN, sandbox, environment)
        assert (lang.JAVASCRIPT.id in cast("list[str]", finding.facts["languages"])) is there
