"""The data files that come with the code, below its packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["packaged", "packaged_table"]


def packaged(name: str) -> Path:
    """Return where a file or folder of the package is; ``name`` is relative to the package's own folder."""
    return Path(__file__).parent / name


def packaged_table(name: str) -> dict[str, Any]:
    """Return what a TOML file of the package holds."""
    import tomllib

    return tomllib.loads(packaged(name).read_text("utf-8"))
