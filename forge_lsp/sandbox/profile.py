"""What every sandbox shows of the host: the system, read-only, and no more of ``/etc`` than programs need to start."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from forge_lsp.reading import table_beside

__all__ = ["ETC", "PATH", "SYSTEM", "clean_environment", "interpreter_folders", "private_entries", "system_environment"]

_SHOWN = table_beside(__file__, "system.toml")
SYSTEM: tuple[str, ...] = tuple(_SHOWN["folders"])
"""Folders (or symbolic links to such) that hold programs and libraries, and never a user's own files."""

ETC: tuple[str, ...] = tuple(_SHOWN["etc"])
"""Names below ``/etc``. ``passwd``, ``group`` and ``hosts`` are written for it, with one user in them."""

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/run/current-system/sw/bin"


def clean_environment(home: str, temp: str, env: Mapping[str, str] | None) -> dict[str, str]:
    """The whole environment of a command: nothing of ours goes in but what the toolchain names in ``env``."""
    return {
        "HOME": home,
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "TMPDIR": temp,
        "USER": "forge",
        "LOGNAME": "forge",
        **(env or {}),
    }


def system_environment() -> dict[str, str]:
    """What a program needs of our environment to start at all, for our own helpers: nothing on POSIX."""
    return {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}


def interpreter_folders() -> tuple[Path, ...]:
    """Folders that the running Python needs to be readable, to be run in a box: a virtual environment, and the
    installation that it stems from, wherever under the user's home that is."""
    executable = Path(sys.executable)
    folders = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix)]
    # A virtual environment's python is a link into the base installation, perhaps by way of another link.
    real = executable.resolve()
    if real.parent.name == "bin":
        folders.append(real.parent.parent)
    unique = dict.fromkeys(folder for folder in folders if folder != Path("/") and folder.is_dir())
    return tuple(unique)


def private_entries(source: Path) -> tuple[Path, ...]:
    """What is hidden of a project that is, or holds, the user's home: its dot files and dot folders, where keys, tokens
    and mail are. Empty for any other project."""
    home = Path.home()
    if not home.is_relative_to(source):
        return ()
    return tuple(sorted(entry for entry in home.iterdir() if entry.name.startswith(".") and not entry.is_symlink()))
