"""Whatever an answer holds: no line outside the scope and the imports changes, and undoing gives every byte back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.ports import ItemKind
from forge_lsp.core.task import Task, TextEdit, TextRange
from forge_lsp.editing.differences import apply_edits, minimal
from forge_lsp.editing.lines import Lines
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages.registry import BUILT_IN
from tests.support.landing import EDITS, SYNTAX, landing_task
from tests.unit.landing.make import kept
from tests.unit.landing.seeds import seeds

SEEDS = {(str(seed.language), seed.title): seed for seed in seeds()}
CASES = tuple(kept())
JUNK = (
    "",
    "}",
    "{",
    ")",
    "    pass",
    "\treturn",
    "# ...",
    "// ...",
    "```",
    "@x",
    "class X:",
    "import os",
    "é = 1;",
    "*/",
)
HABITS = settings(
    max_examples=int(os.environ.get("TESTS_EXAMPLES", "150")),
    deadline=None,
    derandomize="CI" in os.environ or "TESTS_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[Task, str]:
    """A document with odd endings and edges, and an answer with lines that are missing, doubled, moved or made up."""
    case = draw(st.sampled_from(CASES))
    seed = SEEDS[case.language, case.title]
    text = seed.document
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = f"{text}\n\n\n"
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.integers(0, 9)) == 0:
        text = f"\ufeff{text}"
    lines = case.answer.split("\n")
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(lines) - 1, 0)))
        match draw(st.integers(0, 4)):
            case 0:
                del lines[at : at + draw(st.integers(1, 4))]
            case 1:
                lines.insert(at, draw(st.sampled_from(JUNK)))
            case 2:
                lines[at:at] = lines[at : at + 3]
            case 3 if lines:
                lines[at] = draw(st.sampled_from(("", "  ", "\t"))) + lines[at].lstrip()
            case _:
                lines.append(draw(st.sampled_from(JUNK)))
    return landing_task(text, BUILT_IN.recorded(case.language)), "\n".join(lines)


@given(answers())
@HABITS
def test_no_line_outside_the_scope_changes_and_undoing_gives_every_byte_back(made: tuple[Task, str]) -> None:
    task, answer = made
    before = task.document.text
    try:
        found = extract(answer, task, syntax=SYNTAX)
        after = EDITS.splice(task, found.code, found.imports)
    except ExtractionFailed:
        return
    edits = minimal(before, after)
    assert apply_edits(before, edits).encode() == after.encode()
    assert apply_edits(after, tuple(undone(edits, before))).encode() == before.encode()
    scope = task.scope.range
    assert after.endswith(before[scope.end :])
    place = EDITS.placed(task, found.code, after)
    assert place is not None
    assert place.end == len(after) - len(before) + scope.end
    only_added(task, Lines(before), Lines(after[: place.start]))


def undone(edits: Sequence[TextEdit], before: str) -> Iterator[TextEdit]:
    """The edits that take ``edits`` back."""
    shift = 0
    for edit in edits:
        start = edit.range.start + shift
        yield TextEdit(range=TextRange(start=start, end=start + len(edit.text)), text=edit.range.of(before))
        shift += len(edit.text) - (edit.range.end - edit.range.start)


def with_ending(lines: Lines, number: int) -> str:
    end = lines.start(number + 1) if number + 1 < len(lines) else len(lines.text)
    return lines.text[lines.start(number) : end]


def only_added(task: Task, before: Lines, after: Lines) -> None:
    """Every line above the scope that imports nothing is there, in its order, with its ending."""
    imports: set[int] = set()
    for item in SYNTAX.outline(before.text, task.document.language).items:
        if item.kind is ItemKind.IMPORT:
            first, last = before.of(item.range)
            imports.update(range(first, last + 1))
    remaining = iter([with_ending(after, n) for n in range(len(after))])
    for number in range(before.at(task.scope.range.start)):
        if number not in imports:
            line = with_ending(before, number)
            assert line in remaining, (number + 1, line)
