"""The tests of a C# solution that speak of the scope, by ``dotnet test``, before and after."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from forge_lsp.builds.project import Place, fingerprint, project_files
from forge_lsp.builds.suites import Memory, SuiteRun, judged, not_run, speaking_of, suite_run, tail
from forge_lsp.builds.suites import Suite as TestSuite
from forge_lsp.domain.attempt import Candidate, Evidence
from forge_lsp.domain.checks import CheckResult
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Box, ProcessResult, Sandbox
from forge_lsp.domain.task import ScopeKind, Task

__all__ = ["Dotnet", "DotnetTests", "Suite", "suites_of", "trx_outcome"]

_MATTERS = (".cs", ".csproj", ".props", ".targets", ".json", ".config", ".resx", ".runsettings")
_TEST_PACKAGE = re.compile(r"Microsoft\.NET\.Test\.Sdk|\bxunit\b|\bNUnit\b|\bMSTest\b", re.I)
_TEST = re.compile(r"\[\s*(?:Fact|Theory|Test|TestCase|TestMethod|DataTestMethod)\b")
_CLASS = re.compile(r"\bclass\s+(\w+)")
_RESULTS = PurePosixPath(".forge-tests")
_LOG = "forge.trx"
_MOST_FILES = 8
_MOST_LOG = 8 * 1024 * 1024
# xunit, NUnit and MSTest
_VALUES = re.compile(
    r"^\s*Expected(?: string length \d+ but was \d+\. Strings differ.*?)?: +(?P<expected>.+)\n(?:.*\n)*?"
    r"\s*(?:Actual|But was): +(?P<actual>.+)$",
    re.M,
)
_MSTEST = re.compile(r"Expected(?: any value except)?:<(?P<expected>.*?)>\. Actual:<(?P<actual>.*?)>", re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dotnet:
    """The SDK: its program, its variables, and the folders that it reads."""

    program: Path
    environment: Mapping[str, str]
    readable: Sequence[Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A test project, and those of its classes that are run."""

    project: PurePosixPath
    classes: tuple[str, ...]


class DotnetTests:
    """Runs test projects; what they say of an untouched tree is kept. ``timeout`` in seconds, for one project's run."""

    def __init__(self, sandbox: Sandbox, *, timeout: float) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory()

    async def run(
        self, task: Task, candidate: Candidate, place: Place, suites: Sequence[Suite], dotnet: Dotnet
    ) -> Evidence:
        """See :meth:`forge_lsp.domain.ports.Toolchain.evidence`."""
        started = time.perf_counter()
        results: list[CheckResult] = []
        try:
            for suite in suites:
                results += await self._compared(task, candidate, place, suite, dotnet)
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        return Evidence(results=tuple(results), seconds=time.perf_counter() - started)

    async def _compared(
        self, task: Task, candidate: Candidate, place: Place, suite: Suite, dotnet: Dotnet
    ) -> Sequence[CheckResult]:
        key = await asyncio.to_thread(
            fingerprint, place, f"{task.document.text}\0{suite}", _MATTERS, (dotnet.program, *_assets(place, suite))
        )
        name = f"dotnet test {suite.project.stem}"
        words = ""

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            nonlocal words
            del only
            found = await self._run(place, suite, dotnet, text)
            words = found.words
            return found

        results = await judged(TestSuite(name=name, key=key, run=run), task, candidate, self._memory)
        return results or (not_run(name, words or "it found no test"),)

    async def _run(self, place: Place, suite: Suite, dotnet: Dotnet, text: str) -> SuiteRun:
        quiet = ("-nologo", "-v:q", "-m:1", "-nodeReuse:false")
        async with self._sandbox.open(place.tree(text)) as box:
            if not all(path.is_file() for path in _assets(place, suite)):
                # As the build gate does it: what a source on this machine has is unpacked in the temp copy.
                packages = {"NUGET_PACKAGES": str(box.root / ".forge-nuget")}
                if "NUGET_PACKAGES" in dotnet.environment:
                    packages["RestoreFallbackFolders"] = dotnet.environment["NUGET_PACKAGES"]
                dotnet = Dotnet(
                    program=dotnet.program, environment={**dotnet.environment, **packages}, readable=dotnet.readable
                )
                restored = await self._dotnet(box, dotnet, "restore", str(suite.project), *quiet)
                if restored.code != 0:
                    return suite_run({}, {"": _words(restored, f"dotnet restore {suite.project}", self._timeout)})
            result = await self._dotnet(
                box,
                dotnet,
                *("test", str(suite.project), "--no-restore", *quiet),
                *("-p:UseAppHost=false", "-p:UseSharedCompilation=false"),
                *("--logger", f"trx;LogFileName={_LOG}", "--results-directory", str(box.root / _RESULTS)),
                *("--filter", "|".join(f"FullyQualifiedName~{name}" for name in suite.classes)),
            )
            log = box.read(_RESULTS / _LOG)
        return trx_outcome(log, _words(result, f"dotnet test {suite.project}", self._timeout))

    async def _dotnet(self, box: Box, dotnet: Dotnet, *arguments: str) -> ProcessResult:
        return await box.run(
            (str(dotnet.program), *arguments),
            timeout=self._timeout,
            env=dotnet.environment,
            readable=dotnet.readable,
            loopback=True,  # vstest talks to its host by TCP
        )


