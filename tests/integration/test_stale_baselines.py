"""A right candidate passes also after the user broke a file that the compilers read, whatever its folder is called."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from tests.integration.builds_cases import real_sandbox
from tests.support import lang
from tests.support.builds import task_of, with_code, write_files


@dataclass(frozen=True, kw_only=True)
class Project:
    """``files``, in ``document`` the scope is marked; ``user`` is the file that is broken, by the text ``broken``;
    ``then`` is what comes of the same right code."""

    language: Language
    tool: str
    files: Mapping[str, str]
    document: str
    code: str
    user: str
    broken: str
    then: BuildStatus = BuildStatus.PASSED


MAIN = 'package main\n\nimport "example.com/shop"\n\nfunc main() {\n\tprintln(shop.Twice(1))\n}\n'

PROJECTS = {
    "rust": Project(
        language=lang.RUST,
        tool="cargo",
        files={
            "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
            "src/lib.rs": "«pub fn twice(a: i32) -> i32 {\n    a + a\n}»\n",
            "src/bin/app.rs": "fn main() {\n    std::process::exit(shop::twice(0));\n}\n",
        },
        document="src/lib.rs",
        code="pub fn twice(a: i32) -> i32 {\n    2 * a\n}",
        user="src/bin/app.rs",
        broken='fn main() {\n    std::process::exit(shop::twice("0"));\n}\n',
        then=BuildStatus.UNVERIFIED,  # old errors may hide new ones
    ),
    "python": Project(
        language=lang.PYTHON,
        tool="python3",
        files={
            "pyproject.toml": '[project]\nname = "shop"\nversion = "0.1.0"\n',
            "shop.py": "«def twice(a: int) -> int:\n    return a + a»\n",
            "target/uses.py": "from shop import twice\n\ntwice(1)\n",
        },
        document="shop.py",
        code="def twice(a: int) -> int:\n    return 2 * a",
        user="target/uses.py",
        broken='from shop import twice\n\ntwice("1")\n',
    ),
    "go": Project(
        language=lang.GO,
        tool="go",
        files={
            "go.mod": "module example.com/shop\n\ngo 1.21\n",
            "a.go": "package shop\n\n«func Twice(a int) int {\n\treturn a + a\n}»\n",
            "bin/shop/main.go": MAIN,
        },
        document="a.go",
        code="func Twice(a int) int {\n\treturn 2 * a\n}",
        user="bin/shop/main.go",
        broken=MAIN.replace("(1)", '("1")'),
    ),
}


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not chosen.runs_project_code:
            pytest.skip("no sandbox works here")
        yield chosen


@pytest.mark.parametrize("name", PROJECTS)
async def test_what_the_user_broke_meanwhile_is_not_the_candidate_s(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    project = PROJECTS[name]
    if shutil.which(project.tool) is None:
        pytest.skip(f"{project.tool} is not installed")
    marked = project.files[project.document]
    write_files(tmp_path, {**project.files, project.document: marked.replace("«", "").replace("»", "")})
    task = task_of(
        marked, language=project.language, path=tmp_path / project.document, workspace=tmp_path, name="twice"
    )
    made = toolchains(lang.BUILT_IN, sandbox, timeout=200, commands={}, environment=dict(os.environ))
    text = with_code(task, project.code)
    report = await made[project.language].build(task, text)
    assert report.status is BuildStatus.PASSED, (report.reason, report.diagnostics)
    write_files(tmp_path, {project.user: project.broken})
    report = await made[project.language].build(task, text)
    assert report.status is project.then, (report.reason, report.diagnostics)
