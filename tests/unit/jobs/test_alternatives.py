"""Every candidate of a job: in which order, under which names, where they part, and with which text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_lsp.core.attempt import BuildReport, BuildStatus, Candidate, Evidence, Observation, Outcome, RunnerUp
from forge_lsp.core.checks import CheckStatus, Grade
from forge_lsp.core.codec import decode, encode
from forge_lsp.core.errors import BadRequest
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.jobs.alternatives import alternatives_document, alternatives_of, candidate_of
from forge_lsp.jobs.offer import Offer, in_place_of, target_text
from forge_lsp.jobs.record import JobRecord
from forge_lsp.jobs.report import job_report
from forge_lsp.languages.registry import BUILT_IN
from tests.unit.jobs.sample import BASE, example, full_record

EDITING = Edits(TreeSitterSyntax())
PASSED = BuildReport(status=BuildStatus.PASSED, tool="x")
FAILED = BuildReport(status=BuildStatus.FAILED, tool="x")


def candidate(body: str, attempt: int, *, sample: int = 1, text: bool = True) -> Candidate:
    code = f"def add(a, b):\n    return {body}"
    whole = BASE[: BASE.index("def add")] + code + "\n" if text else ""
    return Candidate(code=code, text=whole, model=f"m{attempt}", attempt=attempt, sample=sample)


def seen(status: CheckStatus, grade: Grade | None = None) -> Evidence:
    return Evidence(results=(example(status, "3"),), grade=grade)


def record() -> JobRecord:
    """Two attempts; the second one's second sample is what the job offers."""
    whole = full_record()
    first, second = (attempt for attempt in whole.attempts if attempt.skipped is None and attempt.build)
    first = replace(
        first,
        number=1,
        candidate=candidate("a - b", 1),
        build=PASSED,
        evidence=seen(CheckStatus.OWED),
        others=(RunnerUp(candidate=candidate("a * b", 1, sample=2), build=FAILED),),
        answers=(Observation(call="add(5, 5)", answer="0"),),
    )
    second = replace(
        second,
        number=2,
        candidate=candidate("a + b + 0", 2),
        build=PASSED,
        evidence=seen(CheckStatus.PROOF, Grade.PROVEN),
        others=(
            RunnerUp(
                candidate=candidate("a + b", 2, sample=2),
                build=PASSED,
                evidence=seen(CheckStatus.PROOF, Grade.PROVEN),
                answers=(Observation(call="add(5, 5)", answer="10"),),
            ),
        ),
    )
    return replace(whole, attempts=(first, second), candidate=candidate("a + b", 2, sample=2), outcome=Outcome.ACCEPTED)


def test_the_result_comes_first_and_what_does_not_compile_is_left_out() -> None:
    found = alternatives_of(record())
    assert [(one.id, one.result) for one in found] == [("2.2", True), ("2.1", False), ("1.1", False)]


def test_where_candidates_behave_differently_is_shown() -> None:
    told = alternatives_document(record())
    rows = told["alternatives"]
    assert isinstance(rows, list)
    assert [row["differences"] for row in rows] == [
        [],
        [],
        [{"call": "add(5, 5)", "answer": "0", "first": "10"}],
    ]
    report = job_report(record())
    assert "## Alternatives" in report and "add(5, 5)" in report


def test_a_candidate_that_the_ledger_kept_without_its_document_gets_it_back() -> None:
    whole = record()
    bare = replace(
        whole, attempts=tuple(replace(one, candidate=candidate("a - b", 1, text=False)) for one in whole.attempts[:1])
    )
    text = candidate_of(bare, "1.1", EDITING, BUILT_IN).text
    assert text.startswith('"""Sums."""\n\n\ndef add(a, b):') and text.rstrip().endswith("return a - b")
    with pytest.raises(BadRequest, match="no candidate"):
        candidate_of(whole, "1.2", EDITING, BUILT_IN)


def test_attempts_of_an_older_ledger_have_no_others() -> None:
    attempt = record().attempts[1]
    data = encode(attempt)
    assert isinstance(data, dict)
    assert decode(type(attempt), data) == attempt
    del data["others"], data["answers"]
    assert decode(type(attempt), data).others == ()


def test_another_candidate_takes_the_place_of_one_that_was_applied() -> None:
    whole = record()
    one, other = (candidate_of(whole, id_, EDITING, BUILT_IN).text for id_ in ("2.2", "1.1"))
    offer = Offer(uri=whole.uri, base=whole.base_text, scope=whole.scope, text=other)
    mine = '"""Sums, and more."""'
    target, merged = target_text(one.replace('"""Sums."""', mine), in_place_of(one, offer), EDITING)
    assert (target, merged) == (other.replace('"""Sums."""', mine), True)


def test_the_same_code_is_offered_once() -> None:
    whole = record()
    first = replace(whole.attempts[0], candidate=candidate("a + b", 1), evidence=seen(CheckStatus.PROOF, Grade.PROVEN))
    twice = replace(whole, attempts=(first, whole.attempts[1]))
    assert [(one.id, one.alike) for one in alternatives_of(twice)] == [("2.2", ("1.1",)), ("2.1", ())]
    assert candidate_of(twice, "1.1", EDITING, BUILT_IN).model == "m1"
