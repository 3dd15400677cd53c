"""What was seen of a candidate, in words for reviewers and for the check stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.domain.attempt import BuildReport, BuildStatus, Evidence, ExampleKind, ExampleResult, ExampleStatus
from forge_lsp.ensemble.briefing import facts

TEST = ExampleResult(id="a", kind=ExampleKind.TEST, status=ExampleStatus.PASSED, source="a")
UNMET = replace(TEST, id="b", status=ExampleStatus.NOT_RUNNABLE, unmet=True)


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
