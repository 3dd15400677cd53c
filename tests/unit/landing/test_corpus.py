"""Some thousand answers, made from seeds by forms, languages and scopes: each lands as it should, or is refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.core.languages import Language
from forge_lsp.languages.registry import BUILT_IN
from tests.support.landing import landed, landing_task
from tests.unit.landing.make import Case, cases, kept
from tests.unit.landing.seeds import Seed, seeds

LEAST_FOUND = 0.97


@cache
def by_title() -> Mapping[tuple[str, str], Seed]:
    return {(str(seed.language), seed.title): seed for seed in seeds()}


@cache
def by_language() -> Mapping[str, tuple[Case, ...]]:
    found: dict[str, list[Case]] = {}
    for case in kept():
        found.setdefault(case.language, []).append(case)
    return {language: tuple(some) for language, some in found.items()}


def test_the_answers_that_are_kept_are_those_of_the_seeds() -> None:
    assert list(kept()) == list(cases()), "python -m tests.unit.landing.make"
    assert len(by_title()) >= 36
    assert sum(len(some) for some in by_language().values()) >= 500


@pytest.mark.parametrize("language", list(BUILT_IN))
def test_answers_land_as_they_should(language: Language) -> None:
    wrong: list[str] = []
    lost: list[str] = []
    right = 0
    for case in by_language()[language.id]:
        seed = by_title()[case.language, case.title]
        expected = case.expected(seed.original)
        try:
            found = landed(landing_task(seed.document, language), case.answer)
        except ExtractionFailed:
            found = None
        name = f"{case.title}: {case.form}"
        if found is None and expected is not None:
            lost.append(name)
        elif found != expected:
            wrong.append(name)
        right += expected is not None
    assert not wrong, wrong
    assert len(lost) <= right * (1 - LEAST_FOUND), lost
