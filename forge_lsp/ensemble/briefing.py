"""What each model is shown of the task: one prefix a model, the same bytes for every call of the job to it.

The project's rules follow that prefix where a model plans or writes. A reviewer never sees them: a repository's words
are no yardstick for the code that was written for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from forge_lsp.core.attempt import BuildReport, Candidate, Evidence
from forge_lsp.core.checks import AGAINST, CheckResult, CheckStatus, counts_of
from forge_lsp.core.ports import ContextGatherer, GatheredContext, ModelDirectory, ShownPart
from forge_lsp.core.task import Task
from forge_lsp.ensemble.fencing import on_one_line
from forge_lsp.ensemble.insights import failure_words
from forge_lsp.ensemble.prompting import SharedPrefix, Window, named_scope, render, shared_prefix, toy_prefix, window
from forge_lsp.ensemble.words import clip

__all__ = ["PromptPrefixes", "SentText", "facts", "subject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentText:
    """Text of ``file`` (workspace-relative) went to ``server`` (settings key), and on to ``place``, if to any. ``why``
    says what was shown of it, in plain words."""

    file: str
    server: str
    place: str | None = None
    why: str = ""


class PromptPrefixes:
    """The prefixes of one job. Models with windows of the same size share theirs."""

    def __init__(self, *, task: Task, models: ModelDirectory, context: ContextGatherer) -> None:
        self._task = task
        self._models = models
        self._context = context
        self._gathered: dict[int, GatheredContext] = {}
        self._lock = asyncio.Lock()

    def toy(self, model: str) -> bool:
        """Whether this model is too small for anything but the bare task."""
        return self._models.get(model).info.toy

    def window(self, model: str) -> Window:
        """Return how the context length of a model is shared out."""
        return window(self._models.get(model).info, self._task)

    async def for_reviewing(self, model: str) -> SharedPrefix:
        """Return the prefix for a reviewer, without the project's rules."""
        if self.toy(model):
            return shared_prefix(self._task, "")
        gathered = await self._gather(self.window(model).context)
        return shared_prefix(self._task, gathered.text)

    async def for_thinking(self, model: str) -> SharedPrefix:
        """Return the prefix for a thinker: a reviewer's, then the project's rules."""
        shared = await self.for_reviewing(model)
        if self.toy(model):
            return shared
        return replace(shared, rules=(await self._gather(self.window(model).context)).rules)

    async def for_writing(self, model: str) -> SharedPrefix:
        """Return the prefix for a generator: a thinker's, but for a toy model."""
        if not self.toy(model):
            return await self.for_thinking(model)
        info = self._models.get(model).info
        return toy_prefix(self._task, info.context - self.window(model).answer - 128)

    def sent(self, asked: Iterable[str], *, reviewed_only: Collection[str] = ()) -> tuple[SentText, ...]:
        """Return which files' text went to which servers, given the models that were asked anything, and those of them
        that were asked for reviews alone."""
        found: dict[tuple[str, str, str | None], str] = {}
        for model in asked:
            info = self._models.get(model).info
            own = (self._name(),)
            shown = self._gathered.get(self.window(model).context)
            files = own
            if not self.toy(model):
                files = shown.files if shown is not None else ()
                files += shown.rules_files if shown is not None and model not in reviewed_only else ()
            said = {part.file: _why(part) for part in shown.parts} if shown is not None and files is not own else {}
            for file in files:
                key = (file, info.server, info.place)
                found[key] = found.get(key, "") or said.get(file, "")
        return tuple(
            SentText(file=file, server=server, place=place, why=why) for (file, server, place), why in found.items()
        )

    def files(self, model: str) -> tuple[str, ...]:
        """Return which files' text a model is shown; as long as nothing was gathered, the document alone."""
        return tuple(dict.fromkeys(one.file for one in self.sent((model,)))) or (self._name(),)

    def _name(self) -> str:
        path, workspace = self._task.document.path, self._task.workspace
        if path is None:
            return self._task.document.uri
        if workspace is not None and path.is_relative_to(workspace):
            return path.relative_to(workspace).as_posix()
        return path.name

    async def _gather(self, tokens: int) -> GatheredContext:
        async with self._lock:  # a panel asks for its prefixes all at once
            if tokens not in self._gathered:
                self._gathered[tokens] = await self._context.gather(self._task, tokens=tokens)
            return self._gathered[tokens]


def _why(part: ShownPart) -> str:
    """``a member of its class, imported``."""
    return ", ".join(reason for reason, _ in part.reasons[:_MOST_REASONS]) or "rules of the project"


def subject(task: Task, candidate: Candidate, build: BuildReport, evidence: Evidence, room: Window) -> str:
    """Return the candidate as every reviewer sees it: who wrote it, and how often it was tried, stays hidden."""
    return render(
        "subject",
        what=named_scope(task.scope),
        language=task.document.language,
        code=clip("\n".join((*candidate.imports, candidate.code)), room.answer),
        facts=clip(facts(build, evidence), room.facts),
    )


def facts(build: BuildReport, evidence: Evidence) -> str:
    """Return what was seen, in words: ``it compiles; 2 checks that failed before pass now``, or ``it compiles; there
    was nothing to run``. Checks against the candidate come by name with what was expected and what came, the worst
    first."""
    words = {
        True: "it compiles",
        False: "it does not compile",
        None: f"whether it compiles could not be checked ({build.reason or 'no reason given'})",
    }
    parts = [words[build.compiled]]
    counts = counts_of(evidence.results)
    parts += [
        f"{counts[status]} {one if counts[status] == 1 else many}"
        for status, (one, many) in _SAID.items()
        if counts[status]
    ]
    if evidence.doubt is not None:
        parts.append(f"none of these counts: {evidence.doubt}")
    if evidence.blocked is not None:
        parts.append(f"nothing could be run ({evidence.blocked})")
    elif build.compiled and not evidence.results:
        parts.append("there was nothing to run")
    against = sorted((r for r in evidence.results if r.status in AGAINST), key=_worst_first)
    parts += [
        f"{'broken' if r.status is CheckStatus.FAILED else 'not met'}: {_quoted(failure_words(r))}"
        for r in against[:_MOST_NAMED]
    ]
    parts += [
        "disputed: " + _quoted(f"`{r.source.strip()}` should give {r.expected.strip()}, and {r.detail}")
        for r in evidence.results
        if r.status is CheckStatus.DISPUTED
    ]
    return "; ".join(parts)


_MOST_NAMED = 6
_MOST_REASONS = 3
_MOST_SAID = 400  # characters of one result


def _quoted(said: str) -> str:
    """What a test said, which may be the candidate's own words: without the sign that parts our facts."""
    return on_one_line(said)[:_MOST_SAID].replace(";", ",")


_SAID = {
    CheckStatus.PROOF: ("check that failed before passes now", "checks that failed before pass now"),
    CheckStatus.KEPT: ("check passes as before", "checks pass as before"),
    CheckStatus.FAILED: ("check that passed before fails now", "checks that passed before fail now"),
    CheckStatus.OWED: ("check of the code to be written fails", "checks of the code to be written fail"),
    CheckStatus.UNRELATED: ("check fails for another reason", "checks fail for another reason"),
    CheckStatus.NOT_RUNNABLE: ("check cannot be run here", "checks cannot be run here"),
    CheckStatus.FLAKY: ("check passes and fails on the same code", "checks pass and fail on the same code"),
}


def _worst_first(result: CheckResult) -> bool:
    return result.status is not CheckStatus.FAILED
