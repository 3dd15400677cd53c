"""The files beside ``.gitignore`` from which git takes what it ignores: the user's own, and those of the repository."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from itertools import pairwise
from pathlib import Path

from forge_lsp.own_git import environment, find_git, without_programs
from forge_lsp.reading import read_text
from forge_lsp.recent import Recent

__all__ = ["exclude_files"]

_SECONDS = 5.0
_SECTION = re.compile(r"^[ \t]*\[\s*(?P<name>[\w.-]+)", re.M)
_KEPT_SECONDS = 60.0
_MOST_KEPT = 64
_INCLUDES = r"^include(if\..*)?\.path$"
_EXCLUDES = re.compile(r"^[ \t]*excludesfile[ \t]*=[ \t]*(?P<path>.*?)[ \t\r]*$", re.M | re.I)


_Stamp = tuple[int, int, int, int] | None
_Kept = tuple[float, tuple[tuple[Path, _Stamp], ...], tuple[Path, ...]]
_kept = Recent[tuple[object, ...], _Kept](_MOST_KEPT)
_lock = threading.Lock()


def exclude_files(top: Path, *, repository: bool) -> tuple[Path, ...]:
    """The ignore files that hold for all of ``top``, weakest first: the user's, then the repository's own. ``top`` is
    the folder with ``.git`` in it if it is a ``repository``. Git is asked where it is there, else its files are read;
    nothing of the repository is run.

    What git said is said again for up to a minute, while its settings' files, those that they include and the
    environment stay as they are.
    """
    git = find_git(top)
    if git is None:
        return _exclude_files(None, top, repository=repository)
    key = (top, repository, git, *sorted(environment().items()))
    now = time.monotonic()
    with _lock:
        known = _kept.get(key)
    if known is not None and now < known[0] and all(_stamp(file) == stamp for file, stamp in known[1]):
        return known[2]
    # Stamped before git reads them: what changes meanwhile is seen the next time.
    settings = tuple((file, _stamp(file)) for file in (*_settings(top), *_included(git, top)))
    found = _exclude_files(git, top, repository=repository)
    with _lock:
        _kept[key] = now + _KEPT_SECONDS, settings, found
    return found


def _exclude_files(git: str | None, top: Path, *, repository: bool) -> tuple[Path, ...]:
    own = _asked(git, top, "config", "--path", "--get", "core.excludesFile") if git is not None else None
    excludes = (top / own) if own else (_configured(top) or _default())
    if not repository:
        return (excludes,)
    shared = _asked(git, top, "rev-parse", "--git-path", "info/exclude") if git is not None else None
    return excludes, (top / shared) if shared else _folder_of(top) / "info" / "exclude"


def _settings(top: Path) -> tuple[Path, ...]:
    """The files that git takes its settings from, there or not; its branch, on which included ones may depend."""
    shared, own = _folder_of(top), _own_folder(top)
    named = (os.environ.get(name) for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"))
    usual = (Path("/etc/gitconfig"), _config_home() / "git" / "config", Path.home() / ".gitconfig")
    inner = (top / ".git", own / "HEAD", own / "config.worktree", own / "commondir", shared / "config")
    return (*usual, *(Path(name) for name in named if name), *inner)


def _included(git: str, top: Path) -> tuple[Path, ...]:
    """The files that git's settings include, there or not."""
    told = _asked(git, top, "config", "-z", "--show-origin", "--get-regexp", _INCLUDES) or ""
    words = told.split("\0")
    found: list[Path] = []
    for origin, setting in zip(words[::2], words[1::2], strict=False):
        named = Path(setting.partition("\n")[2])
        named = named.expanduser() if str(named).startswith("~") else named
        found.append(top / Path(origin.removeprefix("file:")).parent / named)
    return tuple(found)


def _stamp(file: Path) -> _Stamp:
    """What tells whether a file is still the same; None where there is none."""
    try:
        status = os.stat(file)  # noqa: PTH116 - Path.stat() takes twice the time
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


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
    own = _own_folder(top)
    common = "" if own == top / ".git" else (read_text(own / "commondir") or "").strip()
    return own / common if common else own


def _own_folder(top: Path) -> Path:
    """Git's folder of one worktree."""
    folder = top / ".git"
    if folder.is_dir():
        return folder
    named = (read_text(folder) or "").removeprefix("gitdir:").strip()
    return top / named if named else folder
