"""The tests and the examples of a Go package that speak of the scope, run in the sandbox, before and after."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.checking.suites import Memory, Suite, judged
from forge_lsp.core.attempt import Candidate
from forge_lsp.core.checks import Cause, CheckKind, CheckResult, CheckStatus, Run, RunState
from forge_lsp.core.ports import Sandbox
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.go.causes import FailurePlace, explained
from forge_lsp.languages.go.choosing import Selection, speaking_of
from forge_lsp.languages.go.compiling import CompileRequest, Program, compile_tests
from forge_lsp.languages.go.forging import doubt_of
from forge_lsp.languages.go.module import layout_of, tags_of
from forge_lsp.languages.go.running import run_tests
from forge_lsp.languages.go.sources import declarations, tests_in, unfinished
from forge_lsp.languages.go.tools import Go, newer_go

__all__ = ["GoTests"]

_READS_SOURCES = re.compile(
    r"\.go\"|\.go`|_test\"|runtime\.Caller|go/parser|go/build|go/packages|analysistest|ReadDir\(|WalkDir\(|"
    r"filepath\.(?:Walk|Glob)\(|fs\.Glob|DirFS"
)
_ABSENT = re.compile(r"provides package (?P<package>[^\s;:]+)|providing package (?P<other>[^\s;:]+)")
_LEFT_OUT = Run(
    state=RunState.NOT_RUN,
    cause=Cause.ENVIRONMENT,
    detail="not compiled here: its file is left out on this machine by its name or its build constraints",
)


class GoTests:
    """Runs tests; what they say of an untouched tree is kept. ``timeout`` in seconds, for each run of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, runs: Path | None = None) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory(SuiteRun, runs)
        # The tests that do not compile with the untouched text, by its key; None: none of them does.
        self._compiled: dict[str, frozenset[str] | None] = {}

    async def run(
        self, task: Task, candidate: Candidate, place: Place, go: Go, selection: Selection
    ) -> tuple[tuple[CheckResult, ...], str | None]:
        """Return a result for each test, and why none of them is believed (None: they are). Raises EnvironmentFault."""
        names = selection.names
        text = task.document.text
        key = await tree_key(place, (".go", "go.mod", "go.sum"), (go.program,), text, selection.folder, sorted(names))
        doubts: dict[str, None] = {}
        speaking = selection.speaking | speaking_of(_declared(candidate.code), selection.texts)
        programs: dict[str, Program] = {}
        endless: set[str] = set()  # of the candidate's: once more would cost as much again

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            untouched = text == task.document.text
            layout = await asyncio.to_thread(layout_of, place, text, go)
            layout = replace(layout, tags=layout.tags or _tags_of(selection))
            lines = _lines_of(task, text, task.original if untouched else candidate.code)
            wanted = CompileRequest(
                place=place,
                folder=selection.folder,
                go=go,
                layout=layout,
                text=text,
                lines=lines,
                names=_wanted_of(task),
                untouched=untouched,
            )
            if text not in programs:
                programs[text] = await compile_tests(self._sandbox, wanted, timeout=self._timeout)
            program = programs[text]
            if untouched:
                self._compiled[key] = frozenset(program.lost) if program.whole is None else None
            else:
                program = _blamed(program, self._compiled.get(key))
            if program.whole is not None:
                return _not_compiled(program.whole, only or names)
            found = tests_in(program.texts)
            again = set[str]() if only is None else endless
            runnable = [name for name in only or names if name in found and name not in (*program.lost, *again)]
            lost = {name: program.lost[name] for name in only or names if name in program.lost}
            lost |= {name: _LEFT_OUT for name in _left_out(selection, program.texts) if name in (only or names)}
            if not runnable:
                return SuiteRun(runs=lost)

            # A test that calls another stub as well says nothing of this one by its values.
            others = _others(place, text, lines, program.texts)
            blocked = speaking_of(unfinished(others), program.texts)

            def explain(name: str, output: str) -> Run:
                where = FailurePlace(
                    root=program.root, document=place.document, text=text, lines=lines, others="\n".join(others)
                )
                return explained(output, where, speaks=None if name in blocked else name in speaking)

            ran = await run_tests(
                self._sandbox,
                wanted,
                program,
                runnable,
                explain=explain,
                timeout=self._timeout,
                hidden=_hidden(place, selection.folder, program.texts),
            )
            if not untouched:
                doubts.update(dict.fromkeys(ran.doubts))
                endless.update(ran.endless)
            return replace(ran.suite, runs={**lost, **ran.suite.runs})

        apart = selection.folder != place.document.parent
        suite = Suite(
            name=f"go test ./{selection.folder}" if apart else "go test", key=key, run=run, speaks=speaking.__contains__
        )
        results = tuple(_finished(result) for result in await judged(suite, task, candidate, self._memory))
        hidden = bool(_hidden(place, selection.folder, selection.texts))
        said = doubt_of(task.document.text, candidate.text, test_files=tuple(selection.texts), hidden=hidden)
        reasons = [*([said] if said is not None else []), *doubts]
        return results, "; ".join(reasons) or None


