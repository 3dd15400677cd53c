"""The test programs of a package: compiled with a test that must fail in each, and run so that they can be believed."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_lsp.core.ports import ProcessResult
from forge_lsp.languages.rust.crates import Target
from forge_lsp.languages.rust.reports import RUNNER_FAILED, Summary, summary_of
from forge_lsp.languages.rust.runs import Run

__all__ = ["MustFail", "Program", "TestEnd", "listed", "settled"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# The program is made unreadable: the name of the test that must fail stands in it.
_RUN = 'p=$1; d=$2; shift 2; chmod 500 "$p" && cksum < "$p" && chmod 111 "$p" && cd "$d" && exec "$p" "$@"'
_LIST = (
    'cksum < "$1" || exit 1; cd "$2"; "$1" --list --format terse; echo "$3"; "$1" --list --ignored --format terse; '
    'echo "$3"'
)
_SHARE = 12
"""The part of the time limit that a test gets by itself, once its program took all of it; at least ``_LEAST`` s."""
_LEAST = 5.0
_SPLIT = 8
"""How many tests that did not come to their end together are looked at one by one at once."""


@dataclass(frozen=True, slots=True)
class MustFail:
    """A test that is added to a program: nobody knows its name before, and if it does not fail nothing is believed."""

    module: str
    test: str
    words: str

    @classmethod
    def fresh(cls) -> MustFail:
        """One with names that nobody can guess."""
        chosen = random.SystemRandom()
        word = ["".join(chosen.choice(_LETTERS) for _ in range(14)) for _ in range(2)]
        return cls(word[0], word[1], secrets.token_hex(8))

    @property
    def name(self) -> str:
        """As the runner calls it."""
        return f"{self.module}::{self.test}"

    @property
    def text(self) -> str:
        """What is added to the first file of a target."""
        return (
            f"\n#[cfg(test)]\nmod {self.module} {{\n    #[test]\n    fn {self.test}() {{\n"
            f'        panic!("{self.words}")\n    }}\n}}\n'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled test program: the target it is of, and what it was right after it was compiled."""

    target: Target
    path: Path
    folder: Path
    must_fail: MustFail
    checksum: str
    tests: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEnd:
    """How one test went: ``passed``; else what was ``said``, and the ``reason`` where it did not come to its end.
    ``hung``: its time was over. ``forged``: it ended as a test that passes would, before the test's end."""

    passed: bool
    said: str = ""
    reason: str = ""
    forged: bool = False
    hung: bool = False


async def listed(run: Run, target: Target, path: Path, folder: Path, must_fail: MustFail) -> Program | None:
    """Return a program with the list of its tests, before any of them ran; None where it has no runner of the usual
    kind."""
    mark = secrets.token_hex(8)
    result = await run.run_program(("/bin/sh", "-c", _LIST, "sh", str(path), str(folder), mark), folder=folder)
    parts = result.stdout.decode("utf-8", "replace").split(f"{mark}\n")
    if len(parts) != 3:
        return None
    checksum, _, text = parts[0].partition("\n")
    every, ignored = (
        [line.removesuffix(": test") for line in part.splitlines() if line.endswith(": test")]
        for part in (text, parts[1])
    )
    if must_fail.name not in every:
        return None
    return Program(
        target=target,
        path=path,
        folder=folder,
        must_fail=must_fail,
        checksum=checksum,
        tests=tuple(name for name in every if name != must_fail.name),
        ignored=frozenset(ignored),
    )


async def settled(run: Run, program: Program, names: Sequence[str]) -> dict[str, TestEnd]:
    """Run tests of a program, and return how each went. What does not come to a believable end together is run in
    smaller parts, at last one test by itself."""
    wanted = [name for name in names if name not in program.ignored]
    found: dict[str, TestEnd] = {}
    pending = [wanted] if wanted else []
    limit = run.timeout
    while pending:
        part = pending.pop()
        result, untouched = await _ran(run, program, part, limit)
        if not untouched:
            return {
                name: TestEnd(passed=False, reason="the code changed the program that tests it", forged=True)
                for name in wanted
            }
        summary = _summary(program, result, part)
        if summary is not None:
            found.update(
                {name: TestEnd(passed=name not in summary.failed, said=summary.failed.get(name, "")) for name in part}
            )
        elif len(part) == 1:
            found[part[0]] = _broken(result, limit)
        else:
            pending += _parts(part, result)
        if result.timed_out:  # once is enough: who hangs is looked for in less
            limit = min(limit, max(run.timeout / _SHARE, _LEAST))
    return found


def _parts(names: Sequence[str], result: ProcessResult) -> list[list[str]]:
    text = result.stdout.decode("utf-8", "replace")
    done = [name for name in names if f"test {name} ... ok\n" in text or f"test {name} ... FAILED\n" in text]
    if result.timed_out and done and len(done) < len(names):
        return [done, *([name] for name in names if name not in done)]
    if len(names) <= _SPLIT:
        return [[name] for name in names]
    middle = len(names) // 2
    return [list(names[:middle]), list(names[middle:])]


def _summary(program: Program, result: ProcessResult, names: Sequence[str]) -> Summary | None:
    must_fail = program.must_fail
    return summary_of(result, names=names, ignored=(), must_fail=must_fail.name, words=must_fail.words)


def _broken(result: ProcessResult, timeout: float) -> TestEnd:
    said = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    if result.timed_out:
        return TestEnd(passed=False, said=said, reason=f"it did not finish in {timeout:g} s", hung=True)
    if result.code < 0 or result.code > 128:
        end = result.stderr.decode("utf-8", "replace").strip()[-200:]
        return TestEnd(
            passed=False, said=said, reason=f"the process was killed by signal {abs(result.code) % 128}: {end}"
        )
    reason = f"the code ended the process with exit code {result.code} before the test was over"
    return TestEnd(passed=False, said=said, reason=reason, forged=result.code in (0, RUNNER_FAILED))


async def _ran(run: Run, program: Program, names: Sequence[str], limit: float) -> tuple[ProcessResult, bool]:
    chosen = set(names)
    # What is not wanted is named, never the test that must fail.
    left_out = [word for name in program.tests if name not in chosen for word in ("--skip", name)]
    words = ("--exact", *left_out) if left_out else ()
    command = ("/bin/sh", "-c", _RUN, "sh", str(program.path), str(program.folder), *words)
    result = await run.run_program(command, timeout=limit, folder=program.folder)
    checksum, _, rest = result.stdout.partition(b"\n")
    return _without_first_line(result, rest), checksum.decode("utf-8", "replace") == program.checksum


def _without_first_line(result: ProcessResult, rest: bytes) -> ProcessResult:
    return ProcessResult(
        code=result.code,
        stdout=rest,
        stderr=result.stderr,
        seconds=result.seconds,
        timed_out=result.timed_out,
        truncated=result.truncated,
    )
