"""The story of docs/contributing/add-a-language.md, with a made-up language: no other file is touched."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.core.attempt import BuildStatus
from forge_lsp.core.languages import Languages
from forge_lsp.editing.edits import Edits
from forge_lsp.editing.syntax import TreeSitterSyntax
from forge_lsp.ensemble.extraction import extract
from forge_lsp.languages import registry
from forge_lsp.languages.registry import GROUP, languages
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support.builds import task_of, with_code, write_files

FOLDER = {
    "forge_toy/__init__.py": """
from forge_lsp.core.languages import Language, imported
from forge_lsp.core.support import CheckingSupport

TOY = Language(
    id="toy",
    title="Toy",
    suffixes=(".toy",),
    comment=";",
    checking=imported(CheckingSupport, "forge_toy.checking:CHECKING"),
)
""",
    "forge_toy/checking.py": """
from forge_lsp.checking.command import CommandToolchain
from forge_lsp.core.support import CheckingSupport


def _toolchain(tools, timeout):
    return CommandToolchain(
        tools.sandbox, timeout=timeout, command=("sh", "-c", "! grep -n bad {file}"), language=None
    )


CHECKING = CheckingSupport(toolchain=_toolchain)
""",
    "forge_toy-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: forge-toy\nVersion: 1\n",
    "forge_toy-1.dist-info/entry_points.txt": f"[{GROUP}]\ntoy = forge_toy:TOY\n",
}


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Languages]:
    monkeypatch.syspath_prepend(write_files(tmp_path / "installed", FOLDER))
    registry._installed.cache_clear()
    yield languages()
    registry._installed.cache_clear()
    for name in [name for name in sys.modules if name.startswith("forge_toy")]:
        del sys.modules[name]


async def test_it_is_written_and_checked(known: Languages, tmp_path: Path) -> None:
    toy = known.of_file("a.toy")
    assert toy is not None
    assert "forge_toy.checking" not in sys.modules, "nothing of it is imported before it is asked"
    folder = write_files(tmp_path / "project", {"a.toy": "; adds\ntodo\n; end\n"})
    task = task_of("; adds\n«todo»\n; end\n", path=folder / "a.toy", workspace=folder, language=toy)
    syntax = TreeSitterSyntax()
    found = extract("Here it is:\n\n```toy\nadd 1 2\n```\n", task, syntax=syntax)
    assert found.code.strip() == "add 1 2"
    assert Edits(syntax).splice(task, found.code, found.imports) == "; adds\nadd 1 2\n; end\n"
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "temp"))
    try:
        made = toolchains(known, await chooser.choose(), timeout=20, commands={})
        assert (await made[toy].build(task, with_code(task, "add 1 2\n"))).status is BuildStatus.PASSED
        bad = await made[toy].build(task, with_code(task, "bad\n"))
        assert bad.status is BuildStatus.FAILED
        assert any(re.search("bad", one.message) for one in bad.diagnostics)
    finally:
        chooser.close()
