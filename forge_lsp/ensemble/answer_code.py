"""The code in what a model answered: found, put into the document, and formatted as the project has it."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forge_lsp.core.attempt import Candidate
from forge_lsp.core.errors import ExtractionFailed, ModelError, SpendingRefused
from forge_lsp.core.ports import Editing, Formatter, Syntax
from forge_lsp.core.task import Task
from forge_lsp.ensemble.extraction import Extracted, extract, join
from forge_lsp.ensemble.generation import Draft, GenerationInput, continue_draft
from forge_lsp.redaction import placeholders

__all__ = ["AnswerReader", "GeneratedCode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedCode:
    """What came of the generate stage: candidates, or in words why there are none."""

    candidates: tuple[Candidate, ...]
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReader:
    """Reads the answers of one job's writers. ``markers`` are the lines that mark the scope in their prompts."""

    task: Task
    syntax: Syntax
    editing: Editing
    markers: tuple[str, ...]
    formatter: Formatter | None

    async def read(self, number: int, brief: GenerationInput, drafts: Sequence[Draft]) -> GeneratedCode:
        """Return the code of every answer that was written to its end; one that was cut off is asked to go on where no
        other will do."""
        found: list[tuple[Draft, Extracted]] = []
        trouble: dict[str, None] = {}
        for draft in drafts:
            try:
                found.append((draft, await self._code(draft)))
            except ExtractionFailed as error:
                trouble[str(error)] = None
        whole = [(draft, code) for draft, code in found if code.whole]
        cut = next((draft for draft in drafts if draft.truncated), None)
        if not whole and cut is not None:
            try:
                rest = await continue_draft(brief, cut)
                longer = Draft(text=join(cut.text, rest.text), sample=cut.sample, truncated=rest.truncated)
                code = await self._code(longer)
                if code.whole:
                    whole.append((longer, code))
                else:
                    trouble["the answer was cut off by the length limit twice"] = None
            except ExtractionFailed as error:
                trouble[str(error)] = None
            except (ModelError, SpendingRefused) as error:
                trouble[f"the answer was cut off by the length limit and could not go on: {error}"] = None
        written: list[Candidate] = []
        for draft, code in whole:
            try:
                candidate = self._candidate(number, brief.generator.model, draft, code)
                written.append(await self._formatted(candidate))
            except ExtractionFailed as error:
                trouble[str(error)] = None
        candidates = tuple(one for one in written if not self._left_in(one))
        for one in written:
            for mark in sorted(self._left_in(one))[:1]:
                trouble[f"the answer has {mark} in it, which stands for a secret that is not shown"] = None
        return GeneratedCode(candidates=candidates, trouble=None if candidates else "; ".join(trouble))

    async def _code(self, draft: Draft) -> Extracted:
        # In a thread: a long answer that is no code costs seconds of parsing, and a cancel must not wait for it.
        return await asyncio.to_thread(
            extract, draft.text, self.task, syntax=self.syntax, markers=self.markers, truncated=draft.truncated
        )

    def _candidate(self, number: int, model: str, draft: Draft, found: Extracted) -> Candidate:
        code = self.editing.finish(self.task, found.code)
        return Candidate(
            code=code,
            imports=found.imports,
            text=self.editing.splice(self.task, code, found.imports),
            model=model,
            attempt=number,
            sample=draft.sample,
        )

    async def _formatted(self, candidate: Candidate) -> Candidate:
        """The candidate as the project's formatter writes it; as it is where that does not parse."""
        if self.formatter is None:
            return candidate
        scope = self.editing.placed(self.task, candidate.code, candidate.text)
        if scope is None:
            return candidate
        text = await self.formatter.format(self.task, candidate.text, scope)
        if text == candidate.text:
            return candidate
        language = self.task.document.language
        if len(self.syntax.outline(text, language).errors) > len(self.syntax.outline(candidate.text, language).errors):
            return candidate
        body = text[scope.start : len(text) - (len(candidate.text) - scope.end)]
        return replace(candidate, text=text, code=textwrap.dedent("\n".join(body.splitlines())))

    def _left_in(self, candidate: Candidate) -> frozenset[str]:
        """Placeholders of secrets of other files or of what tests printed, which nothing can be put in place of."""
        found = placeholders(candidate.text)
        return found - placeholders(self.task.document.text) if found else found
