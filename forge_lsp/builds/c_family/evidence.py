"""The project's own tests, before and after: a configured CMake build's ``ctest``, else the Makefile's target."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from forge_lsp.builds.c_family.flags import SOURCES
from forge_lsp.builds.c_family.units import MATTERS
from forge_lsp.builds.programs import no_code_here
from forge_lsp.builds.project import Place, fingerprint, project_files
from forge_lsp.builds.suites import Memory, SuiteRun, judged, suite_run
from forge_lsp.builds.suites import Suite as TestSuite
from forge_lsp.domain.attempt import Candidate, Evidence
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Sandbox
from forge_lsp.domain.task import Task

__all__ = ["CFamilyEvidence", "Suite", "ctest_results", "suite_of"]

_BUILDS = ("build", "out", "builddir", "cmake-build-debug", "cmake-build-release")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_TARGET = re.compile(r"^(?P<name>test|tests|check)\s*:(?!=)", re.M)
_TEST_FILE = re.compile(r"(?:^|.*[/_-])tests?(?:[/_-].*|\.\w+)$", re.I)
_LINE = re.compile(r"^\s*\d+/\d+ Test\s+#\d+: (?P<name>\S+) \.+\s*(?P<how>Passed|\*+\s*[\w ]+)", re.M)
_NOT_RUN = ("Not Run", "Skipped", "Disabled")
_TAIL = 400
_MOST_FILES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How the tests are run: ``command`` in ``folder``; ``name`` is what people call it."""

    name: str
    folder: PurePosixPath
    command: tuple[str, ...]
    ctest: bool


class CFamilyEvidence:
    """Runs test suites; what they say of an untouched tree is kept. ``timeout`` in seconds, for a whole run."""

    def __init__(self, sandbox: Sandbox, *, timeout: float) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory()

    async def run(self, task: Task, candidate: Candidate, place: Place) -> Evidence:
        """See :meth:`forge_lsp.domain.ports.Toolchain.evidence`."""
        started = time.perf_counter()
        suite = await asyncio.to_thread(suite_of, place, task.scope.name)
        if suite is None:
            return Evidence()
        if not self._sandbox.runs_project_code:
            fault = no_code_here(f"{suite.name} was not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        try:
            key = await asyncio.to_thread(
                fingerprint, place, f"{task.document.text}\0{suite}", (*MATTERS, "akefile", ".txt", ".cmake", ".mk")
            )

            async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
                del only
                return await self._run(place, suite, text)

            results = await judged(TestSuite(name=suite.name, key=key, run=run), task, candidate, self._memory)
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        return Evidence(results=results, seconds=time.perf_counter() - started)

    async def _run(self, place: Place, suite: Suite, text: str) -> SuiteRun:
        async with self._sandbox.open(place.tree(text)) as box:
            if suite.ctest and str(box.root) != str(place.source):
                raise EnvironmentFault(
                    "the CMake build folder knows its own place, and the sandbox of this machine has it elsewhere",
                    remedy=self._sandbox.remedy,
                )
            result = await box.run(
                ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(suite.folder), *suite.command),
                timeout=self._timeout,
                loopback=True,
            )
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace").strip()
        if result.timed_out:
            output = f"{output[-_TAIL:]}\nit did not finish in {self._timeout:g} s"
        passed: Mapping[str, bool | None] = {suite.name: result.code == 0 and not result.timed_out}
        if suite.ctest:
            passed = ctest_results(output) or ({suite.name: False} if result.code != 0 else {})
        return suite_run(passed, {"": output[-_TAIL:]})


def suite_of(place: Place, name: str | None) -> Suite | None:
    """The tests of the project, if one of their files speaks of ``name`` (or of the document); else None."""
    if place.source is None or not _speaks(place, name):
        return None
    for folder in place.folders():
        for build in _BUILDS:
            path = folder / build
            if place.is_file(path / "CTestTestfile.cmake") and place.is_file(path / "CMakeCache.txt"):
                script = "cmake --build . && exec ctest --timeout 60 --output-on-failure"
                return Suite(name="ctest", folder=path, command=("/bin/sh", "-c", script), ctest=True)
    makefile = place.nearest(*_MAKEFILES)
    target = _TARGET.search(place.text(makefile) or "") if makefile is not None else None
    if makefile is None or target is None:
        return None
    command = ("make", "-f", makefile.name, target["name"])
    return Suite(name=f"make {target['name']}", folder=makefile.parent, command=command, ctest=False)


def ctest_results(output: str) -> dict[str, bool | None]:
    """What ctest printed: whether each test passed; None for one that was not run."""
    return {
        match["name"]: None if any(word in match["how"] for word in _NOT_RUN) else match["how"] == "Passed"
        for match in _LINE.finditer(output)
    }


def _speaks(place: Place, name: str | None) -> bool:
    """Whether a test file of the project mentions what is written."""
    assert place.source is not None, "asked for a workspace only"
    word = (name or "").rpartition("::")[2] or place.document.stem
    mention = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    seen = 0
    for file, _ in project_files(place.source, tuple(SOURCES)):
        if file != str(place.document) and _TEST_FILE.match(file):
            seen += 1
            if mention.search(place.text(PurePosixPath(file)) or ""):
                return True
            if seen == _MOST_FILES:
                break
    return False
