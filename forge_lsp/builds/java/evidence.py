"""The project's JUnit tests that speak of the document's types, before and after.

They are compiled and run by the JDK itself, with JUnit's own runner from the class path: Maven and Gradle would want a
network, or all of their folders.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from forge_lsp.builds.java.jdk import Jdk
from forge_lsp.builds.java.maven import Build
from forge_lsp.builds.java.sources import Sources
from forge_lsp.builds.programs import no_code_here
from forge_lsp.builds.project import Place, fingerprint
from forge_lsp.builds.suites import Memory, Suite, SuiteRun, judged, suite_run
from forge_lsp.domain.attempt import Candidate, Evidence
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Box, ProcessResult, Sandbox
from forge_lsp.domain.task import Task

__all__ = ["JavaEvidence", "runner_of", "tests_of"]

_ARGUMENTS = PurePosixPath(".forge-check/arguments")
_OUT = ".forge-check/classes"
_CONSOLE = re.compile(r"junit-platform-console-standalone-.*\.jar")
_JUNIT_4 = re.compile(r"junit-?4[\w.-]*\.jar")
_TEST = re.compile(r"^\s*@(?:Test|ParameterizedTest|RepeatedTest|RunWith)\b", re.M)
_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;", re.M)
_ALL_WELL = re.compile(r"^OK \(\d+ tests?\)|^\[\s*[1-9]\d* tests successful", re.M)
_TAIL = 400
_MOST_TESTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suite:
    """What is run, and with what."""

    jdk: Jdk
    build: Build
    sources: Sources
    tests: tuple[str, ...]
    runner: tuple[str, ...]


class JavaEvidence:
    """Runs test classes; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory()

    async def run(
        self, task: Task, candidate: Candidate, place: Place, *, jdk: Jdk, build: Build, sources: Sources
    ) -> Evidence:
        """See :meth:`forge_lsp.domain.ports.Toolchain.evidence`."""
        started = time.perf_counter()
        runner = runner_of(build)
        tests = await asyncio.to_thread(tests_of, place, sources) if runner else ()
        if not tests:
            return Evidence()
        if not self._sandbox.runs_project_code:
            fault = no_code_here("the JUnit tests were not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        suite = _Suite(jdk=jdk, build=build, sources=sources, tests=tests, runner=runner)
        try:
            key = await asyncio.to_thread(
                fingerprint, place, f"{task.document.text}\0{tests}", (".java", ".jar", ".xml")
            )

            async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
                return await self._run(place, replace(suite, tests=tuple(only)) if only else suite, text)

            results = await judged(Suite(name="JUnit", key=key, run=run), task, candidate, self._memory)
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        return Evidence(results=results, seconds=time.perf_counter() - started)

    async def _run(self, place: Place, suite: _Suite, text: str) -> SuiteRun:
        passed: dict[str, bool | None] = {}
        said: dict[str, str] = {}
        deadline = time.monotonic() + self._timeout
        path = ":".join([_OUT, *(str(jar) for jar in suite.build.jars)])
        async with self._sandbox.open(place.tree(text, {_ARGUMENTS: _arguments(suite, path)})) as box:
            compiled = await self._step(box, suite, (str(suite.jdk.javac), f"@{_ARGUMENTS}"), deadline)
            if compiled.code != 0:
                return suite_run(dict.fromkeys(suite.tests, False), {"": _tail(compiled)})
            folders = _resources(place, suite.build)
            java = (str(suite.jdk.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g")
            for test in suite.tests:
                left = deadline - time.monotonic()
                if left <= 0:
                    passed[test], said[test] = None, "the time for tests was over before this one"
                    continue
                command = (*java, "-cp", ":".join((path, *folders)), *suite.runner, test)
                result = await self._step(box, suite, command, deadline)
                # A candidate that ends the process with 0 has passed nothing: JUnit says so when all went well.
                ended_well = _ALL_WELL.search(result.stdout.decode("utf-8", "replace")) is not None
                passed[test] = result.code == 0 and not result.timed_out and ended_well
                said[test] = f"it did not finish in {self._timeout:g} s" if result.timed_out else _tail(result)
        return suite_run(passed, said)

    async def _step(self, box: Box, suite: _Suite, command: tuple[str, ...], deadline: float) -> ProcessResult:
        jars = [jar.parent for jar in suite.build.jars if jar.is_absolute()]
        return await box.run(
            command,
            timeout=max(deadline - time.monotonic(), 0.1),
            readable=(*suite.jdk.readable, *dict.fromkeys(jars)),
            loopback=True,
        )


def runner_of(build: Build) -> tuple[str, ...]:
    """How a test class is run with what is on the class path: JUnit's console, else JUnit 4; empty without either."""
    names = [jar.name for jar in build.jars]
    if any(_CONSOLE.fullmatch(name) for name in names):
        return ("org.junit.platform.console.ConsoleLauncher", "--disable-banner", "--details=none", "--select-class")
    if any(_JUNIT_4.fullmatch(name) for name in names):
        return ("org.junit.runner.JUnitCore",)
    return ()


def tests_of(place: Place, sources: Sources) -> tuple[str, ...]:
    """The test classes, by full name, that mention the document's type; a few of them."""
    word = re.compile(rf"(?<!\w){re.escape(place.document.stem)}(?!\w)")
    found: list[str] = []
    for file in sources.files[1:]:
        text = place.text(file) or ""
        if _TEST.search(text) and word.search(text):
            package = _PACKAGE.search(text)
            found.append(f"{package[1]}.{file.stem}" if package is not None else file.stem)
    return tuple(found[:_MOST_TESTS])


def _arguments(suite: _Suite, path: str) -> bytes:
    options: Mapping[str, str] = {"-d": _OUT, "-encoding": "UTF-8", "-classpath": path}
    words = ["-nowarn", *([] if suite.build.processors else ["-proc:none"])]
    words += [word for pair in options.items() for word in pair]
    words += ["-sourcepath", ":".join(str(folder) for folder in suite.sources.roots)]
    files = [str(file) for file in suite.sources.files]
    return "\n".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in (*words, *files)).encode()


def _resources(place: Place, build: Build) -> tuple[str, ...]:
    folders = [build.folder / name for name in ("src/main/resources", "src/test/resources", "target/classes")]
    return tuple(str(folder) for folder in folders if place.source is not None and (place.source / folder).is_dir())


def _tail(result: ProcessResult) -> str:
    text = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    # The first lines of a failure say what; the rest are frames of the runner.
    lines = [line for line in text.split("\n") if line.strip() and not re.match(r"\s+at |\s*\.+\s*$", line)]
    return "\n".join(lines)[:_TAIL]
