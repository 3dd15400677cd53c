"""A job's events as tool calls of an editor's chat."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("acp", reason="the extra acp is not installed: pip install 'forge-lsp[acp]'")

from acp import schema

from forge_lsp.acp.stages import SessionUpdates
from forge_lsp.core.events import AttemptStarted, JobEvent, Stage, StageFinished, StageStarted


def attempt(number: int) -> AttemptStarted:
    return AttemptStarted(
        number=number, attempts=3, strategy="none", thinkers=(), generator="qwen", samples=1, panel="simple"
    )


def started(stage: Stage, number: int = 1) -> StageStarted:
    return StageStarted(number=number, stage=stage, detail="d")


def finished(stage: Stage, number: int = 1) -> StageFinished:
    return StageFinished(number=number, stage=stage, detail="done", seconds=1.0)


def shown(course: SessionUpdates, *bodies: Any) -> list[tuple[str, str, str | None]]:
    """The tool calls that events make: begun or changed, their id and status."""
    found: list[tuple[str, str, str | None]] = []
    for body in bodies:
        event = JobEvent(job_id="j", sequence=1, at=datetime.now(UTC), body=body)
        for update in course.updates(event):
            if isinstance(update, schema.ToolCallStart):
                found.append(("begun", update.tool_call_id, update.status))
            elif isinstance(update, schema.ToolCallProgress):
                found.append(("changed", update.tool_call_id, update.status))
    return found


def test_a_stage_that_comes_twice_in_an_attempt_is_two_calls() -> None:
    check = [started(Stage.CHECK), finished(Stage.CHECK)]
    course = SessionUpdates("j")
    calls = shown(course, attempt(1), *check, *check, started(Stage.REVIEW), finished(Stage.REVIEW))
    begun = [id_ for kind, id_, _ in calls if kind == "begun"]
    assert len(set(begun)) == len(begun) == 3
    assert [id_ for kind, id_, status in calls if kind == "changed" and status == "completed"] == begun


def test_ids_of_attempts_are_their_own_and_a_stop_ends_the_call_under_way() -> None:
    course = SessionUpdates("j")
    check, again = started(Stage.CHECK, 2), started(Stage.CHECK, 2)
    calls = shown(course, attempt(1), started(Stage.CHECK), finished(Stage.CHECK), attempt(2), check)
    calls += shown(course, finished(Stage.CHECK, 2), again)
    begun = [id_ for kind, id_, _ in calls if kind == "begun"]
    assert len(set(begun)) == 3
    (stop,) = course.stopped()
    assert (stop.tool_call_id, stop.status) == (begun[-1], "failed")
    assert course.stopped() == []
