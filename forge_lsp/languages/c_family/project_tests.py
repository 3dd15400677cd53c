"""The project's own tests, before and after: a configured CMake build's ``ctest``, else the Makefile's target."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.checking.gate import measured
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.checking.suites import Memory, judged, not_run, with_remedies
from forge_lsp.checking.suites import Suite as TestSuite
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import AGAINST, CheckKind, CheckResult, CheckStatus, RunState
from forge_lsp.core.languages import Language
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.c_family.flags import SOURCES
from forge_lsp.languages.c_family.forging import MAY_EXIT, doubt_of
from forge_lsp.languages.c_family.instrumenting import Crash, crashing
from forge_lsp.languages.c_family.packages import remedy_of
from forge_lsp.languages.c_family.running import Runner, ctest_results
from forge_lsp.languages.c_family.scanning import blanked
from forge_lsp.languages.c_family.suites import IdleTests, Suite, suite_of
from forge_lsp.languages.c_family.units import MATTERS, units_of

__all__ = ["CFamilyTests", "ctest_results"]

_BELIEVED = (CheckStatus.PROOF, CheckStatus.KEPT)
_FORGED = "the tests pass even where the code is made to crash when it returns: it ends or changes their run"
_UNSEEN = "the tests pass only where the code can read their sources"
_SEARCHES = "the code looks for the tests"
_READS = re.compile(
    r"\b(?:f?re)?open(?:at|dir|64)?\s*\(|\b(?:[io]?fstream|filebuf|filesystem|mmap|scandir|nftw|ftw|glob|fdopen)\b"
)
_SEARCHING = re.compile(r"\b(?:opendir|fdopendir|scandir|nftw|ftw|glob|fts_open|(?:recursive_)?directory_iterator)\b")
_EXPECTS_AN_END = re.compile(r"\b(?:fork|waitpid|WIFEXITED|popen|system|posix_spawn\w*|\w+_(?:EXIT|DEATH)\w*)\s*\(")


class CFamilyTests:
    """Runs test suites; what they say of an untouched tree is kept. ``timeout`` in seconds, for a whole run."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory(SuiteRun, runs)

    @measured
    async def run(self, task: Task, candidate: Candidate, place: Place) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`."""
        suite = await asyncio.to_thread(suite_of, task, place)
        if suite is None:
            return Evidence()
        if isinstance(suite, IdleTests):
            return Evidence(results=(not_run(suite.name, suite.reason, suite.remedy),))
        if not self._sandbox.runs_project_code:
            return no_code_here(f"{suite.name} was not run", self._sandbox).blocked()
        language = SOURCES.get(place.document.suffix, task.document.language)
        units = await asyncio.to_thread(units_of, place, task.document.language)
        includers = tuple(file for file in units.files if file != place.document)
        runner = Runner(self._sandbox, place, suite, timeout=self._timeout, includers=includers, strict=candidate.text)
        known = f"{task.document.text}\0{task.scope.range}\0{suite}"
        key = await tree_key(place, (*MATTERS, "akefile", ".txt", ".cmake", ".mk"), (), known)
        tests = TestSuite(name=suite.name, key=key, run=runner.run, speaks=suite.reading.speaks)
        results = await judged(tests, task, candidate, self._memory)
        sure = _Confirmation(task, candidate, suite, runner, self._memory, key, language)
        results, doubt = await sure.of(results)
        results = with_remedies(results, remedy_of)
        return Evidence(results=results, doubt=doubt)


@dataclass(slots=True)
class _Confirmation:
    """Makes sure of what passed: with the code made to crash, the same tests must fail."""

    task: Task
    candidate: Candidate
    suite: Suite
    runner: Runner
    memory: Memory[SuiteRun]
    key: str
    language: Language

    async def of(self, results: tuple[CheckResult, ...]) -> tuple[tuple[CheckResult, ...], str | None]:
        """Return the results that count, and why no proof of the candidate is believed."""
        proofs = [result for result in results if result.status is CheckStatus.PROOF]
        believed = proofs or [result for result in results if result.status in _BELIEVED]
        ended = False
        doubt: str | None = None
        if believed or not any(result.status in AGAINST for result in results):
            crash = Crash.ENTRY if self._may_end() else Crash.RETURN
            text = self._crashing(self.candidate.text, self.candidate.code, crash)
            seen = await self.runner.run(text, None) if text is not None else None
            if seen is not None and not _unbuilt(seen):
                green = self._green(seen, believed)
                if not proofs:
                    if green:
                        silent = await self._silent(green)
                        results = tuple(one for one in results if one.id not in silent)
                        green -= silent
                    results = (*results, *await self._reached(results, seen))
                doubt = _FORGED if green else None
                ended = bool(believed) and not green and crash is Crash.RETURN
        doubt = doubt or (await self._seeing(proofs) if proofs else None)
        reading = self.suite.reading
        before = await self.memory.get(self.key, lambda: self.runner.run(self.task.document.text, None))
        words = doubt_of(
            self.candidate.code or self.candidate.text,
            self.candidate.text,
            self.task.document.text,
            reading.tests,
            imports=self.candidate.imports,
            ended=ended,
            document=reading.document,
            names=reading.names,
            wanted={name for run in before.all_runs for name in run.missing},
        )
        return results, words or doubt

    async def _seeing(self, proofs: Collection[CheckResult]) -> str | None:
        """Why the proofs of code that reads files are not believed: they need the sources of the tests."""
        code, user = blanked(self.candidate.code or self.candidate.text), blanked(self.task.document.text)
        if {match[0] for match in _READS.finditer(code)} <= {match[0] for match in _READS.finditer(user)}:
            return None
        seen = await self.runner.run_unseen(self.candidate.text)
        if _unbuilt(seen):  # built again for each run, so that nothing is known
            return _SEARCHES if _SEARCHING.search(code) and not _SEARCHING.search(user) else None
        return None if {one.id for one in proofs} <= self._passing(seen) else _UNSEEN

    async def _reached(self, results: Collection[CheckResult], crashed: SuiteRun) -> list[CheckResult]:
        """What is kept of the tests that do not name the scope, where ``results`` tell of none that does: those that
        passed on the user's own text, so pass now, and do not where it is made to crash."""
        if any(one.status in (*_BELIEVED, *AGAINST) for one in results):
            return []
        before = await self.memory.get(self.key, lambda: self.runner.run(self.task.document.text, None))
        reached = self._passing(before) - self._passing(crashed) - {one.id for one in results}
        return [_kept(self.suite.name, one) for one in sorted(reached)]

    async def _silent(self, green: Collection[str]) -> set[str]:
        """Those of ``green`` that pass on the user's own text as well where that is made to crash: they do not call
        the scope."""
        text = self._crashing(self.task.document.text, self.task.original, Crash.RETURN)
        if text is None:
            return set()
        seen = await self.memory.get(f"{self.key}\0crash", lambda: self.runner.run(text, None), keep=False)
        return {name for name in green if not _unbuilt(seen) and name in self._passing(seen)}

    def _green(self, seen: SuiteRun, believed: Collection[CheckResult]) -> set[str]:
        passing = self._passing(seen)
        return {result.id for result in believed if result.id in passing}

    def _passing(self, seen: SuiteRun) -> set[str]:
        name = self.suite.name
        return {
            f"{name}:{test}" if test not in ("", name) else name
            for test, run in seen.runs.items()
            if run.state is RunState.PASSED
        }

    def _crashing(self, text: str, code: str, crash: Crash) -> str | None:
        return crashing(text, code, self.task.scope.name, self.language, crash)

    def _may_end(self) -> bool:
        """Whether the code may end its process: a command line's own, or what tests watch from another process."""
        name = (self.task.scope.name or "").rpartition("::")[2]
        watched = any(_EXPECTS_AN_END.search(text) for text in self.suite.reading.tests.values())
        return MAY_EXIT.fullmatch(name) is not None or watched


def _kept(suite: str, test: str) -> CheckResult:
    source = test if test == suite else f"{suite}: {test.removeprefix(f'{suite}:')}"
    return CheckResult(id=test, kind=CheckKind.TEST, status=CheckStatus.KEPT, source=source)


def _unbuilt(seen: SuiteRun) -> bool:
    return bool(seen.uncollected) and not seen.runs
