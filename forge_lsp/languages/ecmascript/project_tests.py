"""The tests of a JavaScript or TypeScript project that speak of the scope, before and after: by node's own test runner,
or by the vitest or jest of the project's ``node_modules``."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.gate import measured
from forge_lsp.checking.programs import no_code_here, readable_for
from forge_lsp.checking.project import Place, tree_key
from forge_lsp.checking.runs import NotedRun, SuiteRun, noted, scope_lines, tail, uncollected
from forge_lsp.checking.suites import Memory, judged, not_run, outside, unconfirmed, with_remedies
from forge_lsp.checking.suites import Suite as TestSuite
from forge_lsp.core.attempt import Candidate, Evidence
from forge_lsp.core.checks import AGAINST, Cause, CheckResult, CheckStatus, Run
from forge_lsp.core.ports import Box, ProcessResult, Sandbox
from forge_lsp.core.task import Task
from forge_lsp.languages.ecmascript.configuring import apart_from_projects, loading_words
from forge_lsp.languages.ecmascript.depending import depending, in_batches
from forge_lsp.languages.ecmascript.finding import (
    BESIDE,
    ENDINGS,
    MOST_AT_ONCE,
    PARALLEL,
    TOGETHER,
    Suite,
    found_for,
    joining,
)
from forge_lsp.languages.ecmascript.forging import doubt_of
from forge_lsp.languages.ecmascript.importing import lenient_imports, whole_export
from forge_lsp.languages.ecmascript.mustfail import watching, with_failing_test
from forge_lsp.languages.ecmascript.node import node_of
from forge_lsp.languages.ecmascript.outcomes import (
    RunPlan,
    SeenRun,
    answered,
    leads_to,
    outcome,
    remedy_for,
    telling,
    unexported,
)
from forge_lsp.languages.ecmascript.reached import emptied, with_reached, without_proof
from forge_lsp.languages.ecmascript.reading import reaching, read_tests
from forge_lsp.languages.ecmascript.tsc import script_folders
from forge_lsp.sandbox.exposure import Origin, exposed

__all__ = ["JavaScriptTests"]

_RUNNERS = Path(__file__).with_name("runners")
_MATTERS = (*ENDINGS, ".json", ".vue", ".svelte")
_MOST_REWRITES = 4
_SPARE = 10.0
"""Seconds that the runner has, beyond the tests' own time, to say what it saw."""