def suites_of(task: Task, place: Place, projects: Sequence[PurePosixPath]) -> tuple[Suite, ...]:
    """The test projects among ``projects`` (the document's and those that refer to it) with test classes that mention
    what is written, else its type; a few files of each."""
    if place.source is None:
        return ()
    name = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    container = (task.scope.container or "").rpartition(".")[2] or None
    known = [file for file, _ in project_files(place.source, (".cs",))]
    suites: list[Suite] = []
    for project in projects:
        if not _TEST_PACKAGE.search(place.text(project) or ""):
            continue
        inside = (file for file in known if PurePosixPath(file).is_relative_to(project.parent))
        found: dict[str, None] = {}
        for file in speaking_of(place, inside, (name, container, place.document.stem), most=_MOST_FILES):
            text = place.text(file) or ""
            if _TEST.search(text):
                found |= dict.fromkeys(_CLASS.findall(text))
        if found:
            suites.append(Suite(project=project, classes=tuple(found)))
    return tuple(suites)


def trx_outcome(log: bytes | None, words: str) -> SuiteRun:
    """What vstest logged (``UnitTestResult`` elements), and the last that was said where it logged nothing."""
    passed: dict[str, bool | None] = {}
    said: dict[str, str] = {"": words}
    values: dict[str, tuple[str, str]] = {}
    try:
        root = ElementTree.fromstring(log) if log is not None and len(log) <= _MOST_LOG else None
    except ElementTree.ParseError:
        root = None  # cut off with its process
    for result in root.iterfind(".//{*}UnitTestResult") if root is not None else ():
        name = result.get("testName", "")
        passed[name] = {"Passed": True, "Failed": False, "Timeout": False, "Aborted": False}.get(
            result.get("outcome", "")
        )
        message = result.findtext("{*}Output/{*}ErrorInfo/{*}Message", "").replace("\r", "")
        if message:
            said[name] = tail(message)
            match = _VALUES.search(message) or _MSTEST.search(message)
            if match is not None:
                values[name] = (match["expected"].strip(), match["actual"].strip())
    return suite_run(passed, said, values)


def _assets(place: Place, suite: Suite) -> tuple[Path, ...]:
    """What a restore of the test project leaves."""
    if place.source is None:
        return ()
    return (place.source / suite.project.parent / "obj" / "project.assets.json",)


def _words(result: ProcessResult, command: str, timeout: float) -> str:
    if result.timed_out:
        return f"{command} did not finish in {timeout:g} s"
    text = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    errors = [line for line in text.split("\n") if re.search(r"\berror\b", line)]
    return f"{command}: {tail(errors[0] if errors else text) or f'exit code {result.code}'}"
