"""What the pages for contributors and the workflows name is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "contributing").glob("*.md"))]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PLACES = ("", ".github/workflows", "forge_lsp", "forge_lsp/ensemble/prompts", "tests/unit/models", "tests/integration")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`((?:[\w.-]+/)*[\w.*-]+(?:/|\.(?:py|md|toml|yml|yaml|mjs|json)))`", page.read_text("utf-8"))
    known = [name.replace("LANGUAGE", "*") for name in named if not name.endswith("/NAME.py")]
    assert [name for name in known if not any(any(ROOT.glob(f"{place}/{name}".strip("/"))) for place in PLACES)] == []


def test_ci_runs_the_python_versions_that_the_package_claims() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    (matrix,) = re.findall(r"python: \[(.+)\]", (ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert claimed
    assert set(claimed) <= set(re.findall(r"3\.\d+", matrix))
    assert f">={claimed[0]}" == project["requires-python"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_actions_and_begin_without_rights(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    used = re.findall(r"uses: (\S+)", text)
    assert [
        action for action in used if not action.startswith("./") and not re.search(r"@(v\d|release/v\d)", action)
    ] == []
    assert re.search(r"^permissions:\n  contents: read$", text, re.M)
