"""Rust: ``cargo check`` over a private copy of the workspace, its target folder kept warm.

Cargo reads nothing but the disk, and a kept process sees the user's folder read-only; so a small runner of ours keeps a
copy in the sandbox, writes each candidate into it, and runs cargo there. Build scripts and procedural macros run in the
sandbox alone, and nothing that they start outlives the question.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.fast.checker import Checker, CheckRequest
from forge_lsp.checking.fast.opener import NoSuppression, PreparedChecker, StartDaemon
from forge_lsp.checking.fast.peers import LinePeer
from forge_lsp.checking.gate import Fault
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.ports import CacheUse, ProcessResult, Sandbox
from forge_lsp.languages.rust.crates import MANIFEST, Workspace, covering, edition_of, lone_manifest, workspace_of
from forge_lsp.languages.rust.toolchain import rust_cache
from forge_lsp.languages.rust.tools import CHECK, METADATA, Cargo, find_cargo, messages, problems_of
from forge_lsp.sandbox.bubblewrap import Bubblewrap
from forge_lsp.sandbox.interpreters import own_interpreter
from forge_lsp.sandbox.limits import watched

__all__ = ["RustOpener"]

_RUNNER = Path(__file__).with_name("runners") / "copying.py"
_HOME = Path("/tmp/forge")
"""In the sandbox, on the box's own part of the disk."""
_COPY = _HOME / "copy"
_TARGET = _HOME / "target"
_BUT_LIBRARIES = (*(word for word in CHECK if word != "--all-targets"), "--bins", "--tests", "--benches", "--examples")
"""All targets but libraries for their own sake: as a test of itself each is compiled all the same."""
_NOT_TEST = r"not *\([^)]*test|not *\( *$"
"""Code that is there only where no tests are; of grep's dialect and Python's."""


class RustOpener(NoSuppression):
    """See :class:`~forge_lsp.checking.fast.opener.Opener`. ``environment`` is the server's own."""

    suffixes = (".rs", ".toml", ".lock")

    def __init__(self, sandbox: Sandbox, environment: Mapping[str, str]) -> None:
        self._sandbox = sandbox if isinstance(sandbox, Bubblewrap) else None
        self._environment = environment

    def prepare(self, place: Place) -> PreparedChecker | None:
        """One for each workspace and toolchain."""
        cargo = find_cargo(place, self._environment)
        source, sandbox = place.source, self._sandbox
        if isinstance(cargo, Fault) or source is None or sandbox is None:
            return None
        # What is in no package has a manifest laid over it, with the name of one file.
        alone = place.document if place.nearest(MANIFEST) is None else None
        key = ("rust", source, cargo.program, tuple(cargo.environment.items()), cargo.arguments, alone)

        async def start(keep: StartDaemon) -> Checker:
            cache = await asyncio.to_thread(rust_cache, place, cargo, CacheUse.DROP)
            # What the build gate compiled of crates from elsewhere; where it is not there, nothing is lost but time.
            begun = sandbox.folders.base / "caches" / cache.name / "target"
            interpreter = own_interpreter()
            kept = await keep(
                (
                    *(str(interpreter.path), "-I", "-S", "-B", "-X", "utf8", str(_RUNNER)),
                    *(str(source), str(_COPY), f"{begun}={_TARGET}"),
                ),
                source=source,
                readable=(*interpreter.readable, *cargo.readable, _RUNNER.parent, begun),
            )
            return _CargoChecker(LinePeer(kept), cargo, sandbox, source)

        return PreparedChecker(key=key, start=start)

    def syntax(self, problem: Diagnostic) -> bool:
        """rustc numbers all other errors."""
        return not problem.code


