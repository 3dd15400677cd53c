"""What the benchmark of real projects makes of a function: mutants, other forms, another signature."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.wild import KeptPlays
from benchmarks.wild_projects import SOURCES
from benchmarks.wild_projects.altering import Definition, breaking_callers, forms, mutants
from benchmarks.wild_projects.playing import PlayedJob, dedented
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.checks import Grade
from forge_lsp.core.languages import Language
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.languages.registry import BUILT_IN
from tests.support import lang

TEXTS = {
    lang.PYTHON: 'LIMIT = 1\n\n\ndef low(items, least):\n    """Texts > least."""\n    first = 0\n    word = "none"\n'
    "    if len(items) > least:\n        first = items[0]\n    return first, word\n",
    lang.JAVASCRIPT: "function low(items, least) {\n  let first = 0;\n  let word = 'none';\n"
    "  if (items.length > least) {\n    first = items[0];\n  }\n  return [first, word];\n}\n",
    lang.GO: 'package low\n\nfunc Low(items []int, least int) (int, string) {\n\tfirst := 0\n\tword := "none"\n'
    "\tif len(items) > least {\n\t\tfirst = items[0]\n\t}\n\treturn first, word\n}\n",
    lang.RUST: 'pub fn low(items: &[i32], least: usize) -> (i32, &str) {\n    let first = 0;\n    let word = "none";\n'
    "    if items.len() > least {\n        return (items[0], word);\n    }\n    (first, word)\n}\n",
    lang.JAVA: "class Low {\n    int low(int[] items, int least) {\n        int first = 0;\n        int second = 1;\n"
    "        if (items.length > least) {\n            first = items[0];\n        }\n"
    "        return first + second;\n    }\n}\n",
    lang.C: "int low(int *items, int size, int least) {\n    int first = 0;\n    int second = 1;\n"
    "    if (size > least) {\n        first = items[0];\n    }\n    return first + second;\n}\n",
}


def definition_of(text: str, language: Language) -> Definition:
    items = TreeSitterSyntax().outline(text, language).items
    every = [one for item in items for one in (*item.children, item)]
    found = next(item for item in every if item.name in ("low", "Low") and item.body is not None)
    assert found.body is not None
    return Definition(text=text, start=found.range.start, body=found.body.start, end=found.range.end, language=language)


@pytest.mark.parametrize("language", TEXTS, ids=str)
def test_each_change_leaves_the_header_and_a_text_that_parses(language: Language) -> None:
    own = definition_of(TEXTS[language], language)
    made = mutants(own, "1")
    assert {one.how for one in made} >= {"`>=` for `>`", "0 + 1", "a condition turned round"}, made
    for one in (*made, *forms(own)):
        text = own.text[: own.start] + one.code + own.text[own.end :]
        assert not TreeSitterSyntax().outline(text, language).errors, one
        assert one.code != own.code
        assert one.code.startswith(own.text[own.start : own.body])
    assert mutants(own, "1") == made != mutants(own, "2")


@pytest.mark.parametrize("language", TEXTS, ids=str)
def test_the_same_in_other_words(language: Language) -> None:
    how = [form.how for form in forms(definition_of(TEXTS[language], language))]
    assert any(one.startswith("`first` is `") for one in how), how
    assert "two statements changed over" in how
    assert ("other quotes" in how) is (language in (lang.PYTHON, lang.JAVASCRIPT))


@pytest.mark.parametrize(("language", "header"), [
    (lang.PYTHON, "def low(wanted_first, items, least):"),
    (lang.JAVASCRIPT, "function low(wantedFirst, items, least) {"),
    (lang.GO, "func Low(wantedFirst int, items []int, least int) (int, string) {"),
    (lang.RUST, "pub fn low(_wanted_first: u8, items: &[i32], least: usize) -> (i32, &str) {"),
    (lang.JAVA, "int low(int wantedFirst, int[] items, int least) {"),
    (lang.C, "int low(int wanted_first, int *items, int size, int least) {"),
], ids=str)  # fmt: skip
def test_one_more_argument(language: Language, header: str) -> None:
    made = breaking_callers(definition_of(TEXTS[language], language))
    assert made is not None
    assert made.code.startswith(header)


def test_a_pattern_is_not_turned_round() -> None:
    text = "fn low(first: Option<i32>) -> i32 {\n    if let Some(one) = first {\n        return one;\n    }\n    0\n}\n"
    made = mutants(definition_of(text, lang.RUST), "1")
    assert made
    assert not any(one.how == "a condition turned round" for one in made)


def test_one_more_argument_comes_after_the_receiver() -> None:
    text = "class Low:\n    @property\n    def low(self):\n        return 1\n"
    made = breaking_callers(definition_of(text, lang.PYTHON))
    assert made is not None
    assert "def low(self, wanted_first):" in made.code


def test_every_source_is_of_a_language_and_has_a_name_of_its_own() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    assert all(BUILT_IN.get(source.language) is not None for source in SOURCES)


def test_a_function_that_was_played_to_its_end_is_kept_for_the_next_run(tmp_path: Path) -> None:
    root = tmp_path / "project"
    play = PlayedJob(
        case="low.py:low",
        over="stub",
        right=True,
        how="as it is",
        outcome=Outcome.ACCEPTED,
        grade=Grade.PROVEN,
        tests=3,
        there=True,
        seconds=1.5,
        cold=True,
        words="",
    )
    KeptPlays(root).add("low.py:low 1", [play])
    KeptPlays(root).add("low.py:high 1", [])
    again = KeptPlays(root)
    assert again.of("low.py:low 1") == [play]
    assert again.of("low.py:high 1") == []
    assert again.of("low.py:low 2") is None, "the function has changed"


def test_an_answer_is_dedented_with_its_decorators() -> None:
    method = "@classmethod\n    def make(cls):\n        return cls()"
    assert dedented(method) == "@classmethod\ndef make(cls):\n    return cls()"
