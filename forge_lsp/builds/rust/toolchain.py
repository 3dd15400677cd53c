"""Rust: ``cargo check --all-targets`` of the document's package and of those in its workspace that depend on it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.builds.before_after import Memory, Outcome, compared
from forge_lsp.builds.command import CommandCheck, no_code_here, version_finding
from forge_lsp.builds.gate import Baselines, Checked, Fault, gate
from forge_lsp.builds.project import Place, fingerprint, place_of, project_files
from forge_lsp.builds.rust.crates import (
    MANIFEST,
    Workspace,
    covering,
    edition_of,
    lone_manifest,
    workspace_of,
)
from forge_lsp.builds.rust.evidence import doctests_of, has_tests, outcome_of, with_values
from forge_lsp.builds.rust.tools import CHECK, INSTALL, METADATA, Cargo, find_cargo, messages, problems_of
from forge_lsp.domain.attempt import BuildReport, BuildStatus, Candidate, Evidence
from forge_lsp.domain.errors import EnvironmentFault
from forge_lsp.domain.ports import Box, Cache, CacheUse, Finding, FindingStatus, ProcessResult, Sandbox
from forge_lsp.domain.task import Language, ScopeKind, Task

__all__ = ["RustToolchain", "rust_cache", "rust_findings"]

_TOOL = "cargo check"
_MATTERS = (".rs", ".toml", ".lock", "rust-toolchain")
_UNSEEN = re.compile(
    r"no matching package|failed to (?:download|get|load source)|--offline|unable to update|attempting to make an HTTP|"
    r"failed to select a version|needs to be updated|offline mode|can't find crate index|perhaps a crate was updated",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crate:
    """Where cargo is run, relative to the tree, and what lies over the tree for it."""

    folder: PurePosixPath
    lone: bool
    extra: dict[PurePosixPath, bytes] = field(default_factory=dict[PurePosixPath, bytes])


class RustToolchain:
    """Checks Rust documents. ``environment`` is the server's own: ``PATH``, ``HOME``, ``CARGO_HOME``, ``RUSTUP_HOME``.

    ``timeout`` in seconds, for each run of ``cargo``. Build scripts and procedural macros run code of the project:
    nothing is checked where the sandbox runs none. What the untouched tree's dependencies compiled to is kept; what a
    candidate's check wrote is not.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        timeout: float,
        environment: Mapping[str, str],
        command: tuple[str, ...] = (),
    ) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._environment = environment
        self._baselines = Baselines()
        self._command = CommandCheck(sandbox, command, timeout=timeout) if command else None
        self._editions: dict[Path, str] = {}
        self._memory = Memory()

    async def build(self, task: Task, text: str) -> BuildReport:
        """See :class:`~forge_lsp.domain.ports.Toolchain`."""
        place = place_of(task, siblings=(".rs",))
        if self._command is not None:
            return await self._command.build(task, text, place)
        if not self._sandbox.runs_project_code:
            return _unverified(
                no_code_here("cargo, which runs build scripts and macros, was not started", self._sandbox)
            )
        cargo = find_cargo(place, self._environment)
        if isinstance(cargo, Fault):
            return _unverified(cargo)
        tools = (cargo.program, *cargo.readable[1:])
        key = await asyncio.to_thread(fingerprint, place, f"{task.document.text}\0{task.scope.range}", _MATTERS, tools)

        async def check(content: str) -> Checked:
            return await self._check(place, cargo, content, untouched=content == task.document.text)

        return await gate(
            task,
            text,
            document=str(place.document),
            check=check,
            baselines=self._baselines,
            key=key,
            tool=_TOOL,
            blank=_blank(task),
        )

    async def evidence(self, task: Task, candidate: Candidate) -> Evidence:
        """See :class:`~forge_lsp.domain.ports.Toolchain`."""
        place = place_of(task, siblings=(".rs",))
        manifest = place.nearest(MANIFEST)
        cargo = find_cargo(place, self._environment)
        if isinstance(cargo, Fault) or manifest is None or place.source is None:
            return Evidence()
        doctests = doctests_of(task)
        tested = await asyncio.to_thread(_has_tests, place, manifest.parent, task.scope.name)
        if doctests is None and not tested:
            return Evidence()
        if not self._sandbox.runs_project_code:
            fault = no_code_here("the tests of the package were not run", self._sandbox)
            return Evidence(blocked=fault.reason, remedy=fault.remedy)
        started = time.perf_counter()
        tools = (cargo.program, *cargo.readable[1:])
        try:
            key = await asyncio.to_thread(fingerprint, place, f"{task.document.text}\0{doctests}", _MATTERS, tools)
            before = await self._memory.get(
                key, lambda: self._test(place, cargo, task.document.text, doctests, tested=tested, untouched=True)
            )
            after = await self._test(place, cargo, candidate.text, doctests, tested=tested, untouched=False)
        except EnvironmentFault as fault:
            return Evidence(blocked=str(fault), remedy=fault.remedy, seconds=time.perf_counter() - started)
        results = tuple(with_values(result, before, after) for result in compared("cargo test", before, after))
        return Evidence(results=results, seconds=time.perf_counter() - started)

    async def _test(
        self, place: Place, cargo: Cargo, text: str, doctests: str | None, *, tested: bool, untouched: bool
    ) -> Outcome:
        crate = await self._crate(place, cargo, text)
        use = CacheUse.ONCE if untouched else CacheUse.DROP
        cache = await asyncio.to_thread(rust_cache, place, cargo, use)
        tree = replace(place.tree(text, crate.extra), cache=replace(cache, name=f"{cache.name}-test"))
        async with self._sandbox.open(tree) as box:
            run = _Run(box=box, cargo=cargo, crate=crate, target=box.cache / "target", timeout=self._timeout)
            outcome = await run.test(place, doctests, tested=tested)
            if untouched:
                await run.strip()
        return outcome

    async def _check(self, place: Place, cargo: Cargo, text: str, *, untouched: bool) -> Checked:
        crate = await self._crate(place, cargo, text)
        tree = place.tree(text, crate.extra)
        if not crate.lone:
            use = CacheUse.ONCE if untouched else CacheUse.DROP
            tree = replace(tree, cache=await asyncio.to_thread(rust_cache, place, cargo, use))
        async with self._sandbox.open(tree) as box:
            target = box.root / ".forge-target" if crate.lone else box.cache / "target"
            run = _Run(box=box, cargo=cargo, crate=crate, target=target, timeout=self._timeout)
            checked = await run.check(place)
            if untouched and not crate.lone:
                await run.strip()
        return checked

    async def _crate(self, place: Place, cargo: Cargo, text: str) -> _Crate:
        manifest = place.nearest(MANIFEST)
        if manifest is not None:
            return _Crate(folder=manifest.parent, lone=False)
        edition = await self._edition(place, cargo)
        folder = place.document.parent
        own = lone_manifest(text, place.document.name, edition)
        return _Crate(folder=folder, lone=True, extra={folder / MANIFEST: own})

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


