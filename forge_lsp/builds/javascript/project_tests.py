"""The tests of a JavaScript or TypeScript project that speak of the scope, before and after: by ``node --test``, or by
the vitest or jest of the project's own ``node_modules``."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from forge_lsp.builds.programs import no_code_here, readable_for
from forge_lsp.builds.project import Place, fingerprint, project_files
from forge_lsp.builds.suites import Memory, SuiteRun, judged, not_run, speaking_of, suite_run, tail
from forge_lsp.builds.suites import Suite as TestSuite
from forge_lsp.builds.tsc import script_folders
from forge_lsp.domain.attempt import Candidate, Evidence
from forge_lsp.domain.checks import CheckResult
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Box, ProcessResult, Sandbox
from forge_lsp.domain.task import Language, ScopeKind, Task
from forge_lsp.reading import parsed_json

__all__ = ["JavaScriptTests", "json_outcome", "node_outcome", "suites_of"]

_REPORTER = Path(__file__).with_name("runners") / "reporter.mjs"
_ENDINGS = (*Language.JAVASCRIPT.suffixes, *Language.TYPESCRIPT.suffixes)
_MATTERS = (*_ENDINGS, ".json", ".vue", ".svelte")
_TEST_FILE = re.compile(r"(?:.*/)?(?:(?:__tests__|tests?)/.*|[^/]*[._-](?:test|spec)|test)\.[cm]?[jt]sx?")
_TYPED = re.compile(r"\.[cm]?tsx?$")
_NODE_TEST = re.compile(r"[\"']node:test[\"']")
_RESULTS = PurePosixPath(".forge-check.tests.json")
_MOST_FILES = 8

Runner = Literal["node", "vitest", "jest"]
# Where the packages have their programs; npm's links in .bin may be shell scripts.
_SCRIPTS: Mapping[Runner, str] = {"vitest": "vitest/vitest.mjs", "jest": "jest/bin/jest.js"}

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
# jest; vitest (by chai); node's own assert, in either of them
_VALUES = (
    re.compile(r"^Expected[^:\n]*: (?P<expected>.+)\n+Received[^:\n]*: +(?P<actual>.+)$", re.M),
    re.compile(
        r"expected (?P<actual>.+?) to (?:be|(?:(?:deeply|strictly|loosely deeply|loosely) )*equal) "
        r"(?P<expected>.+?)(?: // .*)?$",
        re.M,
    ),
    re.compile(r"^(?P<actual>.+) !==? (?P<expected>.+)$", re.M),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """``files`` that one runner takes, in the package at ``folder``. ``script``: the runner's own program (None: it is
    node's); ``hooks``: what node is to load first."""

    runner: Runner
    folder: PurePosixPath
    files: tuple[PurePosixPath, ...]
    script: Path | None = None
    hooks: tuple[str, ...] = ()


