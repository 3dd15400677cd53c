"""What the user's own test command says, by its output and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.checking.own_tests import runs_of
from forge_lsp.core.checks import Cause, RunState
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange

TEXT = "func area(w, h)\n  todo\nend\n\nfunc other()\nend\n"
TOY = Language(id="toy", title="Toy", suffixes=(".toy",))


def task(kind: ScopeKind = ScopeKind.DEFINITION) -> Task:
    end = TEXT.index("\n\n") if kind is ScopeKind.DEFINITION else len(TEXT)
    path = Path("/project/shapes.toy")
    document = Document(uri=path.as_uri(), language=TOY, text=TEXT, path=path)
    name = "area" if kind is ScopeKind.DEFINITION else None
    return Task(
        document=document, scope=Scope(kind=kind, range=TextRange(start=0, end=end), name=name), instruction="x"
    )


TAP = """1..4
ok 1 - adds
not ok 2 - area of a square
# expected 4, got 0
not ok 3 - writes the file
# permission denied
ok 4 - later # SKIP not here
"""


def test_each_test_of_tap_counts() -> None:
    runs = runs_of(TAP, 1, task())
    assert {name: (run.state, run.cause) for name, run in runs.items()} == {
        "adds": (RunState.PASSED, Cause.UNKNOWN),
        "area of a square": (RunState.FAILED, Cause.SCOPE),
        "writes the file": (RunState.FAILED, Cause.UNKNOWN),
        "later": (RunState.SKIPPED, Cause.UNKNOWN),
    }
    assert "expected 4, got 0" in runs["area of a square"].detail


@pytest.mark.parametrize(
    ("output", "code", "state", "cause"),
    [
        ("fine", 0, RunState.PASSED, Cause.UNKNOWN),
        ("area(2, 2) is nothing", 1, RunState.FAILED, Cause.SCOPE),
        ("error at shapes.toy:2", 1, RunState.FAILED, Cause.SCOPE),
        ("error at shapes.toy:5", 1, RunState.FAILED, Cause.UNKNOWN),
        ("error in shapes.toy, line 2", 1, RunState.FAILED, Cause.SCOPE),
        ("areas are wrong", 1, RunState.FAILED, Cause.UNKNOWN),
        ("sh: toytest: not found", 127, RunState.NOT_RUN, Cause.ENVIRONMENT),
    ],
)
def test_without_names_all_is_one_test(output: str, code: int, state: RunState, cause: Cause) -> None:
    (run,) = runs_of(output, code, task()).values()
    assert (run.state, run.cause) == (state, cause)


def test_a_run_that_fails_though_each_test_passes_has_failed() -> None:
    runs = runs_of("ok 1 - adds\nsegmentation fault in area\n", 139, task())
    assert (runs["adds"].state, runs[""].state, runs[""].cause) == (RunState.PASSED, RunState.FAILED, Cause.SCOPE)


def test_a_whole_file_is_named_by_its_own_name() -> None:
    (run,) = runs_of("shapes.toy does not load", 1, task(ScopeKind.FILE)).values()
    assert run.cause is Cause.SCOPE
