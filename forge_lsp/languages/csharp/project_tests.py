"""The tests of a C# solution that speak of the scope, by ``dotnet test``, before and after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import measured
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import SuiteRun, failed, tail, uncollected
from forge_lsp.checking.suites import Memory, judged, not_run, with_remedies
from forge_lsp.checking.suites import Suite as TestSuite
from forge_lsp.core.attempt import Candidate, Diagnostic, Evidence
from forge_lsp.core.checks import Cause, CheckResult, Run, RunState
from forge_lsp.core.ports import Box, ProcessResult, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.csharp.built import Built
from forge_lsp.languages.csharp.forging import doubt_of
from forge_lsp.languages.csharp.messages import problems_in
from forge_lsp.languages.csharp.results import Reading, missing_in, trx_of
from forge_lsp.languages.csharp.scanning import methods_in
from forge_lsp.languages.csharp.sdk import Dotnet
from forge_lsp.languages.csharp.suites import CONTROL, TEST, Suite, control_of

__all__ = ["Dotnet", "DotnetTests"]

_MATTERS = (".cs", ".csproj", ".props", ".targets", ".json", ".config", ".resx", ".runsettings")
_RESULTS = PurePosixPath(".forge-tests")
_LOG = "forge.trx"
_MOST_ROUNDS = 4
_QUICK = (
    *("-p:UseAppHost=false", "-p:UseSharedCompilation=false", "-p:GenerateFullPaths=true"),
    # What only advises, or is for readers of other languages, is not needed to run tests.
    *("-p:RunAnalyzers=false", "-p:SatelliteResourceLanguages=en"),
)
_UNRESTORED = re.compile(r"\bdotnet restore\b|\bNU\d{4}\b|\bNETSDK1004\b")
_READS_SOURCES = re.compile(r"\.cs\"")
_FORGED = "a check that must fail passes or is gone while the code is tested"


class DotnetTests:
    """Runs test projects; what they say of an untouched tree is kept. ``timeout`` in seconds, for one project's run."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory(SuiteRun, runs)
        self._built = Built()

    @measured
    async def run(
        self, task: Task, candidate: Candidate, place: Place, suites: Sequence[Suite], dotnet: Dotnet
    ) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`."""
        results: list[CheckResult] = []
        doubts: list[str | None] = []
        code = "\n".join((*candidate.imports, candidate.code or candidate.text))
        for suite in suites:
            runner = _Runner(
                self._sandbox, task, candidate, place, suite, dotnet, timeout=self._timeout, built=self._built
            )
            results += await self._compared(task, candidate, place, suite, dotnet, runner)
            doubts.append(
                runner.doubt
                or doubt_of(
                    code,
                    task.document.text,
                    suite.files,
                    ended=runner.ended,
                    project=suite.project.stem,
                    known={*suite.names, *runner.wanted},
                )
            )
        doubt = next((one for one in doubts if one), None)
        return Evidence(results=tuple(results), doubt=doubt)

    async def _compared(
        self, task: Task, candidate: Candidate, place: Place, suite: Suite, dotnet: Dotnet, runner: _Runner
    ) -> Sequence[CheckResult]:
        known = f"{task.document.text}\0{task.scope.range}\0{suite}"
        key = await tree_key(place, _MATTERS, (dotnet.program, *_assets(place, suite)), known)
        runner.key = key
        name = f"dotnet test {suite.project.stem}"
        speaks = runner.reading(task.document.text).speaks
        results = await judged(
            TestSuite(name=name, key=key, run=runner.run, speaks=speaks), task, candidate, self._memory
        )
        before = await self._memory.get(key, lambda: runner.run(task.document.text, None))
        runner.wanted = frozenset(word for run in before.all_runs for word in run.missing)
        restore = f"dotnet restore {suite.project}"
        results = with_remedies(results, lambda detail: restore if _UNRESTORED.search(detail) else None)
        return results or (not_run(name, runner.words or "it found no test"),)


@dataclass(slots=True)
class _Runner:
    """Runs one test project with one text or another in the document's place. ``doubt`` is set once a run of the
    candidate is not to be believed, ``ended`` as long as its runs came to their end; ``wanted`` are the names that the
    tests wait for."""

    sandbox: Sandbox
    task: Task
    candidate: Candidate
    place: Place
    suite: Suite
    dotnet: Dotnet
    timeout: float
    built: Built
    key: str = ""
    words: str = ""
    doubt: str | None = None
    ended: bool = True
    wanted: frozenset[str] = frozenset()
    _control: str = field(init=False)

    def __post_init__(self) -> None:
        self._control = control_of(self.place.text(self.suite.project) or "")

    def reading(self, text: str) -> Reading:
        """Return what is known of the tests, for a ``text`` of the document."""
        own = self.task.scope.range if text == self.task.document.text else None
        code = self.candidate.code
        begin = own.start if own is not None else max(text.rfind(code), 0) if code else 0
        end = own.end if own is not None else begin + len(code or text)
        lines = range(text.count("\n", 0, begin) + 1, text.count("\n", 0, end) + 2)
        names = set(self.suite.names)
        return Reading(
            names=self.suite.names,
            others=frozenset(one.name for one in methods_in(self.task.document.text) if one.name not in names),
            document=str(self.place.document),
            lines=lines,
            tests=self.suite.files,
        )

    async def run(self, text: str, only: Sequence[str] | None) -> SuiteRun:
        """See :class:`forge_lsp.checking.suites.Suite`: what does not compile is left out, test by test."""
        left: dict[str, str] = {}
        parts: dict[str, Run] = {}
        problems: tuple[Diagnostic, ...] = ()
        for _ in range(_MOST_ROUNDS):
            found, problems = await self._once(text, only, left)
            self.words = found.words
            if not problems:
                return replace(found, uncollected={**found.uncollected, **parts})
            if not self._leave_out(problems, left, parts):
                break
            if not any(TEST.search(left.get(file, content)) for file, content in self.suite.files.items()):
                return SuiteRun(uncollected=parts, words=found.words)
        return SuiteRun(uncollected={"": _not_compiled(problems, str(self.place.document))}, words=self.words)

    async def _once(
        self, text: str, only: Sequence[str] | None, left: Mapping[str, str]
    ) -> tuple[SuiteRun, tuple[Diagnostic, ...]]:
        suite, dotnet = self.suite, self.dotnet
        quiet = ("-nologo", "-v:q", "-m:1", "-nodeReuse:false")
        extra: dict[PurePosixPath, bytes | None] = {PurePosixPath(file): new.encode() for file, new in left.items()}
        if self._control:
            extra[suite.project.parent / f"{CONTROL}.cs"] = self._control.encode()
        kept = f"{self.key}\0{text}\0{sorted(left.items())}"
        async with self.sandbox.open(self.place.tree(text, {**extra, **self.built.files(kept)})) as box:
            if not await self.built.unpack(kept, box, timeout=self.timeout):
                if not all(path.is_file() for path in _assets(self.place, suite)):
                    kept = ""  # what is unpacked in the temp copy is needed to run, too
                    dotnet = _unpacking(dotnet, box)
                    restored = await self._run(box, dotnet, "restore", str(suite.project), *quiet)
                    if restored.code != 0:
                        words = _words(restored, f"dotnet restore {suite.project}", self.timeout)
                        fault = uncollected(words, cause=Cause.ENVIRONMENT)
                        return SuiteRun(uncollected={"": fault}, words=words), ()
                result = await self._run(box, dotnet, "build", str(suite.project), "--no-restore", *quiet, *_QUICK)
                if result.code != 0:
                    return self._not_built(result, box.root)
                if kept:
                    await self.built.pack(kept, box, suite.project.parent, timeout=self.timeout)
            await _hide(box, suite, self.place, timeout=self.timeout)
            names = [re.sub(r"\(.*$", "", name, flags=re.S) for name in only or ()]
            filters = [f"FullyQualifiedName={name}" for name in dict.fromkeys(names)] or [
                f"FullyQualifiedName~{name}" for name in suite.classes
            ]
            result = await self._run(
                box,
                dotnet,
                *("test", str(suite.project), "--no-restore", "--no-build", *quiet),
                *("--logger", f"trx;LogFileName={_LOG}", "--results-directory", str(box.root / _RESULTS)),
                *("--filter", "|".join([*filters, *([f"FullyQualifiedName~{CONTROL}"] if self._control else [])])),
            )
            log = box.read(_RESULTS / _LOG)
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        words = _words(result, f"dotnet test {suite.project}", self.timeout)
        return self._believed(text, log, output, words), ()

    def _not_built(self, result: ProcessResult, root: Path) -> tuple[SuiteRun, tuple[Diagnostic, ...]]:
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        words = _words(result, f"dotnet build {self.suite.project}", self.timeout)
        compiled = tuple(problem for problem in problems_in(output, root) if problem.code.startswith("CS"))
        if compiled:
            return SuiteRun(words=words), compiled
        return SuiteRun(uncollected={"": uncollected(words, cause=Cause.ENVIRONMENT)}, words=words), ()

    def _believed(self, text: str, log: bytes | None, output: str, words: str) -> SuiteRun:
        """What the log says, as far as it is whole and the check that must fail has failed."""
        trx = trx_of(log, output, self.reading(text))
        runs = {name: run for name, run in trx.runs.items() if CONTROL not in name}
        controls = [run for name, run in trx.runs.items() if CONTROL in name]
        sound = not self._control or (bool(controls) and all(run.state is RunState.FAILED for run in controls))
        if text != self.task.document.text:
            self.ended = self.ended and trx.whole and sound
        if runs and not sound and text != self.task.document.text:
            self.doubt = _FORGED
        if not trx.whole or not sound:
            ended = failed("the process that runs the tests ended before its end")
            runs = {name: ended if run.state is RunState.PASSED else run for name, run in runs.items()}
            if log is None or not runs:
                # Nothing was logged: the process ended in the middle, or never came to a test.
                return SuiteRun(uncollected={"": uncollected(words)}, words=words)
        return SuiteRun(runs=runs, words=words)

    def _leave_out(self, problems: Sequence[Diagnostic], left: dict[str, str], parts: dict[str, Run]) -> bool:
        """Take what does not compile out of the test files; False where the fault is not theirs."""
        changed = False
        for file, content in self.suite.files.items():
            mine = [problem for problem in problems if problem.file == file]
            if not mine:
                continue
            changed = True
            text = left.get(file, content)
            methods = methods_in(text)
            gone: dict[int, tuple[int, int]] = {}
            for problem in mine:
                at = _offset(text, problem.line)
                one = next((one for one in methods if one.begin <= at + 1 and at <= one.end), None)
                why = uncollected(
                    f"{problem.code}: {problem.message} ({PurePosixPath(file).name}:{problem.line})",
                    cause=Cause.SCOPE if missing_in(problem) else Cause.ELSEWHERE,
                    missing=tuple(name for name in (missing_in(problem),) if name),
                )
                if one is None:
                    parts |= {each.full_name: why for each in methods if TEST.search(text[each.begin : each.body])}
                    gone = {0: (0, len(text))}
                    break
                gone[one.begin] = (one.begin, one.end + 1)
                if TEST.search(text[one.begin : one.body]):
                    parts[one.full_name] = _both(parts.get(one.full_name), why)
            left[file] = _without(text, list(gone.values()))
        return changed

    async def _run(self, box: Box, dotnet: Dotnet, *arguments: str) -> ProcessResult:
        return await box.run(
            (str(dotnet.program), *arguments),
            timeout=self.timeout,
            env={"DOTNET_TieredPGO": "0", **dotnet.environment},  # short runs do not win back what it costs
            readable=dotnet.readable,
            loopback=True,  # vstest talks to its host by TCP
        )


def _not_compiled(problems: Sequence[Diagnostic], document: str) -> Run:
    first = problems[0]
    missing = tuple(dict.fromkeys(name for problem in problems if (name := missing_in(problem))))
    own = any(problem.file == document for problem in problems)
    return uncollected(
        f"{first.code}: {first.message} ({PurePosixPath(first.file).name}:{first.line})",
        cause=Cause.SCOPE if own or missing else Cause.ELSEWHERE,
        missing=() if own else missing,
    )


def _both(one: Run | None, other: Run) -> Run:
    if one is None:
        return other
    return replace(other, missing=tuple(dict.fromkeys((*one.missing, *other.missing))), detail=one.detail)


def _offset(text: str, line: int) -> int:
    """Where the first letter of a line stands."""
    lines = text.split("\n")
    content = lines[line - 1] if 0 < line <= len(lines) else ""
    return sum(len(one) + 1 for one in lines[: line - 1]) + len(content) - len(content.lstrip())


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """``text`` with spaces in the place of some of it."""
    for begin, end in spans:
        text = text[:begin] + re.sub(r"[^\n]", " ", text[begin:end]) + text[end:]
    return text


def _unpacking(dotnet: Dotnet, box: Box) -> Dotnet:
    """``dotnet`` as the build gate uses it: what a source on this machine has is unpacked in the temp copy."""
    packages = {"NUGET_PACKAGES": str(box.root / ".forge-nuget")}
    if "NUGET_PACKAGES" in dotnet.environment:
        packages["RestoreFallbackFolders"] = dotnet.environment["NUGET_PACKAGES"]
    return replace(dotnet, environment={**dotnet.environment, **packages})


async def _hide(box: Box, suite: Suite, place: Place, *, timeout: float) -> None:
    """Remove the sources of the tests, which what is tested could read, unless they read sources themselves."""
    if place.source is None or any(_READS_SOURCES.search(text) for text in suite.files.values()):
        return
    folder = suite.project.parent
    known = [file for file in place.files((".cs",)) if PurePosixPath(file).is_relative_to(folder)]
    files = [file for file in known if file != str(place.document)]
    await box.run(("/bin/sh", "-c", 'rm -f "$@"', "sh", *files, str(folder / f"{CONTROL}.cs")), timeout=timeout)


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
