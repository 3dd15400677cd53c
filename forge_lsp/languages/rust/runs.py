"""One box's runs of cargo: what is checked, what is tested, what is left for the next, and what a failure means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.gate import CheckedTree, Fault
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, ProcessResult
from forge_lsp.languages.rust.crates import MANIFEST, Workspace, covering, workspace_of
from forge_lsp.languages.rust.tools import CHECK, METADATA, Cargo, messages, problems_of

__all__ = ["Crate", "Run", "fault_of"]

_UNSEEN = re.compile(
    r"no matching package|failed to (?:download|get|load source)|--offline|unable to update|attempting to make an HTTP|"
    r"failed to select a version|needs to be updated|offline mode|can't find crate index|perhaps a crate was updated",
    re.I,
)
_NEWER = re.compile(r"is not supported by the following package|requires rustc|failed to parse the `edition` key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """Where cargo is run, relative to the tree, and what lies over the tree for it."""

    folder: PurePosixPath
    lone: bool
    extra: dict[PurePosixPath, bytes] = field(default_factory=dict[PurePosixPath, bytes])


@dataclass(slots=True, kw_only=True)
class Run:
    """One box's runs of cargo."""

    box: Box
    cargo: Cargo
    crate: Crate
    target: Path
    timeout: float
    paths: set[str] = field(default_factory=set[str])

    async def check(self, place: Place) -> CheckedTree:
        workspace = await self.metadata(place)
        if isinstance(workspace, Fault):
            return CheckedTree(fault=workspace)
        self.paths.update(workspace.names)
        result = await self.run_cargo(*CHECK, *workspace.packages)
        told = list(messages(result.stdout))
        for message in told:
            if "path+file:" in str(message.get("package_id", "")):
                name = cast("dict[str, Any]", message.get("target") or {}).get("name")
                self.paths.add(str(name))
        problems = problems_of(result.stdout, root=self.box.root, folder=workspace.folder)
        finished = any(message.get("reason") == "build-finished" for message in told)
        if result.code != 0 and (not problems or not finished):
            return CheckedTree(problems=problems, fault=fault_of(result.stderr.decode("utf-8", "replace"), self.crate))
        document = str(place.document)
        if problems:
            # Borrows are checked only where all types are right: old errors may hide new ones.
            folder = self.crate.folder
            found = [problem for problem in problems if PurePosixPath(problem.file).is_relative_to(folder)]
            stopping = tuple(problem for problem in found if problem not in self._beside(told, place, workspace.folder))
            return CheckedTree(problems=problems, syntax=stopping)
        if not await self._covers(place.document, workspace.folder):
            return CheckedTree(
                fault=Fault(
                    reason=f"no target of the project includes {document}, so it was not compiled",
                    remedy=f"declare it: mod {place.document.stem};",
                )
            )
        return CheckedTree()

    def _beside(self, told: Sequence[Mapping[str, Any]], place: Place, folder: PurePosixPath) -> frozenset[Diagnostic]:
        """The errors of programs beside the document's own crate: tests, examples and benchmarks hide nothing in it."""
        found: set[Diagnostic] = set()
        for message in told:
            target = cast("dict[str, Any]", message.get("target") or {})
            file = PurePosixPath(str(target.get("src_path")))
            mine = (self.box.root / place.document).is_relative_to(file.parent)
            if {"test", "example", "bench"} & set(cast("list[str]", target.get("kind") or [])) and not mine:
                line = json.dumps(message).encode()
                found.update(problems_of(line, root=self.box.root, folder=folder))
        return frozenset(found)

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

    async def run_program(
        self, command: Sequence[str], *, stdin: bytes = b"", timeout: float | None = None, folder: Path | None = None
    ) -> ProcessResult:
        """Run a program that cargo compiled, or a shell for one, with the environment that cargo would give it.

        ``timeout`` in seconds, where it is to be another than that of each run of cargo; ``folder`` is that of the
        program's package, where it is not the document's.
        """
        library = self.cargo.program.parent.parent / "lib"
        env = self.cargo.environment_with(self.target)
        del env["CARGO_TARGET_DIR"]
        env["LD_LIBRARY_PATH"] = f"{self.target}/debug/deps:{self.target}/debug:{library}"
        env["CARGO_MANIFEST_DIR"] = str(folder or self.box.root / self.crate.folder)
        env["CARGO"] = str(self.cargo.program)
        return await self.box.run(
            command, timeout=timeout or self.timeout, env=env, readable=self.cargo.readable, loopback=True, stdin=stdin
        )

    async def metadata(self, place: Place) -> Workspace | Fault:
        """What ``cargo metadata`` says of the document's package, or why there is none."""
        result = await self.run_cargo(*METADATA)
        if result.code != 0:
            return fault_of(result.stderr.decode("utf-8", "replace"), self.crate)
        manifest = self.crate.folder / MANIFEST
        workspace = workspace_of(result.stdout, root=self.box.root, manifest=manifest)
        if workspace is None:
            return Fault(reason=f"no package holds {place.document} ({manifest} has none)", remedy="cargo metadata")
        return workspace

    async def _covers(self, document: PurePosixPath, folder: PurePosixPath) -> bool:
        command = covering(document, folder, root=self.box.root, target=self.target)
        found = await self.box.run(command, timeout=self.timeout)
        return found.code == 0

    async def run_cargo(self, command: str, *arguments: str, testing: bool = False) -> ProcessResult:
        """Run a subcommand of cargo's. ``testing``: it runs tests, which may listen, and may not come to an end.

        Raises EnvironmentFault where anything else does not finish in time.
        """
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


def fault_of(words: str, crate: Crate) -> Fault:
    """Return what keeps cargo from working, by what it said."""
    lines = [line.strip() for line in words.split("\n") if line.strip()]
    errors = [line for line in lines if line.startswith("error")]
    what = " ".join(dict.fromkeys((*errors[:1], *_causes(lines))))[:400] or " ".join(lines)[-300:] or "no reason given"
    if "linker" in words and "not found" in words:
        return Fault(reason=what, remedy="install a C compiler, e.g. apt install gcc")
    if _NEWER.search(words):
        return Fault(reason=what, remedy="rustup update")
    if _UNSEEN.search(words):
        return Fault(reason=what, remedy="cargo fetch")
    where = f" (in {crate.folder})" if crate.folder.parts else ""
    return Fault(reason=f"cargo failed: {what}{where}", remedy="cargo check --all-targets")


def _causes(lines: list[str]) -> list[str]:
    return lines[lines.index("Caused by:") + 1 :][:2] if "Caused by:" in lines else []
