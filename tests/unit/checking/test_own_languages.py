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

CRYSTAL = """
[language.crystal]
title = "Crystal"
suffixes = [".cr", ".crl"]
comment = "#"
"""
COMMAND = """
[check.crystal]
command = ["sh", "-c", "! grep -n wrong {file} uses.cr"]
"""


def settings(folder: Path, text: str, *, workspace: str = "") -> Settings:
    write_files(folder, {"own/forge.toml": text, "work/forge.toml": workspace})
    sources = gather(config=folder / "own/forge.toml", workspace=folder / "work", environment={})
    return resolve(sources, Layer(label="no profile")).settings


async def test_it_is_checked_by_the_command_alone(tmp_path: Path) -> None:
    found = settings(tmp_path, CRYSTAL + COMMAND)
    languages = found.languages
    crystal = languages.of_file("lib/a.crl")
    assert crystal is not None
    assert (crystal, str(crystal), crystal.title, crystal.comment) == (
        languages.named("crystal"),
        "crystal",
        "Crystal",
        "#",
    )
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "temp"))
    try:
        sandbox = await chooser.choose()
        made = toolchains(
            languages, sandbox, timeout=20, commands={crystal: found.check.of(crystal).command}, environment={}
        )
        folder = write_files(tmp_path / "project", {"a.cr": "x = 1\n", "uses.cr": "x\n"})
        task = task_of("«x = 1\n»", path=folder / "a.cr", workspace=folder, language=crystal)

        async def status(code: str) -> tuple[BuildStatus, tuple[Diagnostic, ...]]:
            report = await made[crystal].build(task, with_code(task, code))
            return report.status, report.diagnostics

        assert (await status("x = 2\n"))[0] is BuildStatus.PASSED
        assert (await status("x = wrong\n"))[0] is BuildStatus.FAILED
        (folder / "uses.cr").write_text("wrong\n")
        assert (await status("x = 2\n"))[0] is BuildStatus.PASSED, "the user's own, not the candidate's: a new baseline"
        candidate: Candidate = candidate_of(task, "x = 2\n")
        assert await made[crystal].evidence(task, candidate) == Evidence()
        untitled = task_of("x = 1\n", language=crystal)
        assert (await made[crystal].build(untitled, "x = 2\n")).status is BuildStatus.PASSED
    finally:
        chooser.close()


async def test_without_a_command_it_cannot_be_checked(tmp_path: Path) -> None:
    languages = settings(tmp_path, CRYSTAL).languages
    chooser = SandboxChooser(SandboxConfig(mode="off", temp=tmp_path / "temp"))
    try:
        made = toolchains(languages, await chooser.choose(), timeout=20, commands={}, environment={})
    finally:
        chooser.close()
    assert set(made) == set(lang.BUILT_IN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[language.crystal]\n", "language.crystal.suffixes"),
        ("[language.crystal]\nsuffixes = []\n", "language.crystal.suffixes"),
        ('[language.crystal]\nsuffixes = ["rb"]\n', "is no suffix"),
        ('[language.python]\nsuffixes = [".py"]\n', "language.python"),
        (COMMAND, "check.crystal"),
    ],
)
def test_what_is_wrong_with_it_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        settings(tmp_path, text)


@pytest.mark.parametrize("workspace", [CRYSTAL, COMMAND])
def test_a_workspace_may_not_name_it_nor_its_command(tmp_path: Path, workspace: str) -> None:
    with pytest.raises(SettingsError, match="a workspace file may not name"):
        settings(tmp_path, CRYSTAL, workspace=workspace)