class _CargoChecker:
    """A :class:`~forge_lsp.checking.fast.checker.Checker`."""

    def __init__(self, peer: LinePeer, cargo: Cargo, sandbox: Bubblewrap, source: Path) -> None:
        self._peer = peer
        self._source = source
        self._cargo = cargo
        self._sandbox = sandbox
        self._edition = ""
        self._workspaces: dict[str, Workspace | None] = {}
        self._covered: set[PurePosixPath] = set()
        self._never_not_test: bool | None = None

    @property
    def alive(self) -> bool:
        return self._peer.alive

    async def changed(self, files: Mapping[PurePosixPath, bool]) -> None:
        """The runner looks at the disk before each run; only what we remember ourselves may be out of date."""
        self._covered.clear()
        self._never_not_test = None
        if any(path.suffix != ".rs" for path in files):
            self._workspaces.clear()

    async def problems(self, question: CheckRequest) -> tuple[Diagnostic, ...] | None:
        """See :class:`~forge_lsp.checking.fast.checker.Checker`."""
        document = question.document
        laid = {**{str(path): text for path, text in question.others.items()}, str(document): question.text}
        manifest = await self._manifest(question, laid)
        workspace = await self._workspace(manifest, laid)
        if workspace is None:
            return None
        words = _BUT_LIBRARIES if await self._same_as_tests(workspace, laid) else CHECK
        result = await self._run(self._words(words, manifest, workspace.packages), laid)
        found = problems_of(result.stdout, root=_COPY, folder=workspace.folder)
        finished = any(message.get("reason") == "build-finished" for message in messages(result.stdout))
        if result.code != 0 and (not found or not finished):
            return None
        if not found and document not in self._covered:
            known = await self._run(covering(document, workspace.folder, root=_COPY, target=_TARGET), laid)
            if known.code != 0:
                return None
            self._covered.add(document)
        return found

    async def aclose(self) -> None:
        await self._peer.aclose()

    async def _manifest(self, question: CheckRequest, laid: dict[str, str]) -> PurePosixPath:
        """The document's manifest; laid over the rest where it has none."""
        overlay = {path: text.encode("utf-8", "surrogatepass") for path, text in question.others.items()}
        found = Place(source=self._source, document=question.document, overlay=overlay).nearest(MANIFEST)
        if found is not None:
            return found
        if not self._edition:
            version = await self._run((str(self._cargo.program), "--version"), laid)
            self._edition = edition_of(version.stdout)
        own = question.document.with_name(MANIFEST)
        laid[str(own)] = lone_manifest(question.text, question.document.name, self._edition).decode()
        return own

    async def _same_as_tests(self, workspace: Workspace, laid: Mapping[str, str]) -> bool:
        """Whether a library that is compiled with its tests has all the errors that it has without them; then one that
        nothing else needs is compiled once, not twice."""
        if not workspace.tested or any(re.search(_NOT_TEST, text, re.M) for text in laid.values()):
            return False
        if self._never_not_test is None:
            words = ("grep", "-rqE", "--include=*.rs", _NOT_TEST, str(_COPY))
            self._never_not_test = (await self._run(words, laid)).code == 1
        return self._never_not_test

    async def _workspace(self, manifest: PurePosixPath, laid: Mapping[str, str]) -> Workspace | None:
        digest = hashlib.sha256(str(manifest).encode("utf-8", "surrogatepass"))
        for name, text in sorted(laid.items()):
            if not name.endswith(".rs"):
                digest.update(f"\0{name}\0{text}".encode("utf-8", "surrogatepass"))
        key = digest.hexdigest()
        if key not in self._workspaces:
            result = await self._run(self._words(METADATA, manifest), laid)
            found = workspace_of(result.stdout, root=_COPY, manifest=manifest) if result.code == 0 else None
            if len(self._workspaces) > 64:
                self._workspaces.clear()
            self._workspaces[key] = found
        return self._workspaces[key]

    def _words(self, words: Sequence[str], manifest: PurePosixPath, more: Sequence[str] = ()) -> tuple[str, ...]:
        return self._cargo.command(words[0], str(_COPY / manifest), (*words[1:], *more))

    async def _run(self, command: Sequence[str], laid: Mapping[str, str]) -> ProcessResult:
        """Code of the project may run meanwhile, so the disk and the memory are watched, as for any box."""
        return await watched(self._asked(command, laid), self._sandbox.folders.base, self._sandbox.limits)

    async def _asked(self, command: Sequence[str], laid: Mapping[str, str]) -> ProcessResult:
        environment = self._cargo.environment_with(_TARGET)
        answer = await self._peer.ask({"laid": dict(laid), "command": list(command), "environment": environment})
        return ProcessResult(
            code=int(answer["code"]),
            stdout=str(answer["stdout"]).encode(),
            stderr=str(answer["stderr"]).encode(),
            seconds=0.0,
        )
