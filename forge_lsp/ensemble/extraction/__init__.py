"""From what a model wrote to the code that replaces the scope.

In this order: a fence that parses and holds the wanted name; any fence that parses; the longest span that parses.
The wanted definition is unwrapped from a class, gathered from several blocks or put under its signature where need
be; new imports and the helpers it uses come along, demos and tests do not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.ports import Syntax
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.ensemble.extraction.bodies import bare_body
from forge_lsp.ensemble.extraction.companions import imports_of
from forge_lsp.ensemble.extraction.dress import (
    escaped_as_html,
    from_edits,
    from_elements,
    from_numbered,
    from_quotes,
    undressed,
    without_file_names,
)
from forge_lsp.ensemble.extraction.harvest import CodeBlock, broken, fences, harvest, tidy
from forge_lsp.ensemble.extraction.losses import without_losses
from forge_lsp.ensemble.extraction.named import definition, likely
from forge_lsp.ensemble.extraction.reshape import dedented_item, mentions
from forge_lsp.ensemble.extraction.unnamed import unnamed
from forge_lsp.ensemble.extraction.wanted import FoundDefinition, WantedDefinition, has_imports, members, wanted_of
from forge_lsp.ensemble.words import without_thinking

__all__ = ["Extracted", "extract", "join"]

UNPARSED = "the answer does not parse by the grammar here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """``code`` replaces the scope, ``imports`` are statements (one line each where the language allows) that the
    file does not have, and definitions that go above what encloses the scope. ``whole`` is False where the length
    limit cut the code itself off. ``note`` says what was repaired, for the report."""

    code: str
    imports: tuple[str, ...] = ()
    whole: bool = True
    note: str | None = None


def extract(
    text: str, task: Task, *, syntax: Syntax, markers: Sequence[str] = (), truncated: bool = False
) -> Extracted:
    """Return the code in ``text`` for the scope of ``task``. Raises ExtractionFailed where there is none.

    Where the answer was written to its end and only does not parse, that is its code: the compiler has the last word.
    ``markers`` are the lines that mark the scope in the prompt; ``truncated`` says that the length limit ended the
    answer. Parses, runs nothing.
    """
    text = from_quotes(without_thinking(text))
    text = without_file_names(from_numbered(from_elements(from_edits(text, task), task)), task)
    if escaped_as_html(text, task):
        text = html.unescape(text)
    try:
        found = _extracted(text, task, syntax, markers, truncated=truncated)
    except ExtractionFailed as error:
        if truncated:
            raise
        found, refused = None, error
    else:
        refused = None
    if found is None or found.note == UNPARSED:
        for plain, form in undressed(text, task):
            try:
                other = _extracted(plain, task, syntax, markers, truncated=False)
            except ExtractionFailed:
                continue
            if other.note != UNPARSED:
                return replace(other, note="; ".join(filter(None, (f"the answer was written as {form}", other.note))))
    if found is None:
        assert refused is not None, "what gave no code was refused"
        raise refused
    return found


def _extracted(text: str, task: Task, syntax: Syntax, markers: Sequence[str], *, truncated: bool) -> Extracted:
    language = task.document.language
    blocks = harvest(text, language, syntax, markers)
    wanted = wanted_of(task, syntax)
    found = definition(blocks, wanted) if wanted.name is not None else None
    if found is None and not truncated:
        # Some statements parse below a header alone: the value that Rust's functions end with.
        wrecks = broken(text, language, syntax, markers)
        found = bare_body(wrecks, wanted, others=sum(block.fenced and not block.part for block in blocks))
        found = found or _unparsed(wrecks, wanted)
    if found is None and wanted.name is not None:
        found = likely(blocks, wanted)
    if found is None:
        found = unnamed(blocks, task, wanted)
    if found is None:
        what = f"no {language} code" if wanted.name is None else f"no {language} code for `{wanted.name}`"
        if wanted.name is not None and any(mentions(code, wanted.name) for code in fences(text, language, markers)):
            what = f"code for `{wanted.name}` that does not parse"
        cut = " (it was cut off by the length limit)" if truncated else ""
        raise ExtractionFailed(f"the answer holds {what}{cut}", truncated=truncated)
    found = replace(found, code=tidy(found.code, language, syntax))
    if found.note != UNPARSED:
        found = without_losses(found, task, wanted)
    keeps_imports = task.scope.kind is ScopeKind.FILE or has_imports(wanted)
    imports = () if keeps_imports else imports_of(blocks, found, wanted)
    whole = not truncated or all(block.closed for block in found.blocks)
    imports = (*imports, *(part for part in found.above if part not in imports))
    return Extracted(code=found.code.strip("\n"), imports=imports, whole=whole, note=found.note)


def _unparsed(blocks: Sequence[CodeBlock], wanted: WantedDefinition) -> FoundDefinition | None:
    """What a fence that does not parse holds for a name: the definition, if it can be told from the rest, else all."""
    if wanted.name is None:
        return None
    speaking = [block for block in blocks if mentions(block.code, wanted.name)]
    for block in speaking:
        for item, _ in members(block.outline.items):
            holds = all(item.range.start <= at.start and at.end <= item.range.end for at in block.outline.errors)
            if item.name == wanted.name and holds:
                return FoundDefinition(code=dedented_item(block.code, item), blocks=(block,), note=UNPARSED)
    return FoundDefinition(code=speaking[0].code, blocks=(speaking[0],), note=UNPARSED) if speaking else None


def join(first: str, rest: str) -> str:
    """An answer that was cut off and its continuation as one text: a fence opened again is dropped, and what the
    continuation repeats of the end is said once."""
    rest = rest.lstrip("\n") if rest.lstrip().startswith("```") else rest
    opened = re.match(r"\s*`{3,}[\w+#.-]*[ \t]*\n", rest)
    if opened is not None and "```" in first:
        rest = rest[opened.end() :]
    longest = min(len(first), len(rest), 2_000)
    for size in range(longest, 0, -1):
        overlap = rest[:size]
        # A short overlap inside a line is chance; whole lines, or a good part of one, are repetition.
        if (size >= 12 or overlap.endswith("\n")) and first.endswith(overlap) and overlap.strip():
            return first + rest[size:]
    last = first.rsplit("\n", 1)[-1]
    if last.strip() and rest.lstrip().startswith(last.strip()) and len(last.strip()) >= 4:
        return first[: len(first) - len(last)] + _like(last, rest)  # it began the broken line again
    return first + rest


def _like(line: str, rest: str) -> str:
    return line[: len(line) - len(line.lstrip())] + rest.lstrip()
