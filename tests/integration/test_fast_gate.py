"""The fast gate with the real checkers: the same verdict on the cases of the build gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from forge_lsp.builds.fast.csharp import CSharpOpener
from forge_lsp.builds.fast.daemons import Keeping
from forge_lsp.builds.fast.gate import DaemonGate
from forge_lsp.builds.fast.opener import Opener
from forge_lsp.builds.fast.python import PythonOpener
from forge_lsp.builds.fast.typescript import TypeScriptOpener
from forge_lsp.builds.sandbox.bubblewrap import Bubblewrap
from forge_lsp.domain.ports import FastReport, Sandbox
from forge_lsp.domain.task import Language, Task
from tests.integration import test_build_csharp as csharp
from tests.integration import test_build_python as python
from tests.integration import test_build_typescript as typescript
from tests.integration.builds_cases import Case, project_task, real_sandbox
from tests.support.builds import with_code
from tests.support.tools import dotnet_environment, typescript_folder


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not isinstance(chosen, Bubblewrap):
            pytest.skip("no bubblewrap works here")
        yield chosen


async def looked(
    sandbox: Sandbox, language: Language, opener: Opener, task: Task, codes: Sequence[str]
) -> Sequence[FastReport | None]:
    gate = DaemonGate(sandbox, {language: opener}, keeping=Keeping(patience=120, answer=60))
    try:
        return await gate.look(task, [with_code(task, code) for code in codes])
    finally:
        await gate.aclose()


def same_verdict(reports: Sequence[FastReport | None], cases: Sequence[Case]) -> None:
    """The first report is of a good candidate, the others of ``cases``."""
    good, *bad = reports
    assert good == FastReport(), good
    for case, report in zip(cases, bad, strict=True):
        assert report is not None, case.name
        assert [p for p in report.problems if (p.file, p.line) == (case.file, case.line)], (case.name, report)


async def test_python(sandbox: Sandbox, tmp_path: Path) -> None:
    task = project_task(tmp_path, Language.PYTHON, python.FILES, python.FILE)
    codes = [f"{python.HEAD}    return width * height", *(case.code for case in python.CASES)]
    same_verdict(await looked(sandbox, Language.PYTHON, PythonOpener(), task, codes), python.CASES)


@pytest.mark.parametrize("major", ["7", "5"])
async def test_typescript(sandbox: Sandbox, tmp_path: Path, major: str) -> None:
    opener = TypeScriptOpener(typescript.environment(typescript_folder(major)))
    task = project_task(tmp_path, Language.TYPESCRIPT, typescript.FILES, typescript.FILE)
    codes = [f"{typescript.HEAD}  return width * height;\n}}", *(case.code for case in typescript.CASES)]
    same_verdict(await looked(sandbox, Language.TYPESCRIPT, opener, task, codes), typescript.CASES)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_csharp(sandbox: Sandbox, tmp_path: Path) -> None:
    opener = CSharpOpener(sandbox, dotnet_environment(), tmp_path / "state")
    task = project_task(tmp_path / "project", Language.CSHARP, csharp.FILES, csharp.FILE)
    codes = [csharp.method("return width * height;"), *(case.code for case in csharp.CASES)]
    same_verdict(await looked(sandbox, Language.CSHARP, opener, task, codes), csharp.CASES)
