from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from forge_lsp.core.attempt import (
    BuildReport,
    BuildStatus,
    Decision,
    DecisionKind,
    Evidence,
    Expectation,
    Outcome,
    Replacement,
    Verdict,
)
from forge_lsp.core.checks import grade_of
from forge_lsp.core.codec import decode, encode
from forge_lsp.jobs.attempt_report import attempt_section
from forge_lsp.jobs.document import job_document
from forge_lsp.jobs.record import JobState
from tests.support.scripted import example
from tests.unit.jobs.sample import CODE, TASK, attempts, full_record
from tests.unit.jobs.support import record

DOCUMENT_KEYS = [
    "jobId",
    "state",
    "outcome",
    "task",
    "language",
    "uri",
    "created",
    "score",
    "grade",
    "code",
    "reason",
    "seconds",
    "costUsd",
    "attempts",
]
ATTEMPT_KEYS = [
    "number",
    "strategy",
    "thinkers",
    "generator",
    "samples",
    "compiled",
    "diagnostics",
    "evidence",
    "checks",
    "grade",
    "panel",
    "reviews",
    "score",
    "decision",
    "insights",
    "skipped",
    "seconds",
    "costUsd",
]


def test_the_document_has_exactly_the_shape_of_the_contract() -> None:
    document: dict[str, Any] = json.loads(json.dumps(job_document(full_record())))
    assert list(document) == DOCUMENT_KEYS
    assert [list(attempt) for attempt in document["attempts"]] == [ATTEMPT_KEYS] * 3
    assert (document["state"], document["outcome"], document["created"]) == (
        "ended",
        "accepted",
        "2026-01-31T12:00:00.000Z",
    )
    assert (document["task"], document["code"], document["score"]) == (TASK, CODE, 8.2)
    first, second, third = document["attempts"]
    assert first["diagnostics"] == [
        {"file": "a.py", "line": 4, "severity": "error", "code": "invalid-syntax", "message": "'(' was never closed"}
    ]
    assert (first["compiled"], first["decision"], first["insights"]) == (
        False,
        "retry",
        ["a.py:4: error: '(' was never closed"],
    )
    assert second["evidence"] == {
        "kinds": ["doctest", "example"],
        "passed": 1,
        "failed": 0,
        "disputed": 1,
        "notRunnable": 1,
        "agreement": None,
    }
    assert second["checks"] == {
        "proof": 1,
        "kept": 0,
        "owed": 0,
        "failed": 0,
        "disputed": 1,
        "unrelated": 0,
        "notRunnable": 1,
        "flaky": 0,
    }
    assert document["grade"] == "proven"
    assert second["reviews"][0] == {
        "model": "granite",
        "aspect": "patterns",
        "weight": 0.4,
        "score": 8.0,
        "abstained": None,
        "issues": [{"severity": "warning", "line": 1, "message": "no type hints"}],
    }
    assert (second["reviews"][2]["score"], second["reviews"][2]["abstained"]) == (
        None,
        "its answer was not JSON, twice",
    )
    assert sum(review["weight"] for review in second["reviews"]) == 1.0
    assert (third["decision"], third["compiled"]) == ("skip", None)
    assert third["skipped"] == "claude costs money, and its use was not allowed"


def test_an_unverified_attempt_says_why_as_a_diagnostic() -> None:
    build = BuildReport(
        status=BuildStatus.UNVERIFIED, tool="dotnet", reason="no .NET SDK", remedy="apt install dotnet-sdk-8.0"
    )
    attempt = replace(attempts()[1], build=build)
    document: Any = job_document(replace(full_record(), outcome=Outcome.UNVERIFIED, attempts=(attempt,)))
    (told,) = document["attempts"]
    assert told["compiled"] is None
    assert told["diagnostics"] == [
        {
            "file": "a.py",
            "line": 4,  # where the scope begins
            "severity": "warning",
            "code": "unverified",
            "message": "no .NET SDK: apt install dotnet-sdk-8.0",
        }
    ]


def test_an_attempt_without_code_says_why() -> None:
    attempt = replace(attempts()[0], build=None, candidate=None)
    document: Any = job_document(replace(full_record(), attempts=(attempt,)))
    assert [entry["message"] for entry in document["attempts"][0]["diagnostics"]] == ["it does not compile"]


