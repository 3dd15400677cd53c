"""No language and no kind of bad candidate is lost from the gates' table."""

from __future__ import annotations

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.languages.registry import BUILT_IN
from tests.integration.builds_table import TABLE


def test_every_language_is_in_the_table() -> None:
    assert set(TABLE) == set(BUILT_IN)


@pytest.mark.parametrize("language", TABLE, ids=str)
def test_every_kind_of_bad_candidate_is_there(language: Language) -> None:
    row = TABLE[language]
    names = {case.name for case in row.cases}
    assert [kind for kind in row.kinds if not kind & names] == []
    assert "«" in row.files[row.file]
    for case in row.cases:
        assert case.code != row.good
        assert case.message
        assert case.codes, case.name
        # What breaks another file is told there; all else in the document itself.
        assert case.file in row.files
        assert (case.file != row.file) == case.name.startswith("break of another file"), case.name
        assert case.line >= 1
