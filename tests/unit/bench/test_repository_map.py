"""aider's map beside ours: what is read of it, how it is asked, and why it is left out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.context_measure import repository_map
from forge_lsp.core.task import Document, Scope, ScopeKind, Task, TextRange
from tests.support import lang

SHOWN = """
README.md

src/cart.py:
⋮
│class Cart:
│    def total(self) -> int:
⋮
│LIMIT = 3

src/item.py:
│class Item:
"""

# Stands in for aider: what it is asked is what it answers.
AIDER = """
class RepoMap:
    def __init__(self, root, main_model, io):
        self.root, self.model, self.io = root, main_model, io

    def get_repo_map(self, chat, others, mentioned_idents):
        room = self.max_map_tokens, self.model.token_count("x" * 32)
        names = [name.rpartition("/")[2] for name in others]
        return f"{self.io.read_text(chat[0])}|{names}|{sorted(mentioned_idents)}|{room}"
"""


def test_what_is_read_of_a_map() -> None:
    assert repository_map.map_sections(SHOWN) == {
        "src/cart.py": "class Cart:\n    def total(self) -> int:\nLIMIT = 3\n",
        "src/item.py": "class Item:\n",
    }


def test_a_map_is_asked_with_the_function_blanked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "modules" / "aider"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("")
    (module / "repomap.py").write_text(AIDER)
    monkeypatch.setenv("PYTHONPATH", str(module.parent))
    project = tmp_path / "project"
    project.mkdir()
    (project / "cart.py").write_text("def total():\n    return known\n")
    (project / "item.py").write_text("class Item: ...\n")
    (project / "notes.md").write_text("# no code\n")
    text = "def total():\n    ...\n"
    document = Document(uri="file:///cart.py", language=lang.PYTHON, text=text, path=project / "cart.py")
    scope = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=len(text)), name="total")
    task = Task(document=document, scope=scope, instruction="Write total.", workspace=project)
    with repository_map.Map.of(Path(sys.executable), project, (".py",)) as map_:
        for tokens in (90, 400):
            assert map_.text(task, tokens) == f"{text}|['item.py']|['Write', 'total']|({tokens}, 10.0)"
    assert "known" in (project / "cart.py").read_text()


def test_aider_that_ends_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "nothing"))
    (tmp_path / "a.py").write_text("x = 1\n")
    document = Document(uri="file:///a.py", language=lang.PYTHON, text="", path=tmp_path / "a.py")
    scope = Scope(kind=ScopeKind.FILE, range=TextRange(start=0, end=0), name=None)
    task = Task(document=document, scope=scope, instruction="x", workspace=tmp_path)
    with repository_map.Map.of(Path(sys.executable), tmp_path, (".py",)) as map_:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="ended without an answer"):
                map_.text(task, 10)


def test_the_reason_is_told_where_it_cannot_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = subprocess.CompletedProcess([], 1, "", "WARNING: slow\nERROR: No matching distribution found\n")
    monkeypatch.setattr(subprocess, "run", lambda *words, **more: told)
    with pytest.raises(RuntimeError, match="No matching distribution found"):
        repository_map.environment(tmp_path / "environment")