def test_replaced_members_stand_in_document_report_and_ledger() -> None:
    ended = full_record()
    made = (
        Replacement(role="reviewer", model="gpt-oss", by="granite", reason="its answers were no reviews"),
        Replacement(role="writer", model="coder", by=None, reason="no python code"),
    )
    first = replace(ended.attempts[0], replacements=made)
    document: Any = job_document(replace(ended, attempts=(first, *ended.attempts[1:])))
    assert document["attempts"][0]["replacements"] == [
        {"role": "reviewer", "model": "gpt-oss", "by": "granite", "reason": "its answers were no reviews"},
        {"role": "writer", "model": "coder", "by": None, "reason": "no python code"},
    ]
    told = attempt_section(first, ended)
    assert "- gpt-oss (reviewer): its answers were no reviews; granite takes its place" in told
    assert "- coder (writer): no python code; **nobody could take its place**" in told
    assert decode(type(first), encode(first)) == first


def test_the_committees_examples_stand_in_document_report_and_ledger() -> None:
    ended = full_record()
    first = next(attempt for attempt in ended.attempts if attempt.build is not None and attempt.build.compiled)
    expected = (
        Expectation(author="phi4", call="s = S()\ns.f(1)", value="2", answer="2", passed=True),
        Expectation(author="qwen", call="f('a')", value="'A'", answer="raises KeyError", passed=False),
    )
    first = replace(first, evidence=replace(first.evidence, committee=expected, merit=0.75))
    document: Any = job_document(replace(ended, attempts=(first, ended.attempts[0])))
    assert document["attempts"][0]["committee"] == [
        {"author": "phi4", "call": "s = S()\ns.f(1)", "value": "2", "passed": True},
        {"author": "qwen", "call": "f('a')", "value": "'A'", "passed": False},
    ]
    assert "committee" not in document["attempts"][1]
    told = attempt_section(first, ended)
    assert "**Examples of other models:** 1 of 2 passed" in told
    assert "- f('a') - qwen expects 'A': **got raises KeyError**" in told
    assert "- s = S(); s.f(1) - phi4 expects 2: passed" in told
    assert decode(type(first), encode(first)) == first


@pytest.mark.parametrize(
    ("status", "decision", "score", "panel"),
    [
        ("proof", "accept", None, None),
        ("proof", "accept", 9.0, "moderate"),
        ("proof", "retry", None, "moderate"),
        ("kept", "accept", None, "moderate"),
    ],
)
def test_what_is_accepted_as_proven_without_a_word_of_the_panel_names_none(
    status: str, decision: str, score: float | None, panel: str | None
) -> None:
    results = (example(status),)
    grade = grade_of(results, unfinished=True, supported=False)
    attempt = replace(
        attempts()[1],
        evidence=Evidence(results=results, grade=grade),
        decision=Decision(kind=DecisionKind(decision), reason=""),
        verdict=Verdict(panel="moderate", score=score),
    )
    document: Any = job_document(replace(full_record(), attempts=(attempt,)))
    (told,) = document["attempts"]
    assert (told["panel"], told["score"]) == (panel, score)


def test_a_job_that_has_not_ended_is_told_from_its_events() -> None:
    ended = full_record()
    running = record(state=JobState.RUNNING, events=ended.events)
    document: Any = job_document(running)
    assert (document["state"], document["outcome"], document["code"]) == ("running", None, None)
    assert [list(attempt) for attempt in document["attempts"]] == [ATTEMPT_KEYS] * 2
    first, third = document["attempts"]
    assert (first["generator"], first["compiled"], first["decision"], first["seconds"]) == (
        "deepseek-coder",
        False,
        "retry",
        8.25,
    )
    assert (third["number"], third["decision"]) == (3, "skip")


def test_what_is_encoded_decodes_to_the_same() -> None:
    for attempt in attempts():
        assert decode(type(attempt), json.loads(json.dumps(encode(attempt)))) == attempt
    for event in full_record().events:
        assert decode(type(event.body), json.loads(json.dumps(encode(event.body)))) == event.body


def test_fields_of_other_versions_are_no_error() -> None:
    whole: Any = encode(attempts()[1])
    whole["of_the_future"] = {"x": 1}
    del whole["thought"], whole["verdict"]
    kept = decode(type(attempts()[1]), whole)
    assert kept == replace(attempts()[1], verdict=None, thought=None)
