"""Which tests run where only a share of long tables is wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tables import share_of_each

ROOT = Path(__file__).parents[2]
TABLES = [*["long"] * 20, "single", *["pair"] * 2, *["four"] * 4]


def kept(share: float) -> dict[str, int]:
    counts = dict.fromkeys(TABLES, 0)
    for table, run in zip(TABLES, share_of_each(TABLES, share), strict=True):
        counts[table] += run
    return counts


def test_each_table_keeps_its_share_and_two_at_least() -> None:
    assert kept(0.5) == {"long": 10, "single": 1, "pair": 2, "four": 2}
    assert kept(0.01) == {"long": 2, "single": 1, "pair": 2, "four": 2}
    assert kept(1.0) == {"long": 20, "single": 1, "pair": 2, "four": 4}


def test_the_seed_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    first = share_of_each(TABLES, 0.5)
    assert share_of_each(TABLES, 0.5) == first
    assert share_of_each(TABLES[:20], 0.5) == first[:20]  # other tables change nothing
    monkeypatch.setenv("TESTS_SEED", "2")
    assert share_of_each(TABLES, 0.5) != first


def collected(*arguments: str) -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *arguments]
    env = {name: value for name, value in os.environ.items() if name not in ("TESTS_SEED", "PYTEST_ADDOPTS")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {line for line in done.stdout.splitlines() if "::" in line}


@pytest.mark.slow
def test_a_share_of_the_cases_is_run_and_every_single_test() -> None:
    module = "tests/unit/test_contributing.py"
    whole, part = collected(module), collected(module, "--share=0.1")
    assert part < whole
    assert {test.partition("[")[0] for test in part} == {test.partition("[")[0] for test in whole}


def test_what_runs_the_tests_sets_nothing_that_the_product_reads() -> None:
    for name in ("Makefile", ".ci/run", ".github/workflows/ci.yml"):
        assert "FORGE_" not in (ROOT / name).read_text(), f"{name}: an unknown FORGE_* variable is a wrong setting"
