from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from forge_lsp.core.attempt import Diagnostic, Severity
from forge_lsp.core.errors import BadRequest
from forge_lsp.jobs.contract import ApplyMode, FollowUp
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.lsp.requests import CommandArguments, GenerateArguments
from forge_lsp.lsp.texts import LineIndex
from tests.support import lang

URI = "file:///a.py"
RANGE = {"start": {"line": 0, "character": 3}, "end": {"line": 1, "character": 0}}


def generate(**table: Any) -> GenerateArguments:
    return CommandArguments("forge.generate", [table]).generate(BUILT_IN)


def test_everything() -> None:
    found = generate(
        uri=URI,
        range=RANGE,
        task="sort",
        language="c#",
        maxIterations=3,
        profile="cloud",
        diagnostics=[{"range": RANGE, "message": "m", "severity": 2, "code": 5, "source": "s", "tags": [1]}],
        followUp={"jobId": "j", "feedback": "shorter"},
        apply="preview",
    )
    assert found.range == lsp.Range(lsp.Position(0, 3), lsp.Position(1, 0))
    assert (found.language, found.max_iterations, found.apply) == (lang.CSHARP, 3, ApplyMode.PREVIEW)
    assert found.follow_up == FollowUp(job_id="j", feedback="shorter")
    (raw,) = found.diagnostics
    located = raw.located("a.py", LineIndex("a😀b\nc\n", PositionCodec()))
    assert located == Diagnostic(
        file="a.py", line=1, column=3, end_line=2, end_column=1, severity=Severity.WARNING, message="m", code="5",
        source="s",
    )  # fmt: skip


def test_null_means_not_given() -> None:
    assert generate(uri=URI, range=None, task=None, apply=None) == GenerateArguments(uri=URI)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "uri is missing"),
        ({"uri": 1}, "uri: expected words, got 1"),
        ({"uri": URI, "task": " "}, "task: expected words"),
        ({"uri": URI, "maxIterations": 0}, "maxIterations: expected a whole number from 1 to 50, got 0"),
        ({"uri": URI, "maxIterations": True}, "maxIterations"),
        ({"uri": URI, "maxIterations": "3"}, "maxIterations"),
        ({"uri": URI, "language": "cobol"}, "language: expected one of python, csharp"),
        ({"uri": URI, "apply": "now"}, "apply: expected one of edit, preview, none, got 'now'"),
        ({"uri": URI, "apply": ["edit"]}, "apply"),
        ({"uri": URI, "range": 3}, "range: expected an object"),
        ({"uri": URI, "range": {"start": {"line": 1}}}, "range.start: expected {line, character}"),
        ({"uri": URI, "range": {"start": {"line": -1, "character": 0}}}, "range.start.line: expected a whole number"),
        ({"uri": URI, "diagnostics": "x"}, "diagnostics: expected a list"),
        ({"uri": URI, "diagnostics": [1]}, r"diagnostics\[0\]: expected an object"),
        ({"uri": URI, "diagnostics": [{"message": "m"}]}, r"diagnostics\[0\]\.range is missing"),
        ({"uri": URI, "followUp": {"jobId": "j"}}, "followUp.feedback is missing"),
        ({"uri": URI, "followUp": {"jobId": "j", "feedback": "f", "x": 1}}, "followUp.x is not a key"),
        ({"uri": URI, "maxIteration": 3}, "maxIteration is not a key of this command .*maxIterations"),
    ],
)
def test_errors_name_the_key(table: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        generate(**table)


@pytest.mark.parametrize("arguments", [["x"], [{}, {}], [[1]]])
def test_one_object_is_taken(arguments: list[Any]) -> None:
    with pytest.raises(BadRequest, match="takes one object"):
        CommandArguments("forge.status", arguments)


@pytest.mark.parametrize("arguments", [None, [], [None], [{}]])
def test_nothing_is_an_empty_object(arguments: list[Any] | None) -> None:
    CommandArguments("forge.status", arguments).done()