@dataclass(slots=True, kw_only=True)
class _Run:
    """One box's runs of cargo."""

    box: Box
    cargo: Cargo
    crate: _Crate
    target: Path
    timeout: float
    paths: set[str] = field(default_factory=set[str])

    async def check(self, place: Place) -> Checked:
        workspace = await self._metadata(place)
        if isinstance(workspace, Fault):
            return Checked(fault=workspace)
        self.paths.update(workspace.names)
        result = await self._cargo(*CHECK, *workspace.packages)
        told = list(messages(result.stdout))
        for message in told:
            if "path+file:" in str(message.get("package_id", "")):
                name = cast("dict[str, Any]", message.get("target") or {}).get("name")
                self.paths.add(str(name))
        problems = problems_of(result.stdout, root=self.box.root, folder=workspace.folder)
        finished = any(message.get("reason") == "build-finished" for message in told)
        if result.code != 0 and (not problems or not finished):
            return Checked(problems=problems, fault=_fault(result.stderr.decode("utf-8", "replace"), self.crate))
        document = str(place.document)
        if problems:
            # Borrows are checked only where all types are right: old errors may hide new ones.
            folder = self.crate.folder
            stopped = any(PurePosixPath(problem.file).is_relative_to(folder) for problem in problems)
            return Checked(problems=problems, syntax=problems if stopped else ())
        if not await self._covers(place.document, workspace.folder):
            return Checked(
                fault=Fault(
                    reason=f"no target of the project includes {document}, so it was not compiled",
                    remedy=f"declare it: mod {place.document.stem};",
                )
            )
        return Checked()

    async def test(self, place: Place, doctests: str | None, *, tested: bool) -> Outcome:
        """The package's tests, and the doctests that the filter ``doctests`` lets through."""
        workspace = await self._metadata(place)
        if isinstance(workspace, Fault):
            raise EnvironmentFault(workspace.reason, remedy=workspace.remedy)
        self.paths.update(workspace.names)
        own = workspace.checked[0]
        self.paths.add(own)
        passed: dict[str, bool | None] = {}
        said: dict[str, str] = {}
        runs: list[tuple[str, ...]] = [("--tests",)] if tested else []
        if doctests is not None:
            runs.append(("--doc", *((doctests,) if doctests else ())))
        for words in runs:
            result = await self._cargo("test", "--offline", "--no-fail-fast", "-p", own, *words, testing=True)
            outcome = outcome_of(result, timeout=self.timeout)
            passed.update(outcome.passed)
            said.update({name: text for name, text in outcome.said.items() if text})
        return Outcome(passed, said)

    async def strip(self) -> None:
        """Leave of a target folder only what cannot change, the crates from elsewhere: cargo tells by time stamps
        whether a file changed, and ours are those of a temp copy."""
        names = sorted({form for name in self.paths for form in (name, name.replace("-", "_"), name.replace("_", "-"))})
        script = (
            'cd "$0" 2>/dev/null || exit 0; for n in "$@"; do rm -rf debug/.fingerprint/"$n"-* debug/build/"$n"-* '
            'debug/deps/"$n"-*.d debug/deps/lib"$n"-*; done'
        )
        result = await self.box.run(("/bin/sh", "-c", script, str(self.target), *names), timeout=self.timeout)
        if result.code != 0:
            raise EnvironmentFault("cargo's target folder could not be cleaned", remedy="forge-lsp doctor")

    async def _metadata(self, place: Place) -> Workspace | Fault:
        result = await self._cargo(*METADATA)
        if result.code != 0:
            return _fault(result.stderr.decode("utf-8", "replace"), self.crate)
        manifest = self.crate.folder / MANIFEST
        workspace = workspace_of(result.stdout, root=self.box.root, manifest=manifest)
        if workspace is None:
            return Fault(reason=f"no package holds {place.document} ({manifest} has none)", remedy="cargo metadata")
        return workspace

    async def _covers(self, document: PurePosixPath, folder: PurePosixPath) -> bool:
        command = covering(document, folder, root=self.box.root, target=self.target)
        found = await self.box.run(command, timeout=self.timeout)
        return found.code == 0

    async def _cargo(self, command: str, *arguments: str, testing: bool = False) -> ProcessResult:
        manifest = str(self.box.root / self.crate.folder / MANIFEST)
        words = self.cargo.command(command, manifest, arguments)
        result = await self.box.run(
            words,
            timeout=self.timeout,
            env=self.cargo.environment_with(self.target),
            readable=self.cargo.readable,
            loopback=testing,
        )
        if result.timed_out and not testing:
            raise EnvironmentFault(
                f"cargo {command} did not finish in {self.timeout:g} s", remedy="raise check.timeout"
            )
        return result


