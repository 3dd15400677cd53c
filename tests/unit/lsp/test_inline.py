"""Which text a completion replaces. Pure."""

from __future__ import annotations

import pytest

from forge_lsp.core.task import Scope, ScopeKind, TextRange
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.jobs.offer import Offer, scope_in
from forge_lsp.lsp.inline import InlineCompletion, PendingResults, completion

EDITING = Edits(TreeSitterSyntax())
STUB = 'import os\n\n\ndef f(a):\n    """Doc."""\n    # later\n    raise NotImplementedError\n\n\nx = 1\n'
DONE = 'import os\nimport re\n\n\ndef f(a):\n    """Doc."""\n    b = a\n    return b\n\n\nx = 1\n'


def span(text: str, words: str) -> TextRange:
    start = text.index(words)
    return TextRange(start=start, end=start + len(words))


def line_of(text: str, words: str) -> TextRange:
    at = text.index(words)
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return TextRange(start=start, end=len(text) if end < 0 else end)


def made(before: str, after: str, scope: str, at: str) -> InlineCompletion | None:
    return completion(before, EDITING.minimal(before, after), span(before, scope), line_of(before, at))


def test_a_stub_of_one_line_is_replaced_by_the_whole_code() -> None:
    before = "def f(a):\n    ...\n\n\nx = 1\n"
    after = before.replace("...", "b = a\n    return b")
    found = made(before, after, "def f(a):\n    ...", "...")
    assert found is not None
    assert found.range.of(before) == "..."
    assert found.of(before) == after


@pytest.mark.parametrize("at", ["# later", "raise"])
def test_of_a_longer_stub_one_line_takes_the_code_and_the_rest_is_left(at: str) -> None:
    found = made(STUB, DONE, STUB[STUB.index("def") : STUB.index("\n\n\nx")], at)
    assert found is not None
    replaced = found.range.of(STUB)
    assert "\n" not in replaced
    assert at in line_of(STUB, at).of(STUB)
    between = found.of(STUB)
    assert "    b = a\n    return b" in between
    assert "import re" not in between  # comes with the command
    assert not [line for line in between.split("\n") if line.startswith("     ")], "indented once"


@pytest.mark.parametrize("at", ["import os", "def f", "x = 1"])
def test_nothing_in_another_place(at: str) -> None:
    assert made(STUB, DONE, STUB[STUB.index("def") : STUB.index("\n\n\nx")], at) is None


def test_an_insertion_stands_in_its_line() -> None:
    before = "def f(a):\n    '''Doc.'''\n    \n\nx = 1\n"
    after = before.replace("    \n", "    return a\n")
    at = before.index("    \n\nx") + 4
    found = completion(
        before, EDITING.minimal(before, after), TextRange(start=0, end=at), TextRange(start=at - 4, end=at)
    )
    assert found == InlineCompletion(range=TextRange(start=at, end=at), text="return a")


def test_the_scope_moves_with_changes_before_it() -> None:
    scope = span(STUB, STUB[STUB.index("def") : STUB.index("\n\n\nx")])
    offer = Offer(uri="untitled:a", base=STUB, scope=Scope(kind=ScopeKind.DEFINITION, range=scope), text=DONE)
    assert scope_in(STUB, offer, EDITING) == scope
    moved = STUB.replace("import os", "import os\nimport sys").replace("x = 1", "x = 2\ny = 3")
    assert scope_in(moved, offer, EDITING).of(moved) == scope.of(STUB)
    assert scope_in("\ufeff" + moved, offer, EDITING).of("\ufeff" + moved) == scope.of(STUB)


def test_the_newest_results_wait_and_the_oldest_are_forgotten() -> None:
    waiting = PendingResults()
    for number in range(40):
        waiting.remember(f"j{number}", "file:///a%20b.py")
    ids = [one.job_id for one in waiting.of("file:///a b.py")]
    assert (ids[0], ids[-1], len(ids)) == ("j39", "j8", 32)
    assert waiting.forget("j39") is not None
    assert waiting.forget("j39") is None
    assert waiting.of("file:///b.py") == ()
    assert not waiting.shown("j38")