def _tags_of(selection: Selection) -> tuple[str, ...]:
    """The build tags that the tests ask for, where no test that speaks of the scope does without."""
    files = {file for name, (file, _) in tests_in(selection.texts).items() if name in selection.speaking}
    tags = {file: tags_of(selection.texts[file]) for file in sorted(files)}
    return tuple(dict.fromkeys(tag for one in tags.values() for tag in one)) if all(tags.values()) else ()


def _left_out(selection: Selection, compiled: Mapping[str, str]) -> list[str]:
    """The tests of files that Go leaves out on this machine."""
    return [name for name, (file, _) in tests_in(selection.texts).items() if file not in compiled]


def _declared(code: str) -> frozenset[str]:
    """What a candidate's code declares."""
    return frozenset(one.names[0] for one in declarations(code) if one.names)


def _lines_of(task: Task, text: str, code: str) -> tuple[int, int]:
    """The lines of a text that its code for the scope stands on: it ends where the rest of the user's text begins."""
    scope = task.scope.range
    rest = task.document.text[scope.end :]
    if text.endswith(rest):
        end = len(text) - len(rest)
    else:
        at = text.find(code)
        end = at + len(code) if at >= 0 else scope.start + len(code)
    last = text.count("\n", 0, end) + (0 if text[:end].endswith("\n") and code.endswith("\n") else 1)
    return max(last - code.rstrip("\n").count("\n"), 1), last


def _wanted_of(task: Task) -> tuple[str, ...]:
    """What the scope defines, and the type that it belongs to; nothing where it may define anything."""
    scope = task.scope
    if scope.kind is not ScopeKind.DEFINITION or scope.name is None:
        return ()
    return (scope.name, scope.container.rpartition(".")[2]) if scope.container else (scope.name,)


def _others(place: Place, text: str, lines: tuple[int, int], tests: Mapping[str, str]) -> list[str]:
    """The package's own files, the scope left out."""
    own = text.split("\n")
    rest = "\n".join((*own[: lines[0] - 1], *own[lines[1] :]))
    if place.source is None:
        return [rest]
    folder = place.document.parent
    names = sorted(entry.name for entry in (place.source / folder).glob("*.go"))
    others = [place.text(folder / name) or "" for name in names if name not in tests and name != place.document.name]
    return [rest, *others]


def _blamed(program: Program, before: frozenset[str] | None) -> Program:
    """A candidate's program: what compiled without it and does not now is its fault."""
    if before is None:
        return program
    lost = {
        name: run if name in before else replace(run, cause=Cause.SCOPE, missing=())
        for name, run in program.lost.items()
    }
    whole = program.whole
    return replace(
        program, lost=lost, whole=replace(whole, cause=Cause.SCOPE, missing=()) if whole is not None else None
    )


def _not_compiled(whole: Run, names: Sequence[str]) -> SuiteRun:
    """Nothing of the package compiles: where the scope's own text is at fault, each test has failed for it."""
    if whole.state is RunState.FAILED:
        return SuiteRun(runs=dict.fromkeys(names, whole), words=whole.detail)
    return SuiteRun(uncollected={"": whole}, words=whole.detail)


def _hidden(place: Place, folder: PurePosixPath, texts: Mapping[str, str]) -> tuple[PurePosixPath, ...]:
    """The test files, which no code needs while it runs, unless the tests themselves read the folder's sources."""
    if any(_READS_SOURCES.search(text) for text in texts.values()):
        return ()
    return tuple(path for name in texts if (path := folder / name) != place.document)


def _finished(result: CheckResult) -> CheckResult:
    """Return a result with its kind, and with what would make it run."""
    if result.status is CheckStatus.NOT_RUNNABLE and result.environment:
        match = _ABSENT.search(result.detail)
        remedy = f"go get {match['package'] or match['other']}" if match is not None else "go test ./..."
        remedy = newer_go(result.detail) or remedy
        if result.detail.startswith("not compiled here"):
            remedy = "run the tests where it is compiled: on its system, or with its build tags"
        return replace(result, remedy=remedy)
    example = result.id.rpartition(":")[2].startswith("Example")
    return replace(result, kind=CheckKind.EXAMPLE) if example else result
