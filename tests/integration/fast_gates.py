"""What the tests of the fast gate share: the sandbox, a look at candidates, and the build gate's verdict."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from forge_lsp.checking.fast.gate import DaemonGate
from forge_lsp.checking.fast.opener import Opener
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import FastReport, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from tests.integration.builds_cases import Case, real_sandbox
from tests.integration.fast_looks import PATIENT
from tests.support.builds import with_code

__all__ = ["looked", "same_verdict", "sandbox"]


@pytest.fixture
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with real_sandbox(tmp_path_factory.mktemp("boxes")) as chosen:
        if not isinstance(chosen, Bubblewrap):
            pytest.skip("no bubblewrap works here")
        yield chosen


async def looked(
    sandbox: Sandbox, language: Language, opener: Opener, task: Task, codes: Sequence[str]
) -> Sequence[FastReport | None]:
    gate = DaemonGate(sandbox, {language: opener}, keeping=PATIENT)
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
