"""Rust: ``cargo check --all-targets`` of the document's package and of those in its workspace that depend on it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from forge_lsp.checking.examples.driven import DocumentedExamples
from forge_lsp.checking.examples.written import DocumentationLine
from forge_lsp.checking.gate import CheckedTree, Fault, gate, measured
from forge_lsp.checking.language_toolchain import LanguageToolchain
from forge_lsp.checking.programs import no_code_here, not_found, version_findings
from forge_lsp.checking.project import Place, place_of, tree_key
from forge_lsp.checking.runs import SuiteRun
from forge_lsp.checking.suites import Memory, Suite, joined, judged
from forge_lsp.core.attempt import BuildReport, Candidate, Evidence, Observation
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Cache, CacheUse, Finding, Sandbox
from forge_lsp.core.task import ScopeKind, Task
from forge_lsp.languages.rust import RUST
from forge_lsp.languages.rust.conditions import Conditions, conditions_of
from forge_lsp.languages.rust.crates import MANIFEST, edition_of, lone_manifest
from forge_lsp.languages.rust.documented import RustDriver
from forge_lsp.languages.rust.examples import asserted
from forge_lsp.languages.rust.forging import doubt_of
from forge_lsp.languages.rust.project_tests import Testing
from forge_lsp.languages.rust.runs import Crate, Run
from forge_lsp.languages.rust.subject import Subject, subject_of
from forge_lsp.languages.rust.tools import INSTALL, Cargo, find_cargo

__all__ = ["RustToolchain", "rust_cache", "rust_findings"]

_TOOL = "cargo check"
_MATTERS = (".rs", ".toml", ".lock", "rust-toolchain")


class RustToolchain(LanguageToolchain):
    """Checks Rust documents. ``environment`` is the server's own: ``PATH``, ``HOME``, ``CARGO_HOME``, ``RUSTUP_HOME``.

    ``timeout`` in seconds, for each run of ``cargo``. Build scripts and procedural macros run code of the project:
    nothing is checked where the sandbox runs none. What the untouched tree's dependencies compiled to is kept; what a
    candidate's check wrote is not.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout: float, environment: Mapping[str, str], runs: Path | None = None
    ) -> None:
        super().__init__(sandbox, timeout, environment)
        self._editions: dict[Path, str] = {}
        self._memory = Memory(SuiteRun, runs)
        self._examples = DocumentedExamples(sandbox, RustDriver(self._opened), doubt=_doubt, read=_read, runs=runs)

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        if not self._sandbox.runs_project_code:
            return no_code_here(
                "cargo, which runs build scripts and macros, was not started", self._sandbox
            ).unverified(_TOOL)
        cargo = find_cargo(place, self._environment)
        if isinstance(cargo, Fault):
            return cargo.unverified(_TOOL)
        met = await _conditions(task, place, text)
        if met.unmet is not None:
            return _not_compiled(task, met.unmet).unverified(_TOOL)
        cargo = cargo.with_features(met.features)
        tools = (cargo.program, *cargo.readable[1:])
        matter = f"{task.document.text}\0{task.scope.range}\0{met.features}"
        key = await tree_key(place, _MATTERS, tools, matter)

        async def check(content: str) -> CheckedTree:
            return await self._check(place, cargo, content, untouched=content == task.document.text)

        return await gate(
            task,
            text,
            str(place.document),
            check,
            self._baselines,
            key,
            _TOOL,
            blank=_blank(task),
            untouched_first=True,
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.core.ports.Toolchain`. What rustdoc runs is left to it."""
        place = place_of(task)
        cargo = find_cargo(place, self._environment)
        if isinstance(cargo, Fault):
            return Evidence()
        tests = await self._tested(task, candidate, place, cargo)
        return joined(tests, await self._examples.run(task, candidate, place, (cargo.program, *cargo.readable[1:])))

    async def observe(self, task: Task, candidate: Candidate, calls: Sequence[str]) -> tuple[Observation, ...]:
        """See :class:`~forge_lsp.core.ports.Toolchain`."""
        place = place_of(task)
        if isinstance(find_cargo(place, self._environment), Fault):
            return ()
        return await self._examples.observe(task, candidate, place, calls)

    @measured
    async def _tested(self, task: Task, candidate: Candidate, place: Place, cargo: Cargo) -> Evidence:
        """What the package's tests and rustdoc's examples say."""
        manifest = place.nearest(MANIFEST)
        if manifest is None or place.source is None:
            return Evidence()
        subject = await asyncio.to_thread(subject_of, task, place, manifest.parent)
        if not subject.has_checks:
            return Evidence()
        if not self._sandbox.runs_project_code:
            return no_code_here("the tests of the package were not run", self._sandbox).blocked()
        met = await _conditions(task, place, candidate.text)
        if met.unmet is not None:
            return _not_compiled(task, met.unmet).blocked()
        cargo = cargo.with_features(met.features)
        tools = (cargo.program, *cargo.readable[1:])
        matter = f"{task.document.text}\0{task.scope.range}\0{met.features}"
        key = await tree_key(place, _MATTERS, tools, matter)
        async with AsyncExitStack() as boxes:
            opened: dict[str, Testing] = {}

            async def run(text: str, only: Sequence[str] | None) -> SuiteRun:
                if text not in opened:
                    opened[text] = await self._testing(boxes, place, cargo, subject, text, candidate)
                return await opened[text].outcome(only)

            suite = Suite(name="cargo test", key=key, run=run, speaks=subject.speaks, proves=subject.proves)
            results = await judged(suite, task, candidate, self._memory)
        doubt = doubt_of(task.document.text, candidate.text, scope=task.scope.name)
        seen = sorted(
            {reason for text, tests in opened.items() if text != task.document.text for reason in tests.forged}
        )
        return Evidence(
            results=tuple(subject.told(result) for result in results),
            doubt=doubt or next(iter(seen), None),
        )

    async def _testing(
        self, boxes: AsyncExitStack, place: Place, cargo: Cargo, subject: Subject, text: str, candidate: Candidate
    ) -> Testing:
        """Open a box for one text; it is closed with ``boxes``. Raises EnvironmentFault."""
        untouched = text == subject.task.document.text
        own = text if untouched else subject.restored(text)
        crate = await self._crate(place, cargo, own)
        cache = await asyncio.to_thread(rust_cache, place, cargo, CacheUse.ONCE if untouched else CacheUse.DROP)
        tree = replace(place.tree(own, crate.extra), cache=replace(cache, name=f"{cache.name}-test"))
        box = await boxes.enter_async_context(self._sandbox.open(tree))
        run = Run(box=box, cargo=cargo, crate=crate, target=box.cache / "target", timeout=self._timeout)
        workspace = await run.metadata(place)
        if isinstance(workspace, Fault):
            raise EnvironmentFault(workspace.reason, remedy=workspace.remedy)
        run.paths.update(workspace.names)
        testing = subject.testing(run, workspace, own, code="" if untouched else candidate.code)
        if untouched:
            boxes.push_async_callback(run.strip)
            boxes.push_async_callback(testing.close)
        return testing

    @asynccontextmanager
    async def _opened(
        self, task: Task, place: Place, text: str, whole: str, files: Mapping[PurePosixPath, bytes]
    ) -> AsyncGenerator[Run]:
        """Open a box for a text of the document, with ``whole`` in its place and more ``files``. Raises
        EnvironmentFault."""
        cargo = find_cargo(place, self._environment)
        if isinstance(cargo, Fault):
            raise EnvironmentFault(cargo.reason, remedy=cargo.remedy)
        met = await _conditions(task, place, text)
        if met.unmet is not None:
            fault = _not_compiled(task, met.unmet)
            raise EnvironmentFault(fault.reason, remedy=fault.remedy)
        cargo = cargo.with_features(met.features)
        crate = await self._crate(place, cargo, text)
        tree = place.tree(text, {**crate.extra, **files})
        tree = replace(tree, files={**tree.files, place.document: whole.encode("utf-8", "surrogatepass")})
        untouched = text == task.document.text
        if not crate.lone:
            cache = await asyncio.to_thread(rust_cache, place, cargo, CacheUse.ONCE if untouched else CacheUse.DROP)
            tree = replace(tree, cache=replace(cache, name=f"{cache.name}-test"))
        async with self._sandbox.open(tree) as box:
            target = box.root / ".forge-target" if crate.lone else box.cache / "target"
            run = Run(box=box, cargo=cargo, crate=crate, target=target, timeout=self._timeout)
            yield run
            if untouched and not crate.lone:
                await run.strip()

    async def _check(self, place: Place, cargo: Cargo, text: str, *, untouched: bool) -> CheckedTree:
        crate = await self._crate(place, cargo, text)
        tree = place.tree(text, crate.extra)
        if not crate.lone:
            use = CacheUse.ONCE if untouched else CacheUse.DROP
            tree = replace(tree, cache=await asyncio.to_thread(rust_cache, place, cargo, use))
        async with self._sandbox.open(tree) as box:
            target = box.root / ".forge-target" if crate.lone else box.cache / "target"
            run = Run(box=box, cargo=cargo, crate=crate, target=target, timeout=self._timeout)
            checked = await run.check(place)
            if untouched and not crate.lone:
                await run.strip()
        return checked

    async def _crate(self, place: Place, cargo: Cargo, text: str) -> Crate:
        manifest = place.nearest(MANIFEST)
        if manifest is not None:
            return Crate(folder=manifest.parent, lone=False)
        edition = await self._edition(place, cargo)
        folder = place.document.parent
        own = lone_manifest(text, place.document.name, edition)
        return Crate(folder=folder, lone=True, extra={folder / MANIFEST: own})

    async def _edition(self, place: Place, cargo: Cargo) -> str:
        if cargo.program not in self._editions:
            async with self._sandbox.open(replace(place.tree(""), source=None, files={})) as box:
                result = await box.run(
                    (str(cargo.program), "--version"),
                    timeout=self._timeout,
                    env=cargo.environment,
                    readable=cargo.readable,
                )
            self._editions[cargo.program] = edition_of(result.stdout)
        return self._editions[cargo.program]


def rust_cache(place: Place, cargo: Cargo, use: CacheUse) -> Cache:
    """One for each project, toolchain and set of dependencies."""
    digest = hashlib.sha256(f"{place.source}\0{cargo.program}".encode("utf-8", "surrogateescape"))
    with contextlib.suppress(OSError):
        digest.update(str(cargo.program.stat().st_mtime_ns).encode())
    for name in sorted(place.files(("Cargo.toml", "Cargo.lock"))):
        digest.update(f"\0{name}\0{place.text(PurePosixPath(name)) or ''}".encode())
    return Cache(name=f"rust-{digest.hexdigest()[:20]}", use=use)


def _doubt(task: Task, candidate: Candidate) -> str | None:
    return doubt_of(task.document.text, candidate.text, scope=task.scope.name)


def _read(task: Task, lines: Sequence[DocumentationLine]) -> Sequence[DocumentationLine]:
    """What of documentation is read here: the code that rustdoc runs is left to it."""
    place = place_of(task)
    manifest = place.nearest(MANIFEST)
    library = manifest is not None and (
        place.is_file(manifest.parent / "src" / "lib.rs") or "[lib]" in (place.text(manifest) or "")
    )
    reached = library and (task.scope.signature or task.original.lstrip()).find("pub") >= 0
    return [
        replace(line, text="" if reached and said[1] else said[0]) if said is not None else line
        for line, said in zip(lines, asserted([line.text for line in lines]), strict=True)
    ]


def _blank(task: Task) -> str:
    """What stands in for a scope that does not parse: a function by its header, so that callers stay whole."""
    scope = task.scope
    if scope.kind is ScopeKind.DEFINITION and scope.signature and re.search(r"\bfn\s", scope.signature):
        return f"{scope.indent}{scope.signature} {{ todo!() }}"
    return ""


async def _conditions(task: Task, place: Place, text: str) -> Conditions:
    manifest = place.nearest(MANIFEST)
    if manifest is None:
        return Conditions()
    return await asyncio.to_thread(conditions_of, task, place, manifest, text)


def _not_compiled(task: Task, condition: str) -> Fault:
    what = f"`{task.scope.name}`" if task.scope.name else "the code"
    return Fault(
        reason=f"not compiled here: {what} is behind {condition}, which does not hold on this machine",
        remedy="check it on a system where it is compiled: cargo test",
    )


async def rust_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the cargo that checks."""
    cargo = find_cargo(Place(source=None, document=PurePosixPath("a.rs")), environment)
    if isinstance(cargo, Fault):
        return not_found("cargo", f"{cargo.reason}: Rust is not checked", cargo.remedy or INSTALL)
    return await version_findings(
        sandbox,
        "cargo",
        (str(cargo.program), "--version"),
        cargo.readable,
        language=RUST,
        remedy=INSTALL,
        env=dict(cargo.environment),
    )
