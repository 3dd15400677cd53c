"""A small real project of each of four languages: right answers to its functions are accepted, wrong ones are not, and
nothing is left behind in its folder."""

from __future__ import annotations

import argparse
from math import inf
from pathlib import Path

import pytest

from benchmarks.wild import line_of, run
from benchmarks.wild_projects import source_named
from benchmarks.wild_projects.getting import Unavailable, got
from forge_lsp.core.attempt import Outcome
from forge_lsp.core.checks import Grade

OPTIONS = {"after": 0, "seconds": inf, "mutants": 1, "seed": "1", "limit": 300.0, "verbose": False}
GRADES = (Grade.PROVEN, Grade.KEPT)
"""What tests or examples that were run can give."""

PROJECTS = {"inflection": (2, 120.0), "minimist": (1, 45.0), "shlex": (2, 120.0), "strsim": (2, 120.0)}
"""How many functions of each, and the seconds for one run of one tool: a mutant of minimist loops, and ends by that."""


@pytest.mark.timeout(900)
@pytest.mark.every
@pytest.mark.parametrize("name", sorted(PROJECTS))
async def test_answers_to_the_functions_of_a_real_project(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    try:
        root = got(source_named(name), tmp_path)
        functions, seconds = PROJECTS[name]
        options = argparse.Namespace(**OPTIONS, functions=functions, timeout=seconds)
        result = await run(source_named(name), root, options)
    except Unavailable as error:
        pytest.skip(f"{name} cannot be had here: {error}")
    told = "\n".join(map(line_of, result.plays))
    assert len(result.known.cases) == functions, result.known
    assert any(not play.right for play in result.plays), told
    assert not result.broken, f"{result.broken}: {result.left}\n{told}"
    assert all(play.grade in GRADES for play in result.plays if play.outcome is Outcome.ACCEPTED), told
