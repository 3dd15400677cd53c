"""How a job goes, as an editor's chat shows it: each stage a tool call, the attempt's course the plan. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import acp
from acp import schema

from forge_lsp.core.events import (
    AttemptFinished,
    AttemptStarted,
    Degraded,
    JobEvent,
    RungSkipped,
    Stage,
    StageFinished,
    StageStarted,
)

__all__ = ["SessionUpdates"]

_KINDS: dict[Stage, Any] = {Stage.THINK: "think", Stage.GENERATE: "edit", Stage.CHECK: "execute", Stage.REVIEW: "read"}
_TITLES = {Stage.THINK: "Think", Stage.GENERATE: "Write", Stage.CHECK: "Check", Stage.REVIEW: "Review"}


@dataclass(slots=True)
class SessionUpdates:
    """Turns the events of one job into updates of its session, in order."""

    job_id: str
    _attempt: AttemptStarted | None = None
    _done: set[Stage] = field(default_factory=set[Stage])
    _now: Stage | None = None
    _begun: Counter[tuple[int, Stage]] = field(default_factory=Counter[tuple[int, Stage]])

    def updates(self, event: JobEvent) -> list[Any]:
        """Return what one event changes in what the user sees."""
        match event.body:
            case AttemptStarted() as body:
                self._attempt, self._done, self._now = body, set(), None
                return [self._plan()]
            case StageStarted() as body:
                self._now = body.stage
                self._begun[body.number, body.stage] += 1
                title = f"{_TITLES[body.stage]}: {body.detail}" if body.detail else _TITLES[body.stage]
                call = acp.start_tool_call(
                    self._id(body.number, body.stage),
                    f"Attempt {body.number} · {title}",
                    kind=_KINDS[body.stage],
                    status="in_progress",
                )
                return [call, self._plan()]
            case StageFinished() as body:
                self._done.add(body.stage)
                self._now = None
                text = f"{body.detail} ({body.seconds:.1f} s)"
                call = acp.update_tool_call(
                    self._id(body.number, body.stage),
                    status="completed",
                    content=[acp.tool_content(acp.text_block(text))],
                )
                return [call, self._plan()]
            case Degraded() as body:
                return [acp.update_agent_thought_text(f"attempt {body.number}: {body.reason}\n")]
            case RungSkipped() as body:
                words = f"attempt {body.number}: {body.generator} was skipped: {body.reason}\n"
                return [acp.update_agent_thought_text(words)]
            case AttemptFinished() as body:
                return [acp.update_agent_thought_text(f"attempt {body.number}: {body.decided}: {body.reason}\n")]
            case _:
                return []

    def stopped(self) -> list[Any]:
        """Return the end of a stage that was under way when its job ended."""
        if self._now is None or self._attempt is None:
            return []
        call = self._id(self._attempt.number, self._now)
        self._now = None
        return [acp.update_tool_call(call, status="failed")]

    def _id(self, number: int, stage: Stage) -> str:
        """The id of a stage's call; an attempt can come to the same stage again, which is then a call of its own."""
        times = self._begun[number, stage]
        return f"{self.job_id}-{number}-{stage}" + (f"-{times}" if times > 1 else "")

    def _plan(self) -> schema.AgentPlanUpdate:
        attempt = self._attempt
        if attempt is None:
            return acp.update_plan([])
        rows: list[tuple[Stage, str]] = []
        if attempt.thinkers:
            rows.append((Stage.THINK, f"Think it over: {attempt.strategy} of {', '.join(attempt.thinkers)}"))
        many = f", {attempt.samples} times" if attempt.samples > 1 else ""
        rows.append((Stage.GENERATE, f"Write with {attempt.generator}{many}"))
        rows.append((Stage.CHECK, "Compile it; run its tests and examples"))
        if attempt.panel != "none":
            rows.append((Stage.REVIEW, f"Have it reviewed ({attempt.panel} panel)"))
        entries: list[Any] = []
        for stage, words in rows:
            status: Any = "completed" if stage in self._done else "in_progress" if stage is self._now else "pending"
            title = f"Attempt {attempt.number} of {attempt.attempts}: {words}"
            entries.append(acp.plan_entry(title, priority="medium", status=status))
        return acp.update_plan(entries)
