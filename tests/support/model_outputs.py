"""Recorded answers of twelve code models to fifty class-writing tasks, and the hidden tests that say which are right.

The data lies beside the checkout (``../shared/data/model-outputs``, or where ``TESTS_MODEL_OUTPUTS`` says); its own
README tells what is in it. Candidates run in child processes with limits on time, memory and file sizes, in an empty
folder of their own: that is for their bugs, not for malice, since the data set is known.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Case", "Recorded", "absent", "cases", "recorded", "right"]

DATA = Path(os.environ.get("TESTS_MODEL_OUTPUTS") or Path(__file__).parents[2].parent / "shared/data/model-outputs")
SECONDS = 60.0

_CHILD = """
import io, json, random, sys, unittest
work = json.load(sys.stdin)
random.seed(0)  # some of the tests roll dice
out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
right = False
try:
    space = {"__name__": "candidate"}
    exec(compile(work["text"], "candidate.py", "exec"), space)
    exec(compile(work["tests"], "tests.py", "exec"), space)
    suite = unittest.TestSuite()
    for name in work["classes"]:
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(space[name]))
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    right = result.wasSuccessful() and result.testsRun > 0
except BaseException:
    pass
print(work["nonce"] if right else "no", file=out, flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One task. ``skeleton`` is what the editor's buffer holds; ``tests`` and ``reference`` are never shown."""

    id: str
    name: str
    imports: str
    skeleton: str
    tests: str
    test_classes: tuple[str, ...]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One answer, as the model wrote it. ``sample`` counts from 0."""

    task: str
    model: str
    temperature: float
    sample: int
    text: str


def absent() -> str | None:
    """Why the data cannot be used, or None."""
    missing = [name for name in ("tasks.jsonl.xz", "answers.jsonl.xz") if not (DATA / name).is_file()]
    return f"no {' and no '.join(missing)} in {DATA} (TESTS_MODEL_OUTPUTS names another folder)" if missing else None


def cases() -> tuple[Case, ...]:
    """The tasks whose reference passed where the data was made; whether it does here, :func:`right` can say."""
    return tuple(
        Case(
            id=task["id"],
            name=task["class_name"],
            imports="\n".join(task["imports"]),
            skeleton=task["skeleton"],
            tests=task["tests"],
            test_classes=tuple(task["test_classes"]),
            reference=task["reference"],
        )
        for task in _lines("tasks.jsonl.xz")
        if task["reference_passes"]
    )


def recorded() -> tuple[Recorded, ...]:
    """All answers."""
    return tuple(Recorded(**answer) for answer in _lines("answers.jsonl.xz"))


def right(pairs: Iterable[tuple[Case, str]], *, jobs: int = 2) -> dict[tuple[str, str], bool]:
    """Whether the hidden tests pass, by task id and document text. Runs each distinct pair once."""
    distinct = {(case.id, text): case for case, text in pairs}
    with tempfile.TemporaryDirectory(prefix="forge-hidden-") as folder, ThreadPoolExecutor(jobs) as pool:
        running = {key: pool.submit(_passes, case, key[1], Path(folder)) for key, case in distinct.items()}
        return {key: future.result() for key, future in running.items()}


def _lines(name: str) -> Sequence[dict[str, Any]]:
    with lzma.open(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _passes(case: Case, text: str, folder: Path) -> bool:
    nonce = hashlib.sha256(f"{case.id}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    place = folder / nonce
    place.mkdir()
    work = {
        "text": f"{case.imports}\n{text}",
        "tests": case.tests,
        "classes": case.test_classes,
        "nonce": nonce,
    }
    environment = {"HOME": str(place), "TMPDIR": str(place), "PATH": os.defpath, "PYTHONHASHSEED": "0"}
    with subprocess.Popen(
        [sys.executable, "-s", "-P", "-c", _CHILD],
        cwd=place,
        env={**environment, "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limits,
    ) as child:
        try:
            output, _ = child.communicate(json.dumps(work).encode(), timeout=SECONDS)
        except subprocess.TimeoutExpired:
            output = b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    return output.decode("utf-8", "replace").strip() == nonce


def _limits() -> None:
    # CPU seconds decide, so that a busy machine judges as an idle one does; wall time only ends what sleeps.
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10 << 20, 10 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
