"""The tests and the examples of a Go package that speak of the scope, run in the sandbox, before and after."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from forge_lsp.builds.go.module import Layout, layout_of
from forge_lsp.builds.go.run import go_cache, run_go
from forge_lsp.builds.go.tools import Go, documents
from forge_lsp.builds.project import Place, fingerprint
from forge_lsp.builds.suites import Memory, Suite, SuiteRun, judged, suite_run
from forge_lsp.domain.attempt import Candidate
from forge_lsp.domain.checks import CheckKind, CheckResult
from forge_lsp.domain.ports import CacheUse, Sandbox
from forge_lsp.domain.task import ScopeKind, Task

__all__ = ["GoTests", "tests_of"]

_FUNCTION = re.compile(r"^func (?P<name>(?:Test|Example)\w*)\s*\((?P<body>[^\n]*\}[ \t]*$|.*?^\})", re.M | re.S)
_MOST = 60
_TAIL = 400


class GoTests:
    """Runs tests; what they say of an untouched tree is kept. ``timeout`` in seconds, for all of them."""

    def __init__(self, sandbox: Sandbox, *, timeout: float) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._memory = Memory()

    async def run(
        self, task: Task, candidate: Candidate, place: Place, go: Go, names: Sequence[str]
    ) -> tuple[CheckResult, ...]:
        """Return a result for each of ``names``. Raises EnvironmentFault."""
        key = await asyncio.to_thread(
            fingerprint, place, f"{task.document.text}\0{sorted(names)}", (".go", "go.mod", "go.sum"), (go.program,)
        )

        async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
            if text == task.document.text:
                return await self._untouched(place, go, text, only or names)
            return await self._run(place, go, text, only or names)

        suite = Suite(name="go test", key=key, run=run)
        return tuple(_example(result) for result in await judged(suite, task, candidate, self._memory))

    async def _untouched(self, place: Place, go: Go, text: str, names: Sequence[str]) -> SuiteRun:
        """What the tests import, and what Go itself puts beside them, is compiled into the kept cache first, where no
        code of the project runs; else every run of them would compile half of the standard library anew."""
        layout = await asyncio.to_thread(layout_of, place, text, go)
        tree = replace(place.tree(text, layout.extra), cache=go_cache(go, CacheUse.KEEP))
        package = f"./{_inside(place.document.parent, layout)}"
        async with self._sandbox.open(tree) as box:
            # Whether that works, the run itself tells.
            compile_only = ("test", "-c", "-vet=off", "-o", "/dev/null", package)
            await run_go(box, go, layout, compile_only, timeout=self._timeout)
        return await self._run(place, go, text, names)

    async def _run(self, place: Place, go: Go, text: str, names: Sequence[str]) -> SuiteRun:
        layout = await asyncio.to_thread(layout_of, place, text, go)
        # A test may do anything with what it can write: its cache goes with its box.
        tree = replace(place.tree(text, layout.extra), cache=go_cache(go, CacheUse.DROP))
        package = f"./{_inside(place.document.parent, layout)}"
        async with self._sandbox.open(tree) as box:
            result = await run_go(
                box,
                go,
                layout,
                ("test", "-json", "-vet=off", "-count=1", "-run", f"^({'|'.join(names)})$", package),
                timeout=self._timeout,
                loopback=True,
            )
        passed: dict[str, bool | None] = dict.fromkeys(names)
        said: dict[str, str] = {}
        for event in documents(result.stdout.decode("utf-8", "replace")):
            name, action = str(event.get("Test", "")), event.get("Action")
            if action in ("pass", "fail", "skip") and name in passed:
                passed[name] = {"pass": True, "fail": False, "skip": None}[str(action)]
            elif action in ("output", "build-output"):
                top = name.partition("/")[0]
                said[top] = said.get(top, "") + str(event.get("Output", ""))
        words = said.get("", "") + result.stderr.decode("utf-8", "replace")
        if result.timed_out:
            words = f"the tests did not finish in {self._timeout:g} s"
        if result.code != 0:
            # Whoever has no result of its own did not come so far: it does not compile, or the process ended.
            passed = {
                name: False if known is None and not said.get(name, "").count("--- SKIP") else known
                for name, known in passed.items()
            }
        said = {name: text.strip()[-_TAIL:] for name, text in {**said, "": words}.items() if text.strip()}
        return suite_run(passed, said)


def tests_of(task: Task, place: Place) -> tuple[str, ...]:
    """The tests and examples in the test files of the document's folder that name what is to be written; for a scope
    without a name all of them. At most 60."""
    if place.source is None:
        return ()
    folder = place.source / place.document.parent
    files = sorted(entry.name for entry in folder.glob("*_test.go")) if folder.is_dir() else []
    wanted = task.scope.name if task.scope.kind is not ScopeKind.FILE else None
    word = re.compile(rf"\b{re.escape(wanted)}\b") if wanted else None
    found: list[str] = []
    for file in files:
        if place.document.name == file:
            continue
        for match in _FUNCTION.finditer(place.text(place.document.parent / file) or ""):
            is_example = match["name"].startswith("Example")
            if is_example and not re.search(r"//\s*(?:Unordered output|Output):", match["body"], re.I):
                continue  # compiled, never run
            if match["name"] != "TestMain" and (word is None or word.search(match[0])):
                found.append(match["name"])
    return tuple(dict.fromkeys(found))[:_MOST]


def _inside(folder: PurePosixPath, layout: Layout) -> str:
    return str(folder.relative_to(layout.folder)) if folder.is_relative_to(layout.folder) else "."


def _example(result: CheckResult) -> CheckResult:
    """Return the result of an ``Example`` with what it printed and should have."""
    name = result.id.rpartition(":")[2]
    if not name.startswith("Example"):
        return result
    match = re.search(r"got:\n(?P<got>.*?)\nwant:\n(?P<want>.*?)\s*(?:--- FAIL|\Z)", result.detail, re.S)
    return replace(
        result,
        kind=CheckKind.EXAMPLE,
        expected=match["want"] if match else result.expected,
        actual=match["got"] if match else result.actual,
    )
