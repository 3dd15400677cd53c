"""A language that the product does not know, with a check command of the user's own and without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.checking.toolchains import toolchains
from forge_lsp.config.load import gather, resolve
from forge_lsp.config.sources import Layer
from forge_lsp.config.tree import Settings
from forge_lsp.core.attempt import BuildStatus, Candidate, Diagnostic, Evidence
from forge_lsp.core.errors import SettingsError
from forge_lsp.sandbox.choosing import SandboxChooser, SandboxConfig
from tests.support import lang
from tests.support.builds import candidate_of, task_of, with_code, write_files

RUBY = """
[language.ruby]
title = "Ruby"
suffixes = [".rb", ".rake"]
comment = "#"
"""
COMMAND = """
[check.ruby]
command = ["sh", "-c", "! grep -n wrong {file} uses.rb"]
"""


def settings(folder: Path, text: str, *, workspace: str = "") -> Settings:
    write_files(folder, {"own/forge.toml": text, "work/forge.toml": workspace})
    sources = gather(config=folder / "own/forge.toml", workspace=folder / "work", environment={})
    return resolve(sources, Layer(label="no profile")).settings


async def test_it_is_checked_by_the_command_alone(tmp_path: Path) -> None:
    found = settings(tmp_path, RUBY + COMMAND)
    languages = found.languages
    ruby = languages.of_file("lib/a.rake")
    assert ruby is not None
    assert (ruby, str(ruby), ruby.title, ruby.comment) == (languages.named("ruby"), "ruby", "Ruby", "#")
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "temp"))
    try:
        sandbox = await chooser.choose()
        made = toolchains(languages, sandbox, timeout=20, commands={ruby: found.check.of(ruby).command}, environment={})
        folder = write_files(tmp_path / "project", {"a.rb": "x = 1\n", "uses.rb": "x\n"})
        task = task_of("«x = 1\n»", path=folder / "a.rb", workspace=folder, language=ruby)

        async def status(code: str) -> tuple[BuildStatus, tuple[Diagnostic, ...]]:
            report = await made[ruby].build(task, with_code(task, code))
            return report.status, report.diagnostics

        assert (await status("x = 2\n"))[0] is BuildStatus.PASSED
        assert (await status("x = wrong\n"))[0] is BuildStatus.FAILED
        (folder / "uses.rb").write_text("wrong\n")
        assert (await status("x = 2\n"))[0] is BuildStatus.PASSED, "the user's own, not the candidate's: a new baseline"
        candidate: Candidate = candidate_of(task, "x = 2\n")
        assert await made[ruby].evidence(task, candidate) == Evidence()
        untitled = task_of("x = 1\n", language=ruby)
        assert (await made[ruby].build(untitled, "x = 2\n")).status is BuildStatus.PASSED
    finally:
        chooser.close()


async def test_without_a_command_it_cannot_be_checked(tmp_path: Path) -> None:
    languages = settings(tmp_path, RUBY).languages
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "temp"))
    try:
        made = toolchains(languages, await chooser.choose(), timeout=20, commands={}, environment={})
    finally:
        chooser.close()
    assert set(made) == set(lang.BUILT_IN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[language.ruby]\n", "language.ruby.suffixes"),
        ("[language.ruby]\nsuffixes = []\n", "language.ruby.suffixes"),
        ('[language.ruby]\nsuffixes = ["rb"]\n', "is no suffix"),
        ('[language.python]\nsuffixes = [".py"]\n', "language.python"),
        (COMMAND, "check.ruby"),
    ],
)
def test_what_is_wrong_with_it_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        settings(tmp_path, text)


@pytest.mark.parametrize("workspace", [RUBY, COMMAND])
def test_a_workspace_may_not_name_it_nor_its_command(tmp_path: Path, workspace: str) -> None:
    with pytest.raises(SettingsError, match="a workspace file may not name"):
        settings(tmp_path, RUBY, workspace=workspace)
