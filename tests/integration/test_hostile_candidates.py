"""What runs a candidate's code on a language's behalf - tests, build files, includes - gives it nothing to take."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration import test_sandbox_security
from tests.integration.hostile_candidates import NAMES, attempt
from tests.integration.test_sandbox_security import ROOT, ordinary_python
from tests.support.tools import dotnet_environment

pytestmark = [pytest.mark.timeout(400)]

ordinary_folder = test_sandbox_security.ordinary_folder
_AT_HOME = ("conftest.py", "vitest.config.mjs", "MSBuild Exec")
"""Their tools may lie in a home that another user cannot see."""
_NEEDS = {
    "a node test": "node",
    "package.json scripts": "node",
    "#include of a key": "gcc",
    "a PHP test": "phpunit",
    "a Ruby test": "ruby",
}


def environment_for(name: str) -> Mapping[str, str]:
    if name == "MSBuild Exec":
        return dotnet_environment()
    program = _NEEDS.get(name)
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    return os.environ


def nothing_got_through(outcome: dict[str, str]) -> None:
    if "skip" in outcome:
        pytest.skip(outcome["skip"])
    assert {what: words for what, words in outcome.items() if words} == {}


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_gets_through(name: str, tmp_path: Path) -> None:
    nothing_got_through(await attempt(name, tmp_path, environment_for(name)))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in _AT_HOME])
def test_nothing_gets_through_as_an_ordinary_user(name: str, ordinary_folder: Iterator[Path]) -> None:
    environment_for(name)
    python = ordinary_python()
    script = [*python, str(ROOT / "tests/integration/hostile_candidates.py"), name, str(ordinary_folder)]
    ran = subprocess.run(script, capture_output=True, check=False, timeout=200, cwd=str(ordinary_folder))
    assert ran.returncode == 0, ran.stderr.decode()
    nothing_got_through(json.loads(ran.stdout))
