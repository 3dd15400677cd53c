"""The runners know test files as the project's search for them does: what reads them while it is tested is noticed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forge_lsp.languages.ecmascript import TEST_FILES

RUNNERS = Path(__file__).parents[3] / "forge_lsp" / "languages" / "ecmascript" / "runners"
NAMES = (
    *("test/core.js", "tests/core.js", "__tests__/a.ts", "spec/core.js", "specs/core.js", "src/test/deep/a.mjs"),
    *("src/a.spec.tsx", "src/a.test.mjs", "src/a-test.js", "src/a_spec.cjs", "src/areaSpec.js", "src/areaTest.ts"),
    *("src/test-area.js", "test.js", "lib/test.mjs", "src/latest.js", "src/contest.ts", "src/a.ts", "src/inspect.js"),
)


def pattern_of(runner: str) -> re.Pattern[str]:
    text = (RUNNERS / runner).read_text("utf-8")
    found = re.search(r"^const TEST_FILE =\s*/(.+)/;$", text, re.M)
    assert found is not None
    return re.compile(found[1].replace(r"\/", "/"))


@pytest.mark.parametrize("runner", ["recorder.cjs", "watch.js"])
def test_a_runner_knows_the_same_test_files(runner: str) -> None:
    theirs = pattern_of(runner)
    known = {name for name in NAMES if TEST_FILES.fullmatch(name)}
    assert {name for name in NAMES if theirs.search(f"/project/{name}")} == known
    assert known and known != set(NAMES)
