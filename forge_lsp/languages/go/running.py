"""A compiled Go test program run in the sandbox: what each test says, and whether it is to be believed.

The tested code shares a process with Go's test framework, so its word alone is no proof. The tests are run beside one
that must fail, and those that pass once more beside the same, which must pass then: the program has to end by itself
both times, with the exit code that belongs to it, and each test has to say how it ended once.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from forge_lsp.checking.runs import SuiteRun, failed, passed, skipped, tail, uncollected
from forge_lsp.core.checks import Cause, Run, RunState
from forge_lsp.core.ports import Box, CacheUse, ProcessResult, Sandbox
from forge_lsp.languages.go.compiling import CompileRequest, Program
from forge_lsp.languages.go.output import TestOutput, panic_of, read_output
from forge_lsp.languages.go.run import go_cache, go_environment
from forge_lsp.languages.go.sources import declarations

__all__ = ["Explain", "TestOutcome", "run_tests"]

Explain = Callable[[str, str], Run]
"""Given a test's name and what was said when it failed, return its run."""
_PROGRAM = PurePosixPath(".forge-tests") / "tests"
_START = 'cd "$0" && chmod +x "$1" && exec "$@" 2>&1'
_MOST_RUNS = 80
_ENDED = "the code ends the test program before its tests are over"
_CHANGED = "the code changes the test program"
_BOTH = "more than one result was given for a test"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """How the tests went. ``doubts`` are what was seen that an honest test program never does, in words for users;
    ``endless`` the tests that did not finish in their time."""

    suite: SuiteRun
    doubts: tuple[str, ...] = ()
    endless: frozenset[str] = frozenset()


async def run_tests(
    sandbox: Sandbox,
    wanted: CompileRequest,
    program: Program,
    names: Sequence[str],
    *,
    explain: Explain,
    timeout: float,
    hidden: Sequence[PurePosixPath] = (),
) -> TestOutcome:
    """Run ``names``, tests that are in the program. ``timeout`` in seconds, for each time that it is started; three
    times as much in all. ``hidden`` are files that are not there while it runs. Raises EnvironmentFault."""
    binary = program.binary or b""
    extra: dict[PurePosixPath, bytes | None] = {**wanted.layout.extra, _PROGRAM: binary, **dict.fromkeys(hidden)}
    # A test may do anything with what it can write: its cache goes with its box.
    tree = replace(wanted.place.tree(wanted.text, extra), cache=go_cache(wanted.go, CacheUse.DROP))
    counts = Counter(one.test for text in program.texts.values() for one in declarations(text) if one.test is not None)
    counts[program.check] = 1
    course = _Course(lambda: sandbox.open(tree), wanted, program, explain, timeout, counts=counts)
    return await course.run(names)