class JavaScriptTests:
    """Runs test files; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of one runner.

    ``environment`` is the server's own (``PATH``)."""

    def __init__(self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str]) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._memory = Memory()

    async def run(self, task: Task, candidate: Candidate, place: Place) -> Evidence:
        """See :meth:`forge_lsp.domain.ports.Toolchain.evidence`."""
        started = time.perf_counter()
        node = shutil.which("node", path=self._environment.get("PATH", ""))
        suites = await asyncio.to_thread(suites_of, task, place) if node is not None else ()
        if node is None or not suites:
            return Evidence()
        if not self._sandbox.runs_project_code:
            fault = no_code_here("the project's tests were not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        results: list[CheckResult] = []
        try:
            for suite in suites:
                results += await self._compared(task, candidate, place, suite, Path(node))
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        return Evidence(results=tuple(results), seconds=time.perf_counter() - started)

    async def _compared(
        self, task: Task, candidate: Candidate, place: Place, suite: Suite, node: Path
    ) -> Sequence[CheckResult]:
        key = await asyncio.to_thread(fingerprint, place, f"{task.document.text}\0{suite}", _MATTERS, (node,))
        words = ""

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            nonlocal words
            del only
            found = await self._run(place, suite, node, text)
            words = found.words
            return found

        results = await judged(TestSuite(name=suite.runner, key=key, run=run), task, candidate, self._memory)
        return results or (not_run(suite.runner, words or "it found no test"),)

    async def _run(self, place: Place, suite: Suite, node: Path, text: str) -> SuiteRun:
        nonce = secrets.token_hex(16)
        readable = [*readable_for(node), _REPORTER.parent]
        if suite.script is not None:
            # Packages may lie elsewhere: a workspace's node_modules is often a link, or holds links.
            readable += script_folders(suite.script, workspace=place.source)
        async with self._sandbox.open(place.tree(text)) as box:
            result = await box.run(
                (
                    "/bin/sh",
                    "-c",
                    'cd "$1" && shift && exec "$@"',
                    "sh",
                    str(suite.folder),
                    *_command(suite, node, box),
                ),
                timeout=self._timeout,
                env={
                    "CI": "1",
                    "NO_COLOR": "1",
                    "FORCE_COLOR": "0",
                    "FORGE_NONCE": nonce,
                    "PATH": f"{node.parent}:/usr/local/bin:/usr/bin:/bin",
                },
                readable=readable,
                loopback=True,
            )
            written = box.read(suite.folder / _RESULTS) if suite.script is not None else None
            root = str(box.root / suite.folder)
        if suite.script is None:
            return node_outcome(result, nonce, timeout=self._timeout)
        return json_outcome(written, result, root, timeout=self._timeout)


def suites_of(task: Task, place: Place) -> tuple[Suite, ...]:
    """The test files that mention what is written, else its module, with what runs them; a few of them."""
    if place.source is None:
        return ()
    name = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    module = place.document.parent.name if place.document.stem == "index" else place.document.stem
    files = (file for file, _ in project_files(place.source, _ENDINGS) if _TEST_FILE.fullmatch(file))
    suites: dict[tuple[Runner, PurePosixPath], Suite] = {}
    for file in speaking_of(place, files, (name, task.scope.container, module), most=_MOST_FILES):
        at = Place(source=place.source, document=file, overlay=place.overlay)
        package = at.nearest("package.json")
        folder = package.parent if package is not None else PurePosixPath()
        suite = _suite(task, at, folder)
        if suite is not None:
            known = suites.setdefault((suite.runner, folder), suite)
            if known is not suite:
                merged = Suite(
                    runner=known.runner,
                    folder=folder,
                    files=(*known.files, file),
                    script=known.script,
                    hooks=known.hooks or suite.hooks,
                )
                suites[suite.runner, folder] = merged
    return tuple(suites.values())


def _suite(task: Task, at: Place, folder: PurePosixPath) -> Suite | None:
    """What runs the test file ``at``; None where nothing here does."""
    assert at.source is not None, "asked for a workspace only"
    text = at.text(at.document) or ""
    if _NODE_TEST.search(text):
        typed = _TYPED.search(at.document.name) is not None
        if task.document.language is Language.TYPESCRIPT and not typed and not re.search(r"\.[cm]?ts[\"']", text):
            return None  # it tests what was compiled long ago
        tsx = typed and any((at.source / above / "node_modules/tsx").is_dir() for above in at.folders())
        return Suite(runner="node", folder=folder, files=(at.document,), hooks=("--import", "tsx") if tsx else ())
    script = _manifest(at, folder)
    runners = tuple(_SCRIPTS)
    for runner in sorted(runners, key=lambda name: (name not in text, name not in script, runners.index(name))):
        for above in at.folders():
            program = at.source / above / "node_modules" / _SCRIPTS[runner]
            if program.is_file() and script_folders(program, workspace=at.source):
                return Suite(runner=runner, folder=folder, files=(at.document,), script=program)
    return None


def _manifest(place: Place, folder: PurePosixPath) -> str:
    """What ``npm test`` runs, by the package's own word; it is read, never run."""
    try:
        return str(cast("dict[str, Any]", parsed_json(place.text(folder / "package.json") or "{}"))["scripts"]["test"])
    except (ValueError, KeyError, TypeError):
        return ""


def _command(suite: Suite, node: Path, box: Box) -> tuple[str, ...]:
    files = [str(file.relative_to(suite.folder)) for file in suite.files]
    out = box.root / suite.folder / _RESULTS
    script = str(suite.script)
    if suite.runner == "vitest":
        return (str(node), script, "run", "--reporter=json", f"--outputFile={out}", *files)
    if suite.runner == "jest":
        how = ("--ci", "--runInBand", "--watchman=false", "--cacheDirectory=/tmp/jest", "--json", f"--outputFile={out}")
        return (str(node), script, *how, "--runTestsByPath", *files)
    return (
        str(node),
        *suite.hooks,
        "--test",
        f"--test-reporter={_REPORTER}",
        "--test-reporter-destination=stdout",
        *files,
    )


def node_outcome(result: ProcessResult, nonce: str, *, timeout: float) -> SuiteRun:
    """What the reporter told."""
    passed: dict[str, bool | None] = {}
    said: dict[str, str] = {}
    values: dict[str, tuple[str, str]] = {}
    for line in result.stdout.decode("utf-8", "replace").split("\n"):
        if not line.startswith(f"{nonce} "):
            continue
        try:
            answer = cast("dict[str, Any]", json.loads(line[len(nonce) + 1 :]))
        except ValueError:
            continue  # the last line of a run that was cut off
        parts = [str(part) for part in answer["name"]]
        name, words = " > ".join(parts), tail(str(answer.get("words", "")))
        passed[name] = {"passed": True, "failed": False}.get(str(answer["state"]))
        said[name] = words
        if len(parts) == 1:
            said[""] = words
        if "expected" in answer:
            values[name] = (str(answer["expected"]), str(answer["actual"]))
    if result.timed_out:
        said[""] = f"the tests did not finish in {timeout:g} s"
    said.setdefault(
        "", tail((result.stderr or result.stdout).decode("utf-8", "replace")) if not passed else "it was not run"
    )
    return suite_run(passed, said, values)


def json_outcome(written: bytes | None, result: ProcessResult, root: str, *, timeout: float) -> SuiteRun:
    """What vitest or jest wrote (one shape): ``testResults[].assertionResults[]``. ``root``: where the files lie."""
    passed: dict[str, bool | None] = {}
    said: dict[str, str] = {}
    values: dict[str, tuple[str, str]] = {}
    try:
        answer = cast("dict[str, Any]", json.loads(written or b"{}"))
        for file in answer.get("testResults", ()):
            path = PurePosixPath(str(file["name"]))
            short = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
            if file.get("message") and not file["assertionResults"]:
                said[""] = tail(_COLOUR.sub("", str(file["message"])))
            for test in file["assertionResults"]:
                name = " > ".join((short, *map(str, test.get("ancestorTitles") or ()), str(test["title"])))
                passed[name] = {"passed": True, "failed": False}.get(str(test["status"]))
                words = _COLOUR.sub("", str((test.get("failureMessages") or [""])[0])).split("\n    at ")[0].strip()
                said[name] = words[:400]
                found = next((match for match in (pattern.search(words) for pattern in _VALUES) if match), None)
                if found is not None:
                    values[name] = (found["expected"].strip(), found["actual"].strip())
    except (ValueError, KeyError, TypeError, AttributeError):
        said[""] = "what it wrote cannot be read"
    if result.timed_out:
        said[""] = f"the tests did not finish in {timeout:g} s"
    # The first lines of a failure say what; the rest are frames of the runner.
    words = _COLOUR.sub("", (result.stderr + result.stdout).decode("utf-8", "replace")).split("\n")
    lines = [line.rstrip() for line in words if line.strip() and not re.match(r"\s+at ", line)]
    said.setdefault("", "\n".join(lines)[:400])
    return suite_run(passed, said, values)
