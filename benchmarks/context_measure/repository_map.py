"""aider's repository map, to measure beside ours: an environment of its own, and the questions asked of it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import IO

from forge_lsp.core.task import Task

__all__ = ["VERSION", "Map", "environment", "map_sections"]

VERSION = "aider-chat==0.86.2"
_SECONDS = 1200
_HEADING = re.compile(r"^(?P<name>[^\s│⋮].*?):?$")


def environment(folder: Path) -> Path:
    """The Python of an environment in ``folder`` with aider in it, made where it is not there.

    Raises RuntimeError with the reason where it cannot be made.
    """
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if _imports(python):
        return python
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", VERSION],
    )
    for words in steps:
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise RuntimeError(str(error)) from None
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines() or [f"it ended with {done.returncode}"]
            raise RuntimeError(last[-1])
    if not _imports(python):
        raise RuntimeError("aider.repomap cannot be imported")
    return python


def _imports(python: Path) -> bool:
    if not python.exists():
        return False
    return not subprocess.run([python, "-c", "import aider.repomap"], capture_output=True, check=False).returncode


class Map:
    """The map of one project. Its files are copied, so that a blanked function is no longer where aider reads."""

    def __init__(self, process: subprocess.Popen[str], project: Path) -> None:
        self._process = process
        self._project = project

    @classmethod
    @contextlib.contextmanager
    def of(cls, python: Path, project: Path, suffixes: tuple[str, ...]) -> Generator[Map]:
        """The map of ``project``, of its files with ``suffixes``."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "project"
            shutil.copytree(project, copy, symlinks=True, ignore=shutil.ignore_patterns(".*"))
            script = Path(__file__).with_name("aider_map.py")
            with subprocess.Popen(
                [python, script, copy, *suffixes],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            ) as process:
                try:
                    yield cls(process, project)
                finally:
                    with contextlib.suppress(BrokenPipeError):
                        _pipe(process.stdin).close()

    def text(self, task: Task, tokens: int) -> str:
        """The map for ``task`` in the room of ``tokens``. Raises RuntimeError where aider has ended."""
        assert task.document.path is not None
        question = {
            "chat": task.document.path.relative_to(self._project).as_posix(),
            "text": task.document.text,
            "idents": sorted(set(re.findall(r"\w+", task.instruction))),
            "tokens": tokens,
        }
        pipe = _pipe(self._process.stdin)
        answer = ""
        with contextlib.suppress(BrokenPipeError):
            pipe.write(json.dumps(question) + "\n")
            pipe.flush()
            answer = _pipe(self._process.stdout).readline()
        if not answer:
            raise RuntimeError("aider ended without an answer")
        return str(json.loads(answer)["map"])


def map_sections(text: str) -> dict[str, str]:
    """The lines that a map shows, by file."""
    found: dict[str, str] = defaultdict(str)
    name = ""
    for line in text.split("\n"):
        heading = _HEADING.match(line)
        if heading is not None:
            name = heading["name"]
        elif line.startswith("│"):
            found[name] += line[1:] + "\n"
    return found


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
