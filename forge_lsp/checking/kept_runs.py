"""Runs of untouched trees in a folder, for the next process: how each test ended, and none of its words."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from forge_lsp import __version__
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.core.checks import Run
from forge_lsp.core.codec import decode, encode
from forge_lsp.reading import parsed_json, read_plain

__all__ = ["KeptRuns"]

logger = logging.getLogger(__name__)

_MOST_FILES = 256
_MOST_BYTES = 4 * 1024 * 1024

R = TypeVar("R", bound=SuiteRun)


class KeptRuns(Generic[R]):
    """Keeps runs (each a ``kind``) by the fingerprints of their trees in a folder of the user's; the oldest go first.

    What a run depended on outside the project may have changed since: a kept run is a hint. A folder that cannot be
    written keeps nothing.
    """

    def __init__(self, folder: Path, kind: type[R]) -> None:
        self._folder = folder
        self._kind = kind

    def load(self, key: str) -> tuple[R, float] | None:
        """Return the run for ``key`` and how many seconds it took; None where none is kept."""
        try:
            kept = parsed_json(read_plain(self._path(key), most=_MOST_BYTES))
            return decode(self._kind, kept["run"]), float(kept["seconds"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, key: str, run: R, seconds: float) -> None:
        """Keep a run, unless its time was over before all tests had ended."""
        if run.late or not (run.runs or run.uncollected):
            return
        silent = replace(run, runs=_silent(run.runs), uncollected=_silent(run.uncollected), words="")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".new")  # readable by the user alone
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"seconds": seconds, "run": encode(silent)}, file)
            Path(name).replace(self._path(key))
            self._tidy()
        except (OSError, ValueError) as error:
            logger.info("The run of an untouched tree is not kept in %s: %s", self._folder, error)

    def _path(self, key: str) -> Path:
        text = f"{__version__}\0{self._kind.__qualname__}\0{key}"
        return self._folder / f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}.json"

    def _tidy(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.lstat().st_mtime_ns, reverse=True)
        for path in files[_MOST_FILES:]:
            with contextlib.suppress(OSError):  # another process was faster
                path.unlink()


def _silent(runs: Mapping[str, Run]) -> dict[str, Run]:
    return {name: replace(run, expected="", actual="", detail="") for name, run in runs.items()}
