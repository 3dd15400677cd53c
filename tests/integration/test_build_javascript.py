"""The JavaScript gate with the real node, and with the real TypeScript where the case needs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.ecmascript.toolchain import JavaScriptToolchain, javascript_findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.tools import typescript_folder

FILE = "src/area.js"
FILES = {
    "package.json": '{"name": "areas", "type": "module", "dependencies": {"left-pad": "1"}}',
    FILE: (
        "«export function area(width, height) {\n  throw new Error('todo');\n}»\n\n"
        "export const volume = (w, h, d) => area(w, h) * d;\n"
    ),
    "src/use.js": 'import { area } from "./area.js";\n\nexport const total = area(2, 3);\n',
}
HEAD = "export function area(width, height) {\n"
GOOD = f"{HEAD}  return width * height;\n}}"
BY_NODE = [
    Case(
        name="syntax error",
        code=f"{HEAD}  return width *;\n}}",
        file=FILE,
        line=2,
        codes=("SyntaxError",),
        message="token",
    ),
    Case(
        name="missing import",
        code=f'import {{ mul }} from "no-such-module";\n{HEAD}  return mul(width, height);\n}}',
        file=FILE,
        line=1,
        codes=("ERR_MODULE_NOT_FOUND",),
        message="no-such-module",
    ),
    Case(
        name="missing file",
        code=f'import {{ mul }} from "./mul.js";\n{HEAD}  return mul(width, height);\n}}',
        file=FILE,
        line=1,
        codes=("ERR_MODULE_NOT_FOUND",),
        message="./mul.js",
    ),
    Case(
        name="missing export",
        code=f'import {{ totals }} from "./use.js";\n{HEAD}  return totals;\n}}',
        file=FILE,
        line=1,
        codes=("MISSING_EXPORT",),
        message="totals",
    ),
    Case(
        name="break of another file",
        code="export function surface(width, height) {\n  return width * height;\n}\nconst area = surface;",
        file="src/use.js",
        line=1,
        codes=("MISSING_EXPORT",),
        message="area",
    ),
]
BY_TYPESCRIPT = [
    Case(
        name="unknown name",
        code=f"{HEAD}  return wid;\n}}",
        file=FILE,
        line=2,
        codes=("TS2304", "TS2552"),
        message="wid",
    ),
    Case(
        name="wrong arity",
        code=f"{HEAD}  return Math.pow(width);\n}}",
        file=FILE,
        line=2,
        codes=("TS2554",),
        message="2",
    ),
    Case(
        name="wrong type",
        code=f'{HEAD}  return Math.abs("w");\n}}',
        file=FILE,
        line=2,
        codes=("TS2345",),
        message="number",
    ),
    Case(
        name="break of another file by arity",
        code="export function area(width) {\n  return width;\n}",
        file="src/use.js",
        line=3,
        codes=("TS2554",),
        message="1",
    ),
]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


def without_typescript(tmp_path: Path) -> dict[str, str]:
    """A PATH that holds node and nothing else."""
    folder = tmp_path / "only-node"
    folder.mkdir()
    (folder / "node").symlink_to(shutil.which("node") or "")
    return {"PATH": str(folder)}


@pytest.fixture
def node_alone(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> JavaScriptToolchain:
    environment = without_typescript(tmp_path_factory.mktemp("bin"))
    return JavaScriptToolchain(sandbox, timeout=90, environment=environment)


@pytest.fixture(params=["7", "5"])
def typed(sandbox: Sandbox, request: pytest.FixtureRequest) -> JavaScriptToolchain:
    modules = typescript_folder(request.param) / "node_modules/.bin"
    return JavaScriptToolchain(sandbox, timeout=90, environment={"PATH": f"{modules}:{os.environ['PATH']}"})


async def refused(toolchain: JavaScriptToolchain, root: Path, cases: list[Case]) -> None:
    task = project_task(root, lang.JAVASCRIPT, FILES, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in cases:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message


async def test_node_alone_sees_syntax_and_imports(node_alone: JavaScriptToolchain, tmp_path: Path) -> None:
    await refused(node_alone, tmp_path, BY_NODE)


async def test_with_typescript_names_and_calls_are_checked_too(typed: JavaScriptToolchain, tmp_path: Path) -> None:
    await refused(typed, tmp_path, [*BY_NODE, *BY_TYPESCRIPT])


async def test_loose_javascript_is_no_error(typed: JavaScriptToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.JAVASCRIPT, FILES, FILE)
    loose = (
        f"{HEAD}  const found = {{}};\n  found.size = process.env.SIZE ?? width;\n"
        "  if (typeof Buffer === 'undefined') height = null;\n  return found.size * height;\n}"
    )
    report = await typed.build(task, with_code(task, loose))
    assert report.status is BuildStatus.PASSED, report


async def test_commonjs_is_what_it_says(typed: JavaScriptToolchain, tmp_path: Path) -> None:
    write_files(tmp_path, {"use.js": "const { area } = require('./area');\nmodule.exports = area(1, 2);\n"})
    text = "«»\nmodule.exports = { area };\n"
    task = task_of(text, language=lang.JAVASCRIPT, path=tmp_path / "area.js", workspace=tmp_path)
    (tmp_path / "area.js").write_text(text.replace("«", "").replace("»", ""))
    good = "const path = require('path');\nfunction area(a, b) {\n  return path.sep ? a * b : 0;\n}"
    report = await typed.build(task, with_code(task, good))
    assert report.status is BuildStatus.PASSED, report
    lost = "const gone = require('./gone');\nfunction area(a, b) {\n  return gone(a, b);\n}"
    report = await typed.build(task, with_code(task, lost))
    assert [(d.file, d.line, d.code) for d in report.diagnostics] == [("area.js", 1, "ERR_MODULE_NOT_FOUND")]


async def test_a_declared_package_that_is_not_installed_is_the_environments(
    node_alone: JavaScriptToolchain, tmp_path: Path
) -> None:
    task = project_task(tmp_path, lang.JAVASCRIPT, FILES, FILE)
    code = f'import pad from "left-pad";\n{HEAD}  return pad(width, height);\n}}'
    report = await node_alone.build(task, with_code(task, code))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "npm install")
    write_files(tmp_path, {"node_modules/left-pad/package.json": "{}"})
    assert (await node_alone.build(task, with_code(task, code))).status is BuildStatus.PASSED


async def test_a_lone_file_may_be_a_module_or_a_script(node_alone: JavaScriptToolchain, tmp_path: Path) -> None:
    task = task_of("«»", language=lang.JAVASCRIPT, path=tmp_path / "a.js", workspace=None)
    assert (await node_alone.build(task, 'import fs from "node:fs";\nexport const a = fs;\n')).compiled is True
    assert (await node_alone.build(task, "module.exports = require('fs');\n")).compiled is True
    assert (await node_alone.build(task, "return return;\n")).compiled is False


async def test_jsx_is_read_by_typescript(typed: JavaScriptToolchain, tmp_path: Path) -> None:
    task = task_of("«»", language=lang.JAVASCRIPT, path=tmp_path / "a.jsx", workspace=None)
    assert (
        await typed.build(task, "export const A = (name) => wrap(<p>{name}</p>);\nconst wrap = (x) => x;\n")
    ).compiled
    report = await typed.build(task, "export const A = () => <p>;\n")
    assert report.compiled is False


async def test_nothing_of_the_project_is_run(node_alone: JavaScriptToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.JAVASCRIPT, FILES, FILE)
    loud = f"{GOOD}\nthrow new Error('it was run');\nprocess.exit(3);"
    assert (await node_alone.build(task, with_code(task, loud))).status is BuildStatus.PASSED


async def test_without_node_it_is_unverified_with_the_way_out(sandbox: Sandbox, tmp_path: Path) -> None:
    bare = JavaScriptToolchain(sandbox, timeout=10, environment={"PATH": "/nonexistent"})
    task = task_of("«»", language=lang.JAVASCRIPT, path=tmp_path / "a.js", workspace=None)
    report = await bare.build(task, "1;\n")
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "https://nodejs.org/en/download")
    (finding,) = await javascript_findings(sandbox, {"PATH": "/nonexistent"})
    assert finding.status is FindingStatus.ABSENT
    (finding,) = await javascript_findings(sandbox, dict(os.environ))
    assert finding.status is FindingStatus.OK


JSX = (
    "import { List } from './list.js';\n\n"
    "«export function view(items) {\n  return <ul>{items.map((item) => <li key={item}>{item}</li>)}</ul>;\n}»\n"
)
VIEW = "export function view(items) {\n  return "


@pytest.mark.parametrize("name", ["src/view.jsx", "src/view.js"])
async def test_jsx_is_parsed_whatever_its_file_is_called(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/typescript").symlink_to(typescript_folder("5") / "node_modules/typescript")
    files = {"package.json": '{"name": "views"}', "src/list.js": "export const List = () => null;\n", name: JSX}
    task = project_task(tmp_path, lang.JAVASCRIPT, files, name)
    toolchain = JavaScriptToolchain(sandbox, timeout=60, environment=os.environ)
    bodies = {
        "<List items={items} />;\n}": True,
        "<ul>{items}</ol>;\n}": False,  # TS17002
        "<ul>{nowhere}</ul>;\n}": False,
    }
    if name.endswith(".jsx"):
        bodies |= {"<>{items};\n}": False, "<b /><b />;\n}": False}  # TS17014, TS2657
    else:
        bodies |= {"items.map((a) => a < 3 && a >);\n}": False, "<ul>{items as string[]}</ul>;\n}": False}
    for body, compiled in bodies.items():
        report = await toolchain.build(task, with_code(task, VIEW + body))
        assert (body, report.compiled) == (body, compiled), (report.reason, report.diagnostics)


async def test_what_nothing_here_can_read_is_unverified(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = {"PATH": str(Path(shutil.which("node") or "").parent)}
    if shutil.which("tsc", path=environment["PATH"]) is not None:
        pytest.skip("there is a TypeScript on PATH")
    flow = "// @flow\n«export function area(w: number): number {\n  return w;\n}»\n"
    for name, text, code, word in (
        ("a.js", JSX.split("\n\n")[1], f"{VIEW}<b />;\n}}", "TypeScript is not installed"),
        ("b.jsx", JSX.split("\n\n")[1], f"{VIEW}<b />;\n}}", "TypeScript is not installed"),
        ("c.js", flow, "export function area(w: number): number {\n  return w + 1;\n}", "Flow"),
    ):
        task = project_task(tmp_path / name, lang.JAVASCRIPT, {"package.json": "{}", name: text}, name)
        toolchain = JavaScriptToolchain(sandbox, timeout=60, environment=environment)
        report = await toolchain.build(task, with_code(task, code))
        assert (report.compiled, word in (report.reason or "")) == (None, True), (name, report)