def _has_tests(place: Place, folder: PurePosixPath, name: str | None) -> bool:
    """Whether a file of the package that speaks of ``name`` holds tests."""
    word = re.compile(rf"\b{re.escape(name)}\b") if name else None
    if place.source is None:
        return False
    files = [PurePosixPath(file) for file, _ in project_files(place.source, (".rs",))]
    texts = (place.text(file) or "" for file in files if file.is_relative_to(folder))
    return any(has_tests(text) and (word is None or word.search(text)) for text in texts)


def rust_cache(place: Place, cargo: Cargo, use: CacheUse) -> Cache:
    """One for each project, toolchain and set of dependencies."""
    digest = hashlib.sha256(f"{place.source}\0{cargo.program}".encode("utf-8", "surrogateescape"))
    with contextlib.suppress(OSError):
        digest.update(str(cargo.program.stat().st_mtime_ns).encode())
    if place.source is not None:
        names = {name for name, _ in project_files(place.source, ("Cargo.toml", "Cargo.lock"))}
        for name in sorted(names):
            digest.update(f"\0{name}\0{place.text(PurePosixPath(name)) or ''}".encode())
    return Cache(name=f"rust-{digest.hexdigest()[:20]}", use=use)


def _blank(task: Task) -> str:
    """What stands in for a scope that does not parse: a function by its header, so that callers stay whole."""
    scope = task.scope
    if scope.kind is ScopeKind.DEFINITION and scope.signature and re.search(r"\bfn\s", scope.signature):
        return f"{scope.indent}{scope.signature} {{ todo!() }}"
    return ""


def _fault(words: str, crate: _Crate) -> Fault:
    lines = [line.strip() for line in words.split("\n") if line.strip()]
    errors = [line for line in lines if line.startswith("error")]
    what = " ".join(dict.fromkeys((*errors[:1], *_causes(lines))))[:400] or " ".join(lines)[-300:] or "no reason given"
    if "linker" in words and "not found" in words:
        return Fault(reason=what, remedy="install a C compiler, e.g. apt install gcc")
    if "is not supported by the following package" in words or "requires rustc" in words:
        return Fault(reason=what, remedy="rustup update")
    if _UNSEEN.search(words):
        return Fault(reason=what, remedy="cargo fetch")
    where = f" (in {crate.folder})" if crate.folder.parts else ""
    return Fault(reason=f"cargo failed: {what}{where}", remedy="cargo check --all-targets")


def _causes(lines: list[str]) -> list[str]:
    return lines[lines.index("Caused by:") + 1 :][:2] if "Caused by:" in lines else []


def _unverified(fault: Fault) -> BuildReport:
    return BuildReport(status=BuildStatus.UNVERIFIED, tool=_TOOL, reason=fault.reason, remedy=fault.remedy)


async def rust_findings(sandbox: Sandbox, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """For the doctor: the cargo that checks."""
    cargo = find_cargo(Place(source=None, document=PurePosixPath("a.rs")), environment)
    if isinstance(cargo, Fault):
        detail = f"{cargo.reason}: Rust is not checked"
        return (Finding(name="cargo", status=FindingStatus.ABSENT, detail=detail, remedy=cargo.remedy or INSTALL),)
    finding = await version_finding(
        sandbox,
        name="cargo",
        command=(str(cargo.program), "--version"),
        readable=cargo.readable,
        language=Language.RUST,
        remedy=INSTALL,
        env=dict(cargo.environment),
    )
    return (finding,)
