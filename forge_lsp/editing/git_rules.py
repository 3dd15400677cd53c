"""The files beside ``.gitignore`` from which git takes what it ignores: the user's own, and those of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

from forge_lsp.reading import read_text

__all__ = ["exclude_files"]

_SECONDS = 5.0
_SECTION = re.compile(r"^\s*\[\s*(?P<name>[\w.-]+)", re.M)
_EXCLUDES = re.compile(r"^\s*excludesfile\s*=\s*(?P<path>.*?)\s*$", re.M | re.I)
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


def exclude_files(top: Path, *, repository: bool) -> tuple[Path, ...]:
    """The ignore files that hold for all of ``top``, weakest first: the user's, then the repository's own. ``top`` is
    the folder with ``.git`` in it if it is a ``repository``. Git is asked where it is there, else its files are read;
    nothing of the repository is run."""
    git = shutil.which("git")
    if git is not None and Path(git).resolve().is_relative_to(top):
        git = None  # planted
    own = _asked(git, top, "config", "--path", "--get", "core.excludesFile") if git is not None else None
    excludes = (top / own) if own else (_configured(top) or _default())
    if not repository:
        return (excludes,)
    shared = _asked(git, top, "rev-parse", "--git-path", "info/exclude") if git is not None else None
    return excludes, (top / shared) if shared else _folder_of(top) / "info" / "exclude"


def _asked(git: str, top: Path, *words: str) -> str | None:
    known = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment = {**known, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            [git, "--no-pager", "-c", "core.fsmonitor=false", "-C", str(top), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else None


def _configured(top: Path) -> Path | None:
    """``core.excludesFile`` as far as it stands plainly in the usual files, the repository's last."""
    home = Path.home()
    found: Path | None = None
    for file in (_config_home() / "git" / "config", home / ".gitconfig", _folder_of(top) / "config"):
        text = read_text(file) or ""
        starts = [*(match.start() for match in _SECTION.finditer(text)), len(text)]
        for start, end in pairwise(starts):
            section = text[start:end]
            name = _SECTION.match(section)
            match = _EXCLUDES.search(section) if name is not None and name["name"].lower() == "core" else None
            if match is not None:
                value = match["path"].strip('"')
                found = Path(value).expanduser() if value.startswith("~") else top / value
    return found


def _default() -> Path:
    return _config_home() / "git" / "ignore"


def _config_home() -> Path:
    named = os.environ.get("XDG_CONFIG_HOME")
    return Path(named) if named else Path.home() / ".config"


def _folder_of(top: Path) -> Path:
    """Git's folder that the worktrees of a repository share."""
    folder = top / ".git"
    if folder.is_dir():
        return folder
    named = (read_text(folder) or "").removeprefix("gitdir:").strip()
    own = top / named if named else folder
    common = (read_text(own / "commondir") or "").strip()
    return own / common if common else own
