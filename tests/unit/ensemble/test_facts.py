"""What was seen of a candidate, in words for reviewers and for the check stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.core.attempt import BuildReport, BuildStatus, Evidence
from forge_lsp.core.checks import CheckKind, CheckResult, CheckStatus
from forge_lsp.ensemble.briefing import facts

TEST = CheckResult(id="a", kind=CheckKind.TEST, status=CheckStatus.PROOF, source="a")
OWED = replace(TEST, id="b", source="b", status=CheckStatus.OWED, expected="6", actual="5")
BROKEN = replace(TEST, id="c", source="c", status=CheckStatus.FAILED, detail="ValueError: no such unit, line 3")


@pytest.mark.parametrize(
    ("status", "evidence", "words"),
    [
        (BuildStatus.PASSED, Evidence(), "it compiles; there was nothing to run"),
        (BuildStatus.PASSED, Evidence(results=(TEST,)), "it compiles; 1 check that failed before passes now"),
        (
            BuildStatus.PASSED,
            Evidence(results=(TEST, OWED, BROKEN)),
            "it compiles; 1 check that failed before passes now; 1 check that passed before fails now; 1 check of the "
            "code to be written fails; broken: `c`: got ValueError: no such unit, line 3; not met: `b`: "
            "expected 6, got 5",
        ),
        (BuildStatus.PASSED, Evidence(blocked="no sandbox"), "it compiles; nothing could be run (no sandbox)"),
        (BuildStatus.FAILED, Evidence(), "it does not compile"),
    ],
)
def test_what_was_seen_is_said_by_name(status: BuildStatus, evidence: Evidence, words: str) -> None:
    assert facts(BuildReport(status=status, tool="tool"), evidence) == words
