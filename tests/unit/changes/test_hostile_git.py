"""A repository that came with a ``.git`` of its own: git starts nothing that it names, fetches nothing, and ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from forge_lsp.changes.git import GitChanges, change_of
from forge_lsp.core.errors import BadRequest, ToolMissing
from forge_lsp.own_git import environment, find_git, programs_named, without_programs
from tests.support import lang

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None or os.name != "posix", reason="git is not installed"),
    pytest.mark.timeout(60),
]


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    done = subprocess.run(["git", *identity, "-C", str(folder), *words], check=True, capture_output=True)
    return done.stdout.decode()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one file that is changed; ``evil`` beside it leaves a mark where it is started."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    home, folder = tmp_path / "home", tmp_path / "repository"
    home.mkdir()
    folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git(folder, "init", "-q")
    (folder / "a.py").write_text("x = 1\n")
    git(folder, "add", "a.py")
    git(folder, "commit", "-q", "-m", "x")
    (folder / "a.py").write_text("x = 2\n")
    (tmp_path / "evil").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\ncat\n")
    (tmp_path / "evil").chmod(0o755)
    return folder


def settings(**values: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        for name, value in values.items():
            git(folder, "config", name.replace("_", "."), value.replace("EVIL", str(folder.parent / "evil")))

    return act


def attributed(words: str, *keys: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        (folder / ".gitattributes").write_text(f"* {words}\n")
        for key in keys:
            git(folder, "config", key, str(folder.parent / "evil"))

    return act


def own_attributes(folder: Path) -> None:
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* filter=X.y\n")
    git(folder, "config", "filter.X.y.clean", str(folder.parent / "evil"))
    git(folder, "config", "filter.X.y.required", "true")


def included(folder: Path) -> None:
    (folder / ".gitattributes").write_text("* filter=x\n")
    (folder / "more").write_text(f'[Filter "x"]\n\tCLEAN = {folder.parent}/evil\n')
    git(folder, "config", "include.path", str(folder / "more"))


def of_a_worktree(folder: Path) -> None:
    (folder / ".gitattributes").write_text("* filter=x\n")
    git(folder, "config", "extensions.worktreeConfig", "true")
    git(folder, "config", "--worktree", "filter.x.process", str(folder.parent / "evil"))


def over_the_users(folder: Path) -> None:
    git(folder, "config", "--global", "filter.lfs.clean", "cat")
    attributed("filter=lfs", "filter.lfs.clean")(folder)


def promised(values: Mapping[str, str]) -> Callable[[Path], None]:
    """What git has of the file is gone, and is said to be had from a server."""

    def act(folder: Path) -> None:
        name = git(folder, "rev-parse", "HEAD:a.py").strip()
        (folder / ".git" / "objects" / name[:2] / name[2:]).unlink()
        all_of_them = {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            **values,
        }
        for key, value in all_of_them.items():
            git(folder, "config", key, value.replace("EVIL", str(folder.parent / "evil")))

    return act


def hooked(folder: Path) -> None:
    shutil.copy(folder.parent / "evil", folder / "post-index-change")
    git(folder, "config", "core.hooksPath", str(folder))


STARTS: Mapping[str, Callable[[Path], None]] = {
    "a filter": attributed("filter=x", "filter.x.clean"),
    "a filter that stays": attributed("filter=x", "filter.x.process"),
    "a filter of its own attributes": own_attributes,
    "a filter that is included": included,
    "a filter of a worktree": of_a_worktree,
    "a filter in the place of the user's": over_the_users,
    "a diff": attributed("diff=x", "diff.x.command", "diff.x.textconv", "diff.external"),
    "a merge": attributed("merge=x", "merge.x.driver"),
    "a monitor": settings(core_fsmonitor="EVIL"),
    "a pager": settings(core_pager="EVIL", pager_diff="EVIL"),
    "an editor": settings(core_editor="EVIL", sequence_editor="EVIL", core_askPass="EVIL"),
    "an alias": settings(alias_diff="!EVIL"),
    "hooks": hooked,
    "a transport": promised({"remote.origin.url": "ssh://x/y", "core.sshCommand": "EVIL"}),
    "a transport that it allows": promised(
        {"remote.origin.url": "ext::EVIL", "protocol.ext.allow": "always", "protocol.allow": "always"}
    ),
    "a server's program": promised({"remote.origin.url": "/tmp", "remote.origin.uploadpack": "EVIL"}),
    "a proxy": promised({"remote.origin.url": "git://127.0.0.1/x", "core.gitProxy": "EVIL"}),
    "a helper for passwords": promised({"remote.origin.url": "http://127.0.0.1:9/x", "credential.helper": "!EVIL"}),
}


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize("staged", [False, True])
async def test_nothing_is_started(repository: Path, name: str, staged: bool) -> None:
    STARTS[name](repository)
    (repository.parent / "started").unlink(missing_ok=True)
    try:
        told: GitChanges | None = await change_of(repository, "HEAD", lang.BUILT_IN, staged=staged)
    except BadRequest:
        told = None
    assert not (repository.parent / "started").exists()
    if told is not None and not staged:
        assert [(file.path.name, file.after) for file in told.files] == [("a.py", "x = 2\n")]


async def test_a_filter_that_no_option_can_name_is_refused(repository: Path) -> None:
    attributed("filter=a=b", "filter.a=b.clean")(repository)
    with pytest.raises(BadRequest, match="filter 'a=b'"):
        await change_of(repository, "HEAD", lang.BUILT_IN)
    assert not (repository.parent / "started").exists()


async def test_the_users_own_filter_is_used(repository: Path) -> None:
    """What the user's own settings start is the user's: a large file in its short form is as it was."""
    git(repository, "config", "--global", "filter.lfs.clean", "sed s/2/1/")
    (repository / ".gitattributes").write_text("*.py filter=lfs\n")
    told = await change_of(repository, "HEAD", lang.BUILT_IN)
    assert [file.path.name for file in told.files] == []


ENDLESS: Mapping[str, Callable[[Path], None]] = {
    "attributes": settings(core_attributesFile="/dev/zero"),
    "an order": settings(diff_orderFile="/dev/zero"),
    "what is ignored": settings(core_excludesFile="/dev/zero"),
    "a link of attributes": lambda folder: (folder / ".gitattributes").symlink_to("/dev/zero"),
    "a link of what is ignored": lambda folder: (folder / ".gitignore").symlink_to("/dev/zero"),
    "included settings": settings(include_path="/dev/zero"),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_not_read(repository: Path, name: str) -> None:
    ENDLESS[name](repository)
    try:
        told = await change_of(repository, "HEAD", lang.BUILT_IN)
    except BadRequest as refused:
        assert "memory" not in str(refused)
    else:
        assert "a.py" in [file.path.name for file in told.files]


async def test_the_files_are_those_of_the_folder(repository: Path) -> None:
    """Not of another one, which ``core.worktree`` or a file called ``.git`` names."""
    home = repository.parent / "home"
    (home / "key.py").write_text("KEY = 1\n")
    git(repository, "config", "core.worktree", str(home))
    with pytest.raises(BadRequest, match=r"core\.worktree"):
        await change_of(repository, "HEAD", lang.BUILT_IN)
    other = repository.parent / "other"
    other.mkdir()
    (other / ".git").write_text(f"gitdir: {repository}/.git\n")
    with pytest.raises(BadRequest):
        await change_of(other, "HEAD", lang.BUILT_IN)


async def test_a_planted_git_is_not_started(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = repository / "bin"
    tools.mkdir()
    shutil.copy(repository.parent / "evil", tools / "git")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    for folder in (repository, tools):
        with pytest.raises(ToolMissing):
            await change_of(folder, "HEAD", lang.BUILT_IN)
    assert not (repository.parent / "started").exists()
    assert find_git(repository.parent / "home") == str(tools / "git")  # it lies in no repository of theirs


def test_only_a_repositorys_own_programs_are_named() -> None:
    keys = ["core.editor", "filter.x.clean", "Filter.A.b.PROCESS", "filter.x.other", "core.attributesFile", ""]
    assert programs_named(keys) == ("Filter.A.b.PROCESS", "core.attributesFile", "filter.x.clean")
    assert without_programs(("filter.x.required",))[-1] == "filter.x.required=false"
    assert environment()["GIT_ALLOW_PROTOCOL"] == "none"
