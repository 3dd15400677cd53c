from __future__ import annotations

import pytest

from forge_lsp.core.errors import ExtractionFailed
from forge_lsp.editing.untouched import check_untouched
from tests.support import lang
from tests.support.landing import EDITS, SYNTAX, landing_task

TEXT = "import os\n\n\ndef a():\n    return 1\n\n\ndef f():\n    |>return 2\n\n\ndef b():\n    return 3\n"


@pytest.mark.parametrize(
    ("old", "new", "passes"),
    [
        ("return 2", "return 20", True),
        ("import os", "import os\nimport re", True),
        ("import os\n", "", True),
        ("\n\n\ndef f", "\n\ndef f", True),
        ("return 1", "return 10", False),
        ("    return 3\n", "", False),
        ("def a():\n    return 1\n", "", False),
    ],
)
def test_what_an_edit_may_change(old: str, new: str, passes: bool) -> None:
    task = landing_task(TEXT, lang.PYTHON)
    after = task.document.text.replace(old, new)
    if passes:
        check_untouched(task.document.text, after, task.scope, lang.PYTHON, SYNTAX)
        return
    with pytest.raises(ExtractionFailed, match="outside of what was asked for"):
        check_untouched(task.document.text, after, task.scope, lang.PYTHON, SYNTAX)


def test_an_import_that_would_take_code_with_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    task = landing_task(TEXT, lang.PYTHON)
    monkeypatch.setattr("forge_lsp.editing.edits.merge_imports", lambda text, *_: text.replace("return 3", "return 4"))
    with pytest.raises(ExtractionFailed, match="line 13"):
        EDITS.splice(task, "def f():\n    return 20\n", ["import re"])
