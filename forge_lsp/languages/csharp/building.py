"""Builds of one document's projects in the temp copy: restored where that is needed, and compiled."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from forge_lsp.checking.gate import CheckedTree, Fault
from forge_lsp.checking.programs import run_tool
from forge_lsp.checking.project import Place
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, ProcessResult, Sandbox, Tree
from forge_lsp.languages.csharp.messages import last_words, problems_in, remedy_for
from forge_lsp.languages.csharp.plain import plain
from forge_lsp.languages.csharp.projects import TEMP_PROJECT, ProjectDescription, asking, described_by, traversal
from forge_lsp.languages.csharp.sdk import Dotnet
from forge_lsp.languages.csharp.warm import WARM, WarmBuilds
from forge_lsp.reading import parsed_json, table_beside, text_beside

__all__ = ["ProjectBuild"]

_TRAVERSAL = PurePosixPath(".forge-check.proj")
_ARGUMENTS = PurePosixPath(".forge-arguments.proj")
_TARGETS = PurePosixPath(".forge-arguments.targets")
_DUMP = text_beside(__file__, "runners/arguments.targets").encode()
_TABLE = table_beside(__file__)
_RESTORED: Sequence[str] = _TABLE["restored"]
_IN_BODIES = frozenset(_TABLE["in_bodies"])
_MAKE = (
    *("build", "--no-restore", "-nologo", "-v:q", "-clp:NoSummary", "-m:1", "-p:GenerateFullPaths=true"),
    "-p:UseAppHost=false",
)
_PACKING = 'bin=$1; shift; "$@" >&2 && tar -cf - "$bin"'
_COLD = ("-nodeReuse:false", "-p:UseSharedCompilation=false")
_TOP_LEVEL = "CS8805"  # top-level statements in a library


class ProjectBuild:
    """One document's builds: the same projects, with one text or another."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        timeout: float,
        dotnet: Dotnet,
        place: Place,
        projects: tuple[PurePosixPath, ...],
        extra: Mapping[PurePosixPath, bytes],
        restored: dict[str, Mapping[PurePosixPath, bytes]],
        warm: WarmBuilds | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._timeout = timeout
        self._dotnet = dotnet
        self._place = place
        self._temporary = bool(extra)
        self._projects = projects or (TEMP_PROJECT,)
        self._restored = restored
        self._warm = warm
        self._extra = dict(extra)
        self._take(self._projects)

    @property
    def projects(self) -> tuple[PurePosixPath, ...]:
        """The document's project, where it has one, and those that are built with it."""
        return () if self._temporary else self._projects

    @property
    def folder(self) -> PurePosixPath:
        """The folder of the document's project."""
        return self._projects[0].parent

    def _take(self, projects: tuple[PurePosixPath, ...]) -> None:
        self._projects = projects
        self._extra.pop(_TRAVERSAL, None)
        if len(projects) > 1:
            self._extra[_TRAVERSAL] = traversal(projects)

    async def check(self, text: str) -> CheckedTree:
        """Compile with ``text`` as the document. Raises EnvironmentFault."""
        checked = await self._check(text, ())
        if self._temporary and any(problem.code == _TOP_LEVEL for problem in checked.problems):
            checked = await self._check(text, ("-p:OutputType=Exe",))
        return checked

    async def _check(self, text: str, properties: tuple[str, ...]) -> CheckedTree:
        checked = await self._once(text, properties)
        # Projects that refer to this one may need what is not here (packages, another framework): then without them.
        while checked.fault is not None and len(self._projects) > 1:
            own, *others = self._projects
            restored = [other for other in others if self._is_restored(other)]
            self._take((own, *(restored if len(restored) < len(others) else ())))
            checked = await self._once(text, properties)
        return checked

    async def _once(self, text: str, properties: tuple[str, ...]) -> CheckedTree:
        key = self._restore_key()
        carried = self._restored.get(key, {})
        tree = self._place.tree(text, {**self._extra, **carried})
        target = str(self._projects[0] if len(self._projects) == 1 else _TRAVERSAL)
        arguments = (*_MAKE, target, *properties)
        restored = bool(carried) or self._assets()
        if (
            restored
            and (result := await self._warmly(tree, (str(self._dotnet.program), *arguments), carried)) is not None
        ):
            checked = self._judged(result, self._place.source or Path("/"), target)
            if checked.fault is None:
                return checked
        async with self._sandbox.open(tree) as box:
            if not restored:
                fault = await self._restore(box, target, key)
                if fault is not None:
                    return CheckedTree(fault=fault)
            result = await self._run(box, *arguments, *_COLD)
            return self._judged(result, box.root, target)

    def open(
        self, text: str, whole: str, extra: Mapping[PurePosixPath, bytes | None]
    ) -> AbstractAsyncContextManager[Box]:
        """Open a box in which :meth:`make` works, as for ``text``, with ``whole`` as the document, and ``extra``
        files."""
        return self._sandbox.open(self._tree(text, whole, extra))

    async def make(self, box: Box, *properties: str) -> tuple[Diagnostic, ...]:
        """Restore and build the document's own project in a box, and return the compiler's errors.

        Raises EnvironmentFault, also where something else than the compiler fails.
        """
        target = str(self._projects[0])
        if not self._ready():
            fault = await self._restore(box, target, self._restore_key())
            if fault is not None:
                raise EnvironmentFault(fault.reason, remedy=fault.remedy)
        result = await self._run(box, *_MAKE, target, *_COLD, *properties)
        checked = self._judged(result, box.root, target)
        if checked.fault is not None:
            raise EnvironmentFault(checked.fault.reason, remedy=checked.fault.remedy)
        return checked.problems

    async def make_warmly(
        self, text: str, whole: str, extra: Mapping[PurePosixPath, bytes | None], *properties: str
    ) -> tuple[bytes, tuple[Diagnostic, ...]] | None:
        """The same by servers that are kept, in a tree like that of :meth:`open`: a tar archive of the project's
        ``bin`` (empty: nothing was made), and the compiler's errors. None where there is no word from them."""
        source = self._place.source
        if source is None or not self._ready():
            return None
        target = str(self._projects[0])
        packing = ("/bin/sh", "-c", _PACKING, "sh", str(self.folder / "bin"))
        command = (*packing, str(self._dotnet.program), *_MAKE, target, *properties)
        carried = self._restored.get(self._restore_key(), {})
        result = await self._warmly(self._tree(text, whole, extra), command, carried)
        if result is None:
            return None
        checked = self._judged(replace(result, stdout=b""), source, target)
        if checked.fault is not None:
            return None
        return (result.stdout, ()) if not checked.problems and result.stdout else (b"", checked.problems)

    def _ready(self) -> bool:
        return bool(self._restored.get(self._restore_key())) or self._is_restored(self._projects[0])

    def _tree(self, text: str, whole: str, extra: Mapping[PurePosixPath, bytes | None]) -> Tree:
        carried = self._restored.get(self._restore_key(), {})
        tree = self._place.tree(text, {**self._extra, **carried, **extra})
        files = {**tree.files, self._place.document: whole.encode("utf-8", "surrogatepass")}
        return replace(tree, files=files)

    async def _warmly(
        self, tree: Tree, command: Sequence[str], carried: Mapping[PurePosixPath, bytes]
    ) -> ProcessResult | None:
        """The same build by servers that are kept; None where there is no word from them."""
        if self._warm is None or not self._warm.able:
            return None
        packages = self._dotnet.readable[1:]  # the first is the SDK
        digest = await asyncio.to_thread(plain, self._place, self._projects, carried, packages)
        if digest is None:
            return None
        result = await self._warm.build(
            tree,
            (*command, *WARM),
            dotnet=self._dotnet.program,
            digest=digest,
            timeout=self._timeout,
            env=self._dotnet.environment,
            readable=self._dotnet.readable,
        )
        return None if result is None or result.truncated or result.timed_out else result

    def _judged(self, result: ProcessResult, root: Path, target: str) -> CheckedTree:
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        problems = problems_in(output, root)
        # The compiler's own errors without a place ("CSC") are of a file or a reference that is not there.
        placeless = [problem for problem in problems if problem.line == 0]
        environment = [one for one in placeless if not one.code.startswith("CS") or one.file in ("CSC", "")]
        if environment:
            first = environment[0]
            return CheckedTree(fault=Fault(reason=f"{first.code}: {first.message}", remedy=remedy_for(first, target)))
        if result.code != 0 and not problems:
            return CheckedTree(
                fault=Fault(reason=f"dotnet build failed: {last_words(result)}", remedy=f"dotnet build {target}")
            )
        # The compiler stops before method bodies when a declaration is wrong: no new error then proves nothing.
        stopped = bool(problems) and not any(problem.code in _IN_BODIES for problem in problems)
        return CheckedTree(problems=problems, syntax=problems if stopped else ())

    async def describe(self) -> tuple[ProjectDescription, ...]:
        """What the compiler is told of each project, those that others refer to first; nothing is compiled.

        Raises EnvironmentFault.
        """
        text = self._place.text(self._place.document) or ""
        key = self._restore_key()
        carried = self._restored.get(key, {})
        ours = {_ARGUMENTS: asking(self._projects), _TARGETS: _DUMP}
        target = str(self._projects[0] if len(self._projects) == 1 else _TRAVERSAL)
        async with self._sandbox.open(self._place.tree(text, {**self._extra, **carried, **ours})) as box:
            if not carried and not self._assets() and (fault := await self._restore(box, target, key)) is not None:
                raise EnvironmentFault(fault.reason, remedy=fault.remedy)
            result = await self._run(
                box,
                *("msbuild", str(_ARGUMENTS), "-nologo", "-v:q", "-m:1", "-nodeReuse:false"),
                f"-p:CustomAfterMicrosoftCommonTargets={box.root / _TARGETS}",
                *("-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true"),
                *("-p:BuildProjectReferences=false", "-p:UseAppHost=false"),
            )
            found = tuple(described_by(box, self._place, project, self._projects) for project in self._projects)
        if any(one is None for one in found):
            raise EnvironmentFault(f"the compiler's arguments are not known: {last_words(result)}")
        return tuple(one for one in found if one is not None)

    async def _restore(self, box: Box, target: str, key: str) -> Fault | None:
        # The user's packages are there to be read; what a source still has to give is unpacked in the temp copy.
        env = {"NUGET_PACKAGES": str(box.root / ".forge-nuget")}
        if "NUGET_PACKAGES" in self._dotnet.environment:
            env["RestoreFallbackFolders"] = self._dotnet.environment["NUGET_PACKAGES"]
        arguments = ("msbuild", target, "-t:Restore") if target == str(_TRAVERSAL) else ("restore", target)
        result = await self._run(box, *arguments, "-nologo", "-v:q", "-m:1", "-nodeReuse:false", env=env)
        if result.code != 0:
            problems = problems_in((result.stdout + b"\n" + result.stderr).decode("utf-8", "replace"), box.root)
            why = f"{problems[0].code}: {problems[0].message}" if problems else last_words(result)
            return Fault(
                reason=f"the packages of {target} cannot be restored here without a network ({why})",
                remedy=f"dotnet restore {self._projects[0]}",
            )
        written: dict[PurePosixPath, bytes] = {}
        for project in self._projects:
            for name in _RESTORED:
                path = project.parent / "obj" / name.format(name=project.stem)
                content = box.read(path)
                if content is not None:
                    written[path] = content
        if all(_portable(content) for path, content in written.items() if path.name == "project.assets.json"):
            self._restored[key] = written
        return None

    async def _run(self, box: Box, *arguments: str, env: Mapping[str, str] | None = None) -> ProcessResult:
        return await run_tool(
            box,
            f"dotnet {arguments[0]}",
            (str(self._dotnet.program), *arguments),
            timeout=self._timeout,
            env={**self._dotnet.environment, **(env or {})},
            readable=self._dotnet.readable,
        )

    def _assets(self) -> bool:
        return all(map(self._is_restored, self._projects))

    def _is_restored(self, project: PurePosixPath) -> bool:
        return self._place.is_file(project.parent / "obj" / "project.assets.json")

    def _restore_key(self) -> str:
        digest = hashlib.sha256(f"{self._place.source}\0{self._place.document.parent}".encode())
        names = ("Directory.Build.props", "Directory.Packages.props", "Directory.Build.targets", "global.json")
        for project in self._projects:
            digest.update(str(project).encode())
            for path in (project, *(folder / name for folder in project.parents for name in names)):
                content = self._extra.get(path) or (self._place.text(path) or "").encode()
                digest.update(content + b"\0")
        return digest.hexdigest()


def _portable(assets: bytes) -> bool:
    """Whether a restore's result needs no package that lies in the box it was made in."""
    try:
        libraries = cast("dict[str, dict[str, Any]]", parsed_json(assets).get("libraries", {}))
    except (ValueError, AttributeError):
        return False
    return not any(library.get("type") == "package" for library in libraries.values())
