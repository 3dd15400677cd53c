"""A language of which no more is known than its name and its comments: nothing is parsed, and edits work."""

from __future__ import annotations

from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Outline
from forge_lsp.core.task import Scope, ScopeKind, Task, TextRange
from forge_lsp.editing.fitting import fitted_document
from forge_lsp.editing.imports import merge_imports
from forge_lsp.editing.tree import Grammars
from tests.unit.editing.support import EDITS, SCOPES, SYNTAX, document, spliced

PLAIN = Language(id="nim", title="Nim", suffixes=(".nim",), comment="#", indented=True)
TEXT = "# Licence.\n\nimport os\n\nproc f(a: int): int =\n  a\n\nproc g() =\n  discard\n"


def test_nothing_is_parsed() -> None:
    assert SYNTAX.outline(TEXT, PLAIN) == Outline(items=())
    assert SYNTAX.multiline_strings(TEXT, PLAIN) == ()
    assert not PLAIN.editing().grammars
    assert Grammars().matches(TEXT, PLAIN, PLAIN.context().queries) == []
    whole = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=len(TEXT)))
    assert SCOPES.follow(PLAIN, whole, base=TEXT, before=TEXT, after=TEXT + "echo 1\n") is None


def test_code_comes_to_its_place() -> None:
    marked = TEXT.replace("  a\n", "  |a\n")  # a paragraph, where nothing is known of definitions
    assert spliced(marked, "proc f(a: int): int =\n  a + 1", language=PLAIN) == TEXT.replace("  a\n", "  a + 1\n")


def test_imports_go_below_the_last_one() -> None:
    assert merge_imports(TEXT, ["import os", "import tables"], PLAIN, SYNTAX) == TEXT.replace(
        "import os\n", "import os\nimport tables\n"
    )


def test_the_words_at_the_top_stay() -> None:
    doc = document(TEXT, PLAIN)
    task = Task(document=doc, scope=SCOPES.scope(doc, None), instruction="do it")
    assert EDITS.splice(task, "import os\n\nproc f(a: int): int =\n  a * 2", ()).startswith("# Licence.\n\nimport os\n")


def test_wishes_are_found_and_marks_are_comments_of_it() -> None:
    doc = document(TEXT.replace("  a\n", "  # TODO(forge): twice\n"), PLAIN)
    (place,) = SCOPES.unfinished(doc)
    assert place.of(doc.text) == "# TODO(forge): twice"
    shown = fitted_document(doc, doc.text, SCOPES.scope(doc, place), (), 10_000)
    assert "# ==== scope begins" in shown
