"""The TypeScript gate with the real compiler: version 7 (native) and the last one written in JavaScript."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.ports import FindingStatus, Sandbox
from forge_lsp.languages.ecmascript.typescript import TypeScriptToolchain, typescript_findings
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files
from tests.support.tools import typescript_folder

TSCONFIG = (
    '{"compilerOptions": {"strict": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler"},'
    ' "include": ["src"]}'
)
FILE = "src/area.ts"
FILES = {
    "tsconfig.json": TSCONFIG,
    FILE: (
        "«export function area(width: number, height: number): number {\n  throw new Error('todo');\n}»\n\n"
        "export const volume = (w: number, h: number, d: number): number => area(w, h) * d;\n"
    ),
    "src/use.ts": 'import { area } from "./area";\n\nexport const total: number = area(2, 3);\n',
}
HEAD = "export function area(width: number, height: number): number {\n"
GOOD = f"{HEAD}  return width * height;\n}}"
CASES = [
    Case(name="syntax error", code=f"{HEAD}  return width *;\n}}", file=FILE, line=2, codes=("TS1109",), message="Exp"),
    Case(name="unknown name", code=f"{HEAD}  return wid;\n}}", file=FILE, line=2, codes=("TS2304",), message="wid"),
    Case(name="wrong type", code=f'{HEAD}  return "w";\n}}', file=FILE, line=2, codes=("TS2322",), message="number"),
    Case(
        name="wrong arity",
        code=f"{HEAD}  return Math.pow(width);\n}}",
        file=FILE,
        line=2,
        codes=("TS2554",),
        message="2",
    ),
    Case(
        name="missing import",
        code=f'import {{ mul }} from "no-such-module";\n{HEAD}  return mul(width, height);\n}}',
        file=FILE,
        line=1,
        codes=("TS2307",),
        message="no-such-module",
    ),
    Case(
        name="break of another file",
        code="export function area(width: number): number {\n  return width;\n}",
        file="src/use.ts",
        line=3,
        codes=("TS2554",),
        message="1",
    ),
]


@pytest.fixture(scope="module", params=["7", "5"])
def compilers(request: pytest.FixtureRequest) -> Path:
    return typescript_folder(request.param)


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        yield chosen


def environment(compilers: Path) -> dict[str, str]:
    return {"PATH": f"{compilers / 'node_modules/.bin'}:{os.environ['PATH']}"}


@pytest.fixture
def toolchain(sandbox: Sandbox, compilers: Path) -> TypeScriptToolchain:
    return TypeScriptToolchain(sandbox, timeout=90, environment=environment(compilers))


async def test_a_good_candidate_passes_and_bad_ones_are_refused(toolchain: TypeScriptToolchain, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.TYPESCRIPT, FILES, FILE)
    good = await toolchain.build(task, with_code(task, GOOD))
    assert good.status is BuildStatus.PASSED, good
    for case in CASES:
        report = await toolchain.build(task, with_code(task, case.code))
        assert report.status is BuildStatus.FAILED, (case.name, report)
        found = [d for d in report.diagnostics if (d.file, d.line) == (case.file, case.line) and d.code in case.codes]
        assert found, (case.name, report.diagnostics)
        assert case.message in found[0].message


async def test_what_was_found_before_is_kept_and_is_never_stale(
    toolchain: TypeScriptToolchain, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The compiler checks again what a candidate changes: errors come and go with it, also in other files, where
    several are checked at a time, and where what was kept cannot be read."""
    task = project_task(tmp_path, lang.TYPESCRIPT, FILES, FILE)
    good, bad = with_code(task, GOOD), with_code(task, CASES[-1].code)
    for _ in range(2):
        reports = await asyncio.gather(*(toolchain.build(task, text) for text in (good, bad, good, bad)))
        assert [one.status for one in reports] == [BuildStatus.PASSED, BuildStatus.FAILED] * 2, reports
    states = tmp_path_factory.getbasetemp().glob("boxes*/caches/tsc-*/*.tsbuildinfo")
    state = max(states, key=lambda one: one.stat().st_mtime_ns)
    kept = state.read_bytes()
    assert b"src/use.ts" in kept
    state.write_bytes(b"{")
    assert (await toolchain.build(task, good)).status is BuildStatus.PASSED
    assert b"src/use.ts" in state.read_bytes()
    state.write_bytes(kept)
    (tmp_path / "src/use.ts").write_text('import { area } from "./area";\nexport const total: string = area(2, 3);\n')
    (tmp_path / "src/more.ts").write_text("export const more: number = area(1);\n")
    assert (await toolchain.build(task, good)).status is BuildStatus.PASSED  # the user's own errors
    known = await toolchain.build(task, bad)
    assert [(one.file, one.line) for one in known.diagnostics] == [("src/area.ts", 5), ("src/use.ts", 2)]
    assert not sorted(state.parent.glob("*.part.tsbuildinfo"))


