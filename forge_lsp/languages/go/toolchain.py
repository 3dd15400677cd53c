"""Go: ``go build`` and ``go vet`` of the document's package and of those that import it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.gate import CheckedTree, Fault, gate, measured
from forge_lsp.checking.language_toolchain import DocumentedToolchain
from forge_lsp.checking.programs import in_time, no_code_here, not_found, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.suites import joined
from forge_lsp.core.attempt import BuildReport, Candidate, Diagnostic, Evidence
from forge_lsp.core.checks import CheckResult
from forge_lsp.core.ports import Box, CacheUse, Finding, ProcessResult, Sandbox
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.go import GO
from forge_lsp.languages.go.choosing import tests_of
from forge_lsp.languages.go.documented import GoDriver, doubt
from forge_lsp.languages.go.module import LIST, MISSING, Layout, Packages, layout_of, packages_of
from forge_lsp.languages.go.project_tests import GoTests
from forge_lsp.languages.go.run import go_cache, run_go
from forge_lsp.languages.go.tools import INSTALL, Go, find_go, in_code_points, newer_go, parse_output, vet_findings

__all__ = ["ANALYZERS", "GoToolchain", "go_findings"]

_MATTERS = (".go", "go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt", ".s", ".c", ".h")
# What `go test` too takes for certain; vet's other checks are advice.
ANALYZERS = ("atomic", "bool", "errorsas", "ifaceassert", "nilfunc", "printf", "stringintconv")


class GoToolchain(DocumentedToolchain):
    """Checks Go documents. ``environment`` is the server's own: ``PATH``, ``HOME``, ``GOPATH``, ``GOMODCACHE``.

    ``timeout`` in seconds, for each run of ``go``. Building and vetting run no code of the project; what the compiler
    made of the standard library and of dependencies is kept in a cache of ours.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._tests = GoTests(sandbox, timeout=timeout, runs=runs)
        driver = GoDriver(sandbox, timeout=timeout, environment=environment)
        self._examples = DocumentedExamples(sandbox, driver, doubt=doubt, runs=runs)
        # Untouched trees that do not compile: what vet would say of their tests is not known.
        self._broken: set[str] = set()

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        go = find_go(self._environment)
        if go is None:
            return Fault(reason="Go is not installed (no go on PATH)", remedy=INSTALL).unverified(_TOOL)
        key = await tree_key(place, _MATTERS, (go.program, *go.readable[1:]), task.document.text, task.scope.range)

        async def check(content: str) -> CheckedTree:
            untouched = content == task.document.text
            checked = await self._check(place, go, content, known=key not in self._broken)
            # What vet says of a text that compiles is known, and compared; where it does not, vet was not run.
            if untouched and any(problem.source != "vet" for problem in checked.problems):
                self._broken.add(key)
            return checked

        return await gate(
            task, text, str(place.document), check, self._baselines, key, _TOOL, blank=_blank(task), learns=True
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`: the tests of the package that call the scope, its ``Example``
        functions among them, and the examples in its documentation."""
        place = place_of(task)
        go = find_go(self._environment)
        if go is None:
            return Evidence()
        tests = await self._tested(task, candidate, place, go)
        return joined(tests, await self._examples.run(task, candidate, place, (go.program,)))

    @measured
    async def _tested(self, task: Task, candidate: Candidate, place: Place, go: Go) -> Evidence:
        selections = await asyncio.to_thread(tests_of, task, place)
        if not selections:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the tests of the package were not run", self._sandbox).blocked()
        results: list[CheckResult] = []
        doubts: dict[str, None] = {}
        for selection in selections:
            found, doubted = await self._tests.run(task, candidate, place, go, selection)
            results += found
            doubts |= {doubted: None} if doubted is not None else {}
        return Evidence(results=tuple(results), doubt="; ".join(doubts) or None)

    async def _check(self, place: Place, go: Go, text: str, *, known: bool) -> CheckedTree:
        layout = await asyncio.to_thread(layout_of, place, text, go)
        tree = replace(place.tree(text, layout.extra), cache=go_cache(go, CacheUse.KEEP))
        async with self._sandbox.open(tree) as box:
            checked = await self._look(box, place, go, layout, known=known)
        file = str(place.document)
        return replace(
            checked,
            problems=tuple(in_code_points(p, text) if p.file == file else p for p in checked.problems),
            syntax=tuple(in_code_points(p, text) if p.file == file else p for p in checked.syntax),
        )

    async def _look(self, box: Box, place: Place, go: Go, layout: Layout, *, known: bool) -> CheckedTree:
        packages = Packages(own="")
        if not layout.files:
            listed = await self._go(box, go, layout, "list", "-e", LIST, *layout.patterns)
            found = packages_of(listed, place, box.root)
            if found is None or found.left_out is not None:
                # For another system it is compiled and vetted all the same; nothing of it can be run.
                other = replace(layout, platform=layout.other)
                again = await self._go(box, go, other, "list", "-e", LIST, *layout.patterns)
                there = packages_of(again, place, box.root) if layout.other is not None else None
                if there is not None and there.left_out is None:
                    layout, found = other, there
            if found is None:
                words = (listed.stderr or listed.stdout).decode("utf-8", "replace").strip()
                return CheckedTree(fault=_no_package(words, place, layout))
            packages = found
            if packages.left_out is not None:
                return CheckedTree(fault=Fault(reason=packages.left_out, remedy="check it where it is built"))
        targets = layout.files or (packages.own, *packages.dependents)
        flags = "-e -errorurl" if go.version >= (1, 20) else "-e"
        built = await self._go(
            box, go, layout, "build", f"-gcflags={flags}", "-o", "/dev/null", *targets, packages=packages
        )
        text = (built.stdout + b"\n" + built.stderr).decode("utf-8", "replace")
        output = parse_output(text, root=box.root, folder=layout.folder)
        document = str(place.document)
        if output.loading:
            lacks = _lacks(output.loading, document)
            return CheckedTree(problems=output.problems, syntax=() if lacks else output.problems, lacks=lacks)
        if output.problems:
            return CheckedTree(problems=output.problems)
        if built.code != 0:
            return CheckedTree(fault=_failed(output.stray or f"exit code {built.code}", layout))
        return await self._vet(box, place, go, layout, packages, known=known)

    async def _vet(
        self, box: Box, place: Place, go: Go, layout: Layout, packages: Packages, *, known: bool
    ) -> CheckedTree:
        """Everything compiles: what the tests make of it, and mistakes that the compiler lets pass."""
        targets = layout.files or (packages.own, *packages.dependents, *packages.tested)
        analyzers = [f"-{name}" for name in ANALYZERS]
        vetted = await self._go(box, go, layout, "vet", "-json", *analyzers, *targets, packages=packages)
        text = (vetted.stdout + b"\n" + vetted.stderr).decode("utf-8", "replace")
        plain = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(('"', "{", "}", "[", "]")))
        output = parse_output(plain, root=box.root, folder=layout.folder)
        document = str(place.document)
        if output.problems and not known:
            first = output.problems[0]
            where = f"{first.file}:{first.line}"
            reason = (
                f"{where} does not compile ({first.message}); the project did not compile before, so this may be old"
            )
            return CheckedTree(lacks=Fault(reason=reason, remedy=f"correct {where}"))
        findings = vet_findings(text, root=box.root, folder=layout.folder)
        mine = tuple(problem for problem in findings if problem.file == document)
        if vetted.code != 0 and not output.problems and not findings and output.stray:
            return CheckedTree(fault=_failed(output.stray, layout))
        problems = (*(replace(problem, source="vet") for problem in output.problems), *mine)
        return CheckedTree(problems=problems)

    async def _go(
        self, box: Box, go: Go, layout: Layout, *arguments: str, packages: Packages | None = None
    ) -> ProcessResult:
        return in_time(
            await run_go(box, go, layout, arguments, timeout=self._timeout, cgo=packages is not None and packages.cgo),
            f"go {arguments[0]}",
            self._timeout,
        )


_TOOL = "go build, go vet"


def _blank(task: Task) -> str:
    """What stands in for a scope that does not parse: a function by its header, so that callers stay whole."""
    scope = task.scope
    if scope.kind is ScopeKind.DEFINITION and scope.signature and scope.signature.startswith("func"):
        return f'{scope.signature} {{ panic("") }}'
    return ""


def _lacks(problems: Sequence[Diagnostic], document: str) -> Fault | None:
    for problem in problems:
        match = MISSING.search(problem.message)
        if match is None:
            continue
        where = f"{problem.file}:{problem.line}"
        package = match["package"] or match["other"]
        remedy = f"go get {package}" if package else "go mod tidy"
        if "GOPROXY=off" in problem.message:
            remedy = "go mod download"
        reason = f"{problem.message.split('; ')[0]} ({where})"
        return Fault(reason=reason, remedy=remedy if problem.file == document or package else "go mod tidy")
    return None


def _no_package(words: str, place: Place, layout: Layout) -> Fault:
    if words:
        return _failed(words.split("\n")[0], layout)
    return Fault(reason=f"no package of the module holds {place.document}", remedy="go list ./...")


def _failed(words: str, layout: Layout) -> Fault:
    where = f" (in {layout.folder})" if layout.folder.parts else ""
    newer = newer_go(words)
    if newer is not None:
        return Fault(reason=f"{words[:300]}{where}", remedy=newer)
    if "GOPROXY=off" in words or "download" in words:
        return Fault(reason=f"{words[:300]}{where}", remedy="go mod download")
    if re.search(r"go\.sum|go\.mod|vendor", words):
        return Fault(reason=f"{words[:300]}{where}", remedy="go mod tidy")
    if re.search(r"requires go >= |toolchain", words):
        return Fault(reason=f"{words[:300]}{where}", remedy=INSTALL)
    return Fault(reason=f"go failed: {words[:300]}{where}", remedy="go build ./...")


async def go_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the Go that checks."""
    go = find_go(environment)
    if go is None:
        return not_found("go", "no go on PATH: Go is not checked", INSTALL)
    return await version_findings(
        sandbox, "go", (str(go.program), "version"), go.readable, language=GO, remedy=INSTALL, env=dict(go.environment)
    )