@dataclass(slots=True)
class _Course:
    open: Callable[[], AbstractAsyncContextManager[Box]]
    wanted: CompileRequest
    program: Program
    explain: Explain
    timeout: float
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    doubts: list[str] = field(default_factory=list[str])
    words: str = ""
    started: float = field(default_factory=time.monotonic)
    count: int = 0
    endless: set[str] = field(default_factory=set[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    """How many tests bear a name: the package's own and those from outside may share one."""

    async def run(self, names: Sequence[str]) -> TestOutcome:
        """First all beside the test that must fail, then those that pass by themselves."""
        async with self.open() as box:
            await self._all(box, names)
        for name in names:
            if name not in self.runs:
                self.runs[name] = self._odd(f"it was not run: {self.words or 'the time was over'}")
        good = [name for name in names if self.runs[name].state is RunState.PASSED]
        if good and not await self._alone(good):
            for name in good:
                if self._may_go_on:
                    await self._alone([name], blame=True)
                else:
                    self.runs[name] = self._odd("the time was over before it was run once more")
        suite = SuiteRun(runs={name: self.runs[name] for name in names}, words=tail(self.words))
        return TestOutcome(suite=suite, doubts=tuple(dict.fromkeys(self.doubts)), endless=frozenset(self.endless))

    async def _all(self, box: Box, names: Sequence[str]) -> None:
        """Run tests until something is known of each: one that ends the program ends it for those behind it too."""
        pending = list(names)
        while pending and self._may_go_on:
            left = await self._together(box, pending)
            if len(left) == len(pending):  # nothing is known of any of them
                for name in left if len(left) > 1 else ():
                    if self._may_go_on:
                        await self._together(box, [name])
                return
            pending = left

    def _odd(self, words: str) -> Run:
        """The run of a test whose program did not behave as one: the candidate's fault, where the user's text does."""
        if self.wanted.untouched:
            return uncollected(words, cause=Cause.ENVIRONMENT)
        return failed(words, cause=Cause.SCOPE)

    @property
    def _may_go_on(self) -> bool:
        return self.count < _MOST_RUNS and time.monotonic() - self.started < 3 * self.timeout

    @property
    def _limit(self) -> float:
        """Seconds for one start. Where one test never ends the next may not either: it gets less."""
        return max(self.timeout / 4, min(self.timeout, 5.0)) if self.endless else self.timeout

    async def _together(self, box: Box, names: Sequence[str]) -> list[str]:
        """Run tests beside the one that must fail; return those of which nothing is known yet."""
        check = self.program.check
        result, said = await self._execute(box, names, fails=True)
        known = {name: verdict for name, verdict in said.tests.items() if name in names}
        for name, verdict in known.items():
            states = set(verdict.states)
            if len(verdict.states) > self.counts[name]:
                self.doubts.append(_BOTH)
                self.runs[name] = failed(_BOTH, cause=Cause.SCOPE)
            elif "FAIL" in states:
                self.runs[name] = self.explain(name, verdict.output)
            elif verdict.skips:
                self.runs[name] = skipped(tail(verdict.output), marked=True)  # only what has its `t` can skip it
            elif states:
                self.runs[name] = passed()
        judged = said.tests.get(check)
        if result.code == 1 and judged is not None and judged.states == ["FAIL"] and said.last == "FAIL":
            for name in names:
                if name not in self.runs:
                    self.runs[name] = self._odd("it has no result, though the test program came to its end")
            return []
        self._cut_short(names, result, said)
        return [name for name in names if name not in self.runs]

    def _cut_short(self, names: Sequence[str], result: ProcessResult, said: TestOutput) -> None:
        """The program did not come to its end: blame the test that ran last."""
        started = [name for name in said.tests if name in names]
        running = [name for name in started if name not in self.runs]
        if result.code == 0:
            self.doubts.append(_ENDED)
            for name in started or names:
                self.runs[name] = self._odd(f"{_ENDED} (exit code 0)")
        elif result.timed_out or said.timed_out:
            words = f"it did not finish in {self._limit:g} s"
            for name in [name for name in running if name in said.timed_out] or running[-1:]:
                self.runs[name] = failed(words, cause=Cause.SCOPE)
                self.endless.add(name)
        elif len(running) == 1 and not any("FAIL" in said.tests[name].states for name in started):
            verdict = said.tests[running[0]]
            if panic_of(verdict.output) is None:
                words = f"the code ended the test program (exit code {result.code})\n{tail(verdict.output)}"
                self.runs[running[0]] = failed(words, cause=Cause.SCOPE)
            else:
                self.runs[running[0]] = self.explain(running[0], verdict.output)
        elif not started:
            self.words = tail(said.stray) or f"the test program ended with code {result.code}"
            if panic_of(said.stray) is not None:
                self.runs.update({name: self.explain(name, said.stray) for name in names})

    async def _alone(self, names: Sequence[str], *, blame: bool = False) -> bool:
        """Run tests that passed beside the failing one where it passes too; whether all is as it must be. ``blame``:
        what is not makes them fail."""
        # In a box of its own: nothing in it may say that this is the second time.
        async with self.open() as box:
            result, said = await self._execute(box, names, fails=False)
        verdicts = {name: verdict.states for name, verdict in said.tests.items()}
        honest = result.code == 0 and said.last == "PASS" and not result.timed_out
        if honest and all(self._passed(name, verdicts.get(name, [])) for name in (*names, self.program.check)):
            return True
        for name in names if blame else ():
            output = said.tests[name].output if name in said.tests else said.stray
            if "FAIL" in verdicts.get(name, []):
                self.runs[name] = self.explain(name, output)
            else:
                words = f"it passes, and the test program ends with code {result.code}, as if it did not"
                self.runs[name] = self._odd(f"{words}\n{tail(output)}".strip())
        return False

    def _passed(self, name: str, states: Sequence[str]) -> bool:
        return "PASS" in states and "FAIL" not in states and len(states) <= self.counts[name]

    async def _execute(self, box: Box, names: Sequence[str], *, fails: bool) -> tuple[ProcessResult, TestOutput]:
        """Start the program once with ``names`` and the added test; ``fails``: which is to fail."""
        self.count += 1
        wanted = self.wanted
        await asyncio.to_thread(self._unchanged, box)
        marked = wanted.go.version >= (1, 20)
        arguments = (
            f"-test.run=^({'|'.join((*names, self.program.check))})$",
            f"-test.v={'test2json' if marked else 'true'}",
            "-test.paniconexit0",
            f"-test.timeout={self._limit:g}s",
        )
        folder = str(wanted.folder)
        result = await box.run(
            ("/bin/sh", "-c", _START, folder, str(box.root / _PROGRAM), *arguments),
            timeout=self._limit * 1.2 + 2,
            env=go_environment(wanted.go, wanted.layout, cache=box.cache),
            readable=wanted.go.readable,
            loopback=True,
            stdin=(secrets.token_hex(len(self.program.word) // 2) if fails else self.program.word).encode(),
        )
        return result, read_output(result.stdout.decode("utf-8", "replace"), marked=marked)

    def _unchanged(self, box: Box) -> None:
        found = box.read(_PROGRAM) or b""
        if hashlib.sha256(found).digest() != hashlib.sha256(self.program.binary or b"").digest():
            self.doubts.append(_CHANGED)
