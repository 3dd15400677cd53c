"""Names of files and folders that hold keys or passwords. Pure."""

from __future__ import annotations

import fnmatch
import re
from pathlib import PurePosixPath

from forge_lsp.reading import table_beside

__all__ = ["SECRET_FOLDERS", "is_secret_file", "is_secret_name"]

_NAMES: dict[str, list[str]] = table_beside(__file__, "secret_names.toml")
SECRET_FOLDERS = tuple(_NAMES["folders"])
"""Folders in which every file may hold keys or passwords, in lower case."""


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))


_SECRET_CODE, _SECRET_ANY = _any_of(_NAMES["always"]), _any_of(_NAMES["always"] + _NAMES["unless_code"])


def is_secret_name(path: PurePosixPath, code: tuple[str, ...]) -> bool:
    """Whether a file's name, or a folder's above it, says that it holds keys or passwords (``path`` is relative).
    ``code`` are the endings of source code's names."""
    return any(part.lower() in SECRET_FOLDERS for part in path.parts[:-1]) or is_secret_file(path.name, code)


def is_secret_file(name: str, code: tuple[str, ...]) -> bool:
    """Whether a file's own name says so; see :func:`is_secret_name`."""
    lower = name.lower()
    return (_SECRET_CODE if lower.endswith(code) else _SECRET_ANY).match(lower) is not None
