"""The files beside ``.gitignore`` from which git takes what it ignores: the user's own, and those of the repository."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path

from forge_lsp.own_git import environment, find_git, without_programs
from forge_lsp.reading import read_text

__all__ = ["exclude_files"]

_SECONDS = 5.0
_SECTION = re.compile(r"^[ \t]*\[\s*(?P<name>[\w.-]+)", re.M)
_EXCLUDES = re.compile(r"^[ \t]*excludesfile[ \t]*=[ \t]*(?P<path>.*?)[ \t\r]*$", re.M | re.I)


def exclude_files(top: Path, *, repository: bool) -> tuple[Path, ...]:
    """The ignore files that hold for all of ``top``, weakest first: the user's, then the repository's own. ``top`` is
    the folder with ``.git`` in it if it is a ``repository``. Git is asked where it is there, else its files are read;
    nothing of the repository is run."""
    git = find_git(top)
    own = _asked(git, top, "config", "--path", "--get", "core.excludesFile") if git is not None else None
    excludes = (top / own) if own else (_configured(top) or _default())
    if not repository:
        return (excludes,)
    shared = _asked(git, top, "rev-parse", "--git-path", "info/exclude") if git is not None else None
    return excludes, (top / shared) if shared else _folder_of(top) / "info" / "exclude"


def _asked(git: str, top: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            [git, "--no-pager", *without_programs(()), "-C", str(top), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(),
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
