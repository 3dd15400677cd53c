"""What git ignores is what is not shown: git is asked for its word, and then ours is compared with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_lsp.editing.git_rules import exclude_files
from forge_lsp.editing.ignore import Guard
from tests.support import lang

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

FILES = (
    *(
        "a.py",
        "a.local.py",
        "deep/b.local.py",
        "own.py",
        "deep/own.py",
        "kept.local.py",
        "notes/x.py",
        "deep/notes/x.py",
    ),
    *("excluded.py", "deep/excluded.py", "generated/x.py", "deep/generated/x.py", "here.py", "deep/here.py", "x y.py"),
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    return subprocess.run(
        ["git", *identity, "-C", str(folder), *words], check=True, capture_output=True
    ).stdout.decode()


def repository(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


def wrote(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def both(folder: Path) -> tuple[list[str], list[str]]:
    """What git ignores of FILES, and what we do not show."""
    for name in FILES:
        wrote(folder / name, "x = 1\n")
    asked = subprocess.run(
        ["git", "-C", str(folder), "check-ignore", "--no-index", "--stdin", "-z"],
        input="\0".join(FILES).encode(),
        capture_output=True,
        check=False,
    )
    guard = Guard(folder, lang.BUILT_IN.suffixes)
    return sorted(asked.stdout.decode().rstrip("\0").split("\0")), [
        n for n in sorted(FILES) if not guard.may_show(folder / n)
    ]


RULES = "*.local.py\n/own.py\nnotes/\n!kept.local.py\ngenerated/\n/here.py\nx\\ y.py\n"


def xdg(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
    wrote(home / "elsewhere/git/ignore", RULES)


def usual(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder, monkeypatch
    wrote(home / ".config/git/ignore", RULES)


def in_gitconfig(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder, monkeypatch
    wrote(home / ".gitconfig", "[user]\n\tname = x\n[core]\n\tpager = cat\n\texcludesFile = ~/mine\n")
    wrote(home / "mine", RULES)


def included(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder, monkeypatch
    wrote(home / ".gitconfig", "[include]\n\tpath = more\n")
    wrote(home / "more", f"[core]\n\texcludesfile = {home}/mine\n")
    wrote(home / "mine", RULES)


def of_the_repository(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    wrote(home / "mine", RULES)
    git(folder, "config", "core.excludesFile", str(home / "mine"))


def excluded(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home, monkeypatch
    wrote(folder / ".git/info/exclude", RULES)


def all_of_them(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    wrote(home / ".config/git/ignore", "*.py\n")
    wrote(folder / ".git/info/exclude", "!own.py\n!here.py\n")
    wrote(folder / ".gitignore", "!a.py\nhere.py\n")
    wrote(folder / "deep/.gitignore", "!*.py\nexcluded.py\n")


SETUPS = [xdg, usual, in_gitconfig, included, of_the_repository, excluded, all_of_them]


@pytest.mark.parametrize("setup", SETUPS)
def test_the_rules_are_gits(home: Path, tmp_path: Path, setup: object, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository(tmp_path / "repository")
    assert callable(setup)
    setup(home, folder, monkeypatch)
    theirs, ours = both(folder)
    assert theirs != [""]
    assert ours == theirs


def test_a_linked_worktree_has_its_repositorys_rules(home: Path, tmp_path: Path) -> None:
    del home
    main = repository(tmp_path / "main")
    git(main, "commit", "-q", "--allow-empty", "-m", "x")
    git(main, "worktree", "add", "-q", str(tmp_path / "linked"))
    wrote(main / ".git/info/exclude", RULES)
    theirs, ours = both(tmp_path / "linked")
    assert theirs != [""]
    assert ours == theirs


@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup is not included])
def test_the_same_without_git(home: Path, tmp_path: Path, setup: object, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository(tmp_path / "repository")
    assert callable(setup)
    setup(home, folder, monkeypatch)
    asked = exclude_files(folder, repository=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [path.resolve() for path in exclude_files(folder, repository=True)] == [path.resolve() for path in asked]


def test_a_linked_worktree_without_git(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    main = repository(tmp_path / "main")
    git(main, "commit", "-q", "--allow-empty", "-m", "x")
    git(main, "worktree", "add", "-q", str(tmp_path / "linked"))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = exclude_files(tmp_path / "linked", repository=True)[1]
    assert found.resolve() == main / ".git/info/exclude"


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "its own settings": lambda home, folder: git(folder, "config", "core.excludesFile", str(home / "mine")),
    "the user's settings": lambda home, folder: wrote(home / ".gitconfig", "[core]\n\texcludesFile = ~/mine\n"),
    "included ones": lambda home, folder: wrote(home / "more", "[core]\n\texcludesFile = ~/mine\n"),
    "ones included in these": lambda home, folder: wrote(home / "deeper", "[core]\n\texcludesFile = ~/mine\n"),
    "ones of another branch": lambda home, folder: git(folder, "symbolic-ref", "HEAD", "refs/heads/other"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_git_said_holds_until_its_settings_change(
    home: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository(tmp_path / "repository")
    wrote(home / "mine", "*.py\n")
    wrote(home / "branch", "[core]\n\texcludesFile = ~/mine\n")
    wrote(
        home / ".gitconfig",
        '[include]\n\tpath = more\n\tpath = ~/again\n[includeIf "onbranch:other"]\n\tpath = branch\n',
    )
    wrote(home / "again", "[include]\n\tpath = deeper\n")
    first = exclude_files(folder, repository=True)
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", None)  # whoever starts git fails
        assert exclude_files(folder, repository=True) == first
    CHANGES[change](home, folder)
    assert exclude_files(folder, repository=True) == (home / "mine", first[1])


def test_nothing_of_a_repository_is_run_and_nothing_hangs(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del home
    folder = repository(tmp_path / "repository")
    proof = tmp_path / "ran"
    script = folder / "git"
    wrote(script, f"#!/bin/sh\ntouch {proof}\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "core.editor"):
        git(folder, "config", key, str(script))
    git(folder, "config", "core.hooksPath", str(folder))
    os.mkfifo(folder / "pipe")
    git(folder, "config", "core.excludesFile", str(folder / "pipe"))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    wrote(folder / "a.py", "x")
    assert Guard(folder, lang.BUILT_IN.suffixes).may_show(folder / "a.py")
    assert not proof.exists()
