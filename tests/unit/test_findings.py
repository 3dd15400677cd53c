"""The doctor's lines: whatever fails while it looks is a line of its own, and keeps no other from being told."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

import pytest

from forge_lsp import findings
from forge_lsp.app import diagnosis
from forge_lsp.checking import toolchains
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Finding, FindingStatus, Sandbox
from forge_lsp.sandbox.choosing import SandboxChooser

FINE = Finding(name="cargo", status=FindingStatus.OK, detail="cargo 1.95")


async def _fine() -> tuple[Finding, ...]:
    return (FINE,)


async def _fail(error: BaseException) -> tuple[Finding, ...]:
    raise error


async def test_what_is_found_is_told() -> None:
    assert await findings.examined("cargo", _fine()) == (FINE,)


async def test_a_fault_of_the_machine_is_told_with_its_remedy() -> None:
    fault = EnvironmentFault("/tmp is full", remedy="df -h /tmp")
    (told,) = await findings.examined("go", _fail(fault))
    assert (told.name, told.status, told.detail, told.remedy) == (
        "go",
        FindingStatus.BROKEN,
        "/tmp is full",
        "df -h /tmp",
    )


async def test_a_fault_of_ours_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        (told,) = await findings.examined("go", _fail(OSError(39, "Directory not empty")))
    assert told.status is FindingStatus.BROKEN
    assert "Directory not empty" in told.detail
    assert "Traceback" in caplog.text


async def test_a_cancel_is_not_swallowed() -> None:
    with pytest.raises(asyncio.CancelledError):
        await findings.examined("go", _fail(asyncio.CancelledError()))


async def test_one_language_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        remedy = None

    class Chooser:
        async def findings(self) -> tuple[Finding, ...]:
            return ()

        async def choose(self) -> Sandbox:
            return cast(Sandbox, Nothing())

    looks = {"go": _fail(OSError(39, "Directory not empty")), "rust": _fine()}
    monkeypatch.setattr(toolchains, "examinations", lambda languages, sandbox: looks)
    told = await diagnosis._check_findings(cast(SandboxChooser, Chooser()))
    assert [(finding.name, str(finding.status)) for finding in told[:2]] == [("go", "broken"), ("cargo", "ok")]
