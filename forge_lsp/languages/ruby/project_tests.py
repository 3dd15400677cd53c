"""The project's own tests that speak of the scope, by minitest, test-unit or RSpec, before and after."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.gate import measured
from forge_lsp.checking.programs import no_code_here
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import SuiteRun, failed, messages, passed, skipped, tail, uncollected
from forge_lsp.checking.suites import Memory, Suite, judged, not_run, outside, with_remedies
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import Cause, CheckStatus, Run, RunState
from forge_lsp.core.ports import ProcessResult, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.ruby.choosing import ChosenTests, chosen_for, scope_lines, test_files
from forge_lsp.languages.ruby.forging import doubt_of
from forge_lsp.languages.ruby.tools import Ruby, environment_of

__all__ = ["RubyRun", "RubyTests", "gem_remedy", "libraries_of", "outcome_of"]

_RUNNER = Path(__file__).with_name("runners") / "ruby_tests.rb"
_MATTERS = (".rb", ".rake", ".gemspec", "Gemfile", "Gemfile.lock", ".rspec", ".json", ".yml", ".txt", ".csv")
_PROJECT = ("Gemfile", "*.gemspec", "Rakefile", ".rspec")
_LACKING = re.compile(r"cannot load such file -- (?P<name>[\w./-]+)|Could not find (?P<gem>[\w-]+)")
_LIBRARIES = {
    "minitest": re.compile(r"\bminitest\b|\bMinitest\b|ActiveSupport::TestCase"),
    "test-unit": re.compile(r"\btest/unit\b|Test::Unit"),
    "rspec": re.compile(r"\bRSpec\b|\bshould\b"),
}
_EXPECT, _TO = re.compile(r"\bexpect\s*+[({]"), re.compile(r"\.(?:not_)?to\b")
_SUITE = "tests"
_SHARE = 0.4
"""How much of the time for all tests one of them may take."""


@dataclass(frozen=True, slots=True)
class RubyRun(SuiteRun):
    """``entered`` says of each test whether it called the scope. ``doubts`` are what the code did that could forge a
    result; ``whole``: the run came to its end, and the tests that must fail did."""

    entered: Mapping[str, bool] = field(default_factory=dict[str, bool])
    doubts: tuple[str, ...] = ()
    whole: bool = True


class RubyTests:
    """Runs test files; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory(RubyRun, runs)

    @measured
    async def run(self, task: Task, candidate: Candidate, place: Place, ruby: Ruby) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`."""
        chosen = await asyncio.to_thread(chosen_for, task, place)
        if not chosen.files:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the project's tests were not run", self._sandbox).blocked()
        guarded = await asyncio.to_thread(test_files, place)
        key = await tree_key(place, _MATTERS, (ruby.program, *ruby.gems), task.document.text, task.scope, chosen)
        texts = {str(file): place.text(file) or "" for file in chosen.files}
        seen: list[RubyRun] = []

        async def run(text: str, only: Sequence[str] | None) -> RubyRun:
            lines = scope_lines(task, text, candidate.code)
            found = await self._run(place, ruby, text, chosen, guarded, texts, lines, only)
            if text != task.document.text:
                seen.append(found)
            return found

        words = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in chosen.names) or "(?!)")

        before = await self._memory.get(key, lambda: run(task.document.text, None))

        def speaks(name: str) -> bool:
            runs = (before, *seen[:1])
            if any(run.entered.get(name) or name in run.uncollected for run in runs):
                return True
            # What leaves no trace (an attribute's reader, a constant, a test that is skipped) is told by the file's
            # words.
            silent = not _was_traced(runs) or _was_skipped(runs, name)
            return not chosen.seen_only and silent and words.search(texts[_file(name)]) is not None

        others = outside(place.document, "::")
        suite = Suite(name=_SUITE, key=key, run=run, speaks=speaks, unit=str, other_file=others)
        results = await judged(suite, task, candidate, self._memory)
        # Where an earlier process saw it, it may have been run again since.
        before = await self._memory.get(key, lambda: run(task.document.text, None))
        if chosen.seen_only:
            calls = {name for run in (before, *seen) for name, entered in run.entered.items() if entered}
            results = tuple(result for result in results if result.id.removeprefix(f"{_SUITE}:") in calls)
            if not results:
                return Evidence()
        if not results and not before.runs and not before.uncollected:
            what = next((run.words for run in (before, *seen) if run.words), "") or "no test was found in them"
            results = (not_run(_SUITE, f"{', '.join(map(str, chosen.files))}: {what}", _remedy(what, place, texts)),)
        proves = any(result.status in (CheckStatus.PROOF, CheckStatus.KEPT) for result in results)
        return Evidence(
            results=with_remedies(results, lambda detail: _remedy(detail, place, texts)),
            doubt=("; ".join(_doubts(before, seen)) or doubt_of(task, candidate)) if proves else None,
        )

    async def _run(
        self,
        place: Place,
        ruby: Ruby,
        text: str,
        chosen: ChosenTests,
        guarded: Sequence[PurePosixPath],
        texts: Mapping[str, str],
        lines: tuple[int, int],
        only: Sequence[str] | None,
    ) -> RubyRun:
        config = place.nearest(*_PROJECT)
        folder = config.parent if config is not None else PurePosixPath()
        files = [file for file in chosen.files if only is None or any(_file(name) == str(file) for name in only)]
        files = files or list(chosen.files)
        nonce = secrets.token_hex(16)
        async with self._sandbox.open(place.tree(text)) as box:
            roots = dict.fromkeys((box.root / folder, box.root))
            request = {
                "file": [box.root / file for file in files],
                "guarded": [box.root / file for file in guarded],
                "search": [root / name for root in roots for name in ("lib", "test", "spec", "app", "")],
                "test": [self._timeout * _SHARE],
                "total": [max(self._timeout - 1.0, self._timeout * 0.8)],
                "root": [box.root],
                "document": [box.root / place.document],
                "scope": lines,
                "only": only or (),
                "library": libraries_of(texts.values()),
            }
            command = (str(ruby.program), "-W0", str(_RUNNER))
            result = await box.run(
                ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(folder), *command),
                timeout=self._timeout,
                readable=(*ruby.readable, _RUNNER.parent),
                loopback=True,
                stdin=_encoded(request) + f"\n{nonce}\n".encode(),
                env=environment_of(ruby, box),
            )
        return outcome_of(result, nonce, timeout=self._timeout)


def _encoded(request: Mapping[str, Iterable[object]]) -> bytes:
    """The request as the runner reads it."""
    return b"".join(
        key.encode() + b" " + base64.b64encode(str(value).encode("utf-8", "surrogateescape")) + b"\n"
        for key, values in request.items()
        for value in values
    )


def _was_traced(runs: Sequence[RubyRun]) -> bool:
    return any(entered for run in runs for entered in run.entered.values())


def _was_skipped(runs: Sequence[RubyRun], name: str) -> bool:
    return {run.runs[name].state for run in runs if name in run.runs} == {RunState.SKIPPED}


def libraries_of(texts: Iterable[str]) -> list[str]:
    """The test libraries that the tests use by their own words, or through a helper."""
    every = "\n".join(texts)
    expected = _EXPECT.search(every)
    rspec = expected is not None and _TO.search(every, expected.end()) is not None
    return [name for name, words in _LIBRARIES.items() if words.search(every) or (name == "rspec" and rspec)]


def _file(name: str) -> str:
    return name.partition("::")[0]


def _doubts(before: RubyRun, seen: Sequence[RubyRun]) -> list[str]:
    """What the candidate did while it was run that the untouched text did not."""
    doubts = [doubt for run in seen for doubt in run.doubts if doubt not in before.doubts]
    if before.whole and not all(run.whole for run in seen):
        doubts.append("the run of the tests did not come to a good end")
    return list(dict.fromkeys(doubts))


def outcome_of(result: ProcessResult, nonce: str, *, timeout: float) -> RubyRun:
    """Return what the runner told. A test that began and has no result is the one at which a process ended."""
    runs: dict[str, Run] = {}
    parts: dict[str, Run] = {}
    entered: dict[str, bool] = {}
    doubts: list[str] = []
    words, ended, whole = "", False, True
    for answer in messages(result.stdout, nonce):
        name, said = str(answer.get("name") or ""), str(answer.get("words") or "")
        match answer.get("state"):
            case "passed":
                runs.setdefault(name, passed())
            case "skipped":
                runs.setdefault(name, skipped(said, marked=answer.get("own") is True))
            case "failed":
                runs[name] = _failed(answer)
            case "uncollected":
                parts[name] = uncollected(said, cause=_cause(answer), missing=_missing(answer))
                words = words or said
            case "entered":
                entered[name] = entered.get(name, False) or bool(answer.get("scope"))
            case "doubt":
                doubts.append(said)
            case "said":
                words = words or said
            case "ended":
                whole = whole and (bool(answer.get("fails")) or not answer.get("ran"))
            case "cut":
                how = f"it did not finish in {timeout * _SHARE:g} s" if answer.get("late") else "it ended the process"
                words, whole = how, whole and bool(answer.get("late"))
                if name:
                    runs[name] = failed(how, cause=Cause.SCOPE)
            case "end":
                ended = True
            case _:
                pass
    if not ended:
        how = f"it did not finish in {timeout:g} s" if result.timed_out else "the process ended in the middle of it"
        words = f"{how}: {tail(result.stderr.decode('utf-8', 'replace'))}"
    return RubyRun(
        runs=runs,
        uncollected=parts,
        words=words or tail(result.stderr.decode("utf-8", "replace")),
        entered=entered,
        doubts=tuple(dict.fromkeys(doubts)),
        whole=whole and ended,
    )


def _failed(answer: Mapping[str, Any]) -> Run:
    return failed(
        str(answer.get("words") or ""),
        cause=_cause(answer),
        missing=_missing(answer),
        expected=str(answer.get("expected") or ""),
        actual=str(answer.get("actual") or ""),
    )


def _cause(answer: Mapping[str, Any]) -> Cause:
    word = str(answer.get("cause") or "")
    return Cause(word) if word in {str(cause) for cause in Cause} else Cause.UNKNOWN


def _missing(answer: Mapping[str, Any]) -> list[str]:
    return [str(name) for name in cast("list[Any]", answer.get("missing") or [])]


def gem_remedy(name: str, place: Place) -> str:
    """Return the command that gets what a ``require`` names."""
    if place.nearest("Gemfile") is not None:
        return "bundle install"
    return f"gem install {name.partition('/')[0]}"


def _remedy(detail: str, place: Place, texts: Mapping[str, str]) -> str | None:
    """The command that gets the gem for want of which tests could not be run; None: it is not that."""
    found = _LACKING.search(detail)
    if found is not None:
        return gem_remedy(found["name"] or found["gem"], place)
    library = next(iter(libraries_of(texts.values())), None)
    return gem_remedy(library, place) if library is not None and "no test was found" in detail else None
