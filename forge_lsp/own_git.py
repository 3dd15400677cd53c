"""How git is run in a repository that somebody else made: it starts no program that the repository names, reaches no
server, and takes no more memory than it needs.

A repository that came as an archive brings ``.git/config``, in which filters, transports and monitors are commands.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["bounded", "environment", "find_git", "programs_named", "without_programs"]

_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT")
_KEPT_CONFIG = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
_FILTER = re.compile(r"filter\.(?P<name>.*)\.(?:clean|smudge|process|required)", re.S | re.I)
_READ_WHOLE = "core.attributesfile"
_MEMORY = 4 * 1024 * 1024 * 1024
"""Bytes that git may take beside the files it maps. A setting may name a file without an end."""


def find_git(folder: Path) -> str | None:
    """Return the git of PATH; None where there is none, or where it lies in the repository that ``folder`` is in."""
    git = shutil.which("git")
    if git is None:
        return None
    top = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
    planted = any(path.is_relative_to(top.resolve()) for path in (Path(git).absolute(), Path(git).resolve()))
    return None if planted else git


def environment(more: Iterable[str] = ()) -> Mapping[str, str]:
    """Return the whole environment of git; ``more`` are variables of this process that it gets too."""
    known = {name: os.environ[name] for name in (*_KEPT, *_KEPT_CONFIG, *more) if name in os.environ}
    # A repository that lacks objects on purpose would fetch them, by commands that it names.
    alone = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    return {**known, **alone, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def programs_named(keys: Iterable[str]) -> tuple[str, ...]:
    """Return those of a repository's own settings, by their names, that start programs or are read without an end."""
    return tuple(sorted(key for key in keys if _FILTER.fullmatch(key) or key.lower() == _READ_WHOLE))


def without_programs(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the options with which the settings ``keys`` mean nothing. Raises ValueError for a name that no option
    can tell."""
    words = ["-c", "core.fsmonitor=false"]
    for key in keys:
        found = _FILTER.fullmatch(key)
        if found is not None and "=" in found["name"]:
            raise ValueError(f"its settings name a filter {found['name']!r}")
        value = "false" if key.lower().endswith(".required") else ""
        words += ["-c", f"{key}={value}"]
    return tuple(words)


def bounded(pid: int) -> None:
    """Bound the memory of a git that was just started, where the system can."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):  # it has ended already
            resource.prlimit(pid, resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
