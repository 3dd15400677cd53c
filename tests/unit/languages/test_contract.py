"""Every language is asked for everything that the others ask of it."""

from __future__ import annotations

import dataclasses
import re
from inspect import getclosurevars, unwrap
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.core.support import BenchSupport, CheckingSupport, ContextSupport, EditingSupport, ExtractionSupport
from forge_lsp.core.task import ScopeKind
from forge_lsp.editing.scope import Scopes
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.editing.tree import Grammars
from forge_lsp.languages.registry import BUILT_IN
from tests.support.landing import EDITS, landing_task
from tests.unit.landing.seeds import Seed, seeds

RECORDS = {
    "editing": EditingSupport,
    "extraction": ExtractionSupport,
    "context": ContextSupport,
    "checking": CheckingSupport,
    "bench": BenchSupport,
}
SYNTAX = TreeSitterSyntax()


@pytest.fixture(params=list(BUILT_IN), ids=str)
def language(request: pytest.FixtureRequest) -> Language:
    found = request.param
    assert isinstance(found, Language)
    return found


def seed_of(language: Language) -> Seed:
    return next(seed for seed in seeds() if seed.language == language)


def test_no_two_have_an_identifier_a_name_or_a_suffix_in_common() -> None:
    names = [name for language in BUILT_IN for name in (language.id, *language.names)]
    suffixes = [suffix for language in BUILT_IN for suffix in language.suffixes]
    assert len(set(names)) == len(names)
    assert len(set(suffixes)) == len(suffixes)
    for language in BUILT_IN:
        assert language.title
        assert all(suffix.startswith(".") for suffix in language.suffixes)
        assert not language.family or language.id in language.family


@pytest.mark.parametrize("area", RECORDS)
def test_it_brings_a_record_of_its_own_for_each_area(language: Language, area: str) -> None:
    record = getattr(language, area)()
    assert isinstance(record, RECORDS[area])
    assert record != RECORDS[area](), "the defaults are for a language of which no more than its name is known"


def test_what_must_not_be_left_to_the_defaults(language: Language) -> None:
    editing, context, checking = language.editing(), language.context(), language.checking()
    assert editing.grammars
    assert editing.outline is not None
    assert editing.merge_imports is not None or language.id == "csharp", "lines of `using` are merged as lines"
    assert checking.toolchain is not None
    assert checking.findings is not None
    assert set(context.queries) <= set(editing.grammars)
    assert context.queries
    assert language.bench().body


def test_its_queries_are_ones_of_its_grammars(language: Language) -> None:
    text = seed_of(language).document
    Grammars().matches(text, language, language.context().queries)


def test_its_tests_are_told_from_its_sources(language: Language) -> None:
    suffix = language.suffixes[0]
    assert not language.is_test_file(f"src/shapes{suffix}")
    names = (f"tests/shapes{suffix}", f"test_shapes{suffix}", f"shapes_test{suffix}", f"ShapesTest{suffix}")
    assert any(language.is_test_file(name) for name in (*names, f"shapes.test{suffix}", f"ShapesTests{suffix}"))


def test_output_folders_need_their_marks(language: Language) -> None:
    for name, marks in language.output_folders.items():
        assert PurePosixPath(name).name == name
        assert language.is_output(name, ()) is not bool(marks)
        assert language.is_output(name, [mark.replace("*", "x") for mark in marks])


def test_a_definition_is_found_at_a_cursor_and_lands(language: Language) -> None:
    seed = seed_of(language)
    task = landing_task(seed.document, language)
    assert task.scope.kind in (ScopeKind.DEFINITION, ScopeKind.SELECTION, ScopeKind.INSERTION, ScopeKind.FILE)
    assert EDITS.splice(task, task.original, ()) is not None
    assert Scopes(SYNTAX).unfinished(task.document) is not None


def test_every_field_says_what_it_means() -> None:
    for kind in (Language, *RECORDS.values()):
        doc = kind.__doc__ or ""
        for field in dataclasses.fields(kind):
            told = re.search(rf"``{field.name}\b", doc) is not None or field.name in ("id", "title", *RECORDS)
            assert told, f"{kind.__name__}.{field.name}"


def test_each_is_one_folder() -> None:
    root = Path(__file__).parents[3] / "forge_lsp" / "languages"
    folders = {path.name for path in root.iterdir() if path.is_dir() and path.name != "__pycache__"}
    used = {str(getclosurevars(unwrap(one.checking)).nonlocals["module"]).split(".")[2] for one in BUILT_IN}
    assert used == folders
