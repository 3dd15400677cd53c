"""The project's own tests that speak of the scope, by its interpreter's pytest or by unittest, before and after."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.builds.interpreters import Interpreter
from forge_lsp.builds.programs import no_code_here
from forge_lsp.builds.project import Place, fingerprint, project_files
from forge_lsp.builds.suites import Memory, Suite, SuiteRun, judged, not_run, speaking_of, suite_run, tail
from forge_lsp.domain.attempt import Candidate, Evidence
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import ProcessResult, Sandbox
from forge_lsp.domain.task import ScopeKind, Task

__all__ = ["PythonTests", "tests_of"]

_RUNNER = Path(__file__).with_name("runners") / "python_tests.py"
_TEST_FILE = re.compile(r"(?:.*/)?(?:test_[^/]*|[^/]*_test|tests?)\.py")
_PROJECT = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "setup.py")
_MATTERS = (".py", ".toml", ".cfg", ".ini", ".json", ".txt", ".csv", ".yaml", ".yml")
_TEST = re.compile(r"^\s*(?:async )?def test|^class Test", re.M)
_SUITE = "tests"
_MOST_FILES = 8
_SHARE = 0.5
"""How much of the time for all tests one of them may take."""


class PythonTests:
    """Runs test files; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory()

    async def run(self, task: Task, candidate: Candidate, place: Place, interpreter: Interpreter) -> Evidence:
        """See :meth:`forge_lsp.domain.ports.Toolchain.evidence`."""
        started = time.perf_counter()
        files = await asyncio.to_thread(tests_of, task, place)
        if not files:
            return Evidence()
        if not self._sandbox.runs_project_code:
            fault = no_code_here("the project's tests were not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        key = await asyncio.to_thread(
            fingerprint,
            place,
            f"{task.document.text}\0{files}",
            _MATTERS,
            (interpreter.path, interpreter.packages),
        )
        try:
            words = ""

            async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
                nonlocal words
                del only
                found = await self._run(place, interpreter, text, files)
                words = found.words
                return found

            results = await judged(Suite(name=_SUITE, key=key, run=run), task, candidate, self._memory)
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        if not results:
            what = words or "none of them was found; without pytest only unittest's are"
            remedy = f"{interpreter.path} -m pip install pytest"
            results = (not_run(_SUITE, f"{', '.join(map(str, files))}: {what}", remedy),)
        return Evidence(results=results, seconds=time.perf_counter() - started)

    async def _run(
        self, place: Place, interpreter: Interpreter, text: str, files: tuple[PurePosixPath, ...]
    ) -> SuiteRun:
        config = place.nearest(*_PROJECT)
        folder = config.parent if config is not None else PurePosixPath()
        inside = [file for file in files if file.is_relative_to(folder)]
        nonce = secrets.token_hex(16)
        async with self._sandbox.open(place.tree(text)) as box:
            roots = dict.fromkeys((box.root / folder, box.root / folder / "src", box.root))
            request = {
                "nonce": nonce,
                "files": [str(file.relative_to(folder)) for file in inside] or [str(box.root / file) for file in files],
                "search": [str(root) for root in roots],
                "seconds": self._timeout * _SHARE,
            }
            run = (str(interpreter.path), "-I", "-B", "-X", "utf8", str(_RUNNER))
            result = await box.run(
                ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(folder), *run),
                timeout=self._timeout,
                readable=(*interpreter.readable, _RUNNER.parent),
                loopback=True,
                stdin=json.dumps(request).encode(),
            )
        return outcome_of(result, nonce, timeout=self._timeout)


def tests_of(task: Task, place: Place) -> tuple[PurePosixPath, ...]:
    """The test files that mention what is written, else its class or its module; a few of them."""
    if place.source is None:
        return ()
    module = place.document.parent.name if place.document.stem == "__init__" else place.document.stem
    names = (task.scope.name if task.scope.kind is not ScopeKind.FILE else None, task.scope.container, module)
    files = (name for name, _ in project_files(place.source, (".py",)) if _TEST_FILE.fullmatch(name))
    spoken = speaking_of(place, files, names, most=_MOST_FILES)
    return tuple(file for file in spoken if _TEST.search(place.text(file) or ""))


def outcome_of(result: ProcessResult, nonce: str, *, timeout: float) -> SuiteRun:
    """What the runner told. A test that began and has no result is the one at which it ended."""
    passed: dict[str, bool | None] = {}
    said: dict[str, str] = {}
    values: dict[str, tuple[str, str]] = {}
    running, ended = None, False
    for line in result.stdout.decode("utf-8", "replace").split("\n"):
        if not line.startswith(f"{nonce} "):
            continue
        try:
            answer = cast("dict[str, Any]", json.loads(line[len(nonce) + 1 :]))
        except ValueError:
            continue  # the last line of a run that was cut off
        name, state = str(answer.get("name", "")), answer.get("state")
        if state == "end":
            ended = True
            continue
        if state == "start":
            running = name
            continue
        running = None if name == running else running
        words = str(answer.get("words") or "")
        if not name:
            said[""] = tail(words)
            continue
        # A test may pass and then fail while it is torn down; a subtest's failure is its test's.
        passed[name] = {"passed": True, "failed": False}.get(str(state)) if passed.get(name) is not False else False
        if words and name not in said:
            said[name] = tail(words.partition("\n\n")[0])
        if isinstance(answer.get("expected"), str) and isinstance(answer.get("actual"), str):
            values.setdefault(name, (answer["expected"], answer["actual"]))
    if not ended:
        how = f"it did not finish in {timeout:g} s" if result.timed_out else "the process ended in the middle of it"
        if running is not None:
            passed[running], said[running] = False, how
        said.setdefault("", f"{how}: {tail(result.stderr.decode('utf-8', 'replace'))}")
    said.setdefault("", tail(result.stderr.decode("utf-8", "replace")))
    return suite_run(passed, said, values)