async def test_the_projects_own_compiler_comes_first(sandbox: Sandbox, compilers: Path, tmp_path: Path) -> None:
    task = project_task(tmp_path, lang.TYPESCRIPT, FILES, FILE)
    bare = TypeScriptToolchain(sandbox, timeout=90, environment={"PATH": os.environ["PATH"]})
    good = with_code(task, GOOD)
    if shutil.which("tsc") is None and shutil.which("tsgo") is None:
        report = await bare.build(task, good)
        assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "npm install --save-dev typescript")
    shutil.copytree(compilers / "node_modules", tmp_path / "node_modules", symlinks=True)
    assert (await bare.build(task, good)).status is BuildStatus.PASSED
    report = await bare.build(task, with_code(task, f'{HEAD}  return "{"😀"}" + wid;\n}}'))
    assert [(d.code, d.column) for d in report.diagnostics if d.code == "TS2304"] == [("TS2304", 16)]


async def test_a_document_that_the_configuration_leaves_out_is_checked(
    toolchain: TypeScriptToolchain, tmp_path: Path
) -> None:
    write_files(tmp_path, {"tsconfig.json": TSCONFIG, "src/a.ts": "export const a = 1;\n", "tools/b.ts": ""})
    task = task_of("«»", language=lang.TYPESCRIPT, path=tmp_path / "tools/b.ts", workspace=tmp_path)
    assert (await toolchain.build(task, 'import { a } from "../src/a";\nconst b: number = a;\n')).compiled is True
    assert (await toolchain.build(task, "const b: number = 'x';\n")).compiled is False
    write_files(
        tmp_path,
        {
            "tsconfig.json": '{"files": [], "references": [{"path": "./tsconfig.app.json"}]}',
            "tsconfig.app.json": TSCONFIG,
        },
    )
    app = task_of("«export const a = 1;»\n", language=lang.TYPESCRIPT, path=tmp_path / "src/a.ts", workspace=tmp_path)
    assert (await toolchain.build(app, "export const a: number = 2;\n")).compiled is True
    assert (await toolchain.build(app, "export const a: number = 'x';\n")).compiled is False


async def test_a_lone_file_and_a_module_that_is_not_installed(toolchain: TypeScriptToolchain, tmp_path: Path) -> None:
    lone = task_of("«»", language=lang.TYPESCRIPT)
    assert (await toolchain.build(lone, "export const x: number = 1;\n")).compiled is True
    assert (await toolchain.build(lone, "export const x: number = '1';\n")).compiled is False
    text = 'import { x } from "no-such-module";\n«export const y = 1;»\n'
    task = task_of(text, language=lang.TYPESCRIPT, path=tmp_path / "a.ts")
    report = await toolchain.build(task, with_code(task, "export const y = x;"))
    assert (report.status, report.remedy) == (BuildStatus.UNVERIFIED, "npm install no-such-module")


async def test_the_doctor_finds_the_compiler(sandbox: Sandbox, compilers: Path) -> None:
    found = {f.name: f for f in await typescript_findings(sandbox, environment(compilers))}
    assert (found["node"].status, found["typescript"].status) == (FindingStatus.OK, FindingStatus.OK)
    (absent,) = await typescript_findings(sandbox, {"PATH": "/nonexistent"})
    assert (absent.status, bool(absent.remedy)) == (FindingStatus.ABSENT, True)


async def test_the_configuration_that_the_project_is_built_with_is_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    text = (
        "declare const ready: unique symbol;\n\n"
        "export async function load() {\n  const lazy = await import('no-such-package');\n  return lazy;\n}\n\n"
        "«export function first(items: number[]): number {\n  return items[0];\n}»\n"
    )
    files = {
        "package.json": "{}",
        "tsconfig.json": '{"compilerOptions": {"strict": true, "noUncheckedIndexedAccess": true, "target": "es5"}}',
        "tsconfig.prod.json": '{"compilerOptions": {"strict": true, "target": "es2022", "module": "esnext", '
        '"moduleResolution": "bundler"}, "include": ["src"]}',
        "src/first.ts": text,
    }
    task = project_task(tmp_path, lang.TYPESCRIPT, files, "src/first.ts")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/typescript").symlink_to(typescript_folder("5") / "node_modules/typescript")
    toolchain = TypeScriptToolchain(sandbox, timeout=60, environment=os.environ)
    code = "export function first(items: number[]): number {\n  return items[items.length - 1];\n}"
    report = await toolchain.build(task, with_code(task, code))
    assert report.compiled is True, (report.reason, report.diagnostics)
    wrong = await toolchain.build(task, with_code(task, code.replace("items[items.length - 1]", "'1'")))
    assert [problem.code for problem in wrong.diagnostics] == ["TS2322"]
