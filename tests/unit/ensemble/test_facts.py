"""What was seen of a candidate, in words for reviewers and for the check stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.domain.attempt import BuildReport, BuildStatus, Evidence
from forge_lsp.domain.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.ensemble.briefing import facts

TEST = CheckResult(id="a", kind=CheckKind.TEST, status=CheckStatus.PROOF, source="a")
UNMET = replace(TEST, id="b", status=CheckStatus.NOT_RUNNABLE, unmet=True)


@pytest.mark.parametrize(
    ("status", "evidence", "words"),
    [
        (BuildStatus.PASSED, Evidence(), "it compiles; nothing to run"),
        (BuildStatus.PASSED, Evidence(results=(TEST,)), "it compiles; 1 of 1 examples pass"),
        (
            BuildStatus.PASSED,
            Evidence(results=(TEST, UNMET)),
            "it compiles; 1 of 1 examples pass; 1 fail as they did before",
        ),
        (BuildStatus.PASSED, Evidence(blocked="no sandbox"), "it compiles; no example could be run (no sandbox)"),
        (BuildStatus.FAILED, Evidence(), "it does not compile"),
    ],
)
def test_no_evidence_is_said_as_such(status: BuildStatus, evidence: Evidence, words: str) -> None:
    assert facts(BuildReport(status=status, tool="tool"), evidence) == words
