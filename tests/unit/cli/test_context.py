from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``forge-lsp context`` with a state folder of its own."""
    known = os.environ.get("PYTHONPATH")
    environment = {
        **os.environ,
        "FORGE_STATE__DIR": str(folder / "state"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *([known] if known else [])]),
    }
    command = [sys.executable, "-m", "forge_lsp", "context", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_prints_what_a_model_would_see_and_why(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "tests").mkdir(parents=True)
    (project / "pyproject.toml").write_text("")
    (project / "AGENTS.md").write_text("Use tabs.\n")
    (project / "cart.py").write_text("from item import Item\n\n\ndef total(item: Item) -> int:\n    ...\n")
    (project / "item.py").write_text("class Item:\n    price: int = 3\n")
    (project / "tests" / "test_cart.py").write_text("def test_total():\n    assert total(Item()) == 3\n")
    plain = run(tmp_path, "project/cart.py", "--range", "4", "--tokens", "2000")
    assert plain.returncode == 0, plain.stderr
    for words in (
        "# The document: cart.py",
        "assert total(Item()) == 3",
        "price: int",
        "Implement `total`",
        "Use tabs.",
    ):
        assert words in plain.stdout, words
    assert "item.py: " in plain.stderr and "tokens, lines 1-2" in plain.stderr
    assert "tests/test_cart.py: " in plain.stderr and "a test of it" in plain.stderr

    told = run(tmp_path, "project/cart.py", "--range", "4", "--tokens", "2000", "--json")
    document = json.loads(told.stdout)
    assert document["text"] in plain.stdout and document["rules"] in plain.stdout
    assert [part["file"] for part in document["parts"]] == ["cart.py", "tests/test_cart.py", "item.py", "AGENTS.md"]

    missing = run(tmp_path, "project/none.py", "--range", "4")
    assert missing.returncode == 2 and "there is no such file" in missing.stderr