class JavaScriptTests:
    """Runs test files; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of one runner.

    ``environment`` is the server's own (``PATH``)."""

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._memory = Memory(NotedRun, runs)

    @measured
    async def run(self, task: Task, candidate: Candidate, place: Place) -> Evidence:
        """See :meth:`forge_lsp.core.ports.Toolchain.evidence`."""
        node = node_of(place, self._environment)
        if node is None:
            return Evidence()
        suites, blocked = await asyncio.to_thread(found_for, task, place)
        if not suites:
            return Evidence(results=blocked)
        if not self._sandbox.runs_project_code:
            return no_code_here("the project's tests were not run", self._sandbox).blocked()
        results: list[CheckResult] = [*blocked]
        doubts = dict.fromkeys(filter(None, (doubt_of(task.document.text, candidate.text),)))
        for suite in suites:
            found, notes = await self._judged(task, candidate, place, suite, node)
            results += found
            doubts |= dict.fromkeys(notes)
        return Evidence(results=tuple(results), doubt="; ".join(doubts) or None)

    async def _judged(
        self, task: Task, candidate: Candidate, place: Place, suite: Suite, node: Path
    ) -> tuple[Sequence[CheckResult], Sequence[str]]:
        key = await tree_key(place, _MATTERS, (node,), task.document.text, suite)
        texts = {str(file): place.text(file) or "" for file in suite.files}
        names = frozenset(filter(None, (task.scope.name, task.scope.container)))
        document = task.document.text if task.scope.name is not None else ""
        course = RunPlan(
            root="",
            document=place.document,
            text=task.document.text,
            before=task.document.text,
            lines=(0, 0),
            reach=frozenset(),
            tests={file: read_tests(text) for file, text in texts.items()},
            secret=f"forge-{secrets.token_hex(12)}",
            timeout=self._timeout,
        )
        # By what the candidate declares, too: an insertion has no name of its own.
        known = names or frozenset(re.findall(r"[^\W\d]\w*", place.document.stem)) | _declared(candidate.code)
        every = reaching(known, document, *texts.values())
        if document and whole_export(task.document.text):
            # What a module exports as a whole has the name that its importer gives it.
            loaded = (
                (name, file, source) for file, one in course.tests.items() for name, source in one.imports.items()
            )
            known |= {name for name, file, source in loaded if leads_to(place.document, file, source)}
            every = reaching(known, document, *texts.values())
        course = replace(course, reach=every)
        notes: list[str] = []
        words, ran = "", False
        after: dict[str, Run] = {}

        async def run(text: str, only: Sequence[str] | None) -> NotedRun:
            nonlocal words, ran
            wanted = [file for file in texts if only is None or any(name.startswith(f"{file} > ") for name in only)]
            own = replace(
                course,
                text=text,
                lines=scope_lines(task, candidate, text),
                tests={file: course.tests[file] for file in wanted},
            )
            seen = await self._run(place, suite, node, own, {file: texts[file] for file in wanted})
            words, ran = seen.run.words, ran or bool(seen.run.runs)
            if text == candidate.text and text != task.document.text:
                notes.extend(seen.notes)
                after.update(seen.run.runs)
            return noted(seen.run, seen.notes)

        def speaks(name: str) -> bool:
            file, _, rest = name.partition(" > ")
            test = course.tests.get(file)
            return test is None or not rest or test.speaks(rest.split(" > "), every)

        def file_of(name: str) -> str:
            return name.partition(" > ")[0]

        if suite.more and task.scope.name is not None:
            wider = await self._depending(task, place, suite, node, course)
            if wider is not None:
                return await self._judged(task, candidate, place, wider, node)
        others = outside(place.document, " > ")
        judge = TestSuite(name=suite.runner, key=key, run=run, speaks=speaks, unit=file_of, other_file=others)
        results = await judged(judge, task, candidate, self._memory)
        silent = task.scope.name is not None and not any(map(speaks, after)) and not suite.more and not notes
        text = emptied(task, candidate.text) if silent and after else None
        if text is not None and all(result.status not in AGAINST for result in results):
            own = replace(course, text=text, lines=scope_lines(task, candidate, text))
            empty = (await self._run(place, suite, node, own, texts)).run
            known_run = await self._memory.get(key, lambda: run(task.document.text, None))
            counted = {result.id for result in results if result.status is CheckStatus.PROOF}
            results = with_reached(results, suite.runner, known_run, after, empty)
            proofs = [
                result.id.removeprefix(f"{suite.runner}:")
                for result in results
                if result.status is CheckStatus.PROOF and result.id not in counted
            ]
            results = without_proof(results, suite.runner, await unconfirmed(judge, task, proofs, self._memory))
        before = await self._memory.get(key, lambda: run(task.document.text, None), again=bool(notes))
        fresh = [note for note in dict.fromkeys(notes) if note not in before.notes]
        remedied = with_remedies(results, remedy_for)
        # Tests that load the module and do not speak of the scope say something only where they fail.
        return remedied if remedied or ran else (not_run(suite.runner, words or "it found no test"),), fresh

    async def _depending(self, task: Task, place: Place, suite: Suite, node: Path, course: RunPlan) -> Suite | None:
        """Return the suite with those of all its files whose tests depend on the scope; None where none is known to."""
        text = emptied(task, task.document.text)
        if text is None:
            return None
        empty = replace(course, text=text, lines=(0, 0))

        async def run(files: Sequence[PurePosixPath]) -> SuiteRun:
            texts = {str(file): place.text(file) or "" for file in files}
            tests = {file: read_tests(words) for file, words in texts.items()}
            return (await self._run(place, suite, node, replace(empty, tests=tests), texts)).run

        async def look() -> NotedRun:
            every = (*suite.files, *await asyncio.to_thread(joining, task, place, suite))
            return noted(await depending(in_batches(every, MOST_AT_ONCE), run, seconds=self._timeout), ())

        key = await tree_key(place, _MATTERS, (node,), text, suite)
        found = (await self._memory.get(key, look)).runs
        return replace(suite, files=tuple(map(PurePosixPath, found))[:MOST_AT_ONCE], more=()) if found else None

    async def _run(self, place: Place, suite: Suite, node: Path, course: RunPlan, texts: Mapping[str, str]) -> SeenRun:
        """Run test files; where one asks for a name that its module does not export, once more with it undefined, so
        that each test is judged by what it needs."""
        current = dict(texts)
        seen = await self._once(place, suite, node, course, current)
        for _ in range(_MOST_REWRITES):
            changed: dict[str, str] = {}
            for file, words in seen.files.items():
                lacks = unexported(words)
                text = lenient_imports(current[file], lacks[0], len(changed)) if lacks is not None else None
                if text is not None:
                    changed[file] = text
            if not changed:
                break
            current |= changed
            part = replace(course, tests={file: course.tests[file] for file in changed})
            again = await self._once(place, suite, node, part, changed, current)
            seen = SeenRun(
                run=SuiteRun(
                    runs={**seen.run.runs, **again.run.runs},
                    uncollected={
                        **{file: run for file, run in seen.run.uncollected.items() if file not in changed},
                        **again.run.uncollected,
                    },
                    words=seen.run.words,
                ),
                notes=(*seen.notes, *again.notes),
                files=again.files,
            )
        return seen

    async def _once(
        self,
        place: Place,
        suite: Suite,
        node: Path,
        course: RunPlan,
        texts: Mapping[str, str],
        every: Mapping[str, str] | None = None,
    ) -> SeenRun:
        nonce = secrets.token_hex(16)
        readable = [*readable_for(node), _RUNNERS]
        if suite.script is not None:
            # Packages may lie elsewhere: a workspace's node_modules is often a link, or holds links.
            readable += script_folders(suite.script, workspace=place.source)
        elif place.source is not None:
            linked = (place.source / folder / "node_modules" for folder in (suite.folder, *suite.folder.parents))
            targets = tuple(folder.resolve() for folder in linked if folder.is_symlink())
            readable += exposed(targets, origin=Origin.WORKSPACE, workspace=place.source)
        extra: dict[PurePosixPath, bytes] = {
            PurePosixPath(file): with_failing_test(suite.runner, file, text, course.secret, suite.folder).encode(
                "utf-8", "surrogatepass"
            )
            for file, text in (every or texts).items()
        }
        watch = watching(suite.runner, suite.folder, place.document, course.secret)
        extra |= {path: text.encode() for path, text in watch.items()}
        vitest = suite.runner == "vitest"
        how = loading_words(place, suite.folder, suite.script) if vitest else ()
        apart = apart_from_projects(place, suite.folder) if vitest else None
        if apart is not None:
            configuration = f"forge-vitest-{course.secret[-6:]}.config.mjs"
            extra[suite.folder / configuration] = apart.encode()
            how = (*how, "--config", configuration)
        beside = suite.folder / f"forge-check-{course.secret[-6:]}.test.cjs"
        if suite.runner == "jest":
            # jest runs a single file in its own process, where the reporter is.
            extra[beside] = b'test("beside", () => undefined);\n'
        async with self._sandbox.open(place.tree(course.text, extra)) as box:
            root = str(box.root)
            result = await self._command(box, suite, node, course, tuple(texts), beside, nonce, readable, how)
        told = answered(result.stdout, nonce)
        if told is None:
            return _ended(course, result, suite)
        return outcome(replace(course, root=root, folder=suite.folder), told)

    async def _command(
        self,
        box: Box,
        suite: Suite,
        node: Path,
        course: RunPlan,
        names: Sequence[str],
        beside: PurePosixPath,
        nonce: str,
        readable: Sequence[Path],
        loading: Sequence[str],
    ) -> ProcessResult:
        files = [str(PurePosixPath(name).relative_to(suite.folder)) for name in names]
        reporter = str(_RUNNERS / "reporting.mjs")
        stdin = nonce
        if suite.runner == "vitest":
            quiet = ("--coverage.enabled=false", "--typecheck.enabled=false", "--watch=false", "--pool=forks")
            command = (str(node), str(suite.script), "run", f"--reporter={reporter}", *quiet, *loading, *files)
        elif suite.runner == "jest":
            how = ("--ci", "--maxWorkers=2", "--watchman=false", "--coverage=false", "--cacheDirectory=/tmp/jest")
            paths = (*files, str(beside.relative_to(suite.folder)))
            command = (str(node), str(suite.script), *how, f"--reporters={reporter}", "--runTestsByPath", *paths)
        else:
            command = (str(node), str(_RUNNERS / "files.mjs"))
            stdin = json.dumps(
                {
                    "nonce": nonce,
                    "document": str(box.root / course.document),
                    "recorder": str(_RUNNERS / "recorder.cjs"),
                    "hooks": suite.hooks,
                    "driver": _driver(suite),
                    "env": dict(suite.variables),
                    "root": str(box.root / suite.folder),
                    "files": files,
                    "seconds": self._timeout,
                    "together": suite.runner in TOGETHER,
                    "parallel": suite.runner in PARALLEL,
                }
            )
        spare = _SPARE if suite.runner in BESIDE else 0.0
        return await box.run(
            ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(suite.folder), *command),
            timeout=self._timeout + spare,
            env={
                "CI": "1",
                "NO_COLOR": "1",
                "FORCE_COLOR": "0",
                "PATH": f"{node.parent}:/usr/local/bin:/usr/bin:/bin",
            },
            readable=readable,
            loopback=True,
            stdin=stdin.encode(),
        )


def _driver(suite: Suite) -> list[str] | None:
    """What runs a file instead of node; None: node itself."""
    if suite.script is None:
        return None
    home, recorder = str(suite.script.resolve().parent), str(_RUNNERS / "recorder.cjs")
    if suite.runner == "mocha":
        return [str(_RUNNERS / "mocha.cjs"), recorder, home, json.dumps(list(suite.words))]
    return [str(_RUNNERS / "others.cjs"), recorder, suite.runner, home, json.dumps(list(suite.words))]


def _ended(course: RunPlan, result: ProcessResult, suite: Suite) -> SeenRun:
    """What a run means whose runner did not come to its end."""
    if result.timed_out:
        run = uncollected(f"the tests did not finish in {course.timeout:g} s")
        return SeenRun(run=SuiteRun(uncollected={"": run}, words=run.detail))
    said = telling((result.stderr + b"\n" + result.stdout).decode("utf-8", "replace"))
    detail = said or f"{suite.runner} ended without a word (exit code {result.code})"
    cause = Cause.UNKNOWN if course.own else Cause.ENVIRONMENT
    return SeenRun(run=SuiteRun(uncollected={"": uncollected(detail, cause=cause)}, words=tail(detail)))


def _declared(code: str) -> frozenset[str]:
    found = re.findall(r"\b(?:function\*?|class|const|let|var)\s+([\w$]+)", code)
    if task_like := re.findall(
        r"^\s*(?:async\s+|static\s+|get\s+|set\s+)*\*?([\w$]+)\s*\([^()]*\)\s*(?::[^{]*)?\{", code, re.M
    ):
        found += task_like
    return frozenset(found) - {"if", "for", "while", "switch", "catch", "function"}
